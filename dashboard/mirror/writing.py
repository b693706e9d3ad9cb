"""The only writer of the mirror's moments: when a row was read, changed, missed, and went.

A reading never overwrites what changed here after it began (`changed_at`) nor what a newer listing
said (`seen_at`), and never takes a listing that broke off, or of which a part could not be read,
for customers who left.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from dashboard.mirror.counting import recount
from dashboard.mirror.derived import derived, derived_of_names
from dashboard.mirror.ledger import note_states, noted
from dashboard.mirror.models import (
    Account,
    AccountConnector,
    Cycle,
    Mirrored,
    MirrorQuerySet,
    WhyBroken,
)
from dashboard.mirror.set_by import set_now, still_ours

GONE_AFTER_MISSED = 2


def is_newer(row: Mirrored, began: datetime) -> bool:
    """Whether it was changed here, or told of by a newer listing, since this one began."""
    return row.changed_at > began or row.seen_at > began


def is_missed(row: Mirrored, began: datetime) -> bool:
    """Whether a listing that lacks it counts: not if it overlaps the one that lacked it before."""
    if row.gone_at is not None or is_newer(row, began):
        return False
    return not row.missed or row.missed_at is None or row.missed_at <= began


def differences(row: Any, values: dict[str, Any]) -> dict[str, Any]:
    """Those of the values, and of what is derived from them, that the row does not have.

    Where Cyclr does not say whether something is authenticated, it stays as it was known to be:
    else the next answer would tell neither of a loss nor since when it holds.
    """
    differing = {
        name: value
        for name, value in values.items()
        if getattr(row, name) != value and not (name == "authenticated" and value is None)
    }
    if differing or not row.search_text or not row.pk:
        # What nothing changed of needs not be derived anew, which takes longer than to compare.
        made = derived(row, values)
        differing |= {name: value for name, value in made.items() if getattr(row, name) != value}
    return differing


def fill(row: Any, values: dict[str, Any], began: datetime, moment: datetime) -> set[str]:
    """Take over what a listing said; answers the columns that changed."""
    differing = differences(row, values)
    learned = set() if not isinstance(row, Account) or row.attributes else {"attributes"}
    if isinstance(row, Account) and differing.keys() - learned:
        # The first reading is ours and no activity of theirs.
        differing["active_at"] = moment if row.pk else values.get("created_at")
    if isinstance(row, AccountConnector) and "authenticated" in differing:
        differing["authenticated_since"] = moment if row.pk else None
        differing |= NO_FAILED_TEST  # it was of other credentials
        differing["why_broken"] = _why_lost(row) if row.authenticated and row.pk else ""
    if isinstance(row, AccountConnector) and differing.keys() & {"filled", "setting_values"}:
        differing["set_by"] = still_ours(row, differing)
    for column, value in differing.items():
        setattr(row, column, value)
    row.seen_at, row.missed, row.missed_at, row.gone_at = began, 0, None, None
    return set(differing)


NO_FAILED_TEST = {
    "test_failed_at": None,
    "failing_since": None,
    "test_failure": "",
    "why_broken": "",
}
TELLS_OF_LOSS = (WhyBroken.CONSENT, WhyBroken.CREDENTIALS)
"""What a call that failed can tell of why Cyclr then stopped calling a connector authenticated."""


def _why_lost(row: AccountConnector) -> str:
    """The class of why it is not authenticated any more, of what was known before."""
    return row.why_broken if row.why_broken in TELLS_OF_LOSS else WhyBroken.UNKNOWN


FILLED = frozenset({"seen_at", "missed", "missed_at", "gone_at"})
"""The moments that `fill` and `miss` set, whatever else changed."""


def fill_new(row: Any, values: dict[str, Any], began: datetime) -> None:
    """Fill a row that a listing tells of for the first time."""
    fill(row, values, began, timezone.now())
    row.changed_at = began


def miss(row: Mirrored, began: datetime, moment: datetime) -> bool:
    """One more listing lacks it; says whether that makes it gone."""
    row.seen_at, row.missed, row.missed_at = began, row.missed + 1, moment
    if row.missed >= GONE_AFTER_MISSED:
        row.gone_at = moment
    return row.gone_at is not None


def miss_first(rows: QuerySet[Any], began: datetime) -> None:
    """A listing that began then lacks them, for the first time."""
    older = rows.filter(missed=0, gone_at=None, changed_at__lte=began, seen_at__lte=began)
    older.update(missed=1, missed_at=timezone.now(), seen_at=began)


def confirm(rows: QuerySet[Any], began: datetime) -> None:
    """A listing says what they say already: an older one must not overwrite it."""
    rows.filter(seen_at__lt=began, changed_at__lte=began).order_by().update(seen_at=began)


def mark_gone(rows: MirrorQuerySet, began: datetime) -> int:
    """Mark rows gone for which Cyclr answered 404 to a call that began then; how many went."""
    moment = timezone.now()
    older = rows.filter(gone_at=None, changed_at__lte=began, seen_at__lte=began)
    return older.update(gone_at=moment, seen_at=began, missed=0, missed_at=None)


@noted
def mark_connector_gone(connector: AccountConnector, began: datetime) -> None:
    """Cyclr answered 404 for the connector itself, to a call that began then."""
    with transaction.atomic():
        mark_gone(AccountConnector.objects.filter(pk=connector.pk), began)
        recount([connector.account_id])


def withdraw(rows: QuerySet[Any]) -> None:
    """Mark rows gone that were deleted from here, or turned out to be somebody else's."""
    moment = timezone.now()
    rows.update(gone_at=moment, changed_at=moment)


def mark_read(account_ids: Collection[int], began: datetime) -> None:
    """Their connectors were read, by a reading that began then; an older one keeps off."""
    rows = Account.objects.filter(Q(read_at=None) | Q(read_at__lt=began), pk__in=account_ids)
    rows.update(read_at=began, refresh_error="")


def mark_account_gone(account: Account, began: datetime) -> None:
    """Cyclr answered 404 for the account itself, to a reading that began then."""
    rows = Account.objects.filter(pk=account.pk)
    mark_gone(rows, began)
    rows.update(read_at=began, refresh_error="")


def mark_sub_accounts_read(account: Account, began: datetime) -> None:
    """Its sub-accounts were listed."""
    Account.objects.filter(pk=account.pk).update(sub_accounts_read_at=began)


def mark_own_library_read(account: Account, began: datetime) -> None:
    """The connectors made for it alone were listed."""
    Account.objects.filter(pk=account.pk).update(own_library_read_at=began)


def mark_cycles_asked(account: Account, began: datetime, *, error: str = "") -> None:
    """Its cycles were asked for, by a reading that began then; `error` says why in vain."""
    rows = Account.objects.filter(pk=account.pk)
    if not error:
        older = rows.filter(Q(cycles_read_at=None) | Q(cycles_read_at__lt=began))
        older.update(cycles_read_at=began)
    rows.update(cycles_asked_at=timezone.now(), cycles_error=error)


# ---- what our own calls, and tests, found out: later than any listing under way ----


@noted
@transaction.atomic
def write_authenticated(
    connector: AccountConnector, *, authenticated: bool, is_wanted: bool = False
) -> None:
    """Take over what Cyclr says of it now; `is_wanted` where somebody here had it so."""
    moment = timezone.now()
    rows = AccountConnector.objects.filter(pk=connector.pk)
    other = rows.exclude(authenticated=authenticated).select_for_update(no_key=True).first()
    if other is not None:
        is_lost = bool(other.authenticated) and not is_wanted
        columns = NO_FAILED_TEST | {"why_broken": _why_lost(other) if is_lost else ""}
        rows.update(**columns, authenticated=authenticated, authenticated_since=moment)
    rows.update(seen_at=moment, changed_at=moment)
    recount([connector.account_id])


@noted
@transaction.atomic
def write_connector(
    connector: AccountConnector,
    columns: dict[str, Any],
    *,
    names: Collection[str] = (),
    by: str = "",
) -> None:
    """Take over Cyclr's answer to new credentials; a test that failed was of other ones.

    `names`: the settings that were given a value, the empty one for the credentials; `by` whom.
    """
    moment = timezone.now()
    rows = AccountConnector.objects.filter(pk=connector.pk)
    row = rows.select_for_update(no_key=True).get()
    if columns["authenticated"] is None:
        columns = columns | {"authenticated": row.authenticated}
    columns = columns | {"set_by": still_ours(row, columns) | set_now(names, by, moment)}
    rows.exclude(authenticated=columns["authenticated"]).update(authenticated_since=moment)
    columns |= NO_FAILED_TEST
    rows.update(**columns, seen_at=moment, changed_at=moment, missed=0, gone_at=None)
    recount([connector.account_id])


def write_installed(
    account: Account,
    cyclr_id: int,
    columns: dict[str, Any],
    *,
    authentication_id: str,
    by: str = "",
) -> AccountConnector:
    """Take over the connector that was just installed; a listing may have told of it already.

    All that it has, it was given with the install: `by` whom.
    """
    moment = timezone.now()
    names = [*columns.get("filled", ()), *([""] if columns["authenticated"] else [])]
    row, _ = AccountConnector.objects.update_or_create(
        account=account,
        cyclr_id=cyclr_id,
        defaults={
            **columns,
            "authentication_id": authentication_id,
            "authenticated_since": moment if columns["authenticated"] else None,
            **derived_of_names(columns),
            "set_by": set_now(names, by, moment),
            "changed_at": moment,
            "seen_at": moment,
            "missed": 0,
            "gone_at": None,
        },
    )
    Account.objects.filter(pk=account.pk).update(refresh_error="")
    recount([account.pk])
    note_states([row], {})
    return row


@noted
@transaction.atomic
def write_changed(connector: AccountConnector, columns: dict[str, Any]) -> None:
    """Take over Cyclr's answer to a change that is not about credentials."""
    moment = timezone.now()
    row = AccountConnector.objects.select_for_update(no_key=True).get(pk=connector.pk)
    rows = AccountConnector.objects.filter(pk=row.pk)
    rows.update(**columns, **derived(row, columns), seen_at=moment, changed_at=moment)


@noted
def write_deleted(connector: AccountConnector) -> None:
    """It was deleted by our own call; listings that began before know nothing of it."""
    withdraw(AccountConnector.objects.filter(pk=connector.pk, gone_at=None))
    recount([connector.account_id])


def write_cycle_status(cycle: Cycle, status: str, *, is_active: bool) -> None:
    """Take over what Cyclr says of it now, after our own call."""
    moment = timezone.now()
    Cycle.objects.filter(pk=cycle.pk).update(
        status=status, is_active=is_active, seen_at=moment, changed_at=moment
    )


def write_cycle_deleted(cycle: Cycle) -> None:
    """It was deleted by our own call; listings that began before know nothing of it."""
    withdraw(Cycle.objects.filter(pk=cycle.pk, gone_at=None))


@noted
@transaction.atomic
def write_settings(
    connector: AccountConnector,
    names: Collection[str],
    *,
    removed: Collection[str] = (),
    authenticated: bool | None,
    by: str = "",
) -> None:
    """These settings have a value now, given `by` whom; which, the next reading says.

    `removed` have none any more. `authenticated` is None where Cyclr did not say.
    """
    row = AccountConnector.objects.select_for_update(no_key=True).get(pk=connector.pk)
    row.filled = sorted({*row.filled, *names} - {*removed})
    row.changed_at = timezone.now()
    row.set_by |= set_now(names, by, row.changed_at)
    for name in (*names, *removed):
        row.setting_values.pop(name, None)
    row.set_by = {name: how for name, how in row.set_by.items() if name not in removed}
    if authenticated is not None and authenticated != row.authenticated:
        row.why_broken = _why_lost(row) if row.authenticated else ""
        row.authenticated, row.authenticated_since = authenticated, row.changed_at
    row.save(
        update_fields=[
            *("filled", "set_by", "setting_values", "changed_at"),
            *("authenticated", "authenticated_since", "why_broken"),
        ]
    )
    recount([row.account_id])
