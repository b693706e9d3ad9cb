"""Onboarding many accounts from a table: each line by itself, and all of them once."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cyclr_api.simulator import CyclrState
from dashboard.audit.models import Actor
from dashboard.mirror.models import Account
from dashboard.onboarding import plan, waking
from dashboard.onboarding.columns import known_headings
from dashboard.onboarding.models import OnboardingRun, OnboardingTable, RunState, StepKind
from dashboard.onboarding.tables import Reader
from dashboard.onboarding.turns import entries_of
from dashboard.people.models import Role, User
from tests.factories import make_user
from tests.onboarding.conftest import Workers, connector, hidden, press
from tests.pages import signed_in, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def pattern(harbour: Account, user: User) -> OnboardingRun:
    """A plan for many: one connector that the customers sign in at."""
    run = plan.make_draft(Actor.staff(user), harbour.console, uuid.uuid4(), for_many=True)
    plan.add_connector(run, connector("Salesforce"))
    return run


def url_of(run: OnboardingRun) -> str:
    return reverse("onboarding_table_new", args=[run.reference])


def post(browser: Client, run: OnboardingRun, table: str, **values: Any) -> Any:
    """Open the form and send it."""
    page = text_of(browser.get(url_of(run)))
    entered = {"submission": hidden(page, "submission"), "table": table, **values}
    return browser.post(url_of(run), entered)


TABLE = (
    "Account id,Account name,E-mail,Name,Time zone\n"
    "shop-1042.example,Harbour Books,ana@harbour.example,Ana,\n"
    ",Fresh Fish,=jane@fish.example,Jane,Europe/London\n"
    "new-7,Seventh Heaven,joe@seven.example,,Asia/Kathmandu\n"
    "new-8,Eighth,nonsense,,Asia/Kathmandu\n"
    "new-9,,,,\n"
    ",No Zone Ltd,,,\n"
    "shop-1042.example,Harbour Books,,,\n"
    "new-7,Seventh Heaven again,,,UTC\n"
    ",Harbour Books,,,UTC\n"
)


def test_each_line_becomes_a_run_or_is_left_out_in_words(
    pattern: OnboardingRun, lead: Client
) -> None:
    answer = post(lead, pattern, TABLE.replace("=jane", "jane"))
    table = OnboardingTable.objects.get()
    assert answer["Location"] == table.get_absolute_url()

    assert {run.line: run.name for run in table.runs.all()} == {
        2: "Harbour Books",
        3: "Fresh Fish",
        4: "Seventh Heaven",
    }
    why = {number: said for number, _, said in table.left_out}
    assert "no e-mail address" in why[5]
    assert "needs a name" in why[6]
    assert "needs a time zone" in why[7]
    assert "already on line 2" in why[8]
    assert "already on line 4" in why[9]
    assert "write its id" in why[10]
    page = text_of(lead.get(table.get_absolute_url()))
    for said in ("This is a preview", "Start 3", "Line 5", "Fresh Fish", "jane@fish.example"):
        assert said in page
    assert not table.runs.exclude(state=RunState.DRAFT).exists()
    new = table.runs.get(line=4)
    assert step_values(new)["id"] == "new-7"
    assert [one.kind for one in new.steps.all()] == ["account", "connector", "link", "consent"]


def test_a_table_asks_once_for_the_accounts_of_all_its_lines(
    pattern: OnboardingRun, lead: Client
) -> None:
    known = Account.objects.there().filter(console=pattern.console).order_by("pk")[:20]
    lines = "\n".join(f"{account.cyclr_id}\t{account.name}" for account in known)
    with CaptureQueriesContext(connection) as asked:
        post(lead, pattern, f"Account id\tAccount name\n{lines}")
    single = [
        one for one in asked if 'FROM "mirror_account" WHERE "mirror_account"."id" =' in one["sql"]
    ]
    assert OnboardingTable.objects.get().runs.count() > 10
    assert single == []


def step_values(run: OnboardingRun) -> dict[str, Any]:
    step = run.steps.get(kind=StepKind.ACCOUNT)
    return dict(entries_of(step))


def test_one_failing_account_stops_no_other_and_is_retried_alone(
    cyclr: CyclrState, pattern: OnboardingRun, lead: Client, workers: Workers
) -> None:
    post(lead, pattern, TABLE.replace("=jane", "jane"))
    table = OnboardingTable.objects.get()
    cyclr.faults.respond(
        "POST", "/connectors/{id}/install", status=400, body={"Message": "No."}, times=1
    )
    for _ in range(2):
        press(lead, "onboarding_table_start", table.reference)
    workers.work()

    by_state = sorted(table.runs.values_list("state", flat=True))
    assert by_state == [RunState.HALTED, RunState.WAITING, RunState.WAITING]
    page = text_of(lead.get(table.get_absolute_url()))
    assert "Retry 1 that halted" in page
    press(lead, "onboarding_table_go_on", table.reference)
    workers.work()

    assert not table.runs.exclude(state=RunState.WAITING).exists()
    made = [one for one in cyclr.accounts.values() if one.name in {"Fresh Fish", "Seventh Heaven"}]
    assert len(made) == 2
    for run in table.runs.select_related("account"):
        assert run.account is not None
        names = [one.name for one in cyclr.installed[run.account.cyclr_id]]
        assert names.count("Salesforce") == 1
    lines = b"".join(press(lead, "onboarding_table_export", table.reference)).decode()
    assert lines.count("Waiting") == 3 and lines.count("Left out") == 6
    press(lead, "onboarding_table_stop", table.reference)
    table.refresh_from_db()
    assert table.ended_at is not None
    assert set(table.runs.values_list("state", flat=True)) == {RunState.STOPPED}


def test_a_few_are_on_their_way_at_a_time(
    pattern: OnboardingRun, lead: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waking, "AT_ONCE", 2)
    lines = "".join(f"new-{n},Customer {n},,,UTC\n" for n in range(5))
    post(lead, pattern, f"Account id,Account name,E-mail,Name,Time zone\n{lines}")
    table = OnboardingTable.objects.get()
    press(lead, "onboarding_table_start", table.reference)
    for _ in range(3):
        waking.plan(None)

    states = list(table.runs.order_by("line").values_list("state", flat=True))
    assert states == ["running", "running", "queued", "queued", "queued"]
    assert not OnboardingRun.objects.filter(table=table, steps__operation__is_bulk=False).exists()


@pytest.fixture
def for_parcels(harbour: Account, user: User) -> OnboardingRun:
    """A plan for many with a connector that asks for settings, one of them a secret."""
    run = plan.make_draft(Actor.staff(user), harbour.console, uuid.uuid4(), for_many=True)
    plan.add_connector(run, connector("Parcel Desk"))
    return run


def columns_for(run: OnboardingRun) -> list[str]:
    return known_headings(list(run.steps.select_related("connector")))


def test_a_line_says_its_language_and_what_a_connector_is_installed_with(
    for_parcels: OnboardingRun, lead: Client
) -> None:
    headings = columns_for(for_parcels)
    secret = next(one for one in headings if "key" in one.casefold())
    plain = next(one for one in headings if "region" in one.casefold())
    there = Account.objects.exclude(name="Harbour Books").filter(gone_at=None)[0]
    table = (
        f"Account id,Language,{plain},{secret}\n"
        f"shop-1042.example,German,us,key-one\n"
        f"{there.cyclr_id},fr-CH,,\n"
    )

    answer = post(lead, for_parcels, table)

    assert answer.status_code == 302, text_of(answer)
    first, second = OnboardingRun.objects.exclude(table=None).order_by("line")
    assert (first.wishes["language"], second.wishes["language"]) == ("de", "fr")
    filled, planned = (run.steps.get(kind=StepKind.CONNECTOR) for run in (first, second))
    given: Any = entries_of(filled)["properties"]
    values = {one["Name"]: one["Value"] for one in given}
    assert "us" in values.values() and "key-one" in values.values()
    assert entries_of(planned)["properties"] == []
    assert filled.has_secrets and "key-one" not in str(filled.display_input)
    assert "key-one" not in filled.encrypted_input
    assert "key-one" not in text_of(lead.get(first.get_absolute_url()))


def test_lines_are_joined_with_what_was_entered_in_the_plan(
    for_parcels: OnboardingRun, lead: Client
) -> None:
    step = for_parcels.steps.get(kind=StepKind.CONNECTOR)
    shown = step.display_input | {"initial": step.display_input["initial"] | {"name": "Of others"}}
    step.put(display_input=shown)
    plain = next(one for one in columns_for(for_parcels) if "region" in one.casefold())

    answer = post(lead, for_parcels, f"Account id,{plain}\nshop-1042.example,us\n")

    assert answer.status_code == 302, text_of(answer)
    made = OnboardingRun.objects.exclude(table=None).get().steps.get(kind=StepKind.CONNECTOR)
    assert entries_of(made)["name"] == entries_of(step)["name"] != "Of others"


@pytest.mark.parametrize(
    ("heading", "cell", "said"),
    [
        ("Language", "Klingon", "Known are: English"),
        ("Parcel Desk: Colour", "red", "No column is called"),
        ("HubSpot: Region", "eu", "No column is called"),
    ],
)
def test_what_a_column_cannot_say_is_told(
    for_parcels: OnboardingRun, lead: Client, heading: str, cell: str, said: str
) -> None:
    answer = post(lead, for_parcels, f"Account id,{heading}\nshop-1042.example,{cell}\n")

    page = text_of(lead.get(answer["Location"]) if answer.status_code == 302 else answer)
    assert said in page


def test_a_secret_of_a_table_is_not_drawn_again(for_parcels: OnboardingRun, lead: Client) -> None:
    secret = next(one for one in columns_for(for_parcels) if "key" in one.casefold())
    table = f"Account id,{secret},Language,Nonsense\nshop-1042.example,key-one,de,key-two\n"

    answer = post(lead, for_parcels, table)

    page = text_of(answer)
    assert answer.status_code == 422 and "were not kept" in page
    assert "key-one" not in page and "key-two" not in page and "shop-1042.example" in page


@pytest.mark.parametrize("above", [",,,\n", "Name\n", '"Language\n","{}",\n'])
def test_a_secret_below_another_line_is_not_drawn_again_either(
    for_parcels: OnboardingRun, lead: Client, above: str
) -> None:
    secret = next(one for one in columns_for(for_parcels) if "key" in one.casefold())
    table = f"{above.format(secret)}Account id,{secret},Nonsense\nshop-1042.example,key-one,x\n"

    answer = post(lead, for_parcels, table)

    assert answer.status_code == 422
    assert "key-one" not in text_of(answer)


@pytest.mark.parametrize(
    ("written", "code"), [("espagnol", "es"), ("Alemán", "de"), ("Francés", "fr"), ("de_AT", "de")]
)
def test_a_language_is_known_by_its_names(written: str, code: str) -> None:
    assert Reader._language(written) == code


def test_a_secret_of_the_plan_is_not_mixed_with_columns(
    for_parcels: OnboardingRun, lead: Client
) -> None:
    step = for_parcels.steps.get(kind=StepKind.CONNECTOR)
    step.put(has_secrets=True)
    plain = next(one for one in columns_for(for_parcels) if "region" in one.casefold())

    answer = post(lead, for_parcels, f"Account id,{plain}\nshop-1042.example,eu\n")

    assert answer.status_code == 422 and "Take it out of the plan" in text_of(answer)


def test_the_same_form_again_is_the_same_table(pattern: OnboardingRun, lead: Client) -> None:
    page = text_of(lead.get(url_of(pattern)))
    entered = {"submission": hidden(page, "submission"), "table": TABLE}
    places = {lead.post(url_of(pattern), entered)["Location"] for _ in range(2)}

    assert len(places) == OnboardingTable.objects.count() == 1


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("", "Paste a table"),
        ("Account id,Shoe size\na,42\n", "No column is called"),
        ("Account id,E-mail,Mail\na,b,c\n", "Two columns"),
        ("Account id\n", "no line below"),
        ("Account id,Account name\n" + "x,y\n" * 5001, "5,000"),
        ('Account id,Account name\n"a,b\n', "quotation mark"),
    ],
)
def test_a_table_that_cannot_be_read_says_why(
    pattern: OnboardingRun, lead: Client, table: str, said: str
) -> None:
    answer = post(lead, pattern, table)

    assert answer.status_code == 422 and said in text_of(answer)
    assert not OnboardingTable.objects.exists()


def test_a_file_is_as_good_and_a_workbook_is_none(pattern: OnboardingRun, lead: Client) -> None:
    broken = SimpleUploadedFile("a.xlsx", b"PK\x03\x04rest")
    assert "workbook" in text_of(post(lead, pattern, "", file=broken))
    upload = SimpleUploadedFile("a.csv", "Account id\nshop-1042.example\n".encode("utf-16"))
    answer = post(lead, pattern, "", file=upload)

    assert answer.status_code == 302
    assert OnboardingTable.objects.get().runs.get().name == "Harbour Books"


def test_many_take_a_lead(pattern: OnboardingRun, lead: Client) -> None:
    post(lead, pattern, TABLE)
    table = OnboardingTable.objects.get()
    agent, viewer = signed_in(make_user(Role.AGENT)), signed_in(make_user(Role.VIEWER))
    assert agent.get(url_of(pattern)).status_code == 403
    for name in ("start", "go_on", "stop", "export"):
        assert press(agent, f"onboarding_table_{name}", table.reference).status_code == 403
    page = text_of(viewer.get(table.get_absolute_url()))
    assert "Start" not in page.partition("<main")[2] and "Fresh Fish" in page
    assert (
        agent.post(
            reverse("onboarding_plan", args=[pattern.reference]), {"then": "save"}
        ).status_code
        == 403
    )
