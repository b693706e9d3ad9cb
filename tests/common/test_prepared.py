"""Queries that are put into SQL once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dashboard.common.prepared import Fixed, columns_of, instance_of, prepared
from dashboard.consoles.models import Console
from dashboard.mirror.models import Account
from tests.factories import make_account, make_console

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@prepared
def accounts_named(name: str, consoles: Sequence[int]) -> QuerySet[Any, Any]:
    found = Account.objects.filter(name=name, console__in=consoles).order_by("pk")
    return found.values_list("pk", "name")


@prepared
def read_since(moment: datetime) -> QuerySet[Any, Any]:
    return Account.objects.filter(read_at__gte=moment).order_by("pk").values_list("pk", "read_at")


def test_each_call_answers_for_its_own_values() -> None:
    one, other = make_console(), make_console()
    tea, books = make_account(console=one, name="Tea"), make_account(console=other, name="Books")

    assert accounts_named("Tea", [one.pk, other.pk]) == [(tea.pk, "Tea")]
    assert accounts_named("Books", [one.pk, other.pk]) == [(books.pk, "Books")]
    assert accounts_named("Books", [one.pk]) == []
    assert accounts_named("Tea' OR 1=1 --", [one.pk]) == []


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5, 9])
def test_a_list_of_any_length_finds_what_stands_in_it(count: int) -> None:
    console = make_console()
    keys = [make_account(console=console, name="Tea").pk for _ in range(9)]

    @prepared
    def among(pks: Sequence[int]) -> QuerySet[Any, Any]:
        return Account.objects.filter(pk__in=pks).order_by("pk").values_list("pk")

    assert among(keys[:count]) == [(key,) for key in keys[:count]]


def test_moments_go_in_and_come_out_as_moments() -> None:
    account = make_account(console=make_console())
    moment = datetime(2026, 11, 29, 12, 30, 0, 123456, tzinfo=UTC)
    Account.objects.filter(pk=account.pk).update(read_at=moment)

    assert read_since(moment) == [(account.pk, moment)]
    assert read_since(moment + timedelta(microseconds=1)) == []


def test_an_instance_of_its_columns_is_the_stored_thing() -> None:
    console = make_console(trouble="Away", trouble_since=timezone.now(), rate_limit=7)

    @prepared
    def of_console(pk: int) -> QuerySet[Any, Any]:
        return Console.objects.filter(pk=pk).values_list(*columns_of(Console))

    stored = Console.objects.get(pk=console.pk)
    made = instance_of(Console, of_console(console.pk)[0])
    assert made == stored
    assert {name: getattr(made, name) for name in columns_of(Console)} == {
        name: getattr(stored, name) for name in columns_of(Console)
    }
    made.save(update_fields=["trouble"])  # an update: it knows that it is stored


def test_the_query_is_built_once_for_lists_of_alike_lengths() -> None:
    built: list[Sequence[int]] = []

    @prepared
    def among(pks: Sequence[int]) -> QuerySet[Any, Any]:
        built.append(pks)
        return Account.objects.filter(pk__in=pks).values_list("pk")

    for count in (5, 6, 7, 8):
        with CaptureQueriesContext(connection) as asked:
            among(list(range(1, count + 1)))
        assert len(asked) == 1
    assert len(built) == 1


def test_an_argument_that_the_query_changes_is_refused() -> None:
    @prepared
    def beginning(text: str) -> QuerySet[Any, Any]:
        return Account.objects.filter(name__startswith=text).values_list("pk")

    with pytest.raises(TypeError, match="changes an argument"):
        beginning("Tea")


def test_a_text_that_something_contains_stands_for_itself() -> None:
    console = make_console()
    keys = {
        name: make_account(console=console, name=name).pk
        for name in ("50% Tea", "500 Tea", "a_\\b")
    }

    @prepared
    def containing(text: str, name: str) -> QuerySet[Any, Any]:
        found = Account.objects.filter(name__contains=text).exclude(name=name)
        return found.order_by("pk").values_list("pk")

    assert containing("0", "") == [(keys["50% Tea"],), (keys["500 Tea"],)]
    assert containing("0", "500 Tea") == [(keys["50% Tea"],)]
    assert containing("0%", "") == [(keys["50% Tea"],)]
    assert containing("_\\", "") == [(keys["a_\\b"],)]
    assert containing("0_", "") == []


def test_so_many_shapes_are_kept_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.common.prepared.MOST_SHAPES", 3)
    console = make_console()
    built: list[Fixed] = []

    @prepared
    def named(which: Fixed, key: int) -> QuerySet[Any, Any]:
        built.append(which)
        return Console.objects.filter(pk=key).values_list("pk")

    for n in (1, 2, 3, 4, 4, 1):
        assert named(Fixed(n), console.pk) == [(console.pk,)]
    assert built == [Fixed(n) for n in (1, 2, 3, 4, 1)]


def test_what_no_query_can_be_prepared_for_is_refused() -> None:
    @prepared
    def odd(value: object) -> QuerySet[Any, Any]:
        return Account.objects.filter(name=value).values_list("pk")

    with pytest.raises(TypeError, match="cannot be prepared"):
        odd(object())


@pytest.mark.parametrize("start", [0, 1, 5, 100])
def test_it_says_from_which_row_on(start: int) -> None:
    console = make_console()
    keys = [make_account(console=console, name="50%").pk for _ in range(7)]

    @prepared
    def from_row(start: int, name: str) -> QuerySet[Any, Any]:
        found = Account.objects.filter(name=name).extra(where=["name LIKE '50%%%%'"])
        return found.order_by("pk").values_list("pk")[start : start + 3]

    assert from_row(start, "50%") == [(key,) for key in keys[start : start + 3]]


def test_what_is_fixed_makes_another_query() -> None:
    console = make_console()
    keys = [make_account(console=console).pk for _ in range(3)]
    built: list[Fixed] = []

    @prepared
    def in_order(order: Fixed, console: int) -> QuerySet[Any, Any]:
        built.append(order)
        found = Account.objects.filter(console=console).order_by(str(order.value))
        return found.values_list("pk")

    for _ in range(2):
        assert in_order(Fixed("pk"), console.pk) == [(key,) for key in keys]
        assert in_order(Fixed("-pk"), console.pk) == [(key,) for key in keys[::-1]]
    assert built == [Fixed("pk"), Fixed("-pk")]


def test_several_lists_stand_in_one_query() -> None:
    one, other = make_console(), make_console()
    keys = [make_account(console=console, name="Tea").pk for console in (one, other, one, other)]

    @prepared
    def among(
        names: Sequence[str], consoles: Sequence[int], pks: Sequence[int], start: int
    ) -> QuerySet[Any, Any]:
        either = Account.objects.filter(console__in=consoles) | Account.objects.filter(pk__in=pks)
        found = either.filter(name__in=names, missed__in=(0, 1)).exclude(pk__in=pks)
        return found.order_by("pk").values_list("pk")[start : start + 2]

    assert among(["Tea", "50%"], [one.pk, other.pk], keys[:1], 0) == [(keys[1],), (keys[2],)]
    assert among(["Tea", "50%"], [one.pk, other.pk], keys[:1], 2) == [(keys[3],)]
    assert among(["Tea"], [other.pk], keys[1:], 0) == []
    assert among(["Tea"], [one.pk], keys[:1], 0) == [(keys[2],)]
