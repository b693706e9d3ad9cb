"""Inviting colleagues, and becoming one. Each act and its audit entry are one transaction."""

from __future__ import annotations

import logging
import re
import secrets
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from dashboard.audit import services as audit
from dashboard.audit.models import Actor
from dashboard.common import encryption, mail
from dashboard.common.untrusted_text import storable
from dashboard.consoles.models import Console
from dashboard.people.models import Membership, Role, User
from dashboard.team.models import LASTS, Invitation, InvitationMail, hash_of
from dashboard.team.scope import may_decide_in

logger = logging.getLogger(__name__)

_TOKEN = re.compile(r"[0-9a-f]{64}")


class NotPossibleError(Exception):
    """It cannot be done; the message is a sentence for who asked."""


def invite(by: User, email: str, role: Role, console: Console | None) -> str:
    """Invite somebody. Answers the address where no mail server sends it, else an empty text.

    Raises `NotPossibleError`.
    """
    if not may_decide_in(by, console):
        raise NotPossibleError("You cannot give a role there.")
    token = _new_token()
    try:
        with transaction.atomic():
            if User.objects.with_email(email).exists():
                raise NotPossibleError(
                    f"{email} is here already. Give them a role on their own page."
                )
            invitation = Invitation.objects.create(
                token_hash=hash_of(token),
                email=email,
                role=role,
                console=console,
                invited_by=by,
                expires_at=timezone.now() + LASTS,
            )
            _record(Actor.staff(by), "people.invite", invitation, role=role.label)
            _send(invitation, token)
    except IntegrityError:
        raise NotPossibleError(
            f"{email} was invited already. Send that invitation again, or withdraw it."
        ) from None
    logger.info("person invited invitation=%d by=%d", invitation.pk, by.pk)
    return _shown(token)


def invite_again(invitation: Invitation, by: User) -> str:
    """Another address for another week; the one before ends. Answers as `invite` does."""
    token = _new_token()
    with transaction.atomic():
        rows = Invitation.objects.waiting().filter(pk=invitation.pk)
        columns = {"token_hash": hash_of(token), "expires_at": timezone.now() + LASTS}
        if not rows.update(**columns, invited_by=by):
            raise NotPossibleError("It was accepted or withdrawn meanwhile.")
        invitation.refresh_from_db()
        _record(Actor.staff(by), "people.invite_again", invitation)
        _send(invitation, token)
    return _shown(token)


def withdraw(invitation: Invitation, by: Actor) -> bool:
    """End an invitation; says whether it was waiting until now."""
    with transaction.atomic():
        rows = Invitation.objects.waiting().filter(pk=invitation.pk)
        if not rows.update(withdrawn_at=timezone.now()):
            return False
        _record(by, "people.withdraw_invitation", invitation)
    return True


def find(token: str) -> Invitation | None:
    """The open invitation whose token an address holds, whatever a mail program glued to it.

    Looked up by the hash, once for every text: what it never was and what it is no more are alike.
    """
    match = _TOKEN.match(token.lower())
    asked = hash_of(match.group() if match else "")
    rows = Invitation.objects.select_related("console", "invited_by")
    invitation: Invitation | None = rows.filter(token_hash=asked).first()
    return invitation if invitation is not None and _is_good(invitation) else None


def _is_good(invitation: Invitation) -> bool:
    """Whether it is open, and who sent it may still give that role."""
    if not invitation.is_open:
        return False  # unasked: one that has ended costs what one costs that never was
    by = User.objects.get(pk=invitation.invited_by_id)  # as they are now
    return not why_void(invitation, by)


def why_void(invitation: Invitation, by: User) -> str:
    """Why nobody can accept it although it is open, in words; empty if it can be accepted.

    `by`: who sent it.
    """
    if invitation.console is not None and invitation.console.retired_at is not None:
        return "It cannot be accepted: the console is retired."
    if not by.is_active:
        return f"It cannot be accepted: {by.display_name} was deactivated. Send it again yourself."
    if not may_decide_in(by, invitation.console):
        return (
            f"It cannot be accepted: {by.display_name} may not give this role any more. "
            "Send it again yourself."
        )
    return ""


def accept(invitation: Invitation, name: str, password: str) -> User:
    """Become a colleague with this password. It can be done once.

    Raises `ValidationError` for the password, `NotPossibleError` if it was used meanwhile.
    """
    validate_password(password, User(email=invitation.email, name=name))
    try:
        with transaction.atomic():
            rows = Invitation.objects.waiting().filter(
                pk=invitation.pk, token_hash=invitation.token_hash, expires_at__gt=timezone.now()
            )
            if not rows.select_for_update().exists() or not _is_good(invitation):
                raise NotPossibleError("This invitation was used or withdrawn just now.")
            user = User.objects.create_user(invitation.email, password, name=name)
            Membership.objects.create(user=user, console=invitation.console, role=invitation.role)
            if not rows.update(accepted_at=timezone.now(), user=user):
                raise NotPossibleError("This invitation was used or withdrawn just now.")
            _record(
                Actor.staff(user),
                "people.accept_invitation",
                invitation,
                role=Role(invitation.role).label,
            )
    except IntegrityError:
        raise NotPossibleError(
            "There is an account with this e-mail address already: sign in with it."
        ) from None
    logger.info("invitation accepted invitation=%d user=%d", invitation.pk, user.pk)
    return user


def url_of(token: str) -> str:
    """The whole address that leads to the page for setting a password."""
    return f"{settings.DESK_URL}{reverse('invitation', args=[token])}"


def _new_token() -> str:
    return secrets.token_hex(32)


def _shown(token: str) -> str:
    return "" if mail.is_delivered() else url_of(token)


def _send(invitation: Invitation, token: str) -> None:
    """Put the message into the outbox, where there is a mail server; one before it is dropped."""
    if not mail.is_delivered():
        return
    message = InvitationMail(invitation=invitation, token_hash=hash_of(token))
    message.encrypted_token = encryption.encrypt(token, associated_data=message.associated_data)
    message.save()
    message.send_on_commit()


def _record(actor: Actor, action: str, invitation: Invitation, **details: Any) -> None:
    audit.record(
        actor,
        action,
        console=invitation.console,
        target=str(storable(invitation.email)),
        target_url=reverse("person_list"),
        **details,
    )
