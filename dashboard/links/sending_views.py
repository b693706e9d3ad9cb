"""The staff's pages for sending a link, and for changing what its customer is told."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from typing import Any

import segno
from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp, csp_update
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard.audit.models import Actor
from dashboard.common import mail
from dashboard.common.encryption import DecryptionError
from dashboard.links import progress, services
from dashboard.links.address_audit import SHOW_QR, note_shown
from dashboard.links.forms import EditLinkForm, SubmissionForm
from dashboard.links.mail import email_content, mailing, reminders
from dashboard.links.models import Link
from dashboard.links.views import LINKS
from dashboard.people.access import StaffRequest, get_for, role_required
from dashboard.people.models import Role

NO_RECIPIENT = "No e-mail address on file. Add one, or copy the link instead."
ENDED = "The link has ended, so it was not sent."
USED = "This page was already used. Nothing more was sent."
ANSWERED = "The customer has already been sent a new link. Nothing more was sent."
LETTER = {
    "default-src": [NONE],
    "style-src": [UNSAFE_INLINE],
    "frame-ancestors": [SELF],
    "sandbox": True,
}
"""What the frame of a preview may do: show a mail with its own style."""
QR_TYPES = {"svg": "image/svg+xml", "png": "image/png"}


def _usable(request: StaffRequest, pk: int) -> Link:
    """The link, for those who may send it; 404 once it has ended or its key is lost."""
    link: Link = get_for(request, LINKS, Role.AGENT, pk=pk)
    if not link.is_usable:
        raise Http404
    try:
        link.token()
    except DecryptionError:
        raise Http404 from None
    return link


@csp_update({"frame-src": [SELF]})  # type: ignore[arg-type]  # a StaffRequest is one
@require_http_methods(["GET", "POST"])
@role_required(Role.AGENT)
def link_send(request: StaffRequest, pk: int) -> HttpResponse:
    """Show the message as the customer gets it; mail it on POST, once however often pressed."""
    link = get_for(request, LINKS, Role.AGENT, pk=pk)
    if request.method == "POST":
        form = SubmissionForm(request.POST)
        if form.is_valid():
            actor, submission = Actor.staff(request.user), form.cleaned_data["submission"]
            back = link.get_absolute_url()
            return sent(request, back, lambda: mailing.send_link(link, actor, submission))
    if not link.recipient_email:
        messages.info(request, NO_RECIPIENT)
        return redirect(link)
    if not link.is_usable:
        messages.info(request, ENDED)
        return redirect(link)
    try:
        content = email_content.write(link)
    except DecryptionError:
        return redirect(link)  # which says that its address can no longer be made
    note_shown(request.user, [link])
    context = {
        "link": link,
        "content": content,
        "sender": mail.sender_address(),
        "form": SubmissionForm(initial={"submission": uuid.uuid4()}),
        "mail": mailing.latest(link),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "links/link_send.html", context, status=status)


def sent(
    request: StaffRequest,
    back: str,
    send: Callable[[], object],
    *,
    on_its_way: str = "The message is on its way. Its status will appear here.",
    ended: str = ENDED,
) -> HttpResponse:
    """Send, say what came of it, and lead back, or to the link that `send` answers with."""
    try:
        answer = send()
    except mailing.NoRecipientError:
        messages.info(request, NO_RECIPIENT)
    except mailing.AnsweredError:
        messages.info(request, ANSWERED)
    except progress.NotUsableError:
        messages.info(request, ended)
    except mailing.UsedElsewhereError:
        messages.info(request, USED)
    else:
        messages.success(request, on_its_way)
        if isinstance(answer, Link):
            return redirect(answer)
    return redirect(back)


@csp(LETTER)  # type: ignore[arg-type]  # a StaffRequest is one
@xframe_options_sameorigin
@require_GET
@role_required(Role.AGENT)
def link_letter(request: StaffRequest, pk: int) -> HttpResponse:
    """The message's HTML alone, for the preview's frame: a mail carries its own style."""
    link = _usable(request, pk)
    note_shown(request.user, [link])
    return HttpResponse(email_content.write(link).html)


@require_POST
@role_required(Role.AGENT)
def link_sent(request: StaffRequest, pk: int) -> HttpResponse:
    """Note that somebody sent the link by chat, in a ticket, or from their own mail program."""
    link = get_for(request, LINKS, Role.AGENT, pk=pk)
    if mailing.mark_sent(link, Actor.staff(request.user)):
        messages.success(request, "Marked as sent.")
    return redirect(link)


@require_POST
@role_required(Role.AGENT)
def link_remind(request: StaffRequest, pk: int) -> HttpResponse:
    """Let reminders go on that were ended: by a scanner, or by a customer who wants them again."""
    link = get_for(request, LINKS, Role.AGENT, pk=pk)
    if reminders.begin_again(link, Actor.staff(request.user)):
        messages.success(request, "Reminders go on.")
    return redirect(link)


@require_POST
@role_required(Role.AGENT)
def link_send_anew(request: StaffRequest, pk: int) -> HttpResponse:
    """What a customer asked for: an expired link works again, or another replaces a revoked one.

    Either way it is mailed to the address on file and to no other.
    """
    link = get_for(request, LINKS, Role.AGENT, pk=pk)
    form = SubmissionForm(request.POST)
    if not form.is_valid():
        messages.info(request, "Nothing was sent: press the button once more.")
        return redirect(link)
    actor, submission = Actor.staff(request.user), form.cleaned_data["submission"]
    again = mailing.extend_and_send if link.revoked_at is None else mailing.send_replacement
    return sent(
        request,
        link.get_absolute_url(),
        lambda: again(link, actor, submission),
        on_its_way="It works for seven days from now, and is on its way by mail.",
        ended="Nothing is left to connect, so nothing was sent.",
    )


@require_GET
@role_required(Role.AGENT)
def link_qr(request: StaffRequest, pk: int, kind: str) -> HttpResponse:
    """The link's address as a QR code, drawn each time: it is as good as the address."""
    if kind not in QR_TYPES:
        raise Http404
    link = _usable(request, pk)
    note_shown(request.user, [link], SHOW_QR)
    picture = io.BytesIO()
    code = segno.make(link.url(), error="m", micro=False)
    code.save(picture, kind=kind, scale=8, border=4, dark="#000", light="#fff")
    response = HttpResponse(picture.getvalue(), content_type=QR_TYPES[kind])
    if kind == "png":
        response["Content-Disposition"] = f'attachment; filename="connection-link-{link.pk}.png"'
    return response


@require_http_methods(["GET", "POST"])
@role_required(Role.AGENT)
def link_edit(request: StaffRequest, pk: int) -> HttpResponse:
    """Change for whom a link is and what they are told; not over a colleague's change."""
    link = get_for(request, LINKS, Role.AGENT, pk=pk)
    if not link.is_usable:
        messages.info(request, "The link has ended: it can no longer be changed.")
        return redirect(link)
    version = services.details_version(link)
    now = {name: getattr(link, name) for name in services.DETAILS}
    if request.method != "POST":
        form = EditLinkForm(initial=now | {"version": version})
        return _edit_page(request, link, form)
    form = EditLinkForm(request.POST)
    if not form.is_valid():
        return _edit_page(request, link, form, status=422)
    try:
        seen = form.cleaned_data["version"]
        services.edit(link, Actor.staff(request.user), form.details(), version=seen)
    except progress.NotUsableError:
        messages.info(request, "The link has ended meanwhile: nothing was changed.")
    except services.ChangedMeanwhileError:
        link.refresh_from_db()
        typed = form.cleaned_data
        differ = _differences(link, typed)
        again = EditLinkForm(initial=typed | {"version": services.details_version(link)})
        return _edit_page(request, link, again, differ=differ, status=409)
    else:
        messages.success(request, "Saved.")
    return redirect(link)


def _differences(link: Link, typed: dict[str, Any]) -> list[tuple[str, Any]]:
    """What a colleague left in the fields that somebody else typed into, by label."""
    fields = EditLinkForm.base_fields
    now = {name: getattr(link, name) for name in services.DETAILS}
    return [
        (str(fields[name].label), "yes" if value is True else value or "nothing")
        for name, value in now.items()
        if value != typed[name]
    ]


def _edit_page(
    request: StaffRequest,
    link: Link,
    form: EditLinkForm,
    *,
    differ: list[tuple[str, Any]] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {"link": link, "form": form, "differ": differ or []}
    return render(request, "links/link_edit.html", context, status=status)
