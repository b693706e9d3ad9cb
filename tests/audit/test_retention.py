"""How long the trail is kept, the daily check, and what its page says of both."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dashboard.audit import checking, heads, retention, services, verification
from dashboard.audit.models import Actor, AuditChain, AuditEntry, AuditRetention, ChainedEntry
from dashboard.consoles.models import Console
from dashboard.people.models import Role
from tests.factories import make_console, make_user
from tests.support.audit import commit, empty_trail, tampering

pytestmark = pytest.mark.django_db


def make_old(count: int, days: int = 100) -> None:
    with time_machine.travel(timezone.now() - timedelta(days=days)):
        for number in range(count):
            services.record(Actor.system(), "tests.old", target=str(number))
        commit()


def prune(days: int = 90) -> int:
    gone = retention.prune(0, days)
    commit()
    return gone


def check_today(number: int = 0) -> None:
    checking.check_piece(number)
    commit()


def admin() -> Client:
    client = Client()
    client.force_login(make_user(Role.ADMIN))
    empty_trail()
    return client


def test_old_entries_go_in_small_sets_and_the_rest_can_still_be_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retention, "AT_A_TIME", 3)
    make_old(8)
    services.record(Actor.system(), "tests.new")
    commit()

    assert prune() == 8

    left = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
    assert list(left) == ["tests.new", "audit.prune"]
    head = AuditChain.objects.get()
    assert (head.pruned_sequence, head.sequence) == (8, 10)
    assert not verification.check(0).fault and not verification.unplaced()
    assert prune() == 0


def test_a_retention_that_broke_off_goes_on_the_next_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "AT_A_TIME", 3)
    make_old(8)
    services.record(Actor.system(), "tests.new")
    commit()
    monkeypatch.setattr(retention, "MOST_AT_ONCE", 1)
    assert prune() == 3
    assert not verification.check(0).fault

    monkeypatch.setattr(retention, "MOST_AT_ONCE", 20)
    assert prune() == 5
    assert not verification.check(0).fault


def test_the_last_entry_stays_however_old_it_is() -> None:
    make_old(3)

    prune()

    assert ChainedEntry.objects.filter(entry__action="tests.old").count() == 1


def test_a_deletion_that_the_retention_did_not_announce_is_found() -> None:
    make_old(6)
    services.record(Actor.system(), "tests.new")
    commit()
    prune()
    more = ChainedEntry.objects.get(sequence=7)
    with tampering():
        rows = AuditEntry.objects.filter(pk=more.pk)
        rows._raw_delete(rows.db)
        ChainedEntry.objects.filter(pk=more.pk).delete()
        AuditChain.objects.update(pruned_sequence=7, pruned_digest=more.digest)

    assert "no act of the retention" in verification.check(0).fault


def test_the_daily_check_notes_what_it_found_and_keeps_the_head(
    settings: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings.AUDIT_HEAD_FILE = tmp_path / "evidence" / "heads.jsonl"
    services.record(Actor.system(), "tests.new")
    commit()

    check_today()

    head = AuditChain.objects.get()
    assert head.checked_at is not None and not head.fault
    line = json.loads(settings.AUDIT_HEAD_FILE.read_text())
    assert (line["chain"], line["sequence"], line["digest"]) == (0, 1, head.digest)
    assert f"audit head chain=0 sequence=1 digest={head.digest}" in caplog.text
    assert [one.sequence for one in heads.kept()] == [1]


def test_a_damaged_trail_is_told_and_nothing_of_it_goes() -> None:
    AuditRetention.objects.create(days=90)
    make_old(4)
    services.record(Actor.system(), "tests.new")
    commit()
    with tampering():
        AuditEntry.objects.filter(target="2").update(target="3")

    check_today()

    assert "is not what was written" in AuditChain.objects.get().fault
    assert AuditEntry.objects.count() == 5


def test_the_daily_check_deletes_what_is_older_than_the_days_set() -> None:
    AuditRetention.objects.create(days=90)
    make_old(4)
    services.record(Actor.system(), "tests.new")
    commit()

    check_today()

    assert not AuditEntry.objects.filter(action="tests.old").exists()


def test_each_chain_is_asked_for_once_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    monkeypatch.setattr(type(checking.MESSAGE), "send", lambda self, number: sent.append(number))
    services.record(Actor.system(), "tests.new", console=make_console())
    services.record(Actor.system(), "tests.new")
    commit()
    numbers = verification.numbers()

    checking.ask_due()
    checking.ask_due()
    assert sorted(sent) == numbers
    for number in numbers:
        check_today(number)
    checking.ask_due()
    assert sorted(sent) == numbers
    with time_machine.travel(timezone.now() + timedelta(days=1, minutes=1)):
        checking.ask_due()
    assert sorted(sent) == sorted(numbers * 2)


def test_entries_of_the_version_before_get_places_while_an_upgrade_is_under_way() -> None:
    services.record(Actor.system(), "tests.new")
    commit()
    old = AuditEntry(action="tests.old process")
    old.actor = Actor.system()
    old.save()

    check_today()

    assert ChainedEntry.objects.get(entry=old).sequence == 2
    late = AuditEntry(action="tests.forged")
    late.actor = Actor.system()
    late.save()
    with time_machine.travel(timezone.now() + timedelta(days=2)):
        check_today()
    assert f"Entry {late.pk} stands in no chain" in AuditChain.objects.get().fault


def test_a_chain_whose_head_was_deleted_is_told_of_by_the_daily_check() -> None:
    console = make_console()
    services.record(Actor.system(), "tests.new", console=console)
    services.record(Actor.system(), "tests.new")
    commit()
    AuditChain.objects.filter(pk=console.pk).delete()

    check_today()

    assert AuditChain.objects.get().fault == f"The head of chain {console.pk} is gone."


def test_what_the_retention_takes_while_a_check_reads_is_no_damage(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_old(4)
    services.record(Actor.system(), "tests.new")
    commit()
    read = verification._read

    def read_late(pks: list[int]) -> dict[int, AuditEntry]:
        retention.prune(0, 90)
        commit()
        return read(pks)

    monkeypatch.setattr(verification, "_read", read_late)

    assert verification.check(0).fault == ""


def test_damage_to_the_trail_of_a_retired_console_is_told_too() -> None:
    client = admin()
    console = make_console(is_from_environment=False)
    services.record(Actor.system(), "tests.new", console=console)
    commit()
    with tampering():
        AuditEntry.objects.filter(console=console).update(target="Another")
    Console.objects.filter(pk=console.pk).update(retired_at=timezone.now())
    check_today(console.pk)

    assert "No. 1 (entry " in client.get(reverse("audit_list")).text


def test_the_page_says_when_the_trail_was_verified_or_what_is_wrong() -> None:
    client = admin()
    services.record(Actor.system(), "tests.new", target="A thing")
    commit()
    assert "has not ended yet" in client.get(reverse("audit_list")).text
    check_today()
    assert "none changed or missing" in client.get(reverse("audit_list")).text
    with tampering():
        AuditEntry.objects.filter(action="tests.new").update(target="Another")
    check_today()

    page = client.get(reverse("audit_list")).text

    assert "The trail is not as it was written" in page
    assert "No. 1 (entry " in page


def test_who_sees_one_console_is_told_of_its_chain_alone() -> None:
    mine = make_console()
    client = Client()
    client.force_login(make_user(Role.VIEWER, console=mine))
    empty_trail()
    services.record(Actor.system(), "tests.new", console=mine)
    services.record(Actor.system(), "tests.new")
    commit()
    with tampering():
        AuditEntry.objects.filter(console=None).update(target="Another")
    for number in verification.numbers():
        check_today(number)

    page = client.get(reverse("audit_list")).text

    assert "none changed or missing" in page and "not as it was written" not in page


@pytest.mark.parametrize(("days", "kept"), [("", None), ("30", 30), (" 400 ", 400)])
def test_an_administrator_says_how_long_the_trail_is_kept(days: str, kept: int | None) -> None:
    client = admin()
    AuditRetention.objects.create(pk=1, days=365)

    answer = client.post(reverse("settings_retention"), {"days": days})

    assert answer.status_code == 302
    assert retention.days() == kept
    entry = AuditEntry.objects.get(action="audit.keep_for")
    assert entry.details == {"before": 365, "days": kept}


def test_at_an_open_desk_nobody_shortens_the_trail() -> None:
    client = admin()
    session = client.session
    session["proved_at"] = 0
    session.save()

    answer = client.post(reverse("settings_retention"), {"days": "30"})

    assert answer["Location"].startswith(reverse("reauthenticate"))
    assert retention.days() is None
    assert client.get(reverse("settings_retention")).status_code == 200


@pytest.mark.parametrize("days", ["29", "0", "-1", "1e3", "x", "36501", "9" * 400, "３.5", "\0"])
def test_other_days_are_refused_and_stay_in_the_form(days: str) -> None:
    answer = admin().post(reverse("settings_retention"), {"days": days})

    assert answer.status_code == 422
    assert retention.days() is None
    assert "days" in answer.context["form"].errors


def test_an_administrator_of_one_console_reads_it_only() -> None:
    client = Client()
    client.force_login(make_user(Role.ADMIN, console=make_console()))

    assert "kept for ever" in client.get(reverse("settings_retention")).text
    assert client.post(reverse("settings_retention"), {"days": "90"}).status_code == 403
    assert retention.days() is None


def test_the_command_prunes_for_another_database_role(capsys: Any) -> None:
    make_old(4)
    services.record(Actor.system(), "tests.new")
    commit()

    call_command("prune_audit", days=90)
    commit()

    assert "4 entries are gone" in capsys.readouterr().out
    with pytest.raises(CommandError, match="between 30"):
        call_command("prune_audit", days=3)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"result": "failed"}, 1),
        ({"result": "done"}, 2),
        ({"result": "other"}, 1),
        ({"result": "rubbish"}, 4),
        ({"console": "none"}, 2),
    ],
)
def test_the_trail_is_narrowed_by_result_and_console(query: dict[str, str], count: int) -> None:
    client = admin()
    console = make_console()
    for place, result in (
        (console, "done"),
        (console, "failed"),
        (None, "done"),
        (None, "3 links"),
    ):
        services.record(Actor.system(), "tests.act", console=place, result=result)

    assert client.get(reverse("audit_list"), query).context["page"].total == count
    assert client.get(reverse("audit_list"), {"console": console.pk}).context["page"].total == 2
