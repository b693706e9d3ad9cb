"""The page on which tags of many accounts are changed: of all that a list found, or of some."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from dashboard.accounts import tags
from dashboard.accounts.account_filter import AccountFilter
from dashboard.accounts.empty_list import shown_accounts
from dashboard.accounts.models import tag_key
from dashboard.accounts.tag_views import EXAMPLES, LONGEST
from dashboard.audit.models import Actor
from dashboard.common.text_fields import UntrustedText
from dashboard.mirror.freshness import consoles_in_view
from dashboard.mirror.keys import key_of
from dashboard.mirror.models import Account
from dashboard.people.access import StaffRequest, consoles_for, role_required
from dashboard.people.models import Role

MOST = 10_000
LISTED = 200
"""Up to so many are listed, each with a tick."""
MEANWHILE = (
    "Other accounts match than when the page was drawn. Look at them, then press the button again."
)


class TagManyForm(forms.Form):
    """Which tags are put on the accounts, and which are taken off."""

    add = UntrustedText(
        label="Add tags",
        help_text="With commas between. Tags that an account has besides stay.",
        max_length=LONGEST,
        required=False,
        widget=forms.TextInput(attrs={"autocapitalize": "off", "autocomplete": "off"}),
    )
    remove = UntrustedText(
        label="Remove tags",
        max_length=LONGEST,
        required=False,
        widget=forms.TextInput(attrs={"autocapitalize": "off", "autocomplete": "off"}),
    )
    seen = forms.CharField(widget=forms.HiddenInput, required=False)
    """A digest of the accounts that the page was drawn with."""

    def clean_add(self) -> list[str]:
        """The tags, each once."""
        return tags.names_from(self.cleaned_data["add"])

    def clean_remove(self) -> list[str]:
        """The tags, each once."""
        return tags.names_from(self.cleaned_data["remove"])

    def clean(self) -> dict[str, Any]:
        """Something is to be changed, and nothing in two ways."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return values
        if not values["add"] and not values["remove"]:
            self.add_error("add", "Enter a tag to add, or one to remove.")
            return values
        added = {tag_key(name) for name in values["add"]}
        both = [name for name in values["remove"] if tag_key(name) in added]
        if both:
            self.add_error("remove", f"“{both[0]}” cannot be added and removed at once.")
        return values


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.LEAD)
def account_tag_many(request: StaffRequest) -> HttpResponse:
    """Tags of the accounts that the address finds, as the list of accounts does.

    Up to 200 are listed, and those that stay ticked are meant; of more, all are.
    """
    accounts = _accounts(request)
    seen = key_of(*(str(account.pk) for account in accounts))
    is_listed = len(accounts) <= LISTED
    picked = {account.pk for account in accounts}
    if request.method == "POST" and is_listed:
        asked = {int(one[:18]) for one in request.POST.getlist("pick") if one.isdecimal()}
        picked &= asked
    form = TagManyForm(request.POST if request.method == "POST" else None, initial={"seen": seen})
    status = 200
    if form.is_bound:
        status = _change(request, form, [one for one in accounts if one.pk in picked], seen)
        if not status:
            return redirect(_back(request))
    context = {
        "form": form,
        "seen": seen,
        "total": len(accounts),
        "most": MOST,
        "listed": accounts if is_listed else [],
        "picked": picked,
        "examples": tags.names_in_use({account.console for account in accounts})[:EXAMPLES],
        "back": _back(request),
    }
    return render(request, "accounts/account_tag_many.html", context, status=status)


def _change(request: StaffRequest, form: TagManyForm, accounts: list[Account], seen: str) -> int:
    """Do it; 0 if it was done, else the status of the page that says why not."""
    if not form.is_valid():
        return 422
    if form.cleaned_data["seen"] != seen:
        messages.warning(request, MEANWHILE)
        return 409
    if not accounts or len(accounts) > MOST:
        form.add_error(None, f"Choose between 1 and {MOST:,} accounts.")
        return 422
    actor, values = Actor.staff(request.user), form.cleaned_data
    try:
        count = tags.change_tags(actor, accounts, add=values["add"], remove=values["remove"])
    except ValidationError as error:
        form.add_error("add", error)
        return 422
    accounts_in_words = "1 account" if count == 1 else f"{count:,} accounts"
    done = f"Changed the tags of {accounts_in_words}." if count else "Nothing was changed."
    messages.success(request, done)
    return 0


def _accounts(request: StaffRequest) -> list[Account]:
    """Those that the list finds and whose tags the person may change; one more than may be."""
    rows = shown_accounts(consoles_in_view(request))
    rows = rows.filter(console__in=consoles_for(request.user, Role.LEAD))
    found = AccountFilter.of(request.user, request.GET).among(rows)
    return list(found.select_related("console").order_by("sort_name", "pk")[: MOST + 1])


def _back(request: StaffRequest) -> str:
    """The list that the page was opened from."""
    query = request.GET.urlencode()
    return reverse("account_list") + (f"?{query}" if query else "")
