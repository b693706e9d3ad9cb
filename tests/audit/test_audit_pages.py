"""The audit trail: who may read it, how it is narrowed, and what leaves it."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from dashboard.audit import services
from dashboard.audit.descriptions import line_of
from dashboard.audit.models import Actor, AuditEntry
from dashboard.common.spreadsheet import safe_cell
from dashboard.consoles.models import Console
from dashboard.people.models import Role
from tests.factories import make_console, make_user
from tests.support.audit import empty_trail, tampering

pytestmark = pytest.mark.django_db
SWAP = {"HX-Request": "true"}


def signed_in(role: Role = Role.LEAD, console: Console | None = None) -> Client:
    client = Client()
    client.force_login(make_user(role, console=console))
    empty_trail()  # of the sign-in itself
    return client


def text(response: Any) -> str:
    assert response.status_code == 200, response.status_code
    return str(response.content.decode())


def exported(response: Any) -> list[list[str]]:
    assert response.status_code == 200
    body = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(body)))


@pytest.mark.parametrize(
    ("role", "status"), [(Role.VIEWER, 403), (Role.AGENT, 403), (Role.LEAD, 200), (Role.ADMIN, 200)]
)
def test_everybody_reads_it_and_leads_take_it_along(role: Role, status: int) -> None:
    client = signed_in(role)
    services.record(Actor.system(), "did", target="Something")

    page = text(client.get(reverse("audit_list")))

    assert "Something" in page
    assert ("as CSV" in page) is (status == 200)
    assert client.post(reverse("audit_export")).status_code == status


def test_a_line_says_who_what_account_result_and_when() -> None:
    client = signed_in()
    services.record(
        Actor.link(7), "connected", target="QuickBooks", account_name="Tallow", result="done"
    )

    page = text(client.get(reverse("audit_list")))

    for words in ("<h1>Audit</h1>", "Customer", "Connected", "QuickBooks", "Tallow"):
        assert words in page
    assert 'data-state="done"' in page


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ({"q": "instal"}, True),
        ({"q": "hubspot"}, True),
        ({"q": "revoke"}, False),
        ({"who": "mara"}, True),
        ({"who": "joel"}, False),
        ({"account": "harbour"}, True),
        ({"account": "kestrel"}, False),
        ({"from": "2026-03-10"}, True),
        ({"from": "2026-03-11"}, False),
        ({"until": "2026-03-10"}, True),
        ({"until": "2026-03-09"}, False),
        ({"from": "nonsense", "until": "2026-02-31"}, True),
        ({"from": "9999-12-31"}, True),
        ({"q": "\0"}, False),
        ({"from": "2026-03-11", "zone": "Europe/Berlin"}, True),
        ({"until": "2026-03-10", "zone": "Europe/Berlin"}, False),
        ({"until": "2026-03-10", "zone": "Mars/Base"}, True),
        ({"from": "2026-03-10", "until": "2026-03-10", "zone": "America/New_York"}, True),
    ],
)
def test_the_trail_is_narrowed(query: dict[str, str], is_found: bool) -> None:
    client = signed_in()
    entry = services.record(
        Actor.staff(make_user(name="Mara Lindqvist")),
        "installs.install",
        target="Install HubSpot",
        account_name="Harbour Books",
        operation="op1",
    )
    moment = datetime(2026, 3, 10, 23, 30, tzinfo=UTC)
    with tampering():
        AuditEntry.objects.filter(pk=entry.pk).update(at=moment)

    page = text(client.get(reverse("audit_list"), query, headers=SWAP))

    assert page.strip().startswith('<div id="audit-table">')
    assert ("Install HubSpot" in page) is is_found
    assert ("Nothing fits" in page) is not is_found


@time_machine.travel(datetime(2026, 3, 10, 23, 30, tzinfo=UTC), tick=False)
@pytest.mark.parametrize(
    ("zone", "chips"),
    [
        (
            "",
            [
                ("2026-03-10", "2026-03-10"),
                ("2026-03-09", "2026-03-09"),
                ("2026-03-04", "2026-03-10"),
            ],
        ),
        (
            "Europe/Berlin",
            [
                ("2026-03-11", "2026-03-11"),
                ("2026-03-10", "2026-03-10"),
                ("2026-03-05", "2026-03-11"),
            ],
        ),
    ],
)
def test_days_are_those_of_the_reader(zone: str, chips: list[tuple[str, str]]) -> None:
    page = text(signed_in().get(reverse("audit_list"), {"zone": zone} if zone else {}))

    assert re.findall(r"from=([\d-]+)&amp;until=([\d-]+)", page) == chips


def test_a_lead_of_one_console_sees_that_one_s() -> None:
    console = make_console()
    client = signed_in(Role.LEAD, console)
    services.record(Actor.system(), "did", target="Here", console=console)
    services.record(Actor.system(), "did", target="There", console=make_console())
    services.record(Actor.system(), "did", target="Nowhere")

    page = text(client.get(reverse("audit_list")))

    assert "Here" in page
    assert "There" not in page
    assert "Nowhere" not in page


def test_a_lead_here_and_viewer_there_reads_both_and_takes_along_here_only() -> None:
    here, there = make_console(), make_console()
    user = make_user(Role.LEAD, console=here)
    user.memberships.create(console=there, role=Role.VIEWER)
    client = Client()
    client.force_login(user)
    services.record(Actor.system(), "did", target="Ours", console=here)
    services.record(Actor.system(), "did", target="Theirs", console=there)

    page = text(client.get(reverse("audit_list")))

    assert "Ours" in page
    assert "Theirs" in page
    assert "Export 1 as CSV" in page
    assert [row[4] for row in exported(client.post(reverse("audit_export")))[1:]] == ["Ours"]


def test_the_trail_leads_nowhere_but_here() -> None:
    for url in ("javascript:alert(1)", "//evil.example", "https://evil.example", "/\\evil.example"):
        assert line_of(services.record(Actor.system(), "did", target_url=url)).url == ""


def test_the_list_costs_the_same_for_one_and_for_many(django_assert_num_queries: Any) -> None:
    client = signed_in()
    services.record(Actor.system(), "did", console=make_console())
    client.get(reverse("audit_list"))
    with django_assert_num_queries(7):
        client.get(reverse("audit_list"))
    for _ in range(49):
        services.record(Actor.staff(make_user()), "did", console=make_console())

    with django_assert_num_queries(7):
        client.get(reverse("audit_list"))


@pytest.mark.parametrize(
    "value",
    ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", "\0=1", " =1", "＝1", '=cmd|"/c calc"!A1'],
)
def test_no_cell_is_a_formula(value: str) -> None:
    client = signed_in()
    services.record(Actor.system(), "did", target=value.replace("\0", "="), account_name="Fine")

    rows = exported(client.post(reverse("audit_export")))

    assert rows[1][4].startswith("'")
    assert rows[1][5] == "Fine"
    assert safe_cell(value).startswith("'") or safe_cell(value)[0] == "\ufffd"


def test_an_export_holds_what_the_list_shows_and_is_recorded() -> None:
    user = make_user(Role.LEAD, name="Mara")
    client = Client()
    client.force_login(user)
    services.record(Actor.system(), "did", target="Wanted")
    services.record(Actor.system(), "did", target="Unwanted thing")

    response = client.post(reverse("audit_export"), {"q": "Wanted", "account": ""})
    rows = exported(response)

    assert [row[4] for row in rows[1:]] == ["Unwanted thing", "Wanted"]
    assert response["Content-Disposition"].startswith('attachment; filename="audit-')
    recorded = AuditEntry.objects.get(action="exported the audit trail")
    assert (recorded.actor_user, recorded.target) == (user, "2 entries")
    assert recorded.details == {"filters": {"q": "Wanted"}}


def test_an_export_is_posted() -> None:
    client = signed_in()

    assert client.get(reverse("audit_export")).status_code == 405
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", '"><img src=x>', "a\u202eb", " "])
def test_hostile_words_stay_text(name: str) -> None:
    client = signed_in()
    services.record(
        Actor.staff(make_user(name=name)), name, target=name, account_name=name, result=name[:40]
    )

    page = text(client.get(reverse("audit_list"), {"q": name, "who": "", "account": ""}))

    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert page.count("\u202e") <= 2  # in the search field and the export's, where it was typed
