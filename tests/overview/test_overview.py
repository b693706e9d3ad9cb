"""The home page: what needs attention, for whom, and what it costs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dashboard.audit import services as audit
from dashboard.audit.models import Actor
from dashboard.consoles.models import Console
from dashboard.jobs.leases import Lease
from dashboard.jobs.models import Heartbeat
from dashboard.links.mail.mailing import queue_mail
from dashboard.links.models import Link, LinkState, MailState
from dashboard.mirror import sync
from dashboard.mirror.models import Account, DailyFigure, SyncRun
from dashboard.operations.models import Operation, State
from dashboard.overview.figures import Share
from dashboard.overview.trend import Line, trend
from dashboard.people.models import Role
from tests.factories import (
    API_KEY,
    make_account,
    make_account_connector,
    make_connector,
    make_console,
    make_link,
    make_operation,
    make_user,
)

pytestmark = pytest.mark.django_db
SWAP = {"HX-Request": "true"}
HOUR = timedelta(hours=1)


@pytest.fixture
def console() -> Console:
    """A console that was read a moment ago."""
    console = make_console()
    moment = timezone.now()
    SyncRun.objects.create(console=console, listed_at=moment, finished_at=moment)
    return console


@pytest.fixture
def account(console: Console) -> Account:
    return make_account(console=console, name="Harbour Books")


def signed_in(role: Role = Role.AGENT, console: Console | None = None) -> Client:
    client = Client()
    client.force_login(make_user(role, console=console))
    return client


def text(response: Any) -> str:
    assert response.status_code == 200, response.status_code
    return str(response.content.decode())


def overview(client: Client | None = None, **query: str) -> str:
    return text((client or signed_in()).get(reverse("overview"), query))


def failed(account: Account, **values: Any) -> Operation:
    made_up = {
        "title": "Install NetSuite",
        "state": State.FAILED,
        "reason": "refused",
        "error": "Cyclr refused the account id. Nothing was installed.",
        "finished_at": timezone.now(),
    }
    return make_operation(account=account, **made_up | values)


def aged(link: Link, age: timedelta) -> Link:
    Link.objects.filter(pk=link.pk).update(created_at=timezone.now() - age)
    return link


def not_authenticated(consoles: list[Console], now: int) -> Line | None:
    drawn = trend(consoles, 0, now)
    return drawn.unauthenticated if drawn else None


# ---- needs attention ----


def test_nothing_needs_attention(account: Account) -> None:
    make_account_connector(account=account, authenticated=True)

    page = overview()

    assert "<h1>Overview</h1>" in page
    assert "Nothing needs attention" in page
    assert "100 %" in page


def test_a_failed_install_is_listed_with_its_fix(account: Account) -> None:
    connector = make_connector(console=account.console)
    operation = failed(account, connector=connector)

    page = overview()

    assert operation.error in page
    form = reverse("install_new", args=[account.pk, connector.pk])
    assert f'href="{form}?from={operation.reference}">Fix and retry</a>' in page


@pytest.mark.parametrize(
    "values", [{"is_superseded": True}, {"finished_at": timezone.now() - timedelta(days=8)}]
)
def test_old_and_superseded_failures_are_not_listed(
    account: Account, values: dict[str, Any]
) -> None:
    failed(account, **values)

    assert "Install NetSuite" not in overview()


def test_only_long_checks_are_listed(account: Account) -> None:
    now = timezone.now()
    make_operation(account=account, title="Long", state=State.UNSURE, sent_at=now - HOUR)
    make_operation(account=account, title="Short", state=State.UNSURE, sent_at=now)

    page = overview()

    assert ">Long<" in page
    assert ">Short<" not in page


def test_a_broken_connector_says_since_when_and_offers_a_link(account: Account) -> None:
    since = timezone.now() - 2 * HOUR
    broken = make_account_connector(account=account, name="HubSpot EU", authenticated_since=since)

    page = overview()

    assert "HubSpot EU" in page
    assert "Harbour Books" in page
    assert "Was authenticated until" in page
    assert "No link is open." in page
    assert f'href="{reverse("link_new", args=[account.pk])}?connector={broken.pk}"' in page


def test_an_open_link_is_told_and_led_to(account: Account) -> None:
    broken = make_account_connector(account=account)
    link = make_link(account=account, connectors=[broken], state=LinkState.STARTED)

    page = overview()

    assert "A link is open: started." in page
    assert f'href="{link.get_absolute_url()}">Open link</a>' in page
    assert "Create link" not in page


def test_what_is_finished_in_cyclr_is_not_connected_by_link(account: Account) -> None:
    kerberos = {"Id": "k", "AuthName": "Kerberos", "AuthType": "Kerberos"}
    broken = make_account_connector(account=account, authentication=[kerberos])

    page = overview()

    assert f'href="{broken.get_absolute_url()}">Open</a>' in page
    assert "To be finished in Cyclr: no link can connect it." in page


def test_a_key_that_the_customer_types_is_connected_by_link(account: Account) -> None:
    make_account_connector(account=account, authentication=[API_KEY])

    page = overview()

    assert "No link is open." in page


def test_a_viewer_is_led_to_things_not_to_forms(account: Account) -> None:
    make_account_connector(account=account)
    failed(account, connector=make_connector(console=account.console))

    page = overview(signed_in(Role.VIEWER))

    assert "Create link" not in page
    assert "Fix and retry" not in page


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"expires_at": timedelta(hours=-3), "state": LinkState.OPENED}, "opened, never started"),
        ({"expires_at": timedelta(hours=5), "state": LinkState.SENT}, "not opened yet"),
        ({"expires_at": timedelta(hours=-3), "is_new_link_asked": True}, "asks for a new link"),
    ],
)
def test_links_that_ended_or_end_soon_are_listed(
    account: Account, values: dict[str, Any], why: str
) -> None:
    values = values | {"expires_at": timezone.now() + values["expires_at"]}
    aged(make_link(account=account, **values), timedelta(days=6))

    page = overview(show="links")

    assert "Link for Harbour Books" in page
    assert why in page


def test_three_starts_in_vain_are_listed(account: Account) -> None:
    link = make_link(account=account, state=LinkState.STARTED)
    link.items.update(starts=3, started_at=timezone.now())

    assert "Three starts, never finished." in overview(show="links")


def test_three_entries_in_vain_are_listed(account: Account) -> None:
    link = make_link(account=account, state=LinkState.OPENED)
    link.items.update(failures=3, failure="Cyclr refused the key")

    assert "Three tries in vain." in overview(show="links")


def test_a_message_that_came_back_is_listed(account: Account) -> None:
    link = make_link(account=account, recipient_email="pat@harbour.example")
    queue_mail(link, Actor.system())
    link.mails.update(state=MailState.BOUNCED, finished_at=timezone.now())

    assert "The e-mail with the link bounced." in overview(show="links")


def test_links_that_trouble_nobody_are_not_listed(console: Console) -> None:
    now = timezone.now()
    make_link(account=make_account(console=console))  # fresh, a week to go
    make_link(account=make_account(console=console), expires_at=now + HOUR)  # made just now
    connected = make_account(console=console)
    made = make_account_connector(account=connected, authenticated=True)
    make_link(account=connected, connectors=[made], expires_at=now - HOUR)
    make_link(account=make_account(console=console), expires_at=now - HOUR, revoked_at=now)
    replaced = make_account(console=console)
    app = make_account_connector(account=replaced)
    aged(make_link(account=replaced, connectors=[app], expires_at=now - HOUR), timedelta(days=7))
    make_link(account=replaced, connectors=[app])

    assert "No link is expired" in overview(show="links")


def test_a_newer_link_for_another_app_replaces_nothing(console: Console) -> None:
    account = make_account(console=console)
    old = make_link(account=account, expires_at=timezone.now() - HOUR)
    aged(old, timedelta(days=7))
    make_link(account=account)

    assert old.get_absolute_url() in overview(show="links")


def test_the_newest_trouble_stands_first_and_chips_count(account: Account) -> None:
    now = timezone.now()
    make_account_connector(account=account, name="Old one", authenticated_since=now - 5 * HOUR)
    make_account_connector(account=account, name="Unknown one", authenticated_since=None)
    failed(account, title="New one", finished_at=now)

    page = overview()

    assert page.index(">New one<") < page.index(">Old one<") < page.index(">Unknown one<")
    assert 'Not authenticated <span class="num">2</span>' in page
    assert 'Operations <span class="num">1</span>' in page
    assert ">Old one<" not in overview(show="operations")


def test_twenty_are_shown_and_the_rest_is_led_to(account: Account) -> None:
    for _ in range(25):
        make_account_connector(account=account)

    page = overview()

    assert page.count("Create link</a>") == 20
    assert "25 not authenticated</a>" in page


def test_a_chip_swaps_the_overview(account: Account) -> None:
    page = text(signed_in().get(reverse("overview"), {"show": "links"}, headers=SWAP))

    assert page.strip().startswith('<div id="overview"')
    assert 'aria-current="true">Links' in page


def test_what_is_gone_or_elsewhere_is_not_counted(console: Console, account: Account) -> None:
    gone = timezone.now()
    make_account_connector(account=account, name="Gone one", gone_at=gone)
    make_account_connector(account=make_account(console=console, gone_at=gone), name="Left one")
    make_account_connector(name="Other console's")
    client = signed_in(Role.LEAD, console)

    page = overview(client)

    for name in ("Gone one", "Left one", "Other console"):
        assert name not in page
    assert "Nothing needs attention" in page


def test_the_address_chooses_the_console(console: Console, account: Account) -> None:
    make_account_connector(account=account, name="Here")
    make_account_connector(name="There")

    page = overview(console=str(console.pk))

    assert ">Here<" in page
    assert ">There<" not in page


def test_the_overview_costs_the_same_for_one_and_for_many(
    console: Console, django_assert_num_queries: Any
) -> None:
    client = signed_in()

    def fill() -> None:
        account = make_account(console=console)
        make_account_connector(account=account)
        failed(account, connector=make_connector(console=console))
        aged(
            make_link(account=make_account(console=console), expires_at=timezone.now() - HOUR),
            timedelta(days=1),
        )
        audit.record(Actor.system(), "did something", console=console)
        make_console()

    fill()
    client.get(reverse("overview"))
    with django_assert_num_queries(17):
        client.get(reverse("overview"))
    for _ in range(15):
        fill()

    with django_assert_num_queries(17):
        client.get(reverse("overview"))


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", '"><img src=x>', "a\u202eb", " "])
def test_hostile_names_stay_text(console: Console, name: str) -> None:
    account = make_account(console=console, name=name)
    make_account_connector(account=account, name=name, connector_name=name)
    failed(account, title=name, error=name)
    aged(make_link(account=account, expires_at=timezone.now() - HOUR), timedelta(days=1))
    audit.record(
        Actor.staff(make_user(name=name)),
        name,
        console=console,
        target=name,
        target_url="javascript:alert(1)",
        account_name=name,
        result=name[:40],
    )

    page = overview()

    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "javascript:" not in page
    assert "\u202e" not in page


# ---- figures ----


def test_only_all_of_them_are_a_hundred_percent() -> None:
    assert Share(59_830, 1_204).percent == "97.9 %"
    assert Share(10_000, 1).percent == "99.9 %"
    assert Share(7, 0).percent == "100 %"
    assert Share(0, 0).percent == "–"


def test_the_trend_draws_days_and_ends_now(console: Console) -> None:
    today = timezone.now().date()
    for age, count in ((29, 1402), (10, 1188), (1, 1300), (40, 9)):
        day = today - timedelta(days=age)
        DailyFigure.objects.create(console=console, day=day, authenticated=1, unauthenticated=count)

    drawn = not_authenticated([console], 1204)

    assert drawn is not None
    assert drawn.line.startswith("M0.0 ")
    assert drawn.tip[0] == "252.0"
    assert drawn.ticks == ["1.5k", "1.3k", "1.1k"]
    assert "from 1,402 to 1,204, lowest 1,188" in drawn.message
    assert drawn.change.startswith("198 fewer than on ")


@pytest.mark.parametrize("counts", [(0, 0), (0, 1), (3, 7), (99_000, 101_234), (5, 5)])
def test_the_trend_stays_in_its_box(console: Console, counts: tuple[int, int]) -> None:
    day = timezone.now().date() - timedelta(days=1)
    DailyFigure.objects.create(console=console, day=day, authenticated=1, unauthenticated=counts[0])

    drawn = not_authenticated([console], counts[1])

    assert drawn is not None
    heights = [float(point.split(" ")[1]) for point in drawn.line[1:].split("L")]
    assert all(8.5 <= height <= 78.5 for height in heights)


def test_one_day_is_no_trend(console: Console, account: Account) -> None:
    sync.finish_run(Lease(SyncRun.objects.create(console=console)))

    page = overview()

    assert "The trend starts on the second day" in page
    assert '<svg class="trend"' not in page


def test_a_day_that_lacks_a_console_is_left_out(console: Console) -> None:
    other = make_console()
    today = timezone.now().date()
    for one, age, count in ((console, 5, 5), (console, 3, 6), (other, 3, 4), (other, 2, 4)):
        DailyFigure.objects.create(
            console=one, day=today - timedelta(days=age), authenticated=1, unauthenticated=count
        )

    drawn = not_authenticated([console, other], 9)

    assert drawn is not None
    assert drawn.line.count("L") == 2  # five days ago, three days ago, today
    assert "from 5 to 9" in drawn.message


def test_no_inline_style_is_needed(console: Console, account: Account) -> None:
    DailyFigure.objects.create(
        console=console,
        day=timezone.now().date() - timedelta(days=1),
        authenticated=1,
        unauthenticated=5,
    )

    page = overview()

    assert '<svg class="trend"' in page
    assert " style=" not in page


def test_silent_workers_are_named(account: Account) -> None:
    now = timezone.now()
    Heartbeat.objects.create(process="interactive", host="a", at=now)
    Heartbeat.objects.create(process="dispatcher", host="a", at=now)
    Heartbeat.objects.create(process="background", host="a", at=now - HOUR)

    page = overview()

    assert "Background worker" in page
    assert "Interactive worker" not in page
    Heartbeat.objects.update(at=now)
    assert '<dt>Workers</dt><dd><span class="state" data-state="running">Running' in overview()


def test_recent_activity_is_told_without_sign_ins(account: Account) -> None:
    mara = make_user(name="Mara Lindqvist")
    operation = make_operation(account=account, title="Install HubSpot")
    audit.record(
        Actor.staff(mara),
        "installs.install",
        console=account.console,
        target="Install HubSpot",
        target_url=operation.get_absolute_url(),
        account_name="Harbour Books",
        operation=operation.reference,
    )
    audit.record(Actor.staff(mara), "signed in")

    page = overview(signed_in(Role.VIEWER))

    assert f'href="{operation.get_absolute_url()}"' in page
    assert "Mara Lindqvist" in page
    assert "Signed in" not in page
    assert f'href="{reverse("audit_list")}">All activity' in page
    assert f'href="{reverse("audit_list")}">All activity' in overview(signed_in(Role.LEAD))


# ---- reading ----


def test_the_first_reading_is_live_until_there_is_something() -> None:
    console = make_console()
    client = signed_in()
    url = reverse("overview")
    page = overview(client)
    assert "was not read yet" in page
    assert "poll-1s from:body" in page

    run = SyncRun.objects.create(console=console)
    reading = client.get(url, headers=SWAP)
    assert "for the first time" in text(reading)
    assert text(reading).strip().startswith('<div id="overview"')
    seen = {"X-Seen": reading.context["sync_version"]}
    assert client.get(url, headers=SWAP | seen).status_code == 204

    make_account(console=console)
    SyncRun.objects.filter(pk=run.pk).update(listed_at=timezone.now(), accounts_read=1)
    page = text(client.get(url, headers=SWAP | seen))
    assert "Needs attention" in page
    assert page.index("poll-1s from:body") > page.index('id="sync-health"')


def test_a_first_reading_that_broke_off_says_why() -> None:
    SyncRun.objects.create(
        console=make_console(), finished_at=timezone.now(), last_error="Cyclr does not answer."
    )

    page = overview()

    assert "broke off" in page
    assert "Cyclr does not answer." in page


def test_a_running_sync_shows_progress_and_polls_until_it_ends(
    console: Console, account: Account
) -> None:
    client = signed_in(Role.VIEWER)
    url = reverse("overview_sync")
    assert "poll-1s" not in overview(client)
    begun = timezone.now() - timedelta(seconds=10)
    run = SyncRun.objects.create(console=console, listed_at=begun, accounts_read=1)
    assert "poll-1s from:body" in overview(client)

    moving = client.get(url, headers=SWAP)
    assert text(moving).strip().startswith('<section class="stack" id="sync-health"')
    assert "1 of 1" in text(moving)
    seen = {"X-Seen": moving.context["sync_version"]}
    assert client.get(url, headers=SWAP | seen).status_code == 204
    SyncRun.objects.filter(pk=run.pk).update(finished_at=timezone.now())
    ended = text(client.get(url, headers=SWAP | seen))

    assert "hx-" not in ended
    assert "poll-1s" not in overview(client)
    assert client.get(url)["Location"] == reverse("overview")


def test_progress_counts_what_the_run_is_to_read_and_says_how_long_it_takes(
    console: Console, account: Account
) -> None:
    begun = timezone.now() - timedelta(seconds=600)
    SyncRun.objects.create(
        console=console, accounts_at=begun, listed_at=begun, accounts_found=650, accounts_read=100
    )

    assert "100 of 650" in overview()
    assert "about 56 min left" in overview()


def test_a_lead_stops_the_sync_and_lets_it_go_on(console: Console, account: Account) -> None:
    lead = signed_in(Role.LEAD)
    SyncRun.objects.create(console=console, listed_at=timezone.now(), accounts_read=1)
    stop = reverse("overview_sync_stop", args=[console.pk])
    assert "Stop sync" in overview(lead)

    stopped = text(lead.post(stop, headers=SWAP))

    assert "Stopped" in stopped
    assert "Resume sync" in stopped
    assert "poll-1s" not in stopped
    assert "Sync stopped" in overview(lead)
    resume = reverse("overview_sync_resume", args=[console.pk])
    assert "Stop sync" in text(lead.post(resume, headers=SWAP))


def test_who_is_no_lead_of_the_console_does_not_stop_its_sync(console: Console) -> None:
    for client, status in (
        (signed_in(Role.AGENT), 403),
        (signed_in(Role.LEAD, make_console()), 404),
    ):
        assert "Stop sync" not in overview(client) or status == 404
        for name in ("overview_sync_stop", "overview_sync_resume"):
            assert client.post(reverse(name, args=[console.pk])).status_code == status
    console.refresh_from_db()
    assert console.sync_stopped_at is None


def test_the_numbers_of_the_trend_stand_in_a_table(console: Console, account: Account) -> None:
    day = timezone.now().date() - timedelta(days=1)
    DailyFigure.objects.create(console=console, day=day, authenticated=1234, unauthenticated=56)
    make_account_connector(account=account, authenticated=True)

    page = overview()

    assert page.count('<svg class="trend"') == 2
    row = page.split(f'id="day-{day}"')[1].split("</tr>")[0]
    assert "1,234" in row
    assert "56" in row


def test_the_overview_is_drawn_again_when_a_reading_ends(account: Account) -> None:
    assert 'hx-trigger="mirror-read from:body"' in overview(show="links")


def test_a_sync_that_breaks_off_is_told(console: Console, account: Account) -> None:
    SyncRun.objects.create(console=console, finished_at=timezone.now(), last_error="Cyclr refuses.")

    page = overview()

    assert "Broke off" in page
    assert "1 of the last 2 syncs broke off" in page


def test_refresh_stands_in_the_bar(account: Account) -> None:
    page = overview(signed_in(Role.VIEWER))

    assert "Updated" in page
    assert f'action="{reverse("account_list_refresh")}"' in page


def test_without_a_console_the_page_says_so() -> None:
    assert "There is no console to show" in overview()


def test_reading_pages_changes_nothing(account: Account) -> None:
    make_account_connector(account=account)
    client = signed_in(Role.ADMIN)
    before = (list(Account.objects.values()), SyncRun.objects.count())

    client.get(reverse("overview"))
    client.get(reverse("overview_sync"), headers=SWAP)

    assert (list(Account.objects.values()), SyncRun.objects.count()) == before


def test_a_library_that_fails_and_odd_answers_are_told(account: Account) -> None:
    moment = timezone.now()
    SyncRun.objects.create(
        console=account.console,
        listed_at=moment,
        finished_at=moment,
        library_error="Cyclr refuses to tell (403).",
        skipped=2,
    )
    page = text(signed_in().get("/"))

    assert "Cyclr refuses to tell (403)." in page
    assert "2 things in Cyclr’s answers could not be read and are left out" in page


def test_templates_and_cycles_that_were_not_read_are_told(account: Account) -> None:
    moment = timezone.now()
    run = SyncRun.objects.create(
        console=account.console,
        listed_at=moment,
        finished_at=moment,
        templates_error="Cyclr refuses to tell (403).",
        cycles_failed=1,
    )
    failed = overview()
    SyncRun.objects.filter(pk=run.pk).update(
        templates_error="", cycles_error="Cyclr does not answer."
    )
    silent = overview()
    SyncRun.objects.filter(pk=run.pk).update(cycles_error="", cycles_failed=0)

    assert "Templates were not read: <bdi>Cyclr refuses to tell (403).</bdi>" in failed
    assert "Cycles of 1 account could not be read" in " ".join(failed.split())
    assert "Cycles were not read: <bdi>Cyclr does not answer.</bdi>" in silent
    assert "Templates and cycles" not in overview()


def test_sync_health_says_now_when_cyclr_does_not_answer(console: Console) -> None:
    assert "<dt>Now</dt>" not in overview()
    Console.objects.update(trouble="Cyclr does not answer.", trouble_since=timezone.now())

    page = overview()

    assert "<dt>Now</dt>" in page and "Not reading" in page


@pytest.mark.parametrize("show", ["", "links"])
def test_states_are_written_as_everywhere_and_empty_lists_are_muted(
    account: Account, show: str
) -> None:
    aged(make_link(account=account, expires_at=timezone.now() - HOUR), timedelta(days=7))

    page = overview(show=show)

    assert ">Expired<" in page and ">expired<" not in page
    assert '<li id="show-links"><a class="chip"' in page
    assert '<li id="show-operations"><a class="chip nil"' in page
