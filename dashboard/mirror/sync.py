"""Reading Cyclr into the mirror.

A sync never overwrites what changed here after its read began (`changed_at`) nor what a newer
listing said (`seen_at`), and never takes a listing that broke off, or of which a part could not be
read, for customers who left. Listings are compared with a plain read; only rows that differ are
locked, a few hundred at a time.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import BooleanField, Count, Exists, ExpressionWrapper, F, OuterRef, Q
from django.utils import timezone

import cyclr_api
from cyclr_api import (
    AccountRefusedError,
    CredentialsRefusedError,
    CyclrError,
    NotFoundError,
    PagingError,
    PermanentError,
    RateLimitedError,
    TemporaryError,
    UnexpectedAnswerError,
    UnreadableError,
    UnsendableError,
)
from dashboard.common.foreign import storable
from dashboard.common.sealing import SealBrokenError
from dashboard.common.searching import search_text, sort_name
from dashboard.consoles.models import CREDENTIALS_REFUSED, Console
from dashboard.consoles.pacing import BACKGROUND, INTERACTIVE, PacedError
from dashboard.consoles.services import asking, client, note
from dashboard.mirror.catalogue import method_json, parameter_json
from dashboard.mirror.missing import MOST, Answers, ask_each
from dashboard.mirror.models import (
    Account,
    AccountConnector,
    CatalogueConnector,
    DailyFigure,
    InstallRefusal,
    Mirrored,
    MirrorQuerySet,
    SyncRun,
)
from dashboard.mirror.owning import OwnLibrary, kind_of, own_library, unknown_to

logger = logging.getLogger(__name__)

MARK = re.compile(r"\s*\[desk:op[a-z0-9]{1,20}\]$")
"""What an install leaves at the end of a description while it is under way, or where it could
not be taken out again: ours, and nobody's business."""

T = TypeVar("T")

BATCH = 250
"""Rows that are locked and written in one transaction."""
THREADS = 8
GONE_AFTER_MISSED = 2
PATIENCE = 20.0
"""Seconds that one page of a list waits for its turn among the console's paced calls."""


def account_columns(found: cyclr_api.Account) -> dict[str, Any]:
    """An account's columns from what Cyclr said."""
    columns = {
        "name": found.name,
        "description": found.description,
        "timezone": found.timezone,
        "created_at": found.created_at,
    }
    if found.parent_id:
        columns["parent_id"] = found.parent_id  # what is not said overwrites nothing
    return {
        key: storable("" if value is None and key != "created_at" else value)
        for key, value in columns.items()
    }


def connector_columns(found: cyclr_api.Connector) -> dict[str, Any]:
    """A catalogue connector's columns. Parameters and methods stay as Cyclr names their keys."""
    columns = {
        "release_id": found.id,
        "description": storable(found.description or ""),
        "status": storable(found.status or ""),
        "is_draft": found.is_draft,
        "is_system": bool(found.is_system),
        "categories": storable(list(found.categories)),
        "is_whole": not found.is_partial,
        "authentication": storable([method_json(method) for method in found.authentication]),
        "parameters": storable([parameter_json(p) for p in found.parameters]),
    }
    if found.is_partial:
        columns.pop("parameters")  # what is not said overwrites nothing
        if not found.authentication:
            columns.pop("authentication")
    return columns


def account_connector_columns(found: cyclr_api.AccountConnector) -> dict[str, Any]:
    """An installed connector's columns; its secrets were left behind by the client.

    Listings may carry a reduced connector. What it lacks is no column, so that it does not
    overwrite what is known; `fill_methods` takes missing methods from the library.
    """
    connector = found.connector
    description = storable(found.description or "")
    columns: dict[str, Any] = {
        "name": storable(found.name),
        "description": MARK.sub("", description),
        "authenticated": found.authenticated,
        "is_native": bool(found.is_native),
    }
    if mark := MARK.search(description):
        columns["left_mark"] = mark.group().strip()
    if connector is not None or found.properties:
        # Only their names: values are secrets, or may be.
        filled = {value.name for value in found.properties if value.value}
        columns["filled"] = storable(sorted(filled))
    if connector is not None:
        columns["release_id"] = connector.id
        if connector.name:
            columns["connector_name"] = storable(connector.name)
            columns["connector_version"] = storable(connector.version or "")
        if connector.authentication:
            methods = [method_json(method) for method in connector.authentication]
            columns["authentication"] = storable(methods)
    return columns


# ---- bringing rows in line with a listing ----


@dataclass(slots=True)
class Written:
    """What a merge did."""

    made: int = 0
    changed: int = 0
    gone: int = 0
    skipped: int = 0
    """Elements of the listing that could not be read."""


def merge(
    rows: MirrorQuerySet,
    found: dict[Hashable, dict[str, Any]],
    *,
    key: Callable[[Any], Hashable],
    make: Callable[[Any], Any],
    began: datetime,
    is_complete: bool,
) -> Written:
    """Bring rows in line with a listing that began at `began`.

    `found` maps each row's key to column values; `make` builds a new row from its key. With
    `is_complete` rows that are not in the listing count as missed.
    """
    moment = timezone.now()
    existing = {key(row): row for row in rows}
    new: list[Mirrored] = []
    changed: dict[int, dict[str, Any] | None] = {}
    same: list[int] = []
    for found_key, values in found.items():
        row = existing.get(found_key)
        if row is None:
            row = make(found_key)
            _fill(row, values, began, moment)
            row.changed_at = began
            new.append(row)
        elif _is_newer(row, began):
            continue
        elif row.missed or row.gone_at or _differing(row, values):
            changed[row.pk] = values
        else:
            same.append(row.pk)
    if is_complete:
        gone = (row for its_key, row in existing.items() if its_key not in found)
        changed |= {row.pk: None for row in gone if _is_missed(row, began)}
    written = Written(made=len(new))
    for made in _parts(new):
        rows.model._default_manager.bulk_create(made, ignore_conflicts=True)
    for changes in _parts(list(changed.items())):
        _rewrite(rows, dict(changes), began, written)
    # What a listing confirms is noted too: an older one must not overwrite it.
    for pks in _parts(same):
        confirmed = rows.filter(pk__in=pks, seen_at__lt=began, changed_at__lte=began)
        confirmed.order_by().update(seen_at=began)
    return written


def _rewrite(
    rows: MirrorQuerySet,
    changes: dict[int, dict[str, Any] | None],
    began: datetime,
    written: Written,
) -> None:
    """Lock these rows, look at them again and write; None stands for "not in the listing"."""
    moment = timezone.now()
    columns = {"seen_at", "missed", "missed_at", "gone_at"}
    touched = []
    with transaction.atomic():
        locked = rows.filter(pk__in=changes).order_by("pk").select_for_update(no_key=True)
        for row in locked:
            values = changes[row.pk]
            if values is not None and not _is_newer(row, began):
                columns |= _fill(row, values, began, moment)
            elif values is None and _is_missed(row, began):
                row.seen_at, row.missed, row.missed_at = began, row.missed + 1, moment
                if row.missed >= GONE_AFTER_MISSED:
                    row.gone_at = moment
                    written.gone += 1
            else:
                continue
            touched.append(row)
        # Each of them is there, and locked. It is ten times as fast as bulk_update's CASE WHEN.
        rows.model._default_manager.bulk_create(
            touched, update_conflicts=True, unique_fields=["id"], update_fields=sorted(columns)
        )
    written.changed += len(touched)


def _parts(things: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(things), BATCH):
        yield things[start : start + BATCH]


def _is_newer(row: Mirrored, began: datetime) -> bool:
    """Whether it was changed here, or told of by a newer listing, since this one began."""
    return row.changed_at > began or row.seen_at > began


def _is_missed(row: Mirrored, began: datetime) -> bool:
    """Whether a listing that lacks it counts: not if it overlaps the one that lacked it before."""
    if row.gone_at is not None or _is_newer(row, began):
        return False
    return not row.missed or row.missed_at is None or row.missed_at <= began


def _derived(row: Any, values: dict[str, Any]) -> dict[str, Any]:
    """The columns that search and order go by."""
    match row:
        case Account():
            name = values["name"]
            words = search_text(name, row.cyclr_id)
        case CatalogueConnector():
            name = row.name
            words = search_text(name, *values["categories"])
        case _:
            names = {column: values.get(column, getattr(row, column)) for column in NAMES}
            return {"search_text": search_text_of(names)}
    return {"search_text": words, "sort_name": sort_name(name)}


NAMES = ("name", "connector_name")


def _differing(row: Any, values: dict[str, Any]) -> dict[str, Any]:
    """Those of the values, and of what is derived from them, that the row does not have."""
    wanted = values | _derived(row, values)
    return {column: value for column, value in wanted.items() if getattr(row, column) != value}


def _fill(row: Any, values: dict[str, Any], began: datetime, moment: datetime) -> set[str]:
    """Take over what a listing said; answers the columns that changed."""
    differing = _differing(row, values)
    if isinstance(row, Account) and differing:
        # The first reading is ours and no activity of theirs.
        differing["active_at"] = moment if row.pk else values.get("created_at")
    if isinstance(row, AccountConnector) and "authenticated" in differing:
        differing["authenticated_since"] = moment if row.pk else None
        differing |= {"test_failed_at": None, "test_failure": ""}  # of other credentials
    for column, value in differing.items():
        setattr(row, column, value)
    row.seen_at, row.missed, row.missed_at, row.gone_at = began, 0, None, None
    return set(differing)


def search_text_of(columns: dict[str, Any]) -> str:
    """What search compares of an installed connector."""
    return search_text(columns.get("name"), columns.get("connector_name"))


COUNTS = ("connector_count", "unauthenticated_count", "not_working_count")


def recount(account_ids: Sequence[int]) -> None:
    """Bring the counts on the accounts' rows in line with their connectors."""
    there = Q(connectors__gone_at=None)
    failed = Q(connectors__authenticated=True, connectors__test_failed_at__isnull=False)
    counted = (
        Account.objects.filter(pk__in=account_ids)
        .annotate(
            every=Count("connectors", filter=there),
            broken=Count("connectors", filter=there & ~Q(connectors__authenticated=True)),
            failing=Count("connectors", filter=there & failed),
        )
        .values("pk", "read_at", "every", "broken", "failing", *COUNTS)
    )
    for row in counted:
        counts = dict(zip(COUNTS, (row["every"], row["broken"], row["failing"]), strict=True))
        if any(row[column] != count for column, count in counts.items()):
            # What the first reading finds was there before: when it came nobody knows.
            moved = {} if row["read_at"] is None else {"active_at": timezone.now()}
            Account.objects.filter(pk=row["pk"]).update(**counts, **moved)


def fill_methods(console: Console, account_ids: Iterable[int] | None = None) -> int:
    """Take the methods of connectors that have none from the library; answers how many got some.

    By name and version, in the console or in these accounts. One query if there is nothing to do;
    else two for each kind of connector, however many rows there are.
    """
    library = CatalogueConnector.objects.filter(console=console).exclude(authentication=[])
    without = AccountConnector.objects.there().filter(account__console=console, authentication=[])
    if account_ids is not None:
        without = without.filter(account__in=list(account_ids))
    known = library.filter(
        Q(account=None) | Q(account=OuterRef("account")),
        name=OuterRef("connector_name"),
        version=OuterRef("connector_version"),
    )
    kinds: dict[tuple[str, str, int | None], list[int]] = defaultdict(list)
    found = without.filter(Exists(known)).exclude(connector_name="").order_by()
    rows = list(found.values_list("pk", "connector_name", "connector_version", "account"))
    own = set(
        library.exclude(account=None).values_list("name", "version", "account") if rows else ()
    )
    for pk, name, version, account in rows:
        owner = account if (name, version, account) in own else None
        kinds[name, version, owner].append(pk)
    filled = 0
    for (name, version, owner), pks in kinds.items():
        source = library.filter(name=name, version=version, account=owner).first()
        for part in _parts(pks):
            if source is None:
                break  # it went just now
            empty = AccountConnector.objects.filter(pk__in=part, authentication=[])
            filled += empty.update(authentication=source.authentication)
    return filled


# ---- one list, one account ----


MOST_ACCOUNTS_ASKED = 200
"""Accounts that a list lacks and that are asked for by themselves, in one run."""


def refresh_accounts(
    console: Console, *, lane: str = BACKGROUND, is_asked: bool = False
) -> Written:
    """Copy Cyclr's list of accounts into ours; a second run copies the same again.

    What the list lacks is gone only when Cyclr answers 404 for the account itself: sub-accounts
    may stand in lists of their own. It is asked at the second list without it, or at the first
    if a person waits for it (`is_asked`).
    """
    began = timezone.now()
    rows = Account.objects.filter(console=console)
    with asking(console, lane) as client:
        listed = client.accounts.readable(at_once=THREADS, patience=PATIENCE)
        found = {storable(account.id): account_columns(account) for account in listed}
        lacking = [row for row in rows.there() if row.cyclr_id not in found]
        lacking = [] if listed.skipped else [row for row in lacking if _is_missed(row, began)]
        doubted = sorted(row.cyclr_id for row in lacking if is_asked or row.missed)
        answers = ask_each(doubted, lambda one: client.account(one).get(), most=MOST_ACCOUNTS_ASKED)
    found |= {storable(account.id): account_columns(account) for account in answers.there}
    written = merge(
        rows,
        found,
        key=lambda row: row.cyclr_id,
        make=lambda cyclr_id: Account(console=console, cyclr_id=cyclr_id),
        began=began,
        is_complete=False,
    )
    written.gone = mark_gone(rows.filter(cyclr_id__in=answers.gone), began)
    once = [row.pk for row in lacking if not row.missed and row.cyclr_id not in found]
    for pks in _parts(once):
        older = rows.filter(pk__in=pks, missed=0, gone_at=None, changed_at__lte=began)
        older.filter(seen_at__lte=began).update(missed=1, missed_at=timezone.now(), seen_at=began)
    written.skipped = listed.skipped
    logger.info(
        "accounts refreshed console=%d found=%d skipped=%d made=%d changed=%d gone=%d",
        console.pk,
        len(listed),
        listed.skipped,
        written.made,
        written.changed,
        written.gone,
    )
    return written


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
    console: Console, accounts: Sequence[Account], lane: str
) -> tuple[Account, cyclr_api.Listing[cyclr_api.Connector]]:
    """The library, and the first account for which Cyclr tells it."""
    refused: list[PermanentError] = []
    with asking(console, lane) as client:
        for account in accounts:
            try:
                library = client.account(account.cyclr_id).library
                return account, library.readable(
                    at_once=THREADS, patience=PATIENCE, include_custom=True
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


def refresh_library(console: Console, *, lane: str = BACKGROUND) -> Written:
    """Copy Cyclr's catalogue into ours; needs an account, since Cyclr lists it for one.

    What was made for that account alone becomes its own; see `owning`.
    """
    accounts = catalogue_accounts(console)
    if not accounts:
        return Written()
    began = timezone.now()
    reader, listed = _list_library(console, accounts, lane)
    own = _own_among(console, reader, listed, lane)
    known = _whole_releases(console)
    shared = [one for one in listed if one.id not in own.ids]
    found = _by_kind(_made_whole(console, reader, shared, known), known)
    written = merge(
        CatalogueConnector.objects.filter(console=console, account=None),
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
    console: Console, reader: Account, listed: Sequence[cyclr_api.Connector], lane: str
) -> OwnLibrary:
    """What of a listing of the library was made for the account that it was listed for."""
    entries = CatalogueConnector.objects.there().filter(console=console)
    everybodys = entries.filter(account=None).values_list("release_id", "name", "version")
    shared = {release: (name, version) for release, name, version in everybodys}
    known = set(entries.filter(account=reader).values_list("release_id", flat=True))
    with asking(console, lane) as client:
        there = client.account(reader.cyclr_id)
        own = own_library(there, shared=shared.keys() - known, known=known, listed=listed)
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
        moment = timezone.now()
        everybodys.filter(release_id__in=own.ids).update(gone_at=moment, changed_at=moment)
        if own.is_whole:
            Account.objects.filter(pk=account.pk).update(own_library_read_at=began)


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
                return replace(library.get(found.id), is_partial=False)
            except (PacedError, RateLimitedError) as error:
                time.sleep(min(error.retry_after or 1.0, 5.0))
            except CyclrError:
                break
        return found

    if not any(found.is_partial for found in listed):
        return list(listed)
    with ThreadPoolExecutor(max_workers=THREADS) as pool:
        return list(pool.map(whole, listed))


def write_account_connectors(
    account: Account,
    listed: Sequence[cyclr_api.AccountConnector],
    began: datetime,
    answers: ConnectorAnswers | None = None,
) -> Written:
    """Merge one account's complete listing, which began at `began`, into the mirror.

    One that says that it `skipped` elements marks nothing missed. `answers`: what was asked for
    by itself since the listing lacks it.
    """
    written = _write_connectors(account, listed, began, answers)
    fill_methods(account.console, [account.pk])
    return written


ConnectorAnswers = Answers[int, cyclr_api.AccountConnector]


def missing_connectors(
    there: cyclr_api.AccountApi, listed: Sequence[cyclr_api.AccountConnector], known: Iterable[int]
) -> ConnectorAnswers:
    """What Cyclr says of the connectors, by their ids, that we know and a listing lacks."""
    left = sorted(set(known) - {item.id for item in listed})
    return ask_each(left, lambda one: there.connector(one).get())


def known_connectors(accounts: Iterable[int]) -> dict[int, list[int]]:
    """By account: the ids of the connectors that the mirror takes for installed."""
    rows = AccountConnector.objects.there().filter(account__in=list(accounts)).order_by()
    known: dict[int, list[int]] = defaultdict(list)
    for account, cyclr_id in rows.values_list("account", "cyclr_id"):
        known[account].append(cyclr_id)
    return known


def mark_gone(rows: MirrorQuerySet, began: datetime) -> int:
    """Mark rows gone for which Cyclr answered 404 to a call that began then; how many went."""
    moment = timezone.now()
    older = rows.filter(gone_at=None, changed_at__lte=began, seen_at__lte=began)
    return older.update(gone_at=moment, seen_at=began, missed=0, missed_at=None)


def mark_connector_gone(connector: AccountConnector, began: datetime) -> None:
    """Cyclr answered 404 for the connector itself, to a call that began then."""
    with transaction.atomic():
        mark_gone(AccountConnector.objects.filter(pk=connector.pk), began)
        recount([connector.account_id])


def _write_connectors(
    account: Account,
    listed: Sequence[cyclr_api.AccountConnector],
    began: datetime,
    answers: ConnectorAnswers | None = None,
) -> Written:
    skipped: int = getattr(listed, "skipped", 0)
    found = [*listed, *(answers.there if answers else ())]
    with transaction.atomic():
        gone = AccountConnector.objects.filter(
            account=account, cyclr_id__in=answers.gone if answers else ()
        )
        went = mark_gone(gone, began)
        written = merge(
            AccountConnector.objects.filter(account=account),
            {item.id: account_connector_columns(item) for item in found},
            key=lambda row: row.cyclr_id,
            make=lambda cyclr_id: AccountConnector(account=account, cyclr_id=cyclr_id),
            began=began,
            is_complete=not skipped,
        )
        recount([account.pk])
        rows = Account.objects.filter(Q(read_at=None) | Q(read_at__lt=began), pk=account.pk)
        rows.update(read_at=began, refresh_error="")
    written.gone += went
    written.skipped = skipped
    return written


def refresh_account(account: Account, *, lane: str = INTERACTIVE) -> None:
    """Read one account and its connectors now; errors are kept in words.

    What somebody asked for tells the truth at once: an own 404 marks the account, or what its
    listing lacks, gone.
    """
    began = timezone.now()
    rows = Account.objects.filter(pk=account.pk)
    asked = rows.filter(refresh_asked_at=account.refresh_asked_at)  # and not once more since
    try:
        with asking(account.console, lane) as client:
            there = client.account(account.cyclr_id)
            found = there.get()
            listed = there.connectors.readable()
            answers = missing_connectors(there, listed, known_connectors([account.pk])[account.pk])
            beside = _read_beside(account, there)
    except NotFoundError:
        gone = rows.filter(changed_at__lte=began, seen_at__lte=began, gone_at=None)
        gone.update(gone_at=timezone.now(), seen_at=began)
        rows.update(read_at=began, refresh_error="")
        asked.update(refresh_asked_at=None)
        return
    except Exception as error:
        rows.update(refresh_error=words_for(error))
        asked.update(refresh_asked_at=None)
        raise
    with transaction.atomic():
        row = rows.select_for_update(no_key=True).get()
        if not _is_newer(row, began):
            columns = _fill(row, account_columns(found), began, timezone.now())
            row.save(update_fields=[*columns, "seen_at", "missed", "missed_at", "gone_at"])
    write_account_connectors(account, listed, began, answers)
    _write_beside(account, beside, began)
    asked.update(refresh_asked_at=None)


@dataclass(slots=True)
class Beside:
    """What is read of an account beside its connectors; what Cyclr does not tell is None.

    `offered`: releases that it was refused and that Cyclr shows it by now.
    """

    own: OwnLibrary
    children: Sequence[cyclr_api.Account] | None = None
    offered: set[int] = field(default_factory=set)


def _read_beside(account: Account, there: cyclr_api.AccountApi) -> Beside:
    """Whatever is wrong with any of it, the account and its connectors were read."""
    shared, known = own_releases(account)
    beside = Beside(own_library(there, shared=shared, known=known))
    refused = InstallRefusal.objects.current().filter(account=account)
    releases = set(refused.values_list("release_id", flat=True))
    beside.offered = {one.id for one in ask_each(releases, there.library.get).there}
    try:
        beside.children = there.subaccounts.readable()
    except CyclrError as error:
        logger.info("sub-accounts not told account=%d status=%s", account.pk, error.status)
    return beside


def _write_beside(account: Account, beside: Beside, began: datetime) -> None:
    write_own_library(account, beside.own, began)
    refused = InstallRefusal.objects.current().filter(account=account)
    refused.filter(release_id__in=beside.offered).delete()
    if beside.children is not None:
        write_sub_accounts(account, beside.children, began)


def write_sub_accounts(
    parent: Account, listed: Sequence[cyclr_api.Account], began: datetime
) -> None:
    """Merge an account's sub-accounts: the console's list may leave them out."""
    console = parent.console
    found: dict[Hashable, dict[str, Any]] = {
        storable(child.id): {"parent_id": parent.cyclr_id} | account_columns(child)
        for child in listed
    }
    merge(
        Account.objects.filter(console=console, cyclr_id__in=found),
        found,
        key=lambda row: row.cyclr_id,
        make=lambda cyclr_id: Account(console=console, cyclr_id=cyclr_id),
        began=began,
        is_complete=False,
    )
    Account.objects.filter(pk=parent.pk).update(sub_accounts_read_at=began)


def words_for(error: BaseException) -> str:
    """Why a read failed, for the page that shows old data."""
    match error:
        case PacedError() | RateLimitedError():
            return "Cyclr allows no more calls for now."
        case UnreadableError():
            return "Cyclr’s answer could not be read."
        case TemporaryError(status=None):
            return "Cyclr does not answer."
        case TemporaryError():
            return f"Cyclr answers with an error ({error.status})."
        case UnsendableError():
            return "Its id in Cyclr cannot be sent to Cyclr."
        case CredentialsRefusedError() if not isinstance(error, AccountRefusedError):
            return CREDENTIALS_REFUSED
        case CyclrError(status=None):
            return "Cyclr refuses to tell."
        case CyclrError():
            return f"Cyclr refuses to tell ({error.status})."
        case SealBrokenError():
            return "The console’s client secret cannot be decrypted: see CREDENTIAL_KEYS."
        case SoftTimeLimitExceeded():
            return "Cyclr answers too slowly to be read in time."
        case DatabaseError():
            return "The database rejected it: see the worker’s log."
    return "A fault of ours stopped it: see the worker’s log."


# ---- the whole console ----

STUCK_AFTER = timedelta(minutes=10)
CLAIM = timedelta(seconds=175)
"""How long a step belongs to its worker: a little longer than the task's hard limit."""
LONGEST_PAUSE = 3600.0
CHUNK = 200
ACCOUNTS_IN_A_ROW = 5
"""Accounts that Cyclr may fail to answer for, one after another, before it counts as down."""
NOTE_EVERY = timedelta(seconds=3)
GRACE = timedelta(seconds=100)
"""How long listings that are under way at a chunk's end may still take."""


def start_run(console: Console, *, is_asked: bool = False) -> SyncRun | None:
    """A new run, or None while one is moving. One that stopped moving is closed first."""
    moment = timezone.now()
    SyncRun.objects.filter(
        console=console, finished_at=None, touched_at__lt=moment - STUCK_AFTER
    ).update(finished_at=moment, error="It stopped half-way.")
    with transaction.atomic():
        if SyncRun.objects.filter(console=console, finished_at=None).exists():
            return None
        run, made = SyncRun.objects.get_or_create(
            console=console, finished_at=None, defaults={"is_asked": is_asked}
        )
    return run if made else None


def is_due(console: Console) -> bool:
    """Whether the schedule asks for a run: never finished, or the last one is old enough."""
    last = SyncRun.objects.filter(console=console).exclude(finished_at=None).first()
    if last is None or last.finished_at is None:
        return True
    pause = settings.SYNC_EVERY if not last.error else min(60.0, settings.SYNC_EVERY)
    return timezone.now() - last.finished_at >= timedelta(seconds=pause)


def claim(run_id: int, step: int) -> SyncRun | None:
    """Take a step of a run; None if it is over, not due, or somebody took it already.

    Says nothing about progress: a step whose workers die again and again becomes stuck.
    """
    moment = timezone.now()
    rows = SyncRun.objects.filter(pk=run_id, step=step, finished_at=None, not_before__lte=moment)
    free = rows.filter(Q(claimed_until=None) | Q(claimed_until__lte=moment))
    if not free.update(step=step + 1, claimed_until=moment + CLAIM, published_at=None):
        return None
    return SyncRun.objects.select_related("console").filter(pk=run_id, step=step + 1).first()


def _own(run: SyncRun) -> Any:
    """The run's row, as long as the step that `run` was claimed for is the current one."""
    return SyncRun.objects.filter(pk=run.pk, step=run.step, finished_at=None)


def release(run: SyncRun) -> bool:
    """The step is done and the next one may begin; says whether this worker may still say so."""
    moment = timezone.now()
    return bool(_own(run).update(claimed_until=None, not_before=moment, touched_at=moment))


def pause(run: SyncRun, seconds: float | None) -> None:
    """The step goes on later: Cyclr, or our own pacing, asked for a pause."""
    later = timezone.now() + timedelta(seconds=min(max(seconds or 1.0, 1.0), LONGEST_PAUSE))
    _own(run).update(claimed_until=None, published_at=None, not_before=later, touched_at=later)


def read_accounts(run: SyncRun) -> None:
    """The first step: the list of accounts."""
    written = refresh_accounts(run.console, is_asked=run.is_asked)
    _own(run).update(
        accounts_at=timezone.now(),
        touched_at=timezone.now(),
        accounts_found=Account.objects.filter(console=run.console).there().count(),
        gone=F("gone") + written.gone,
        skipped=F("skipped") + written.skipped,
    )


SUB_ACCOUNTS_EVERY = timedelta(hours=6)
"""So often an account is asked for its sub-accounts; fifty accounts are asked in one run."""


def read_sub_accounts(console: Console, *, lane: str = BACKGROUND) -> None:
    """Ask accounts in turn for their sub-accounts: Cyclr's list of accounts may leave them out.

    Nobody may have refreshed the parent. What does not answer is asked in a later run.
    """
    began = timezone.now()
    unread = Q(sub_accounts_read_at=None) | Q(sub_accounts_read_at__lt=began - SUB_ACCOUNTS_EVERY)
    rows = Account.objects.there().filter(unread, console=console, gone_at=None)
    parents = rows.order_by(F("sub_accounts_read_at").asc(nulls_first=True), "pk")[:MOST]
    by_id = {row.cyclr_id: row for row in parents}
    if not by_id:
        return
    with asking(console, lane) as client:

        def ask(cyclr_id: str) -> tuple[str, Sequence[cyclr_api.Account]]:
            return cyclr_id, client.account(cyclr_id).subaccounts.readable()

        answers = ask_each(list(by_id), ask, most=MOST)
    for cyclr_id, children in answers.there:
        write_sub_accounts(by_id[cyclr_id], children, began)


def read_library(run: SyncRun) -> None:
    """The second step: the library. Whatever is wrong with it, the accounts are read."""
    words, skipped = "", 0
    try:
        skipped = refresh_library(run.console).skipped
        if run.console.catalogue_account and not catalogue_accounts(run.console):
            words = "The account that the library is read through is not there."
    except (PacedError, RateLimitedError):
        raise
    except CyclrError as error:
        words = words_for(error)
        logger.warning(
            "library not read console=%d call=%s status=%s",
            run.console_id,
            error.call,
            error.status,
        )
    except Exception as error:
        words = words_for(error)
        logger.exception("library not read console=%d", run.console_id)
    _own(run).update(
        listed_at=timezone.now(),
        touched_at=timezone.now(),
        library_error=words,
        skipped=F("skipped") + skipped,
    )


def waiting_accounts(run: SyncRun) -> list[int]:
    """Accounts whose connectors were not read since the run began.

    Those that failed last time come last, those looked at lately first.
    """
    is_fine = ExpressionWrapper(Q(refresh_error=""), output_field=BooleanField())
    rows = (
        Account.objects.filter(console=run.console)
        .there()
        .filter(Q(read_at=None) | Q(read_at__lt=run.started_at))
        .exclude(refresh_failed_run=run.pk)
        .order_by(
            is_fine.desc(),
            F("viewed_at").desc(nulls_last=True),
            F("read_at").asc(nulls_first=True),
            "pk",
        )
    )
    return list(rows.values_list("pk", flat=True)[:CHUNK])


@dataclass(slots=True)
class Answer:
    """What Cyclr said about one account."""

    account: Account
    began: datetime
    listed: cyclr_api.Listing[cyclr_api.AccountConnector] | None = None
    answers: ConnectorAnswers | None = None
    error: CyclrError | None = None


@dataclass(slots=True)
class Tally:
    """What a chunk has done since it was last written down."""

    run: SyncRun
    noted_at: datetime = field(default_factory=timezone.now)
    read: list[int] = field(default_factory=list)
    failed: int = 0
    found: int = 0
    skipped: int = 0

    def note(self, *, at_once: bool = False) -> None:
        """Write it to the run, every few seconds or at once."""
        if not at_once and timezone.now() - self.noted_at < NOTE_EVERY:
            return
        if self.read:
            fill_methods(self.run.console, self.read)
            note(self.run.console, None)
        if self.read or self.failed:
            _own(self.run).update(
                accounts_read=F("accounts_read") + len(self.read),
                accounts_failed=F("accounts_failed") + self.failed,
                connectors_found=F("connectors_found") + self.found,
                skipped=F("skipped") + self.skipped,
                touched_at=timezone.now(),
            )
        self.noted_at = timezone.now()
        self.read = []
        self.failed = self.found = self.skipped = 0


def read_chunk(run: SyncRun, until: datetime) -> bool:
    """Read the connectors of the next accounts, several at once; says whether more are waiting.

    No listing begins after `until`, and each is written as it comes: what was read stays.
    """
    waiting = waiting_accounts(run)
    found = Account.objects.select_related("console").in_bulk(waiting)
    accounts = [found[pk] for pk in waiting if pk in found]
    shared = client(run.console, BACKGROUND)
    tally, stop = Tally(run), threading.Event()
    has_answered, silence = run.accounts_read > 0, list[CyclrError]()
    fatal: CyclrError | None = None
    pool = ThreadPoolExecutor(THREADS)
    known = known_connectors(found) if run.is_asked else {}
    listings = {
        pool.submit(_list_connectors, shared, one, until, stop, known.get(one.pk, ())): one
        for one in accounts
    }
    try:
        for listing in as_completed(listings, (until + GRACE - timezone.now()).total_seconds()):
            answer = listing.result()
            if answer is None:
                continue
            error = answer.error
            if answer.listed is not None:
                has_answered, silence = True, []
                _take(answer, answer.listed, tally)
            elif error is not None and _is_about_the_console(error):
                fatal = fatal or error
            elif error is not None and fatal is None:
                _fail(answer.account, error, tally)
                if isinstance(error, UnexpectedAnswerError | PagingError | PermanentError):
                    has_answered, silence = True, []
                else:
                    silence.append(error)
                    fatal = error if len(silence) >= ACCOUNTS_IN_A_ROW else None
            if fatal is not None:
                stop.set()
            tally.note()
    except TimeoutError:
        for account in [one for listing, one in listings.items() if listing.running()]:
            _fail(account, SoftTimeLimitExceeded(), tally)
    finally:
        stop.set()
        pool.shutdown(wait=False, cancel_futures=True)
    tally.note(at_once=True)
    if fatal is None and silence and not has_answered:
        fatal = silence[0]
    if fatal is not None:
        note(run.console, fatal)
        raise fatal
    return bool(waiting_accounts(run))


def _is_about_the_console(error: CyclrError) -> bool:
    """Whether every other account would get the same answer."""
    if isinstance(error, CredentialsRefusedError):
        return not isinstance(error, AccountRefusedError)
    return error.through is None and isinstance(error, PacedError | RateLimitedError)


def _take(
    answer: Answer, listed: cyclr_api.Listing[cyclr_api.AccountConnector], tally: Tally
) -> None:
    """Write one account's listing; one that the database does not take is its failure alone."""
    try:
        written = _write_connectors(answer.account, listed, answer.began, answer.answers)
    except DatabaseError as error:
        logger.exception("connectors not written account=%d", answer.account.pk)
        _fail(answer.account, error, tally)
        return
    tally.read.append(answer.account.pk)
    tally.found += len(listed)
    tally.skipped += written.skipped


def _fail(account: Account, error: Exception, tally: Tally) -> None:
    """This account could not be read in this run; the next one tries again."""
    tally.failed += 1
    Account.objects.filter(pk=account.pk).update(
        refresh_error=words_for(error), refresh_failed_run=tally.run.pk
    )


def _list_connectors(
    client: cyclr_api.Client,
    account: Account,
    until: datetime,
    stop: threading.Event,
    known: Iterable[int],
) -> Answer | None:
    """One listing, in a thread of the pool: it asks Cyclr and leaves the database alone.

    `known`: the connectors that are asked for by themselves should it lack them.
    """
    began = timezone.now()
    if stop.is_set() or began >= until:
        return None
    patience = min(PATIENCE, (until - began).total_seconds())
    try:
        there = client.account(account.cyclr_id)
        listed = there.connectors.readable(patience=patience)
        answers = missing_connectors(there, listed, known)
        return Answer(account, began, listed=listed, answers=answers)
    except CyclrError as error:
        return Answer(account, began, error=error)


def finish_run(run: SyncRun, error: str = "") -> None:
    """Close a run and write the day's figures; one that went on without us is left alone."""
    moment = timezone.now()
    if not _own(run).update(finished_at=moment, touched_at=moment, claimed_until=None, error=error):
        return
    write_daily_figure(run.console)
    old = SyncRun.objects.filter(console=run.console).values_list("pk", flat=True)[50:]
    SyncRun.objects.filter(pk__in=list(old)).delete()


def write_daily_figure(console: Console) -> None:
    """How many installed connectors are authenticated today, as the mirror has it now."""
    installed = AccountConnector.objects.there().filter(account__console=console)
    installed = installed.filter(account__gone_at=None)
    good = installed.filter(authenticated=True).count()
    DailyFigure.objects.update_or_create(
        console=console,
        day=timezone.now().date(),
        defaults={"authenticated": good, "unauthenticated": installed.count() - good},
    )
