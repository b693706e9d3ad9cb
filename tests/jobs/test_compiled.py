"""What is asked for ever is built once, and tells the truth each time."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from django.db.models import QuerySet
from django.utils import timezone

from dashboard.bulk.models import BulkRun
from dashboard.celery import app
from dashboard.jobs.compiled import AnyRow
from dashboard.jobs.models import Heartbeat

pytestmark = pytest.mark.django_db


def test_it_sees_what_has_come_and_gone_since() -> None:
    built = 0

    def build() -> QuerySet[Any]:
        nonlocal built
        built += 1
        return Heartbeat.objects.filter(process="somebody")

    asked = AnyRow(build)
    assert not asked()
    row = Heartbeat.objects.create(process="somebody", host="here", at=timezone.now())
    assert asked()
    row.delete()
    assert not asked()
    assert built == 2, "to see whether they are the same, and never again"


def test_a_moment_would_stand_still_in_it() -> None:
    with pytest.raises(TypeError, match="not the same for ever"):
        AnyRow(lambda: BulkRun.objects.filter(created_at__lt=timezone.now()))()


def test_all_there_are_can_be_asked() -> None:
    app.autodiscover_tasks(force=True)
    modules = [module for name, module in sys.modules.items() if name.startswith("dashboard.")]
    there = [made for module in modules for made in vars(module).values() if type(made) is AnyRow]
    assert len(there) >= 5
    assert [made() for made in there] == [False] * len(there)
