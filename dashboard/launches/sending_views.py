"""The staff's pages for sending a launch link by mail: to whom, what they get, and off it goes."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from csp.constants import SELF
from csp.decorators import csp, csp_update
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods, require_safe

from dashboard.audit.models import Actor
from dashboard.common import mail
from dashboard.common.encryption import DecryptionError
from dashboard.launches import mailing
from dashboard.launches.forms import LONGEST_NAME, SendForm
from dashboard.launches.models import LaunchLink
from dashboard.launches.views import LINKS
from dashboard.links.forms import check_recipient_name
from dashboard.links.sending_views import ENDED, LETTER, sent
from dashboard.operations.submissions import draw_anew
from dashboard.people.access import StaffRequest, get_for, role_required
from dashboard.people.models import Role


@csp_update({"frame-src": [SELF]})  # type: ignore[arg-type]  # a StaffRequest is one
@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.LEAD)
def launch_link_send(request: StaffRequest, pk: int) -> HttpResponse:
    """Show the message as the customer gets it; mail it on POST, once however often pressed."""
    link = get_for(request, LINKS, Role.LEAD, pk=pk)
    if not link.is_usable:
        messages.info(request, ENDED)
        return redirect(link)
    initial = {name: getattr(link, name) for name in ("recipient_email", "recipient_name")}
    form = SendForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_bound and form.is_valid():
        return _send(request, link, form.cleaned_data)
    _name_as_typed(request, link)
    try:
        content = mailing.write(link)
    except DecryptionError:
        return redirect(link)  # which says that its address can no longer be made
    if form.is_bound:
        draw_anew(form)
    context = {
        "link": link,
        "content": content,
        "sender": mail.sender_address(),
        "form": form,
        "mail": mailing.latest(link),
    }
    status = 422 if form.is_bound else 200
    return render(request, "launches/launch_link_send.html", context, status=status)


def _name_as_typed(request: StaffRequest, link: LaunchLink) -> None:
    """Let the preview greet whom the form names now; what cannot be a name is told on sending."""
    typed = (request.POST or request.GET).get("recipient_name")
    if typed is not None:
        with suppress(ValidationError):
            link.recipient_name = check_recipient_name(typed[:LONGEST_NAME]).strip()


def _send(request: StaffRequest, link: LaunchLink, typed: dict[str, Any]) -> HttpResponse:
    def send() -> None:
        mailing.send(
            link,
            Actor.staff(request.user),
            name=typed["recipient_name"],
            email=typed["recipient_email"],
            submission=typed["submission"],
        )

    return sent(request, link.get_absolute_url(), send)


@csp(LETTER)  # type: ignore[arg-type]  # a StaffRequest is one
@xframe_options_sameorigin
@require_safe
@role_required(Role.LEAD)
def launch_link_letter(request: StaffRequest, pk: int) -> HttpResponse:
    """The message's HTML alone, for the preview's frame: a mail carries its own style."""
    link: LaunchLink = get_for(request, LINKS, Role.LEAD, pk=pk)
    if not link.is_usable:
        raise Http404
    _name_as_typed(request, link)
    try:
        return HttpResponse(mailing.write(link).html)
    except DecryptionError:
        raise Http404 from None
