"""What staff do with launch links, and how one is found by its address."""

from __future__ import annotations

import base64
import hmac
import json
import logging
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from dashboard.audit import services as audit
from dashboard.audit.models import Actor
from dashboard.common import encryption
from dashboard.common.encryption import DecryptionError
from dashboard.common.untrusted_text import storable
from dashboard.launches.models import (
    PURPOSE,
    LaunchAttempt,
    LaunchEvent,
    LaunchLink,
    LaunchState,
    Product,
)
from dashboard.links.glued import candidates
from dashboard.links.services import LONGEST, SHORTEST
from dashboard.mirror.models import Account
from dashboard.operations.submissions import own_submission

logger = logging.getLogger(__name__)

CREATE = "launches.create"
OPENS_KEPT = 200
SAME_OPEN_FOR = timedelta(seconds=30)


class OtherLaunchLinkError(Exception):
    """This submission was used before, with other entries; `link` is what came of it."""

    def __init__(self, link: LaunchLink) -> None:
        super().__init__(link.pk)
        self.link = link


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a launch link is to be. `options`: as the client's `launch` takes them."""

    product: Product
    expires_in: timedelta
    options: dict[str, Any] = field(default_factory=dict)
    creates_account: bool = False
    recipient_name: str = ""
    recipient_email: str = ""
    message: str = ""
    language: str = ""
    ticket_url: str = ""


# ---- staff ----


def create(actor: Actor, account: Account, wanted: Wanted, *, submission: uuid.UUID) -> LaunchLink:
    """A link into an account; the same submission gives the same link.

    Raises `OtherLaunchLinkError` for a used submission with other entries.
    """
    lifetime = min(max(wanted.expires_in, SHORTEST), LONGEST)
    asked = [wanted.product, lifetime.total_seconds(), wanted.options, wanted.creates_account]
    asked += [wanted.message, wanted.language, wanted.ticket_url]
    if wanted.recipient_email or wanted.recipient_name:
        asked += [wanted.recipient_name, wanted.recipient_email]
    fingerprint = encryption.fingerprint(json.dumps(asked, sort_keys=True))
    own = own_submission(submission, actor, CREATE, account.console, account)
    link = LaunchLink(
        submission=own,
        input_fingerprint=fingerprint,
        console=account.console,
        account=account,
        product=wanted.product,
        options=wanted.options,
        creates_account=wanted.creates_account,
        recipient_name=wanted.recipient_name,
        recipient_email=wanted.recipient_email,
        message=wanted.message,
        language=wanted.language,
        ticket_url=wanted.ticket_url,
        expires_at=timezone.now() + lifetime,
    )
    link.actor = actor
    try:
        with transaction.atomic():
            link.save(force_insert=True)
            record(link, "created", f"Created by {actor.name}")
            audit_link(link, actor, CREATE)
    except IntegrityError:
        made: LaunchLink | None = LaunchLink.objects.filter(submission=own).first()
        if made is None:
            raise
        if made.input_fingerprint != fingerprint:
            raise OtherLaunchLinkError(made) from None
        return made
    return link


def revoke(link: LaunchLink, actor: Actor) -> bool:
    """End a link at once; what was requested and not used is worthless from now on."""
    with transaction.atomic():
        rows = LaunchLink.objects.filter(pk=link.pk, revoked_at=None)
        if not rows.update(revoked_at=timezone.now()):
            return False
        LaunchAttempt.objects.filter(link=link).end()
        link.refresh_from_db()
        record(link, "revoked", f"Revoked by {actor.name}")
        audit_link(link, actor, "launches.revoke")
    return True


def extend(link: LaunchLink, actor: Actor, by: timedelta = timedelta(days=7)) -> bool:
    """Let a link live longer, counted from now."""
    until = timezone.now() + min(by, LONGEST)
    with transaction.atomic():
        # Pressed twice it is extended once.
        early = until - timedelta(minutes=1)
        rows = LaunchLink.objects.filter(pk=link.pk, revoked_at=None, expires_at__lt=early)
        if not rows.update(expires_at=until):
            return False
        link.refresh_from_db()
        record(link, "extended", f"Extended by {actor.name}")
        audit_link(link, actor, "launches.extend")
    return True


def address_of(link: LaunchLink) -> str:
    """The address to copy; empty when it cannot be used or made."""
    if not link.is_usable:
        return ""
    try:
        return link.url()
    except DecryptionError:
        return ""


# ---- customers ----


def find(token: str) -> LaunchLink | None:
    """The link whose token a text holds, or None; the same work for every text that holds none."""
    raws = [base64.b32decode(one.upper()) for one in candidates(token)] or [bytes(40)]
    links = LaunchLink.objects.with_public_ids({raw[:8].hex() for raw in raws})
    known = {link.public_id: link for link in links}
    raw = next((raw for raw in raws if raw[:8].hex() in known), raws[0])
    public_id, code = raw[:8].hex(), raw[8:]
    link = known.get(public_id)
    key_id = link.key_id if link else encryption.current_key_id()
    try:
        ours = encryption.code_for(public_id, purpose=PURPOSE, key=key_id)
    except DecryptionError:
        logger.error("launch link key dropped link=%s key=%s", link.pk if link else None, key_id)
        return None
    return link if hmac.compare_digest(ours, code) else None


def log_open(link: LaunchLink, *, guess: str, why: str, agent: str, name: str = "") -> None:
    """Write an opening into the timeline; who it was is a guess, for labelling only."""
    is_robot = guess == "robot"
    agent = storable(agent)
    if guess == "person":
        unopened = [LaunchState.CREATED, LaunchState.SENT]
        fresh = LaunchLink.objects.filter(pk=link.pk, state__in=unopened)
        fresh.update(state=LaunchState.OPENED)
    opens = link.events.filter(event="opened", details__robot=is_robot)
    message = "Opened" if is_robot else f"Opened by {name or 'a person'}"
    lately = timezone.now() - SAME_OPEN_FOR
    is_same = opens.filter(at__gt=lately, details__agent=agent, message=message).exists()
    if is_same or opens.count() >= OPENS_KEPT:
        return
    staff = {"staff": name} if name else {}
    record(link, "opened", message, robot=is_robot, why=why, agent=agent, **staff)


# ---- both ----


def record(link: LaunchLink, event: str, message: str, /, **details: Any) -> LaunchEvent:
    """Add an event to a link's timeline. `details` hold no secrets."""
    LaunchLink.objects.filter(pk=link.pk).update(moved_at=timezone.now())
    made: LaunchEvent = link.events.create(event=event, message=message, details=details)
    return made


def record_start(link: LaunchLink) -> None:
    """That a customer was led on: Cyclr signed them in to the account."""
    audit_link(link, Actor.system(), "launches.start")


def audit_link(link: LaunchLink, actor: Actor, action: str, /, **details: Any) -> None:
    """Write into the trail what was done with a link."""
    audit.record(
        actor,
        action,
        console=link.console,
        target=str(link),
        target_url=link.get_absolute_url(),
        account_name=str(link.account),
        launch_link=link.pk,
        **details,
    )


def is_of_service_domain(link: LaunchLink, url: str) -> bool:
    """Whether an address that Cyclr named lies on the console's service domain."""
    try:
        named, ours = urlsplit(url), urlsplit(link.console.service_url)
        same = (named.scheme, named.hostname, named.port) == (ours.scheme, ours.hostname, ours.port)
    except ValueError:
        return False
    is_safe = named.scheme == "https" or not settings.IS_PUBLIC_TLS
    return same and is_safe and "@" not in named.netloc and "\\" not in url
