"""The page on which an account's tags are set."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from dashboard.accounts import services, tags
from dashboard.accounts.models import Tag
from dashboard.audit.models import Actor
from dashboard.common.text_fields import UntrustedText
from dashboard.mirror.keys import key_of
from dashboard.mirror.models import Account
from dashboard.people.access import StaffRequest, get_for, role_required
from dashboard.people.models import Role

LONGEST = 5000
MEANWHILE = (
    "Somebody else changed the tags while the form was open. Here they are as they are now; enter "
    "yours again."
)
EXAMPLES = 30
"""As many tags are named that others have."""


class TagsForm(forms.Form):
    """An account's tags, all of them."""

    tags = UntrustedText(
        label="Tags",
        help_text="With commas between. Case and accents make no difference.",
        max_length=LONGEST,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "autocapitalize": "off"}),
    )
    seen = forms.CharField(widget=forms.HiddenInput, required=False)
    """A digest of the tags that the form was drawn with."""

    def __init__(self, now: list[Tag], data: Any = None) -> None:
        self.seen_now = key_of(*(tag.key for tag in now))
        names = ", ".join(tag.name for tag in now)
        super().__init__(data, initial={"tags": names, "seen": self.seen_now})

    def clean_tags(self) -> list[str]:
        """The tags, each once."""
        return tags.names_from(self.cleaned_data["tags"])

    @property
    def is_outdated(self) -> bool:
        """Whether the account had other tags when the form was drawn."""
        return bool(self.cleaned_data.get("seen") != self.seen_now)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.LEAD)
def account_tags(request: StaffRequest, pk: int) -> HttpResponse:
    """Which tags an account has; they are ours, Cyclr never sees them."""
    account = get_for(request, Account.objects.select_related("console"), Role.LEAD, pk=pk)
    now = tags.tags_of(account)
    form = TagsForm(now, request.POST if request.method == "POST" else None)
    status = 200
    if form.is_bound and form.is_valid():
        if form.is_outdated:
            form, status = TagsForm(now), 409
            messages.warning(request, MEANWHILE)
        elif _is_set(request, account, form):
            return redirect(account)
    if form.is_bound and form.errors:
        status = 422
    context = {
        **services.head_context(request, account, ""),
        "form": form,
        "examples": tags.names_in_use([account.console])[:EXAMPLES],
    }
    return render(request, "accounts/account_tags.html", context, status=status)


def _is_set(request: StaffRequest, account: Account, form: TagsForm) -> bool:
    try:
        changed = tags.set_tags(Actor.staff(request.user), account, form.cleaned_data["tags"])
    except ValidationError as error:
        form.add_error("tags", error)
        return False
    messages.success(request, "Tags saved." if changed else "Nothing was changed.")
    return True
