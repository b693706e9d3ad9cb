"""The pages of bulk runs."""

from __future__ import annotations

import csv
import io
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from dashboard.audit.models import Actor, AuditEntry
from dashboard.bulk import display, feeding, services
from dashboard.bulk.models import BulkRun
from dashboard.bulk.progress import Progress, progress_of
from dashboard.bulk.services import RunRequest, Target
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
    rows = [
        Target(1, "one", make_account(console=console, name="<b>One</b>")),
        Target(2, "two", make_account(console=console, name="Two")),
        Target(3, "=nobody", None, problem="No account with this id is in this console."),
    ]
    order = RunRequest("x.y", "Install Till", Actor.staff(user), console, uuid.uuid4(), rows)
    return services.draft(order)


def signed_in(client: Client, role: Role) -> Client:
    client.force_login(make_user(role))
    return client


def test_a_preview_says_what_will_happen_and_what_not(client: Client, preview: BulkRun) -> None:
    page = body(signed_in(client, Role.LEAD).get(preview.get_absolute_url()))

    assert "nothing has been changed yet" in page
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
    assert 'hx-trigger="poll-1s' not in body(boss.get(preview.get_absolute_url()))

    boss.post(reverse("bulk_run_start", args=[preview.reference]))
    running = body(boss.get(preview.get_absolute_url()))
    boss.post(reverse("bulk_run_end", args=[preview.reference]))

    assert 'hx-trigger="poll-1s from:body"' in running
    assert 'hx-trigger="poll-1s' not in body(boss.get(preview.get_absolute_url()))


def swap(client: Client, run: BulkRun, part: str, **headers: str) -> Any:
    """What htmx gets for one part of the run's page."""
    asked = {"HX-Request": "true", "HX-Target": part, **headers}
    return client.get(run.get_absolute_url(), headers=asked)


def header(page: str, name: str) -> str:
    """What the rows send along when they ask again."""
    return page.split(f'"{name}": "')[1].split('"')[0]


def test_the_buttons_are_drawn_anew_only_when_the_run_turned(
    client: Client, preview: BulkRun
) -> None:
    boss = signed_in(client, Role.LEAD)
    boss.post(reverse("bulk_run_start", args=[preview.reference]))
    page = body(boss.get(preview.get_absolute_url()))
    turn, seen = header(page, "X-Turn"), header(page, "X-Seen")

    same = swap(boss, preview, "bulk-run-rows", **{"X-Turn": turn})
    nothing = swap(boss, preview, "bulk-run-rows", **{"X-Turn": turn, "X-Seen": seen})
    boss.post(reverse("bulk_run_pause", args=[preview.reference]))
    turned = swap(boss, preview, "bulk-run-rows", **{"X-Turn": turn, "X-Seen": seen})
    head = swap(boss, preview, "bulk-run-head")

    assert nothing.status_code == 204
    assert body(same).startswith('<div id="bulk-run-rows"')
    assert "HX-Trigger-After-Settle" not in same.headers
    assert "turned" in turned.headers["HX-Trigger-After-Settle"]
    assert body(head).startswith('<div id="bulk-run-head"')
    assert "Resume" in body(head)
    assert "bulk-run-rows" not in body(head)


def test_what_is_left_out_stands_first_in_a_preview(client: Client, preview: BulkRun) -> None:
    page = body(signed_in(client, Role.LEAD).get(preview.get_absolute_url()))

    assert page.index("=nobody") < page.index("&lt;b&gt;One") < page.index("Ready")


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ((5, 0, 0), ("done", "Done")),
        ((4, 1, 0), ("failed", "Some failed")),
        ((0, 5, 0), ("failed", "Failed")),
        ((0, 1, 4), ("failed", "Some failed")),
        ((2, 0, 3), ("cancelled", "Stopped")),
        ((0, 0, 0), ("cancelled", "Nothing to do")),
    ],
)
def test_a_run_that_has_ended_says_how(
    counts: tuple[int, int, int], shown: tuple[str, str]
) -> None:
    run = BulkRun(state="ended", started_at=timezone.now())

    found = display.run_state(run, done=counts[0], failed=counts[1], taken_back=counts[2])

    assert (found.shape, found.word) == shown


def test_a_discarded_preview_is_not_called_done(client: Client, preview: BulkRun) -> None:
    boss = signed_in(client, Role.LEAD)

    boss.post(reverse("bulk_run_end", args=[preview.reference]))

    for url in (preview.get_absolute_url(), reverse("bulk_run_list")):
        page = body(boss.get(url))
        assert 'data-state="cancelled">Discarded' in page
        assert 'data-state="done"' not in page


def counted(**numbers: int) -> Progress:
    """How far an invented run is."""
    names = ("total", "left_out", "waiting", "accepted", "running", "done", "failed", "taken_back")
    return Progress(**dict.fromkeys(names, 0) | numbers, per_minute=0, seconds_left=None)


def test_one_failure_among_thousands_is_seen_in_the_bar() -> None:
    done, failed = display.bar(counted(total=5000, done=4999, failed=1))

    assert (done.kind, done.x, failed.kind) == ("done", 0, "fail")
    assert done.x + done.width < failed.x
    assert failed.width >= display.LEAST
    assert failed.x + failed.width == display.BAR


@pytest.mark.parametrize("done", [0, 1, 7, 33, 99, 100])
@pytest.mark.parametrize("failed", [0, 1, 2, 50])
@pytest.mark.parametrize("running", [0, 1, 16])
def test_the_parts_of_the_bar_follow_each_other_and_fit(
    done: int, failed: int, running: int
) -> None:
    parts = display.bar(counted(total=200, done=done, failed=failed, running=running))

    assert [part.kind for part in parts] == [
        kind for kind, n in (("done", done), ("fail", failed), ("run", running)) if n
    ]
    ends = [0, *(part.x + part.width for part in parts)]
    assert all(end <= part.x for end, part in zip(ends, parts, strict=False))
    assert ends[-1] <= display.BAR


def test_what_a_worker_has_not_begun_is_queued(
    client: Client,
    cyclr: CyclrState,
    lead: User,  # noqa: F811
    accounts: list[Any],  # noqa: F811
) -> None:
    run = make_run(lead, accounts[0].console, [target(n, a) for n, a in enumerate(accounts[:20])])
    services.start(run, Actor.staff(lead))
    feeding.feed(run.pk)

    progress = progress_of(run)

    assert (progress.waiting, progress.accepted) == (4, 16)
    assert (progress.queued, progress.running, progress.left) == (20, 0, 20)
    client.force_login(lead)
    assert "Queued by" not in body(client.get(run.get_absolute_url()))


def test_a_poll_asks_no_more_of_the_database_for_many_rows(
    client: Client,
    cyclr: CyclrState,
    lead: User,  # noqa: F811
    accounts: list[Any],  # noqa: F811
    hands: Hands,
) -> None:
    console = accounts[0].console
    client.force_login(lead)
    asked = []
    for chosen in (accounts[:3], accounts[3:43]):
        run = make_run(lead, console, [target(n, a) for n, a in enumerate(chosen)])
        services.start(run, Actor.staff(lead))
        carry_out(run, hands)
        with CaptureQueriesContext(connection) as queries:
            swap(client, run, "bulk-run-rows")
        asked.append(len(queries))

    assert asked[0] == asked[1]
    assert asked[1] <= 10


def test_what_cannot_be_retried_is_said(
    client: Client,
    cyclr: CyclrState,
    lead: User,  # noqa: F811
    accounts: list[Any],  # noqa: F811
    hands: Hands,
) -> None:
    run = make_run(lead, accounts[0].console, [target(n, a) for n, a in enumerate(accounts[:2])])
    cyclr.faults.respond("POST", "*install", 400, {"Message": "No."}, times=2)
    services.start(run, Actor.staff(lead))
    carry_out(run, hands)
    Operation.objects.filter(account=accounts[0]).update(reason="needs-a-person")
    client.force_login(lead)

    page = client.post(reverse("bulk_run_retry", args=[run.reference]), follow=True)

    assert "1 failed account cannot be tried again from here" in body(page)


def test_an_operation_leads_to_its_run(
    client: Client,
    cyclr: CyclrState,
    lead: User,  # noqa: F811
    accounts: list[Any],  # noqa: F811
) -> None:
    run = make_run(lead, accounts[0].console, [target(1, accounts[0])])
    services.start(run, Actor.staff(lead))
    feeding.feed(run.pk)
    client.force_login(lead)

    page = body(client.get(Operation.objects.get().get_absolute_url()))

    assert f'href="{run.get_absolute_url()}"' in page


def test_the_outcomes_are_a_table_that_computes_nothing(
    client: Client,
    cyclr: CyclrState,
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
    cyclr: CyclrState,
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
    cyclr: CyclrState,
    lead: User,  # noqa: F811
    accounts: list[Any],  # noqa: F811
) -> None:
    run = make_run(lead, accounts[0].console, [target(n, a) for n, a in enumerate(accounts[:3])])
    services.start(run, Actor.staff(lead))
    feeding.feed(run.pk)
    client.force_login(lead)

    assert Operation.objects.count() == 3
    assert "No change was made yet" in body(client.get(reverse("operation_list")))
    found = body(client.get(reverse("operation_list"), {"account": accounts[0].pk}))
    assert "Install Generic Webhook" in found


def test_runs_are_listed_with_how_far_they_are(client: Client, preview: BulkRun) -> None:
    page = body(signed_in(client, Role.VIEWER).get(reverse("bulk_run_list")))

    assert "Install Till for 2 accounts" in page
    assert "Preview" in page
    assert "0 of 2" not in page, "nothing was begun"


def test_a_run_of_another_console_is_not_there(client: Client, preview: BulkRun) -> None:
    other = make_user(Role.LEAD, console=make_console(name="Other"))
    client.force_login(other)

    assert client.get(preview.get_absolute_url()).status_code == 404
    assert client.post(reverse("bulk_run_start", args=[preview.reference])).status_code == 404
    assert "Install Till" not in body(client.get(reverse("bulk_run_list")))
