"""What staff do with links: make, change, extend, revoke; and a customer who asks for another."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from dashboard.audit import services as audit
from dashboard.audit.models import Actor
from dashboard.bulk.models import BulkRow, BulkRun
from dashboard.common import encryption
from dashboard.common.polling import version_of
from dashboard.common.searching import search_text
from dashboard.links import timeline
from dashboard.links.models import (
    ConnectAttempt,
    Link,
    LinkItem,
)
from dashboard.links.progress import NotUsableError, lock
from dashboard.mirror.models import Account, AccountConnector
from dashboard.operations.submissions import own_submission

logger = logging.getLogger(__name__)

CREATE = "links.create"
SHORTEST, LONGEST = timedelta(hours=1), timedelta(days=30)


class OtherLinkError(Exception):
    """This submission was used before, with other entries; `link` is what came of it."""

    def __init__(self, link: Link) -> None:
        super().__init__(link.pk)
        self.link = link


class ChangedMeanwhileError(Exception):
    """Somebody else changed the link since its form was drawn."""


# ---- making ----


def create_link(
    actor: Actor,
    account: Account,
    connectors: Sequence[AccountConnector],
    *,
    expires_in: timedelta = timedelta(days=7),
    recipient_email: str = "",
    recipient_name: str = "",
    message: str = "",
    language: str = "",
    ticket_url: str = "",
    has_reminders: bool = False,
    run: BulkRun | None = None,
    row: BulkRow | None = None,
    submission: uuid.UUID | None = None,
) -> Link:
    """A link over installed connectors of one account; the same submission gives the same link.

    Raises `OtherLinkError` for a used submission with other entries.
    """
    if not connectors:
        raise ValueError("a link needs something to connect")
    lifetime = min(max(expires_in, SHORTEST), LONGEST)
    asked = [[connector.pk for connector in connectors], lifetime.total_seconds()]
    asked += [recipient_email, recipient_name, message, language, ticket_url, has_reminders]
    fingerprint = encryption.fingerprint(json.dumps(asked))
    console = account.console
    own = own_submission(submission, actor, CREATE, console, account) if submission else None
    link = Link(
        submission=own,
        input_fingerprint=fingerprint,
        console=console,
        account=account,
        recipient_email=recipient_email,
        recipient_name=recipient_name,
        message=message,
        language=language,
        ticket_url=ticket_url,
        has_reminders=has_reminders,
        run=run,
        row=row,
        expires_at=timezone.now() + lifetime,
    )
    link.actor = actor
    try:
        with transaction.atomic():
            link.save(force_insert=True)
            LinkItem.objects.bulk_create(
                LinkItem(
                    link=link,
                    account_connector=connector,
                    position=position,
                    was_authenticated=bool(connector.authenticated),
                    identity_before=connector.identity,
                )
                for position, connector in enumerate(connectors)
            )
            timeline.record(link, "created", f"Created by {actor.name}")
            audit.record(
                actor,
                "links.create",
                console=console,
                target=str(link),
                target_url=link.get_absolute_url(),
                account_name=str(account),
                link=link.pk,
            )
    except IntegrityError:
        made: Link | None = Link.objects.filter(submission=own).first() if own else None
        if made is None:
            raise
        if made.input_fingerprint != fingerprint:
            raise OtherLinkError(made) from None
        return made
    return link


def revoke(link: Link, actor: Actor) -> bool:
    """End a link at once; what was requested and not used is worthless from now on."""
    with transaction.atomic():
        rows = Link.objects.filter(pk=link.pk, revoked_at=None, connected_at=None)
        if not rows.update(revoked_at=timezone.now()):
            return False
        ConnectAttempt.objects.filter(item__link=link).end()
        link.refresh_from_db()
        timeline.record(link, "revoked", f"Revoked by {actor.name}")
        record(link, actor, "links.revoke")
    return True


def extend(link: Link, actor: Actor, by: timedelta = timedelta(days=7)) -> bool:
    """Let a link live longer, counted from now; at most thirty days."""
    until = timezone.now() + min(by, LONGEST)
    with transaction.atomic():
        rows = Link.objects.filter(
            pk=link.pk,
            revoked_at=None,
            connected_at=None,
            emptied_at=None,  # more time would not bring back what was deleted in Cyclr
            expires_at__lt=until - timedelta(minutes=1),  # pressed twice it is extended once
        )
        if not rows.update(expires_at=until, is_new_link_asked=False):
            return False
        link.refresh_from_db()
        timeline.record(link, "extended", f"Extended by {actor.name}")
        record(link, actor, "links.extend")
    return True


DETAILS = (
    "recipient_email",
    "recipient_name",
    "language",
    "message",
    "has_reminders",
    "ticket_url",
)
"""What may be changed of a link while it works."""


def details_version(link: Link) -> str:
    """Names what the link's details are now: who changes them says which they saw."""
    return version_of(*(getattr(link, name) for name in DETAILS))


def edit(link: Link, actor: Actor, details: dict[str, object], *, version: str) -> bool:
    """Change what is in `DETAILS`; says whether anything was another.

    Raises `NotUsableError`, and `ChangedMeanwhileError` when the details are not those of
    `version` any more.
    """
    with transaction.atomic():
        now = lock(link.pk)
        if not now.is_usable:
            raise NotUsableError
        changed = [name for name in DETAILS if getattr(now, name) != details[name]]
        if not changed:
            return False
        if details_version(now) != version:
            raise ChangedMeanwhileError
        columns = {name: details[name] for name in changed}
        if "recipient_email" in changed:
            columns["reminders_ended_at"] = None  # that was another person's wish
        recipient = [details[name] for name in ("recipient_email", "recipient_name")]
        columns["search_text"] = search_text(*recipient)
        if columns.get("has_reminders"):
            columns["reminders_ended_at"] = None  # somebody here begins them again
        Link.objects.filter(pk=now.pk).update(**columns)
        message = ", ".join(name.replace("_", " ").removeprefix("has ") for name in changed)
        timeline.record(now, "edited", f"Changed by {actor.name}", why=message.capitalize())
        record(now, actor, "links.edit", changed=changed)
    link.refresh_from_db()
    return True


def record(link: Link, actor: Actor, action: str, **details: Any) -> None:
    """Write an act on a link into the audit trail; `details` hold no secrets."""
    audit.record(
        actor,
        action,
        console=link.console,
        target=str(link),
        target_url=link.get_absolute_url(),
        account_name=str(link.account),
        link=link.pk,
        **details,
    )


def ask_for_new(link: Link, *, label: dict[str, Any] | None = None) -> None:
    """A customer with an old link asks for a new one: staff are told, once.

    `label`: of a visitor who is likely not the customer.
    """
    with transaction.atomic():
        rows = Link.objects.filter(pk=link.pk, is_new_link_asked=False, connected_at=None)
        if rows.filter(console__retired_at=None).update(is_new_link_asked=True):
            timeline.record(
                link, "asked", "The customer asks for a new link", None, **(label or {})
            )
            record(link, Actor.link(link.pk), "links.ask")
