"""Settings: where the heads of the audit trail are sent, out of reach of this database."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from dashboard.audit import sending
from dashboard.audit.models import Actor
from dashboard.common import mail
from dashboard.common.email_field import EmailField
from dashboard.common.untrusted_text import display_line
from dashboard.consoles.models import Console
from dashboard.notifications.models import Webhook
from dashboard.people.access import StaffRequest, role_required
from dashboard.people.models import Role
from dashboard.people.proof import reauthenticated


class HeadSendingForm(forms.Form):
    """To whom the heads go each day."""

    email = EmailField(
        label="By e-mail to",
        required=False,
        help_text="A mailbox that nobody who can write to this database can write to.",
    )
    webhook = forms.ChoiceField(
        label="By the webhook of",
        required=False,
        help_text="It is sent the heads of all consoles, signed as everything it gets.",
    )

    def __init__(self, consoles: list[Console], data: Any = None, **options: Any) -> None:
        super().__init__(data, **options)
        self._consoles = {str(one.pk): one for one in consoles}
        field = self.fields["webhook"]
        assert isinstance(field, forms.ChoiceField)
        named = [(key, display_line(one.name)) for key, one in self._consoles.items()]
        field.choices = [("", "None"), *named]

    def console(self) -> Console | None:
        """The console that was chosen."""
        return self._consoles.get(self.cleaned_data["webhook"])


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADMIN)
def settings_audit_heads(request: StaffRequest) -> HttpResponse:
    """Where they go, what they are now, and what became of the last ones."""
    if not request.user.is_admin_of_all:
        if request.method == "POST":
            raise PermissionDenied
        return render(request, "settings/settings_audit_heads.html")
    if request.method == "POST":
        return _change(request)
    row = sending.chosen()
    initial = {"email": row.email, "webhook": str(row.webhook_of_id or "")}
    return _page(request, HeadSendingForm(_consoles(), initial=initial))


@reauthenticated
def _change(request: StaffRequest) -> HttpResponse:
    """Not for whoever finds a desk open: they would go to nobody."""
    form = HeadSendingForm(_consoles(), request.POST)
    if not form.is_valid():
        return _page(request, form)
    if sending.send_to(form.cleaned_data["email"], form.console(), request.user):
        messages.success(request, "Saved. The next heads go there.")
    return redirect("settings_audit_heads")


@require_POST
@role_required(Role.ADMIN)
def settings_audit_heads_send(request: StaffRequest) -> HttpResponse:
    """Send them now, besides once a day."""
    if not request.user.is_admin_of_all:
        raise PermissionDenied
    told = sending.send(Actor.staff(request.user))
    if told:
        messages.success(request, f"On their way to {' and '.join(map(display_line, told))}.")
    else:
        messages.error(
            request, "Nothing was sent: there is no mail server, and no webhook that is on."
        )
    return redirect("settings_audit_heads")


def _consoles() -> list[Console]:
    """Those with a webhook."""
    hooks = Webhook.objects.filter(is_on=True, console__retired_at=None).select_related("console")
    chosen = sending.chosen().webhook_of
    found = {hook.console_id: hook.console for hook in hooks}
    if chosen is not None:
        found.setdefault(chosen.pk, chosen)
    return sorted(found.values(), key=lambda one: one.name.casefold())


def _page(request: StaffRequest, form: HeadSendingForm) -> HttpResponse:
    row, last = sending.chosen(), sending.last_mail()
    context = {
        "form": form,
        "heads": sending.now(),
        "chosen": row,
        "can_mail": mail.is_delivered(),
        "why_not": display_line(last.last_error) if last else "",
        "has_webhook": _has_webhook(row.webhook_of),
    }
    status = 422 if form.errors else 200
    return render(request, "settings/settings_audit_heads.html", context, status=status)


def _has_webhook(console: Console | None) -> bool:
    return Webhook.objects.filter(console=console, is_on=True).exists() if console else True
