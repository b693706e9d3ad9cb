"""Having a release read by a worker: what it asks, and its methods."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

import cyclr_api
from cyclr_api import PermanentError
from dashboard.common.untrusted_text import storable
from dashboard.consoles.refusals import refusal
from dashboard.consoles.services import asking
from dashboard.jobs.leases import Lease
from dashboard.methods.models import MethodReading
from dashboard.methods.reading import MOST_METHODS, write_methods
from dashboard.mirror import sync
from dashboard.mirror.models import Account, AccountConnector, CatalogueConnector, Release
from dashboard.releases.models import ReleaseReading

logger = logging.getLogger(__name__)

STALE = timedelta(days=1)
KEPT = timedelta(days=30)
UNKNOWN = "Cyclr does not tell of this release any more."


def account_for(connector: CatalogueConnector, release_id: int) -> Account | None:
    """Whom the library is asked for: who has the release, else as it is read anyway."""
    if connector.account_id is not None:
        return connector.account
    installed = AccountConnector.objects.there().filter(
        account__console=connector.console_id, account__gone_at=None, release_id=release_id
    )
    one = installed.select_related("account").order_by("account__missed", "pk").first()
    if one is not None:
        account: Account = one.account
        return account
    return next(iter(sync.catalogue_accounts(connector.console)), None)


def ask(connector: CatalogueConnector, release_id: int) -> ReleaseReading | None:
    """Have a release read; a reading under way serves everybody who asks.

    None as long as there is no account that Cyclr could be asked for.
    """
    account = account_for(connector, release_id)
    if account is None:
        return None
    asked: ReleaseReading = ReleaseReading.objects.ask(
        console=connector.console, release_id=release_id, defaults={"account": account}
    )
    return asked


def latest(console_id: int, release_id: int) -> ReleaseReading | None:
    """The newest reading, ended or not."""
    rows = ReleaseReading.objects.filter(console=console_id, release_id=release_id)
    newest: ReleaseReading | None = rows.first()
    return newest


def has_methods(console_id: int, release_id: int) -> bool:
    """Whether its methods were ever read, for the library or for an installed connector."""
    wanted = {"console": console_id, "release_id": release_id, "last_error": ""}
    return any(
        kind._default_manager.filter(**wanted).exclude(finished_at=None).exists()
        for kind in (ReleaseReading, MethodReading)
    )


def is_due(newest: ReleaseReading | None) -> bool:
    """Whether it was never read, or too long ago; one under way is awaited."""
    if newest is None:
        return True
    return newest.is_finished and newest.created_at < timezone.now() - STALE


# ---- carrying out ----


def carry_out(lease: Lease[ReleaseReading]) -> None:
    """Read a release. What is temporary is raised."""
    wanted = lease.job
    try:
        with asking(wanted.account.console) as client:
            library = client.account(wanted.account.cyclr_id).library
            found = library.get(wanted.release_id)
            methods = library.methods(wanted.release_id)
    except PermanentError as error:
        message = refusal(error, UNKNOWN)
        lease.finish(last_error=message, said=error.cyclr_message or "")
        return
    with transaction.atomic():
        _write(wanted, found)
        write_methods(wanted.console_id, wanted.release_id, methods[:MOST_METHODS])
        lease.finish(last_error="", said="")
    logger.info("release read release=%d methods=%d", wanted.release_id, len(methods))


def _write(wanted: ReleaseReading, found: cyclr_api.Connector) -> None:
    columns = sync.connector_columns(found)
    told: dict[str, Any] = {
        name: columns[name] for name in ("authentication", "parameters") if name in columns
    }
    Release.objects.update_or_create(
        console=wanted.console,
        release_id=wanted.release_id,
        defaults={
            "name": storable(found.name),
            "version": storable(found.version or ""),
            "told_at": timezone.now(),
            **told,
        },
    )


def forget() -> None:
    """Readings that are long over go; what they read stays."""
    old = ReleaseReading.objects.filter(finished_at__lt=timezone.now() - KEPT)
    ReleaseReading.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:1000])).delete()
