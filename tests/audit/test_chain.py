"""The chain of the trail: every edit is found, and the database refuses most of them."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, connection, transaction

from dashboard.audit import chain, heads, services, verification
from dashboard.audit.models import (
    NOTHING_BEFORE,
    Actor,
    AuditChain,
    AuditEntry,
    ChainedEntry,
)
from dashboard.audit.services import AuditRecord
from dashboard.consoles.models import Console
from tests.factories import make_console, make_user
from tests.support.audit import commit, tampering

pytestmark = pytest.mark.django_db


def make_trail(console: Console | None = None, count: int = 5) -> list[AuditEntry]:
    actor = Actor.staff(make_user(name="Mara Lindqvist"))
    made = [
        services.record(
            actor,
            "links.create",
            console=console,
            target=f"Link {number}",
            target_url=f"/links/{number}/",
            account_name="Harbour Books",
            link=number,
        )
        for number in range(count)
    ]
    commit()
    return made


def fault(console: Console | None = None) -> str:
    return verification.check(console.pk if console else 0).fault


def test_each_console_has_a_chain_and_what_belongs_to_none_another() -> None:
    one, two = make_console(), make_console()
    services.record(Actor.system(), "tests.a", console=one)
    services.record(Actor.system(), "tests.b", console=two)
    services.record(Actor.system(), "tests.c", console=one)
    services.record(Actor.system(), "tests.d")
    commit()

    places = ChainedEntry.objects.values_list("chain", "sequence", "entry__action")

    assert sorted(places) == sorted(
        [(one.pk, 1, "tests.a"), (two.pk, 1, "tests.b"), (one.pk, 2, "tests.c"), (0, 1, "tests.d")]
    )
    assert [verification.check(number).fault for number in verification.numbers()] == [""] * 3


def test_many_like_acts_are_chained_too() -> None:
    console = make_console()
    records = [AuditRecord(f"Account {number}") for number in range(7)]
    services.record_many(Actor.system(), "accounts.tag", console, records)
    commit()

    assert AuditChain.objects.get(pk=console.pk).sequence == 7
    assert not fault(console) and not verification.unplaced()


def test_an_act_that_is_taken_back_leaves_no_gap() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        services.record(Actor.system(), "tests.undone")
        raise ZeroDivisionError
    services.record(Actor.system(), "tests.done")
    commit()

    assert AuditChain.objects.get(pk=0).sequence == 1
    assert not fault()


@pytest.mark.django_db(transaction=True)
def test_the_place_is_in_the_transaction_of_the_act() -> None:
    with transaction.atomic():
        services.record(Actor.system(), "tests.one")
        services.record(Actor.system(), "tests.two")
        assert not ChainedEntry.objects.exists()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        services.record(Actor.system(), "tests.undone")
        raise ZeroDivisionError
    services.record(Actor.system(), "tests.three")

    actions = ChainedEntry.objects.order_by("sequence").values_list("entry__action", flat=True)
    assert list(actions) == ["tests.one", "tests.two", "tests.three"]
    assert not fault()


@pytest.mark.django_db(transaction=True)
def test_an_act_without_a_place_is_not_done(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(chain, "digest_of", broken)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        services.record(Actor.system(), "tests.undone")
        make_console(name="Undone")

    assert not AuditEntry.objects.exists()
    assert not Console.objects.filter(name="Undone").exists()


@pytest.mark.django_db(transaction=True)
def test_acts_at_the_same_moment_stand_one_after_the_other() -> None:
    if connection.vendor == "sqlite":
        pytest.skip("one writer at a time, and in memory one connection")
    one, two = make_console(), make_console()
    errors: list[BaseException] = []

    def act(first: Console, second: Console) -> None:
        try:
            for _ in range(10):
                with transaction.atomic():
                    services.record(Actor.system(), "tests.a", console=first)
                    services.record(Actor.system(), "tests.b", console=second)
                    services.record(Actor.system(), "tests.c")
        except DatabaseError as error:
            errors.append(error)
        finally:
            connection.close()

    pairs = [(one, two), (two, one), (one, two), (two, one)]
    threads = [threading.Thread(target=act, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not errors
    assert {row.number: row.sequence for row in AuditChain.objects.all()} == {
        0: 40,
        one.pk: 40,
        two.pk: 40,
    }
    assert not any(verification.check(number).fault for number in verification.numbers())


@pytest.mark.parametrize("act", ["update", "delete"])
@pytest.mark.parametrize("model", [AuditEntry, ChainedEntry])
def test_the_database_refuses_to_change_what_was_written(model: Any, act: str) -> None:
    make_trail()
    rows = model.objects.all()
    column = {"target": "x"} if model is AuditEntry else {"digest": "x"}

    with pytest.raises(IntegrityError, match="only ever added to"), transaction.atomic():
        rows.update(**column) if act == "update" else rows._raw_delete(rows.db)


def move_to_another_console() -> None:
    set_value("console_id", make_console().pk)


def another_actor() -> None:
    """Somebody else did it; the dashboard itself did; a customer did."""
    entry = random.choice(list(AuditEntry.objects.all()))
    others: list[dict[str, Any]] = [
        {"actor_user": make_user()},
        {"actor_kind": "system", "actor_user": None},
        {"actor_kind": "link", "actor_user": None, "actor_link": random.randint(1, 99)},
    ]
    AuditEntry.objects.filter(pk=entry.pk).update(**random.choice(others))


def another_number() -> None:
    """The entry goes, and comes again under another key, with its place."""
    entry = random.choice(list(AuditEntry.objects.all()))
    place = ChainedEntry.objects.get(pk=entry.pk)
    ChainedEntry.objects.filter(pk=entry.pk).delete()
    rows = AuditEntry.objects.filter(pk=entry.pk)
    at = entry.at
    rows._raw_delete(rows.db)
    entry.pk, entry._state.adding = None, True
    entry.save()
    AuditEntry.objects.filter(pk=entry.pk).update(at=at)
    place.entry_id, place._state.adding = entry.pk, True
    place.save(force_insert=True)


def set_value(column: str, value: Any) -> None:
    with connection.cursor() as cursor:
        pks = list(AuditEntry.objects.order_by("pk").values_list("pk", flat=True))
        pk = random.choice(pks)
        update = f"UPDATE audit_auditentry SET {column} = %s WHERE id = %s"  # noqa: S608
        cursor.execute(update, [value, pk])


def swap(column: str) -> None:
    one, two = random.sample(list(AuditEntry.objects.order_by("pk")), 2)
    a, b = getattr(one, column), getattr(two, column)
    AuditEntry.objects.filter(pk=one.pk).update(**{column: b})
    AuditEntry.objects.filter(pk=two.pk).update(**{column: a})


def swap_places() -> None:
    one, two = random.sample(list(ChainedEntry.objects.all()), 2)
    ChainedEntry.objects.filter(pk=one.pk).update(sequence=10_000)
    ChainedEntry.objects.filter(pk=two.pk).update(sequence=one.sequence)
    ChainedEntry.objects.filter(pk=one.pk).update(sequence=two.sequence)


def delete(*, with_place: bool) -> None:
    pk = random.choice(list(AuditEntry.objects.values_list("pk", flat=True)))
    rows = AuditEntry.objects.filter(pk=pk)
    rows._raw_delete(rows.db)
    if with_place:
        ChainedEntry.objects.filter(pk=pk).delete()


def copy_of_one() -> AuditEntry:
    entry = random.choice(list(AuditEntry.objects.all()))
    entry.pk = None
    entry._state.adding = True
    entry.save()
    return entry


def insert(*, at: str) -> None:
    """A forged entry: in no chain; between two others; or behind the end, computed right."""
    entry = copy_of_one()
    head = AuditChain.objects.get(pk=chain.number_of(entry))
    if at == "nowhere":
        return
    if at == "between":
        sequence = random.randint(1, head.sequence)
        later = ChainedEntry.objects.filter(chain=head.pk, sequence__gte=sequence)
        for one in later.order_by("-sequence"):
            ChainedEntry.objects.filter(pk=one.pk).update(sequence=one.sequence + 1)
        AuditChain.objects.filter(pk=head.pk).update(sequence=head.sequence + 1)
    else:
        sequence = head.sequence + 1
    before = ChainedEntry.objects.filter(chain=head.pk, sequence=sequence - 1).first()
    digest = chain.digest_of(entry, head.pk, sequence, before.digest if before else NOTHING_BEFORE)
    ChainedEntry.objects.create(entry=entry, chain=head.pk, sequence=sequence, digest=digest)


def cut(*, with_head: bool) -> None:
    """Take the last entries out; who is careful sets the head back as well."""
    head = AuditChain.objects.get()
    left = random.randint(0, head.sequence - 1)
    gone = ChainedEntry.objects.filter(sequence__gt=left)
    rows = AuditEntry.objects.filter(pk__in=list(gone.values_list("pk", flat=True)))
    rows._raw_delete(rows.db)
    gone.delete()
    if with_head:
        last = ChainedEntry.objects.filter(sequence=left).first()
        AuditChain.objects.update(sequence=left, digest=last.digest if last else NOTHING_BEFORE)


def compute_anew() -> None:
    """Change an entry, and the digests of all that follow, and the head."""
    set_value("target", "Something else")
    head = AuditChain.objects.get()
    digest = head.pruned_digest
    for place in ChainedEntry.objects.select_related("entry").order_by("sequence"):
        digest = chain.digest_of(place.entry, head.pk, place.sequence, digest)
        ChainedEntry.objects.filter(pk=place.pk).update(digest=digest)
    AuditChain.objects.update(digest=digest)


def pretend_pruned() -> None:
    """Delete from the beginning, as if the retention had."""
    head = AuditChain.objects.get()
    until = ChainedEntry.objects.get(sequence=random.randint(1, head.sequence - 1))
    gone = ChainedEntry.objects.filter(sequence__lte=until.sequence)
    rows = AuditEntry.objects.filter(pk__in=list(gone.values_list("pk", flat=True)))
    rows._raw_delete(rows.db)
    gone.delete()
    AuditChain.objects.update(pruned_sequence=until.sequence, pruned_digest=until.digest)


def forget_digest() -> None:
    ChainedEntry.objects.filter(sequence=random.randint(1, 5)).update(digest=NOTHING_BEFORE)


def forget_head() -> None:
    AuditChain.objects.all().delete()


TEXT_COLUMNS = (
    *("action", "actor_name", "target", "target_url", "account_name", "result"),
    *("search_text", "actor_search", "account_search"),
)
EDITS: list[Callable[[], None]] = [
    *(
        lambda column=column: set_value(column, random.choice(["", "x", "☃", "links.created"]))
        for column in TEXT_COLUMNS
    ),
    lambda: set_value("at", f"20{random.randint(10, 24)}-01-01 00:00:00+00:00"),
    lambda: set_value("details", random.choice(['{"link": 99}', "{}", "[]", "null", '"x"'])),
    move_to_another_console,
    another_actor,
    another_number,
    lambda: swap("details"),
    lambda: swap("target"),
    lambda: swap("at"),
    swap_places,
    lambda: delete(with_place=True),
    lambda: delete(with_place=False),
    lambda: insert(at="nowhere"),
    lambda: insert(at="between"),
    lambda: insert(at="end"),
    lambda: cut(with_head=False),
    lambda: cut(with_head=True),
    compute_anew,
    pretend_pruned,
    forget_digest,
    forget_head,
]


def test_a_thousand_random_edits_are_all_found(settings: Any, tmp_path: Path) -> None:
    """Each of them changes a row, and between them every column of an entry and of its place."""
    settings.AUDIT_HEAD_FILE = tmp_path / "heads.jsonl"
    make_trail(count=8)
    head = AuditChain.objects.get()
    heads.keep(0, head.sequence, head.digest)
    assert not fault() and not verification.unplaced()
    random.seed(14)
    tables = AuditEntry, ChainedEntry, AuditChain
    before = [rows_of(table) for table in tables]
    columns: set[str] = set()

    unseen, made, tried = [], 0, 0
    with tampering():
        while made < 1000:
            kind, tried = tried % len(EDITS), tried + 1
            point = transaction.savepoint()
            EDITS[kind]()
            after = [rows_of(table) for table in tables]
            if after != before:
                made += 1
                columns |= changed_columns(before, after)
                found = [verification.check(one).fault for one in verification.numbers()]
                if not any(found) and not verification.unplaced():
                    unseen.append(kind)
            transaction.savepoint_rollback(point)

    assert unseen == []
    assert tried < 1200
    assert columns >= {
        field.attname
        for table in (AuditEntry, ChainedEntry)
        for field in table._meta.concrete_fields
        if not field.primary_key
    } - {"chain"}
    assert not fault()


def rows_of(table: Any) -> dict[int, dict[str, Any]]:
    return {
        row.pk: {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields}
        for row in table.objects.all()
    }


def changed_columns(before: list[dict[int, Any]], after: list[dict[int, Any]]) -> set[str]:
    """The columns of rows that are still there and say something else."""
    return {
        column
        for old, new in zip(before, after, strict=True)
        for pk in old.keys() & new.keys()
        for column in old[pk]
        if old[pk][column] != new[pk][column]
    }


def test_a_trail_cut_off_at_the_end_is_found_by_the_head_that_was_kept(
    settings: Any, tmp_path: Path
) -> None:
    settings.AUDIT_HEAD_FILE = tmp_path / "heads.jsonl"
    make_trail()
    head = AuditChain.objects.get()
    heads.keep(0, head.sequence, head.digest)
    with tampering():
        cut(with_head=True)

    assert "cut off at the end" in fault()
    settings.AUDIT_HEAD_FILE = None
    assert not fault()


def test_the_first_bad_entry_is_named_with_the_reason() -> None:
    entries = make_trail()
    with tampering():
        AuditEntry.objects.filter(pk=entries[2].pk).update(target="Nothing")
        AuditEntry.objects.filter(pk=entries[3].pk).update(target="Nothing")

    assert fault() == f"No. 3 (entry {entries[2].pk}) is not what was written."


@pytest.mark.parametrize("is_damaged", [False, True])
def test_the_command_tells_by_its_exit_status(capsys: Any, is_damaged: bool) -> None:
    console = make_console(name="Larkfield EU")
    make_trail(console)
    if not is_damaged:
        call_command("verify_audit")
        assert "ok       Larkfield EU: 5 entries" in capsys.readouterr().out
        return
    with tampering():
        AuditEntry.objects.filter(console=console).update(result="failed")

    with pytest.raises(CommandError, match="not as it was written"):
        call_command("verify_audit")
    assert "DAMAGED  Larkfield EU: No. 1 " in capsys.readouterr().out


def test_a_damaged_head_file_is_a_fault(settings: Any, tmp_path: Path) -> None:
    settings.AUDIT_HEAD_FILE = tmp_path / "heads.jsonl"
    settings.AUDIT_HEAD_FILE.write_text('{"chain": 0}\n')
    make_trail()

    assert "line 1, is no head" in fault()


def test_a_check_in_pieces_finds_what_one_in_one_go_does(monkeypatch: pytest.MonkeyPatch) -> None:
    make_trail(count=12)
    monkeypatch.setattr(verification, "AT_A_TIME", 5)

    pieces = [verification.check(0, seconds=1e-9)]
    while not pieces[-1].is_whole:
        pieces.append(verification.check(0, pieces[-1].place, seconds=1e-9))

    assert [piece.place.sequence for piece in pieces] == [5, 10, 12]
    assert not pieces[-1].fault


@pytest.mark.parametrize("left", [1, 20, 90])
def test_a_line_of_the_head_file_that_a_crash_cut_off_is_named_and_hides_no_other(
    settings: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture, left: int
) -> None:
    path = settings.AUDIT_HEAD_FILE = tmp_path / "heads.jsonl"
    heads.keep(0, 1, "a" * 64)
    whole = path.read_text()
    heads.keep(0, 2, "b" * 64)
    path.write_text(whole + path.read_text()[len(whole) :][:left])

    assert [one.sequence for one in heads.kept()] == [1]
    assert "half a line number=2" in caplog.text
    heads.keep(0, 3, "c" * 64)
    heads.keep(0, 4, "d" * 64)

    assert [one.sequence for one in heads.kept()] == [1, 3, 4]
    path.write_text(path.read_text().replace(heads.HALF, ""))
    with pytest.raises(heads.HeadFileError, match="line 2"):
        heads.kept()
