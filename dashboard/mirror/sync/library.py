"""The library: everybody's connectors, and those made for one account."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Hashable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

import cyclr_api
from cyclr_api import (
    AccountRefusedError,
    CredentialsRefusedError,
    CyclrError,
    PermanentError,
    RateLimitedError,
    UnsendableError,
)
from dashboard.common.untrusted_text import storable
from dashboard.consoles.models import Console
from dashboard.consoles.pacing import BACKGROUND, PacedError
from dashboard.consoles.services import asking, client
from dashboard.mirror.icons import IconReader
from dashboard.mirror.models import Account, CatalogueConnector, InstallRefusal
from dashboard.mirror.owning import OwnLibrary, kind_of, own_library, unknown_to
from dashboard.mirror.sync.columns import connector_columns
from dashboard.mirror.sync.limits import MAX_WAIT, THREADS
from dashboard.mirror.sync.merge import Written, merge
from dashboard.mirror.sync.methods import fill_methods
from dashboard.mirror.sync.releases import keep_replaced
from dashboard.mirror.writing import mark_gone, mark_own_library_read, withdraw

logger = logging.getLogger(__name__)


CATALOGUE_TRIES = 5
"""Accounts of which Cyclr refuses the library, before it counts as refused."""


def catalogue_accounts(console: Console) -> list[Account]:
    """The accounts through which the library may be read, the likeliest to work first.

    The chosen one alone if one is chosen; else some that live.
    """
    there = Account.objects.filter(console=console).there()
    if console.catalogue_account:
        return list(there.filter(cyclr_id=console.catalogue_account)[:1])
    return list(there.order_by("missed", "refresh_failed_run", "pk")[:100])


def _list_library(
    console: Console, accounts: Sequence[Account], priority: str, icons: IconReader
) -> tuple[Account, cyclr_api.Listing[cyclr_api.Connector]]:
    """The library, and the first account for which Cyclr tells it."""
    refused: list[PermanentError] = []
    with asking(console, priority) as client:
        for account in accounts:
            try:
                library = client.account(account.cyclr_id).library
                return account, library.readable(
                    at_once=THREADS, max_wait=MAX_WAIT, include_custom=True, icons=icons
                )
            except PermanentError as error:
                is_about_all = isinstance(error, CredentialsRefusedError)
                if is_about_all and not isinstance(error, AccountRefusedError):
                    raise
                if not isinstance(error, UnsendableError):
                    refused.append(error)  # one that cannot be sent costs no call
                if len(refused) >= CATALOGUE_TRIES or account is accounts[-1]:
                    raise
    raise LookupError("no account to read the library through")


def refresh_library(console: Console, *, priority: str = BACKGROUND) -> Written:
    """Copy Cyclr's catalogue into ours; needs an account, since Cyclr lists it for one.

    What was made for that account alone becomes its own; see `owning`.
    """
    accounts = catalogue_accounts(console)
    if not accounts:
        return Written()
    began = timezone.now()
    icons = IconReader()
    reader, listed = _list_library(console, accounts, priority, icons)
    own = _own_among(console, reader, listed, priority, icons)
    known = _whole_releases(console)
    shared = [one for one in listed if one.id not in own.ids]
    whole = _made_whole(console, reader, shared, known, icons)
    own.connectors = icons.save(own.connectors)
    found = _by_kind(icons.save(whole), known)
    rows = CatalogueConnector.objects.filter(console=console, account=None)
    keep_replaced(rows, found)
    written = merge(
        rows,
        found,
        key=lambda row: (row.name, row.version),
        make=lambda key: CatalogueConnector(console=console, name=key[0], version=key[1]),
        began=began,
        is_complete=not listed.skipped,
    )
    written.skipped = listed.skipped
    write_own_library(reader, own, began)
    InstallRefusal.objects.filter(
        connector__console=console, account=None, at__lt=began - REFUSED_EVERYWHERE_FOR
    ).delete()
    fill_methods(console)
    logger.info(
        "library refreshed console=%d found=%d own=%d skipped=%d gone=%d",
        console.pk,
        len(found),
        len(own.connectors),
        listed.skipped,
        written.gone,
    )
    return written


REFUSED_EVERYWHERE_FOR = timedelta(days=1)
"""A draft may be published under the id that it has: then it is offered again."""


def _by_kind(
    connectors: Iterable[cyclr_api.Connector], known: Collection[Release]
) -> dict[Hashable, dict[str, Any]]:
    """Columns by name and version: a live release before a draft, a newer before an older one."""
    found: dict[Hashable, dict[str, Any]] = {}
    for connector in connectors:
        key = kind_of(connector)
        columns = connector_columns(connector)
        if connector.is_partial and _release_of(connector) in known:
            columns.pop("is_whole")  # it keeps what it has
        if key not in found or (found[key]["is_draft"], -found[key]["release_id"]) > (
            columns["is_draft"],
            -columns["release_id"],
        ):
            found[key] = columns
    return found


def _own_among(
    console: Console,
    reader: Account,
    listed: Sequence[cyclr_api.Connector],
    priority: str,
    icons: IconReader,
) -> OwnLibrary:
    """What of a listing of the library was made for the account that it was listed for."""
    entries = CatalogueConnector.objects.there().filter(console=console)
    everybodys = entries.filter(account=None).values_list("release_id", "name", "version")
    shared = {release: (name, version) for release, name, version in everybodys}
    known = set(entries.filter(account=reader).values_list("release_id", flat=True))
    with asking(console, priority) as client:
        there = client.account(reader.cyclr_id)
        own = own_library(
            there, shared=shared.keys() - known, known=known, listed=listed, icons=icons
        )
        own.connectors += [one for one in listed if one.id in known - own.ids - shared.keys()]
        kinds = set(shared.values())
        new = {one.id for one in listed if kind_of(one) not in kinds} - own.ids
        witness = _witness(console, reader)
        if new and witness is not None:
            private = unknown_to(client.account(witness.cyclr_id), new)
            own.connectors += [one for one in listed if one.id in private]
    return own


def _witness(console: Console, reader: Account) -> Account | None:
    """Another account, which is not below or above the one that the library was listed for."""
    others = Account.objects.filter(console=console, missed=0).there().exclude(pk=reader.pk)
    others = others.exclude(parent_id=reader.cyclr_id).exclude(cyclr_id=reader.parent_id)
    witness: Account | None = others.order_by("refresh_failed_run", "pk").first()
    return witness


def own_releases(account: Account) -> tuple[set[int], set[int]]:
    """The releases that are known to be the console's, and those of the account alone."""
    entries = CatalogueConnector.objects.there().for_account(account)
    rows = list(entries.values_list("account", "release_id"))
    return {one for owner, one in rows if not owner}, {one for owner, one in rows if owner}


def write_own_library(account: Account, own: OwnLibrary, began: datetime) -> None:
    """Bring the connectors made for one account in line with what Cyclr told."""
    console = account.console
    rows = CatalogueConnector.objects.filter(console=console, account=account)
    with transaction.atomic():
        mark_gone(rows.filter(release_id__in=own.gone), began)
        merge(
            rows,
            _by_kind(own.connectors, ()),
            key=lambda row: (row.name, row.version),
            make=lambda key: CatalogueConnector(
                console=console, account=account, name=key[0], version=key[1]
            ),
            began=began,
            is_complete=own.is_whole,
        )
        # What was taken for everybody's before is this account's alone.
        everybodys = CatalogueConnector.objects.there().filter(console=console, account=None)
        withdraw(everybodys.filter(release_id__in=own.ids))
        if own.is_whole:
            mark_own_library_read(account, began)


WHOLE_WITHIN = timedelta(seconds=60)

Release = tuple[str, str, int]
"""A connector's name, version and the id of its release."""


def _release_of(found: cyclr_api.Connector) -> Release:
    return (storable(found.name), storable(found.version or ""), found.id)


def _whole_releases(console: Console) -> set[Release]:
    """The releases in the mirror whose parameters were read."""
    rows = CatalogueConnector.objects.filter(console=console, account=None, is_whole=True)
    return set(rows.values_list("name", "version", "release_id"))


def _made_whole(
    console: Console,
    account: Account,
    listed: Sequence[cyclr_api.Connector],
    known: set[Release],
    icons: IconReader,
) -> list[cyclr_api.Connector]:
    """The listing, with those asked for by id that came without their parameters.

    A listing may leave them out. Those that are not reached in `WHOLE_WITHIN` are read with the
    next run.
    """
    until = timezone.now() + WHOLE_WITHIN

    def whole(found: cyclr_api.Connector) -> cyclr_api.Connector:
        if not found.is_partial or _release_of(found) in known:
            return found
        while timezone.now() < until:
            try:
                library = client(console, BACKGROUND).account(account.cyclr_id).library
                return replace(library.get(found.id, icons=icons), is_partial=False)
            except (PacedError, RateLimitedError) as error:
                time.sleep(min(error.retry_after or 1.0, 5.0))
            except CyclrError:
                break
        return found

    if not any(found.is_partial for found in listed):
        return list(listed)
    with ThreadPoolExecutor(max_workers=THREADS) as pool:
        return list(pool.map(whole, listed))
