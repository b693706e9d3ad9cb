"""Reading Cyclr into the mirror.

A sync never overwrites what changed here after its read began (`changed_at`), and never takes a
listing that broke off for customers who left: everything is read first, then written in sets.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, Q
from django.utils import timezone

import cyclr_api
from cyclr_api import CyclrError, NotFoundError, TemporaryError
from dashboard.common.foreign import fold, storable
from dashboard.consoles.models import Console
from dashboard.consoles.pacing import BACKGROUND, INTERACTIVE
from dashboard.consoles.services import asking, client, note
from dashboard.mirror.catalogue import method_json, parameter_json
from dashboard.mirror.models import (
    Account,
    AccountConnector,
    CatalogueConnector,
    DailyFigure,
    Mirrored,
    SyncRun,
)

logger = logging.getLogger(__name__)

BATCH = 600
THREADS = 8
GONE_AFTER_MISSED = 2


def account_columns(found: cyclr_api.Account) -> dict[str, Any]:
    """An account's columns from what Cyclr said."""
    columns = {
        "name": found.name,
        "description": found.description,
        "timezone": found.timezone,
        "parent_id": found.parent_id,
        "created_at": found.created_at,
    }
    return {
        key: storable("" if value is None and key != "created_at" else value)
        for key, value in columns.items()
    }


def connector_columns(found: cyclr_api.Connector) -> dict[str, Any]:
    """A catalogue connector's columns. Parameters and methods stay as Cyclr names their keys."""
    return {
        "release_id": found.id,
        "description": storable(found.description or ""),
        "status": storable(found.status or ""),
        "is_draft": found.is_draft,
        "is_system": bool(found.is_system),
        "categories": storable(list(found.categories)),
        "authentication": storable([method_json(method) for method in found.authentication]),
        "parameters": storable([parameter_json(p) for p in found.parameters]),
    }


def account_connector_columns(found: cyclr_api.AccountConnector) -> dict[str, Any]:
    """An installed connector's columns; its secrets were left behind by the client."""
    connector = found.connector
    columns: dict[str, Any] = {
        "name": storable(found.name),
        "description": storable(found.description or ""),
        "authenticated": found.authenticated,
        "is_native": bool(found.is_native),
    }
    if connector is not None:
        columns |= {
            "connector_name": storable(connector.name),
            "connector_version": storable(connector.version or ""),
            "release_id": connector.id,
            "authentication": storable(
                [method_json(method) for method in connector.authentication]
            ),
        }
    return columns


@dataclass(slots=True)
class Written:
    """What a merge did."""

    made: int = 0
    changed: int = 0
    gone: int = 0


def merge(
    rows: Iterable[Any],
    found: dict[Any, dict[str, Any]],
    *,
    key: str,
    make: Any,
    began: datetime,
    is_complete: bool,
) -> Written:
    """Bring rows in line with a listing that began at `began`; inside a transaction.

    `found` maps the key column to column values; `make(key)` builds a row that is new. With
    `is_complete` rows that are not in the listing count as missed.
    """
    written = Written()
    existing = {getattr(row, key): row for row in rows}
    changed: list[Mirrored] = []
    new: list[Mirrored] = []
    columns: set[str] = {"seen_at", "missed", "gone_at"}
    moment = timezone.now()
    for found_key, values in found.items():
        columns |= values.keys()
        row = existing.get(found_key)
        if row is None:
            row = make(found_key)
            _fill(row, values, moment)
            new.append(row)
        elif row.changed_at <= began:
            _fill(row, values, moment)
            changed.append(row)
    if is_complete:
        for missing_key in existing.keys() - found.keys():
            row = existing[missing_key]
            if row.gone_at is not None or row.changed_at > began:
                continue
            row.missed += 1
            if row.missed >= GONE_AFTER_MISSED:
                row.gone_at = moment
                written.gone += 1
            changed.append(row)
    touched = new or changed
    if touched:
        objects = type(touched[0])._default_manager
        derived = {"search_text", "sort_name", "authenticated_since", "active_at"}
        names = {field.attname for field in type(touched[0])._meta.concrete_fields}
        objects.bulk_create(new, batch_size=BATCH, ignore_conflicts=True)
        objects.bulk_update(changed, sorted(columns | (derived & names)), batch_size=BATCH // 4)
    written.made, written.changed = len(new), len(changed)
    return written


def _fill(row: Any, values: dict[str, Any], moment: datetime) -> None:
    was_authenticated = getattr(row, "authenticated", None)
    was = {column: getattr(row, column) for column in values} if row.pk else {}
    if isinstance(row, Account):
        row.fill(values)
        if was != values:
            row.active_at = moment
    else:
        for column, value in values.items():
            setattr(row, column, value)
        if isinstance(row, CatalogueConnector):
            row.sort_name = fold(row.name)[:100]
            row.search_text = fold("\n".join([row.name, *map(str, row.categories)]))
        else:
            row.search_text = search_text_of(
                {"name": row.name, "connector_name": row.connector_name}
            )
    if isinstance(row, AccountConnector) and row.authenticated != was_authenticated:
        row.authenticated_since = moment if row.pk else None
    row.seen_at, row.missed, row.gone_at = moment, 0, None


def search_text_of(columns: dict[str, Any]) -> str:
    """What search compares of an installed connector."""
    return fold(f"{columns.get('name', '')}\n{columns.get('connector_name', '')}")


def recount(account_ids: Sequence[int]) -> None:
    """Bring the counts on the accounts' rows in line with their connectors."""
    there = Q(connectors__gone_at=None)
    counted = (
        Account.objects.filter(pk__in=account_ids)
        .annotate(
            every=Count("connectors", filter=there),
            broken=Count("connectors", filter=there & ~Q(connectors__authenticated=True)),
        )
        .values_list("pk", "every", "broken", "connector_count", "unauthenticated_count")
    )
    for pk, every, broken, had, had_broken in counted:
        if (every, broken) != (had, had_broken):
            Account.objects.filter(pk=pk).update(
                connector_count=every, unauthenticated_count=broken, active_at=timezone.now()
            )


def refresh_accounts(console: Console, *, lane: str = BACKGROUND) -> Written:
    """Copy Cyclr's list of accounts into ours; a second run copies the same again."""
    began = timezone.now()
    with asking(console, lane) as client:
        listed = client.accounts.all()
    found = {storable(account.id): account_columns(account) for account in listed}
    with transaction.atomic():
        rows = Account.objects.select_for_update().filter(console=console)
        written = merge(
            rows,
            found,
            key="cyclr_id",
            make=lambda cyclr_id: Account(console=console, cyclr_id=cyclr_id),
            began=began,
            is_complete=True,
        )
    logger.info(
        "accounts refreshed console=%d found=%d gone=%d", console.pk, len(found), written.gone
    )
    return written


def catalogue_account(console: Console) -> Account | None:
    """The account through which the library is read: the chosen one, else any that lives."""
    there = Account.objects.filter(console=console).there()
    if console.catalogue_account:
        return there.filter(cyclr_id=console.catalogue_account).first()
    return there.order_by("missed", "pk").first()


def refresh_library(console: Console, *, lane: str = BACKGROUND) -> Written:
    """Copy Cyclr's catalogue into ours; needs an account, since Cyclr lists it for one."""
    account = catalogue_account(console)
    if account is None:
        return Written()
    began = timezone.now()
    with asking(console, lane) as client:
        listed = client.account(account.cyclr_id).library.all()
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for connector in listed:
        key = (storable(connector.name), storable(connector.version or ""))
        columns = connector_columns(connector)
        if key not in found or (found[key]["is_draft"], -found[key]["release_id"]) > (
            columns["is_draft"],
            -columns["release_id"],
        ):
            found[key] = columns  # a live release before a draft, a newer one before an older
    with transaction.atomic():
        rows = list(
            CatalogueConnector.objects.select_for_update().filter(console=console, account=None)
        )
        for row in rows:
            row.name_and_version = (row.name, row.version)
        written = merge(
            rows,
            found,
            key="name_and_version",
            make=lambda key: CatalogueConnector(console=console, name=key[0], version=key[1]),
            began=began,
            is_complete=True,
        )
    logger.info(
        "library refreshed console=%d found=%d gone=%d", console.pk, len(found), written.gone
    )
    return written


def write_account_connectors(
    account: Account, listed: Sequence[cyclr_api.AccountConnector], began: datetime
) -> Written:
    """Merge one account's complete listing into the mirror."""
    found = {
        item.id: account_connector_columns(item) for item in listed if -(2**63) <= item.id < 2**63
    }
    with transaction.atomic():
        rows = AccountConnector.objects.select_for_update().filter(account=account)
        written = merge(
            rows,
            found,
            key="cyclr_id",
            make=lambda cyclr_id: AccountConnector(account=account, cyclr_id=cyclr_id),
            began=began,
            is_complete=True,
        )
        recount([account.pk])
        Account.objects.filter(pk=account.pk).update(read_at=timezone.now(), refresh_error="")
    return written


def refresh_account(account: Account, *, lane: str = INTERACTIVE) -> None:
    """Read one account and its connectors now. A 404 marks it gone; errors are kept in words."""
    began = timezone.now()
    try:
        with asking(account.console, lane) as client:
            there = client.account(account.cyclr_id)
            found = there.get()
            listed = there.connectors.all()
    except NotFoundError:
        rows = Account.objects.filter(pk=account.pk, changed_at__lte=began, gone_at=None)
        rows.update(gone_at=timezone.now(), read_at=timezone.now(), refresh_error="")
        return
    except CyclrError as error:
        Account.objects.filter(pk=account.pk).update(
            refresh_error=words_for(error), refresh_asked_at=None
        )
        raise
    with transaction.atomic():
        row = Account.objects.select_for_update().get(pk=account.pk)
        if row.changed_at <= began:
            _fill(row, account_columns(found), timezone.now())
            row.save()
    write_account_connectors(account, listed, began)


def words_for(error: CyclrError) -> str:
    """Why a read failed, for the page that shows old data."""
    if isinstance(error, TemporaryError):
        return (
            "Cyclr does not answer."
            if not error.status
            else f"Cyclr answers with an error ({error.status})."
        )
    return f"Cyclr refuses to tell ({error.status})." if error.status else "Cyclr refuses to tell."


# ---- the whole console ----

STUCK_AFTER = timedelta(minutes=10)
CHUNK = 200


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


def read_lists(run: SyncRun) -> None:
    """The first step of a run: the accounts and the library."""
    console = run.console
    written = refresh_accounts(console)
    refresh_library(console)
    SyncRun.objects.filter(pk=run.pk).update(
        listed_at=timezone.now(),
        touched_at=timezone.now(),
        accounts_found=Account.objects.filter(console=console).there().count(),
        gone=F("gone") + written.gone,
    )


def waiting_accounts(run: SyncRun) -> list[int]:
    """Accounts whose connectors were not read since the run began; those looked at lately first."""
    rows = (
        Account.objects.filter(console=run.console)
        .there()
        .filter(Q(read_at=None) | Q(read_at__lt=run.started_at))
        .exclude(refresh_failed_run=run.pk)
        .order_by(F("viewed_at").desc(nulls_last=True), F("read_at").asc(nulls_first=True), "pk")
    )
    return list(rows.values_list("pk", flat=True)[:CHUNK])


def read_chunk(run: SyncRun, until: datetime) -> bool:
    """Read the connectors of the next accounts, several at once; says whether more are waiting.

    Stops early at `until` (a checkpoint: what was read stays) so that no time limit hits it.
    """
    accounts = list(Account.objects.filter(pk__in=waiting_accounts(run)).select_related("console"))
    if not accounts:
        return False
    read = failed = found = 0
    fatal: CyclrError | None = None
    with ThreadPoolExecutor(max_workers=THREADS) as pool:
        for start in range(0, len(accounts), THREADS * 4):
            if timezone.now() >= until or fatal:
                break
            batch = accounts[start : start + THREADS * 4]
            began = timezone.now()
            results = list(pool.map(_list_connectors, batch))
            errors = [result for result in results if isinstance(result, CyclrError)]
            note(run.console, errors[0] if errors else None)
            for account, result in zip(batch, results, strict=True):
                if isinstance(result, CyclrError):
                    if isinstance(result, TemporaryError):
                        fatal = result  # not this account's fault: it is read with the next step
                        continue
                    failed += 1
                    Account.objects.filter(pk=account.pk).update(
                        refresh_error=words_for(result), refresh_failed_run=run.pk
                    )
                else:
                    read += 1
                    found += len(result)
                    write_account_connectors(account, result, began)
            SyncRun.objects.filter(pk=run.pk).update(touched_at=timezone.now())
    SyncRun.objects.filter(pk=run.pk).update(
        accounts_read=F("accounts_read") + read,
        accounts_failed=F("accounts_failed") + failed,
        connectors_found=F("connectors_found") + found,
        touched_at=timezone.now(),
    )
    if fatal is not None:
        raise fatal
    return bool(waiting_accounts(run))


def _list_connectors(account: Account) -> list[cyclr_api.AccountConnector] | CyclrError:
    """One listing, in a thread of the pool: it asks Cyclr and leaves the database alone."""
    try:
        return client(account.console, BACKGROUND).account(account.cyclr_id).connectors.all()
    except CyclrError as error:
        return error


def finish_run(run: SyncRun, error: str = "") -> None:
    """Close a run and write the day's figures."""
    moment = timezone.now()
    SyncRun.objects.filter(pk=run.pk, finished_at=None).update(
        finished_at=moment, touched_at=moment, error=error
    )
    installed = AccountConnector.objects.there().filter(account__console=run.console)
    installed = installed.filter(account__gone_at=None)
    good = installed.filter(authenticated=True).count()
    DailyFigure.objects.update_or_create(
        console=run.console,
        day=moment.date(),
        defaults={"authenticated": good, "unauthenticated": installed.count() - good},
    )
    old = SyncRun.objects.filter(console=run.console).values_list("pk", flat=True)[50:]
    SyncRun.objects.filter(pk__in=list(old)).delete()
