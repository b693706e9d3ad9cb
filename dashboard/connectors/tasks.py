"""The workers' part of installed connectors: connection tests and look-ups."""

from __future__ import annotations

from django.utils import timezone

from dashboard.connectors import connection_tests, lookups, schedules
from dashboard.connectors.models import ConnectionTest, LookUp
from dashboard.jobs.leases import Lease
from dashboard.jobs.periodic import periodic
from dashboard.jobs.working import works_on


@works_on(ConnectionTest, gives_up=connection_tests.give_up)
def run_connection_test(lease: Lease[ConnectionTest]) -> None:
    """Carry out one connection test."""
    connection_tests.carry_out(lease)


@works_on(LookUp, gives_up=lookups.give_up)
def look_up(lease: Lease[LookUp]) -> None:
    """Carry out one look-up."""
    lookups.carry_out(lease)


@periodic(every=60)
def begin_scheduled_tests() -> None:
    """Connection tests that nobody asks for."""
    schedules.plan_all()


@periodic(every=60)
def forget() -> None:
    """What was looked up is the customer's data: gone after an hour. Old tests go too."""
    moment = timezone.now()
    LookUp.objects.filter(created_at__lt=moment - lookups.KEPT).delete()
    old = ConnectionTest.objects.filter(finished_at__lt=moment - connection_tests.KEPT)
    ConnectionTest.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:1000])).delete()
