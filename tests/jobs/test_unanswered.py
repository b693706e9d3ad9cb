"""A reading that Cyclr never answered ends with Cyclr's words, whatever stands in them."""

from __future__ import annotations

from typing import Any

import pytest

from cyclr_api import PermanentError
from dashboard.accounts.models import AccountReading
from dashboard.common.untrusted_text import first_few
from dashboard.cycles.models import IncidentReading, PrerequisiteReading, TransactionReading
from dashboard.jobs.registry import worker_of
from dashboard.methods.models import MethodReading
from dashboard.releases.models import ReleaseReading
from tests.jobs.test_every_job_class import MAKE

READINGS = (
    *(AccountReading, IncidentReading, MethodReading),
    *(PrerequisiteReading, ReleaseReading, TransactionReading),
)


@pytest.mark.django_db
@pytest.mark.database
@pytest.mark.parametrize("model", READINGS)
def test_its_words_are_kept_as_every_database_takes_them(model: Any) -> None:
    lease = model.objects.claim(MAKE[model]().pk)

    worker_of(model).gives_up(lease, PermanentError("GET /x", 400, "No\x00 way\ud800."))

    job = model.objects.get(pk=lease.job.pk)
    assert job.is_finished
    assert (job.said, job.last_error) == ("No� way�.", "Cyclr did not answer in time.")


def test_some_of_many_are_named_and_the_rest_counted() -> None:
    names = [f"Cycle {n}" for n in range(2000)]

    assert first_few(names[:3]) == "Cycle 0, Cycle 1, Cycle 2"
    assert first_few(names) == "Cycle 0, Cycle 1, Cycle 2 and 1,997 more"
    assert first_few(names[:3], most=2) == "Cycle 0, Cycle 1 and 1 more"
    assert first_few([]) == ""
