"""The workers' part of releases."""

from __future__ import annotations

from dashboard.consoles.refusals import end_unanswered
from dashboard.jobs.leases import Lease
from dashboard.jobs.periodic import periodic
from dashboard.jobs.working import works_on
from dashboard.releases import reading
from dashboard.releases.models import ReleaseReading


@works_on(ReleaseReading, gives_up=end_unanswered)
def read_release(lease: Lease[ReleaseReading]) -> None:
    """Read what one release asks and can do."""
    reading.carry_out(lease)


@periodic(every=3600)
def forget_readings() -> None:
    """Readings that are long over go."""
    reading.forget()
