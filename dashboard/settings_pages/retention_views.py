"""Settings: how long things are kept."""

from __future__ import annotations

from datetime import timedelta

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from dashboard.audit import retention
from dashboard.common.timing import format_span
from dashboard.connectors import lookups
from dashboard.installs.tasks import KEEP_DRAFTS_FOR
from dashboard.methods import keeping
from dashboard.notifications.tasks import KEPT_FOR as NOTIFICATIONS_FOR
from dashboard.people.access import StaffRequest, role_required
from dashboard.people.models import Role
from dashboard.people.proof import reauthenticated


class RetentionForm(forms.Form):
    """For how many days the audit trail is kept."""

    days = forms.IntegerField(
        label="Keep the audit trail for",
        required=False,
        min_value=retention.SHORTEST,
        max_value=retention.LONGEST,
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        help_text="Days. Leave it empty to keep every entry for ever.",
        error_messages={
            "invalid": "Enter a whole number of days, or nothing.",
            "min_value": "Keep at least %(limit_value)s days.",
            "max_value": "Enter at most %(limit_value)s days, or nothing to keep it for ever.",
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADMIN)
def settings_retention(request: StaffRequest) -> HttpResponse:
    """How long each kind of thing is kept; of the audit trail, to be changed."""
    if request.method != "POST":
        return _page(request, RetentionForm(initial={"days": retention.days()}))
    if not request.user.is_admin_of_all:
        raise PermissionDenied
    return _change(request)


@reauthenticated
def _change(request: StaffRequest) -> HttpResponse:
    """Not for whoever finds a desk open: entries would be deleted."""
    form = RetentionForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    if retention.keep_for(form.cleaned_data["days"], request.user):
        messages.success(request, "Saved. It holds from the next daily check on.")
    return redirect("settings_retention")


def _page(request: StaffRequest, form: RetentionForm) -> HttpResponse:
    context = {"form": form, "may_change": request.user.is_admin_of_all, "kept": kept()}
    status = 422 if form.errors else 200
    return render(request, "settings/settings_retention.html", context, status=status)


def kept() -> list[tuple[str, str]]:
    """What goes by itself, and after how long; decided by what it is, not by an administrator."""
    return [
        ("Secrets typed into forms, encrypted", "until they are used, at most 24 h"),
        ("Results of method calls, encrypted", _span(keeping.KEPT)),
        ("What was looked up in a connected app", _span(lookups.KEPT)),
        ("Drafts of an install", _span(KEEP_DRAFTS_FOR)),
        ("Notifications", _span(NOTIFICATIONS_FOR)),
    ]


def _span(span: timedelta) -> str:
    return format_span(span.total_seconds())
