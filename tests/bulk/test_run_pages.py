"""The pages of bulk runs."""

from __future__ import annotations

import csv
import io
import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cyclr_api.simulator import World
from dashboard.audit.models import Actor, AuditEntry
from dashboard.bulk import services
from dashboard.bulk.models import BulkRun
from dashboard.bulk.services import RunOrder, Target
from dashboard.operations.models import Operation
from dashboard.people.models import Role, User
from tests.bulk.test_runs import accounts, carry_out, lead, make_run, target  # noqa: F401
from tests.factories import make_account, make_console, make_user
from tests.simulated import Hands


def body(response: Any) -> str:
    """The page's text."""
    return str(response.content.decode())


@pytest.fixture
def preview(db: None) -> BulkRun:
    """A preview over three invented accounts, one of them with a problem."""
    console = make_console()
    user = make_user(Role.LEAD)
    values: dict[str, Any] = {"values": {}, "shown": {}}
    rows = [
        Target(1, "one", make_account(console=console, name="<b>One</b>"), values=values),
        Target(2, "two", make_account(console=console, name="Two"), values=values),
        Target(3, "=nobody", None, problem="No account with this id is in this console."),
    ]
    order = RunOrder("x.y", "Install Till", Actor.staff(user), console, uuid.uuid4(), rows)
    return services.draft(order)


def signed_in(client: Client, role: Role) -> Client:
    client.force_login(make_user(role))
    return client


def test_a_preview_says_what_will_happen_and_what_not(client: Client, preview: BulkRun) -> None:
    page = body(signed_in(client, Role.LEAD).get(preview.get_absolute_url()))

    assert "nothing was changed yet" in page
    assert "Start for 2 accounts" in page
    assert "No account with this id is in this console." in page
    assert "&lt;b&gt;One&lt;/b&gt;" in page
    assert "<b>One</b>" not in page


def test_only_a_lead_moves_a_run(client: Client, preview: BulkRun) -> None:
    agent = signed_in(client, Role.AGENT)

    assert "Start for" not in body(agent.get(preview.get_absolute_url()))
    for name in ("start", "pause", "resume", "end", "retry", "export"):
        url = reverse(f"bulk_run_{name}", args=[preview.reference])
        assert agent.post(url).status_code == 403
        assert agent.get(url).status_code in {403, 405}
    preview.refresh_from_db()
    assert preview.state == "draft"


def test_a_run_is_started_paused_resumed_and_stopped(client: Client, preview: BulkRun) -> None:
    boss = signed_in(client, Role.LEAD)
    states = []

    for name in ("start", "start", "pause", "resume", "end", "resume"):
        boss.post(reverse(f"bulk_run_{name}", args=[preview.reference]))
        preview.refresh_from_db()
        states.append(preview.state)

    assert states == ["running", "running", "paused", "running", "ended", "ended"]


def test_a_running_page_asks_again_and_an_ended_one_does_not(
    client: Client, preview: BulkRun
) -> None:
    boss = signed_in(client, Role.LEAD)
    assert "hx-trigger" not in body(boss.get(preview.get_absolute_url()))

    boss.post(reverse("bulk_run_start", args=[preview.reference]))
    running = body(boss.get(preview.get_absolute_url()))
    boss.post(reverse("bulk_run_end", args=[preview.reference]))

    assert 'hx-trigger="tick from:body"' in running
    assert "hx-trigger" not in body(boss.get(preview.get_absolute_url()))


def test_the_outcomes_are_a_table_that_computes_nothing(
    client: Client,
    cyclr: World,
    lead: User,  # noqa: F811
    accounts: list[Any],  # noqa: F811
    hands: Hands,
) -> None:
    targets = [target(1, accounts[0]), Target(2, "=cmd()", None, problem="@none")]
    run = make_run(lead, accounts[0].console, targets)
    services.start(run, Actor.staff(lead))
    carry_out(run, hands)
    client.force_login(lead)

    response = client.post(reverse("bulk_run_export", args=[run.reference]))

    text = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[1][:4] == ["1", accounts[0].name, accounts[0].cyclr_id, "Done"]
    assert rows[2][:5] == ["2", "'=cmd()", "", "Left out", "'@none"]
    assert AuditEntry.objects.filter(action="bulk.export").exists()


def test_the_lines_of_one_kind_are_shown_alone(
    client: Client,
    cyclr: World,
    lead: User,  # noqa: F811
    accounts: list[Any],  # noqa: F811
    hands: Hands,
) -> None:
    run = make_run(lead, accounts[0].console, [target(n, a) for n, a in enumerate(accounts[:2])])
    cyclr.faults.respond("POST", "*install", 400, {"Message": "Not today."}, times=1)
    services.start(run, Actor.staff(lead))
    carry_out(run, hands)
    client.force_login(lead)

    failed = body(client.get(run.get_absolute_url(), {"show": "failed"}))

    assert "Not today." in failed
    references = {one.state: one.reference for one in Operation.objects.all()}
    assert references["failed"] in failed
    assert references["done"] not in failed
    assert "Retry failed only" in failed
    rubbish = client.get(run.get_absolute_url(), {"show": "\0", "page": "x"})
    assert rubbish.status_code == 200


def test_the_operations_of_a_run_do_not_bury_the_others(
    client: Client,
    cyclr: World,
    lead: User,  # noqa: F811
    accounts: list[Any],  # noqa: F811
) -> None:
    run = make_run(lead, accounts[0].console, [target(n, a) for n, a in enumerate(accounts[:3])])
    services.start(run, Actor.staff(lead))
    services.feed(run.pk)
    client.force_login(lead)

    assert Operation.objects.count() == 3
    assert "No change was made yet" in body(client.get(reverse("operation_list")))
    found = body(client.get(reverse("operation_list"), {"account": accounts[0].pk}))
    assert "Install Generic Webhook" in found


def test_runs_are_listed_with_how_far_they_are(client: Client, preview: BulkRun) -> None:
    page = body(signed_in(client, Role.VIEWER).get(reverse("bulk_run_list")))

    assert "Install Till" in page
    assert "0 of 2" in page
    assert "Preview" in page


def test_a_run_of_another_console_is_not_there(client: Client, preview: BulkRun) -> None:
    other = make_user(Role.LEAD, console=make_console(name="Other"))
    client.force_login(other)

    assert client.get(preview.get_absolute_url()).status_code == 404
    assert client.post(reverse("bulk_run_start", args=[preview.reference])).status_code == 404
    assert "Install Till" not in body(client.get(reverse("bulk_run_list")))
