"""Sending one message to a customer: claim, write, hand over, note what came of it.

The same for every kind of link. What a kind does besides is its `Outbox`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime, timedelta
from typing import Any, ClassVar, Generic, TypeVar

from django.apps import apps
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from dashboard.common import encryption, mail
from dashboard.common.encryption import DecryptionError
from dashboard.common.mail import MailboxError, OurFaultError, PutOffError, UnwritableError
from dashboard.consoles.models import Console
from dashboard.jobs.leases import Lease
from dashboard.links.mail import email_content
from dashboard.links.mail.written_email import EmailContent
from dashboard.links.models import CustomerMail, MailState
from dashboard.notifications import mail_trouble

M = TypeVar("M", bound=CustomerMail)

AT_ONCE = 20
"""Messages of a kind that may be with the workers."""
PIECE = 8
"""Letters of a link's address by which it is known in what a mail server says."""

LOST_KEY = "This link’s address is no longer available. Create a new link."


class Outbox(ABC, Generic[M]):
    """A kind of message. What it records, it records in the transaction that ends the message."""

    purpose: ClassVar[str]
    """What makes its Message-IDs others than those of other kinds."""

    @abstractmethod
    def link_of(self, row: M) -> Any:
        """The link: it has `key_id`, `token()` and `console`."""

    @abstractmethod
    def needless(self, row: M) -> str:
        """Why the message is not needed any more, in words; empty while it is."""

    @abstractmethod
    def write(self, row: M) -> EmailContent:
        """The message. DecryptionError when the link's address can no longer be made."""

    @abstractmethod
    def taken(self, row: M, moment: datetime, *, is_file: bool) -> None:
        """The mail server took it, or it became a file."""

    @abstractmethod
    def closed(self, row: M, event: str, message: str, why: str) -> None:
        """It will not be sent: `event` is "bounced" or "unmailed"."""

    def later(self, row: M) -> datetime | None:
        """When it may leave; None if it may now."""
        return None

    def held(self, row: M, message: str) -> None:
        """The mail server refuses what we send, whatever it is."""

    # ---- the worker's part ----

    def send(self, lease: Lease[M]) -> None:
        """Send one message.

        Should a worker die between the mail server's yes and our note, it is sent once more, with
        the same Message-ID.
        """
        row = lease.job
        if needless := self.needless(row):
            lease.finish(state=MailState.DROPPED, last_error=needless)
            return
        if (later := self.later(row)) is not None:
            lease.postpone(later)
            return
        try:
            message_id = self.message_id_of(row)
            message = email_content.as_message(self.write(row), message_id)
        except DecryptionError:
            self._fail(lease, LOST_KEY)
            return
        except UnwritableError as error:
            self._fail(lease, str(error))
            return
        lease.write(message_id=message_id)
        self._hand_over(lease, message)

    def give_up(self, lease: Lease[M], error: BaseException | None) -> None:
        """It was tried for a day, or is needed no longer."""
        if needless := self.needless(lease.job):
            lease.finish(state=MailState.DROPPED, last_error=needless)
            return
        self._fail(lease, lease.job.last_error or "It could not be sent for a day.")

    def message_id_of(self, row: M) -> str:
        """The same for every try: a second copy, sent after an unclear end, can be recognised."""
        key = self.link_of(row).key_id
        code = encryption.code_for(f"{row.pk}", purpose=self.purpose, key=key)
        return f"<{code.hex()[:32]}@{mail.sender_domain()}>"

    def _hand_over(self, lease: Lease[M], message: mail.Message) -> None:
        link = self.link_of(lease.job)
        try:
            mail.hand_over(message)
        except PutOffError as error:
            self._put_off(lease, error)
        except OurFaultError as error:
            self._hold(lease, error, link.console)
        except MailboxError as error:
            said = without_address(str(error), link.token())
            told = f"{lease.job.recipient} cannot be reached by mail"
            why = f"The mail server said: {said}"
            self._close(lease, MailState.BOUNCED, said, "bounced", told, why)
        except UnwritableError as error:
            self._fail(lease, str(error))
        else:
            self._record_taken(lease)

    def _put_off(self, lease: Lease[M], error: Exception, pause: timedelta | None = None) -> None:
        """Until later, for a day at most; without a `pause` later and later."""
        message = without_address(str(error), self.link_of(lease.job).token())
        lease.retry(error, pause=pause, last_error=message)

    def _hold(self, lease: Lease[M], error: OurFaultError, console: Console) -> None:
        """What is refused is about us: said once."""
        message = without_address(str(error), self.link_of(lease.job).token())
        with transaction.atomic():
            mail_trouble.record_refusal(console, message)
            self.held(lease.job, message)
        self._put_off(lease, error, mail_trouble.COOL_DOWN)  # few try meanwhile

    def _record_taken(self, lease: Lease[M]) -> None:
        moment, is_file = timezone.now(), not mail.is_delivered()
        with transaction.atomic():
            if mail_trouble.record_taken():
                _let_go(moment)
            self.taken(lease.job, moment, is_file=is_file)
            lease.finish(state=MailState.SENT, is_file=is_file, sent_at=moment, last_error="")

    def _fail(self, lease: Lease[M], why: str) -> None:
        message = f"The message to {lease.job.recipient} was not sent"
        self._close(lease, MailState.FAILED, why, "unmailed", message, why)

    def _close(
        self, lease: Lease[M], state: MailState, error: str, event: str, message: str, why: str
    ) -> None:
        with transaction.atomic():
            self.closed(lease.job, event, message, why)
            lease.finish(state=state, last_error=error)


def sent_message(recipient: str, *, is_file: bool, what: str = "") -> str:
    """What the timeline says of a message that was taken. `what`: which message it was."""
    if is_file:
        message = f"{what}written to a file, not mailed to {recipient}: no mail server is set"
    else:
        message = f"{what}mailed to {recipient}"
    return message[0].upper() + message[1:]


def without_address(message: str, token: str) -> str:
    """A filter's refusal may quote the link's address, whole or broken over lines: cut there."""
    said = message.lower()
    pieces = (token[place : place + PIECE] for place in range(len(token) - PIECE + 1))
    places = [place for piece in pieces if (place := said.find(piece)) >= 0]
    return f"{message[: min(places)]}…" if places else message


# ---- all kinds together ----


def kinds() -> list[type[CustomerMail]]:
    """Every class of messages to customers."""
    return [model for model in apps.get_models() if issubclass(model, CustomerMail)]


def is_silent(*, since: timedelta = timedelta(minutes=1)) -> bool:
    """Whether the mail server has put messages off lately and taken none."""
    moment = timezone.now()
    put_off = Q(state=MailState.WAITING, tries__gt=0, not_before__gt=moment)
    taken = Q(state=MailState.SENT, sent_at__gt=moment - since)
    is_put_off = any(model.objects.filter(put_off).exists() for model in kinds())
    return is_put_off and not any(model.objects.filter(taken).exists() for model in kinds())


def room(model: type[CustomerMail]) -> int:
    """How many more may be sent off: a few, one at a time while nothing gets out, or none."""
    if mail_trouble.is_resting():
        return 0
    moment = timezone.now()
    sent_off = moment - model.policy.republish_after
    waiting = model.objects.open().filter(model.ready(moment), not_before__lte=moment)
    in_hand = waiting.filter(
        Q(leased_until__gte=moment)
        | Q(published_at__gt=sent_off, published_at__gte=F("not_before"))
    )
    is_in_trouble = is_silent() or mail_trouble.current() is not None
    most = 1 if is_in_trouble else AT_ONCE
    return most - int(in_hand.count())


def _let_go(moment: datetime) -> None:
    """The trouble is over: what it held back leaves now, not when its next try would be."""
    for model in kinds():
        held = model.objects.filter(state=MailState.WAITING, tries__gt=0, not_before__gt=moment)
        held.update(not_before=moment)
