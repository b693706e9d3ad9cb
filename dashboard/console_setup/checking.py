"""The worker's part: whether credentials work, and in words why not."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

from django.db import transaction

from cyclr_api import (
    Client,
    CredentialsRefusedError,
    CyclrError,
    PermanentError,
    RateLimitedError,
    RedirectedError,
    UnreadableError,
)
from dashboard.audit import services as audit
from dashboard.audit.models import Actor
from dashboard.common import encryption
from dashboard.common.outbound import AddressError
from dashboard.common.untrusted_text import storable
from dashboard.console_setup import saving
from dashboard.console_setup.models import CheckKind, ConsoleCheck
from dashboard.consoles import addresses
from dashboard.consoles.models import Console
from dashboard.consoles.services import trial_client
from dashboard.jobs.leases import Lease
from dashboard.mirror.adopting import known_accounts
from dashboard.mirror.sync.limits import MAX_WAIT, THREADS

logger = logging.getLogger(__name__)

TOOK_TOO_LONG = "It took too long to find out. Check the address, and try again."


class Unfit(Exception):  # noqa: N818 - an answer, and no error of ours
    """These credentials are not saved, for a reason in words."""

    def __init__(self, message: str, said: str | None = None) -> None:
        super().__init__(message)
        self.message, self.said = message, said or ""


def carry_out(lease: Lease[ConsoleCheck]) -> None:
    """Try the credentials and save them if they work; a second run tries them again.

    Nobody is served by waiting: whatever goes wrong is told at once.
    """
    check = lease.job
    try:
        secret = encryption.decrypt(
            check.encrypted_client_secret, associated_data=check.associated_data
        )
        _try_out(check, secret)
    except Unfit as refusal:
        _refuse(lease, refusal.message, refusal.said)
        return
    except encryption.DecryptionError:
        _refuse(lease, "The secret cannot be read any more. Enter it again.")
        return
    try:
        with transaction.atomic():
            console = saving.save_checked(check, secret)
            lease.finish(encrypted_client_secret="", console=console)
    except saving.NotSavedError as error:
        _refuse(lease, str(error))
        return
    logger.info("console credentials saved check=%d console=%d", check.pk, console.pk)


def give_up(lease: Lease[ConsoleCheck], error: BaseException | None) -> None:
    """End it in words; what was typed stays in the form, without its secret."""
    _refuse(lease, TOOK_TOO_LONG)


def _refuse(lease: Lease[ConsoleCheck], message: str, said: str = "") -> None:
    check = lease.job
    with transaction.atomic():
        lease.finish(last_error=message, said=storable(said), encrypted_client_secret="")
        audit.record(
            Actor.staff(check.requested_by),
            "console_setup.check_failed",
            console=check.console,
            target=check.name,
            result="failed",
            address=check.api_url,
            why=message,
        )
    logger.info("console credentials refused check=%d", check.pk)


def _try_out(check: ConsoleCheck, secret: str) -> None:
    """Raises `Unfit`."""
    for url in (check.api_url, check.service_url):
        try:
            addresses.look_up(addresses.checked(url))
        except AddressError as error:
            raise Unfit(f"{host_of(url)}: {error}") from None
    client = trial_client(check.api_url, check.client_id, secret)
    try:
        client.check()
        if check.kind == CheckKind.CREDENTIALS and check.console is not None:
            _compare(check.console, client)
    except CyclrError as error:
        raise Unfit(message_for(error, check), error.cyclr_message) from None
    if check.catalogue_account:
        _see_catalogue_account(check, client)


def _compare(console: Console, client: Client) -> None:
    """Other credentials must lead to the same console, else links would lead to others' accounts.

    Raises `Unfit`, and `CyclrError`.
    """
    known = known_accounts(console)
    if not known:
        return
    there = {
        storable(one.id) for one in client.accounts.readable(at_once=THREADS, max_wait=MAX_WAIT)
    }
    shared = len(known & there)
    if shared * 2 <= len(known):
        raise Unfit(
            f"These credentials work, but for another console: of {len(known):,} accounts known"
            f" here {shared:,} are listed there. Add it as a console of its own."
        )


def _see_catalogue_account(check: ConsoleCheck, client: Client) -> None:
    try:
        client.account(check.catalogue_account).get()
    except ValueError:
        raise Unfit("No account can have this id: check the catalogue account.") from None
    except CyclrError as error:
        if isinstance(error, PermanentError):
            message = (
                f"The credentials work, but Cyclr knows no account “{check.catalogue_account}”."
                " Check the catalogue account, or leave it empty."
            )
            raise Unfit(message, error.cyclr_message) from None
        raise Unfit(message_for(error, check), error.cyclr_message) from None


def message_for(error: CyclrError, check: ConsoleCheck) -> str:
    """What went wrong and what to do, for whoever typed it."""
    host = host_of(check.api_url)
    not_the_api = (
        f"{host} answers, but not as Cyclr’s API does. Give the address of the API, not the one"
        " of the console or the service domain."
    )
    match error:
        case CredentialsRefusedError() if error.status in {400, 401, 403}:
            return f"{host} refuses this client id and secret. Copy both from Cyclr once more."
        case RedirectedError() | UnreadableError() | CredentialsRefusedError():
            return not_the_api
        case RateLimitedError():
            return f"{host} asks for a pause. Try again in a minute."
    if error.status is not None:
        return f"{host} answers with an error ({error.status}). Try again later."
    why = error.reason.rpartition(": ")[2] or "no answer"
    return f"{host} cannot be reached: {why}."


def host_of(url: str) -> str:
    """The part of an address that people compare."""
    return urlsplit(url).netloc or url
