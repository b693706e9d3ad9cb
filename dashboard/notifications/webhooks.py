"""The outgoing webhook of a console: its secret, its outbox, and what is sent.

How a receiver checks a request is told in `docs/webhooks.md`.
"""

from __future__ import annotations

import html
import logging
import re
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

from django.db import transaction
from django.dispatch import Signal
from django.utils import timezone
from django.utils.text import Truncator
from django.views.decorators.debug import sensitive_variables

from dashboard.audit import services as audit
from dashboard.audit.models import Actor
from dashboard.common import encryption
from dashboard.common.outbound import AddressError, UnknownHostError
from dashboard.common.untrusted_text import display_line, storable
from dashboard.consoles.models import Console
from dashboard.jobs.leases import Lease, release_all
from dashboard.notifications import sending
from dashboard.notifications.addresses import target_of
from dashboard.notifications.models import Notification, SendState, Shape, Webhook, WebhookDelivery
from dashboard.notifications.payloads import body_of
from dashboard.notifications.retries import MINUTE, final_message
from dashboard.notifications.signing import headers_for, new_secret, secret_parts
from dashboard.people.models import User

logger = logging.getLogger(__name__)

WORKS_FOR = 30.0
"""Seconds after which a worker leaves the rest of an outbox to the next message."""
COOL_DOWN = MINUTE
"""After a failure the whole webhook cools down: a receiver that hangs must not hold a worker."""
PREVIOUS_SIGNS_FOR = timedelta(days=1)
"""How long requests are signed with a former secret as well."""
PRESSED_TWICE = timedelta(seconds=20)
"""A secret that is younger is nowhere yet: another one takes its place."""
ENCRYPTED_AT_ONCE = 500
GONE = 410
"""A receiver answers it when it wants nothing any more."""
SAID_AT_MOST = 300
"""Characters of a receiver's answer that are kept."""
SHORTEST_KEY = 8
"""Shorter parts of an address are words."""
webhook_went = Signal()
"""Sent with `webhook` in the transaction in which a receiver's 410 switches it off."""
WANTS_NO_MORE = "The receiver answered 410: it wants no more requests."


# ---- setting up ----


@sensitive_variables("secret")
def create(
    console: Console, url: str, user: User, shape: Shape = Shape.FULL
) -> tuple[Webhook, str]:
    """A console's webhook and its secret, which is shown only once; an existing one is replaced.

    Raises `AddressError`.
    """
    host = target_of(url).host
    secret = new_secret()
    with transaction.atomic():
        webhook, is_new = Webhook.objects.get_or_create(
            console=console, defaults={"created_by": user, "encrypted_secret": ""}
        )
        _encrypt(webhook, secret)
        webhook.set_address(url)
        webhook.shape = shape
        webhook.save(update_fields=["url", "encrypted_url", "shape"])
        _record(webhook, user, "set up the webhook", host=host)
    return webhook, secret


def change(webhook: Webhook, url: str, user: User, shape: Shape = Shape.FULL) -> bool:
    """Send to this address in this shape from now on, also what waits. Raises `AddressError`."""
    host = target_of(url).host
    with transaction.atomic():
        row = Webhook.objects.select_for_update().get(pk=webhook.pk)
        if (readable_address(row), row.shape) == (url, shape):
            return False
        row.set_address(url)
        row.shape, row.cool_down_until = shape, None
        row.save(update_fields=["url", "encrypted_url", "shape", "cool_down_until"])
        _record(webhook, user, "changed the webhook's address", host=host, shape=str(shape))
    return True


def readable_address(webhook: Webhook) -> str:
    """Its address; empty where its key was removed from the settings."""
    try:
        return webhook.address
    except encryption.DecryptionError:
        return ""


def encrypt_addresses() -> int:
    """Encrypt what a release before stored in clear, some at a time; how many there were."""
    done = 0
    for webhook in Webhook.objects.exclude(url="")[:ENCRYPTED_AT_ONCE]:
        clear = webhook.url
        webhook.set_address(clear)
        rows = Webhook.objects.filter(pk=webhook.pk, url=clear)  # not changed meanwhile
        done += rows.update(url="", encrypted_url=webhook.encrypted_url)
    return done


@sensitive_variables("secret")
def rotate(webhook: Webhook, user: User) -> str:
    """A new secret, which is shown only once; the one before signs too for a day.

    Pressed twice, the one before stays that which receivers have, and the first of the two new
    ones, which hardly anybody saw, is given up.
    """
    secret, until = new_secret(), timezone.now() + PREVIOUS_SIGNS_FOR
    with transaction.atomic():
        now = Webhook.objects.select_for_update().get(pk=webhook.pk)
        since = now.previous_secret_until if now.has_former_secret else None
        if since is None or since < until - PRESSED_TWICE:
            webhook.encrypted_previous_secret = now.encrypted_secret
            webhook.previous_secret_until = until
            webhook.save(update_fields=["encrypted_previous_secret", "previous_secret_until"])
        _encrypt(webhook, secret)
        _record(webhook, user, "changed the webhook's secret")
    return secret


def end_previous_secret(webhook: Webhook, user: User) -> bool:
    """The former secret signs nothing any more, from now on: others may know it."""
    with transaction.atomic():
        rows = Webhook.objects.filter(pk=webhook.pk).exclude(encrypted_previous_secret="")
        if not rows.update(encrypted_previous_secret="", previous_secret_until=None):
            return False
        _record(webhook, user, "ended the webhook's former secret")
    return True


def forget_former_secrets() -> None:
    """Those whose day is over are not kept."""
    over = Webhook.objects.filter(previous_secret_until__lte=timezone.now())
    over.update(encrypted_previous_secret="", previous_secret_until=None)


def switch(webhook: Webhook, user: User, *, is_on: bool) -> bool:
    """Begin or stop sending. What waits is kept a day; what happens while it is off is not sent."""
    with transaction.atomic():
        rows = Webhook.objects.filter(pk=webhook.pk, is_on=not is_on)
        if not rows.update(is_on=is_on, cool_down_until=None, off_because=""):
            return False
        _record(webhook, user, f"switched the webhook {'on' if is_on else 'off'}")
        webhook.refresh_from_db()
        if is_on:
            _hint(webhook)
    return True


@sensitive_variables("secret")
def _encrypt(webhook: Webhook, secret: str) -> None:
    webhook.encrypted_secret = encryption.encrypt(secret, associated_data=webhook.associated_data)
    webhook.save(update_fields=["encrypted_secret"])


def _record(webhook: Webhook, user: User, action: str, **details: Any) -> None:
    """`details` name the host alone: what follows it in an address is often a secret."""
    actor = Actor.staff(user)
    audit.record(actor, action, console=webhook.console, target=str(webhook.console), **details)


# ---- the outbox ----


def queue(notification: Notification) -> None:
    """Put the notification into the outbox of its console's webhook, if there is one that is on."""
    webhook = Webhook.objects.filter(console=notification.console_id, is_on=True).first()
    if webhook is None:
        return
    WebhookDelivery.objects.create(webhook=webhook, notification=notification)
    _hint(webhook)


def queue_test(webhook: Webhook, user: User) -> WebhookDelivery:
    """Put a test into the outbox. The webhook may be cooling down: somebody looks at it."""
    with transaction.atomic():
        _record(webhook, user, "tested the webhook")
        delivery = WebhookDelivery.objects.create(webhook=webhook)
        Webhook.objects.filter(pk=webhook.pk).update(cool_down_until=None)
        _hint(webhook)
    return delivery


def queue_again(delivery: WebhookDelivery, user: User) -> bool:
    """Try one that was given up anew, as often as the first time."""
    moment = timezone.now()
    with transaction.atomic():
        rows = WebhookDelivery.objects.filter(pk=delivery.pk, state=SendState.FAILED)
        if not rows.update(
            state=SendState.WAITING,
            finished_at=None,
            tries=0,
            queued_at=moment,
            not_before=moment,
            last_error="",
        ):
            return False
        _record(delivery.webhook, user, "sent a message to the webhook again")
        Webhook.objects.filter(pk=delivery.webhook_id).update(cool_down_until=None)
        _hint(delivery.webhook)
    return True


def _hint(webhook: Webhook) -> None:
    WebhookDelivery.policy.message.send_on_commit(webhook.pk)


class NotTakenError(Exception):
    """A receiver did not take what was sent: why, in words."""


def deliver(leases: Sequence[Lease[WebhookDelivery]]) -> None:
    """Send what is due for one webhook, in order, until one fails."""
    until = time.monotonic() + WORKS_FOR
    for place, lease in enumerate(leases):
        if time.monotonic() >= until or not _deliver(lease):
            release_all(leases[place:])
            return


def _deliver(lease: Lease[WebhookDelivery]) -> bool:
    """Send one and note what came of it; whether the next one may follow."""
    delivery = lease.job
    webhook, body = delivery.webhook, body_of(delivery)
    lease.hold()
    status, said = None, ""
    try:
        headers = headers_for(delivery, body, int(time.time()))
        answer = sending.post(target_of(webhook.address), body, headers)
        status, said = answer.status, display_answer(answer.said, webhook, headers)
        if status == GONE and not delivery.is_test:
            _switch_off(lease, said)
            return False
        if not answer.is_good:
            raise NotTakenError(answer.message)
    except (UnknownHostError, sending.SendingError, NotTakenError) as error:
        _put_off(lease, error, status, said)
        return False
    except AddressError as error:
        logger.warning("webhook refused delivery=%d", delivery.pk)
        _end(lease, SendState.FAILED, last_error=str(error))
        return False
    except encryption.DecryptionError:
        message = (
            "Its secret or address cannot be decrypted: a key was removed from the settings. Enter"
            " the address again, and make a new secret."
        )
        logger.error("webhook secret cannot be opened webhook=%d", webhook.pk)
        _end(lease, SendState.FAILED, last_error=message)
        return False
    _end(lease, SendState.SENT, status=status, sent_at=timezone.now(), last_error="", said=said)
    return True


def _end(lease: Lease[WebhookDelivery], state: SendState, **columns: Any) -> None:
    columns = {"status": None, "tries": lease.job.tries + 1, **columns}
    lease.finish(state=state, **columns)


def _switch_off(lease: Lease[WebhookDelivery], said: str) -> None:
    """The receiver is gone for good: nothing is sent until an administrator switches it on.

    One that was given another address meanwhile stays on, and what waits goes there.
    """
    webhook = lease.job.webhook
    with transaction.atomic():
        rows = Webhook.objects.filter(
            pk=webhook.pk, url=webhook.url, encrypted_url=webhook.encrypted_url
        )
        if not rows.update(is_on=False, off_because=WANTS_NO_MORE):
            _put_off(lease, NotTakenError(WANTS_NO_MORE), GONE, said)
            return
        audit.record(
            Actor.system(),
            "switched the webhook off",
            console=webhook.console,
            target=str(webhook.console),
            why=WANTS_NO_MORE,
        )
        _end(lease, SendState.FAILED, status=GONE, last_error=WANTS_NO_MORE, said=said)
        webhook_went.send(Webhook, webhook=webhook)
    logger.warning("webhook gone webhook=%d", webhook.pk)


def _put_off(
    lease: Lease[WebhookDelivery], error: Exception, status: int | None, said: str
) -> None:
    delivery = lease.job
    logger.info("webhook failed delivery=%d status=%s", delivery.pk, status)
    cool_down_until = timezone.now() + COOL_DOWN
    Webhook.objects.filter(pk=delivery.webhook_id).update(cool_down_until=cool_down_until)
    told: dict[str, Any] = {"status": status, "last_error": str(error), "said": said}
    if delivery.is_test:
        _end(lease, SendState.FAILED, **told)
    else:
        lease.retry(error, **told)


def give_up(lease: Lease[WebhookDelivery], error: BaseException | None) -> None:
    """A day is over: its receiver never took it, its webhook is off, or it never had its turn."""
    one = lease.job
    message = final_message(one.last_error)
    told = {"status": one.status, "said": one.said, "tries": one.tries}
    lease.finish(state=SendState.FAILED, last_error=message, **told)


@sensitive_variables("hidden")
def display_answer(text: str, webhook: Webhook, headers: Mapping[str, str]) -> str:
    """The first part of a receiver's answer as staff may read it: one line, and no secrets.

    What a receiver repeats may hold our secret, a signature, or the key that is part of its
    address.
    """
    hidden = secret_parts(webhook, headers) | _keys_in(readable_address(webhook))
    plain = re.sub(r"<(script|style)\b.*?</\1\s*>|<[^<>]*>", " ", text, flags=re.S | re.I)
    plain = display_line(html.unescape(plain))
    for one in sorted(hidden, key=len, reverse=True):
        if len(one) >= SHORTEST_KEY:
            plain = re.sub(re.escape(one), "…", plain, flags=re.IGNORECASE)
    return str(storable(Truncator(plain).chars(SAID_AT_MOST)))


def _keys_in(url: str) -> set[str]:
    """What may be a key in an address: each part of its path and query, as written and decoded."""
    parts = urlsplit(url)
    found = set(re.split(r"[/&=?]", f"{parts.path}&{parts.query}"))
    return found | {unquote(one) for one in found}
