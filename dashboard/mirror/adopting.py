"""Whether a console whose address or client id changed in the settings is still the same one.

It is if the accounts that are listed there contain most of the known ones. Staging's accounts must
never get production's links, so in doubt nothing is adopted: an administrator decides.
"""

from __future__ import annotations

import logging
from functools import cache

from django.db import transaction
from django.utils import timezone

from dashboard.audit import services as audit
from dashboard.audit.models import Actor
from dashboard.common.untrusted_text import storable
from dashboard.consoles import changes
from dashboard.consoles.models import Console, ConsoleChange
from dashboard.consoles.services import client_of_change
from dashboard.mirror.models import Account
from dashboard.mirror.sync.limits import MAX_WAIT, THREADS

logger = logging.getLogger(__name__)


def known_accounts(console: Console) -> set[str]:
    """The ids of the accounts that are there; of all that ever were, if none is."""
    rows = Account.objects.filter(console=console)
    return set(rows.there().values_list("cyclr_id", flat=True)) or set(
        rows.values_list("cyclr_id", flat=True)
    )


def adopt_empty() -> Console | None:
    """A console of which no account is known has nothing that another one could be given."""
    adopted = None
    for change in ConsoleChange.objects.select_related("console"):
        if not Account.objects.filter(console=change.console).exists():
            adopted = adopt(change.console, Actor.system())
    return adopted


def count(change: ConsoleChange) -> None:
    """List the accounts that the settings' pair leads to, and count the known ones among them.

    Raises `CyclrError`. The change is not saved.
    """
    listed = client_of_change(change).accounts.readable(at_once=THREADS, max_wait=MAX_WAIT)
    there = {storable(account.id) for account in listed}
    known = known_accounts(change.console)
    change.known, change.listed, change.shared = len(known), len(there), len(known & there)
    change.compared_at, change.trouble = timezone.now(), ""


def compare(change: ConsoleChange) -> None:
    """Find out whose accounts are there, and adopt it if they are the known ones.

    Raises `CyclrError`. Another run finds the change decided, or compares once more.
    """
    count(change)
    change.save(update_fields=["known", "listed", "shared", "compared_at", "trouble"])
    logger.info(
        "console compared console=%d known=%d listed=%d shared=%d",
        *(change.console_id, change.known, change.listed, change.shared),
    )
    if change.is_the_same and changes.other_holder(change) is None:
        adopt(change.console, Actor.system())


def adopt(console: Console, actor: Actor) -> Console:
    """What the settings name is this console. Raises `NothingToDecideError`."""
    before = f"{console.api_url}, {console.client_id}"
    with transaction.atomic():
        console = changes.adopt(console)
        audit.record(
            actor,
            "consoles.adopt",
            console=console,
            target=console.name,
            before=before,
            now=f"{console.api_url}, {console.client_id}",
        )
    return console


def add(change: ConsoleChange, actor: Actor) -> Console:
    """What the settings name is another console. Raises `NothingToDecideError`."""
    before = change.console
    with transaction.atomic():
        console = changes.add(change)
        audit.record(
            actor, "consoles.add", console=console, target=console.name, instead_of=before.name
        )
    return console


@cache
def notice_changed_settings() -> None:
    """Once in a process that runs on: where nobody ran `prepare` after a change of settings."""
    changes.ensure_environment_console()
    adopt_empty()
