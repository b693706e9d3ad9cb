"""One account: its connectors and installs, live; how old; refresh; who sees what."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from dashboard.links.models import LinkItem
from dashboard.mirror import sync
from dashboard.mirror.models import Account, AccountConnector
from dashboard.mirror.tasks import ask_for_refresh
from dashboard.operations.models import Operation
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
from tests.pages import (
    HOSTILE,
    assert_only_letters,
    nothing_changes,
    part,
    queries_of,
    signed_in,
    text_of,
)

pytestmark = pytest.mark.django_db
TABLE = "account-connectors"
FAILED = {"state": "failed", "reason": "refused", "error": "The key is wrong."}


def url_of(account: Account) -> str:
    return reverse("account_detail", args=[account.pk])


def failed_install(account: Account, hours: float = 1, **values: Any) -> Operation:
    """An install that failed so many hours ago."""
    ended = timezone.now() - timedelta(hours=hours)
    operation = make_operation(account=account, finished_at=ended, **FAILED | values)
    Operation.objects.filter(pk=operation.pk).update(created_at=ended)
    return operation


# ---- what it shows ----


def test_the_header_says_who_and_where(agent: Client) -> None:
    account = make_account(name="Harbour Books", cyclr_id="shop-1042.example")

    shown = text_of(agent.get(url_of(account)))

    assert "<h1><bdi>Harbour Books</bdi></h1>" in shown
    assert 'data-copy-text="shop-1042.example"' in shown
    assert "there, <bdi>Europe/London</bdi>" in shown


@pytest.mark.parametrize("zone", ["", "Not/AZone", "GMT Standard Time", "../../etc/passwd", "\0"])
def test_an_unknown_time_zone_does_no_harm(agent: Client, zone: str) -> None:
    account = make_account(timezone=zone.replace("\0", "\N{REPLACEMENT CHARACTER}"))

    response = agent.get(url_of(account))

    assert response.status_code == 200
    assert " there, " not in text_of(response)


def test_states_stand_in_words(agent: Client) -> None:
    account = make_account()
    broken = make_account_connector(account=account, name="Broken")
    make_account_connector(account=account, name="Fine", authenticated=True)
    make_account_connector(account=account, name="Left", gone_at=timezone.now())

    shown = text_of(agent.get(url_of(account)))

    assert f'href="{broken.get_absolute_url()}"' in shown
    for state in ("Not authenticated", "Authenticated", "Gone"):
        assert f'data-state="{state.lower().replace(" ", "-")}">{state}<' in shown
    assert f'href="/accounts/{account.pk}/links/new/?connector={broken.pk}"' in shown


def test_an_install_shows_at_once_and_leads_to_its_operation(agent: Client) -> None:
    account = make_account()
    operation = make_operation(account=account, connector=make_connector(name="Klaviyo"))

    shown = text_of(agent.get(url_of(account)))

    assert 'data-state="installing">Installing<' in shown
    assert f'href="{operation.get_absolute_url()}" title="Klaviyo"' in shown


def test_a_failed_install_says_what_happened_and_what_to_do(agent: Client) -> None:
    account = make_account()
    operation = failed_install(
        account, connector=make_connector(name="NetSuite"), cyclr_message="400 <no>"
    )

    shown = text_of(agent.get(url_of(account)))

    assert 'data-state="install-failed">Install failed<' in shown
    assert "The key is wrong." in shown
    assert "400 &lt;no&gt;" in shown
    retry = f"/accounts/{account.pk}/install/{operation.connector_id}/?from={operation.reference}"
    assert f'href="{retry}"' in shown


def test_a_failure_is_over_when_it_was_made_good_or_is_old(agent: Client) -> None:
    account = make_account()
    mended = make_connector()
    failed_install(account, 3, connector=mended)
    make_operation(account=account, connector=mended, state="done", finished_at=timezone.now())
    failed_install(account, 25, connector=make_connector())
    failed_install(account, 1, connector=make_connector(), is_superseded=True)
    failed_install(make_account(), 1, connector=make_connector())

    assert "Install failed" not in text_of(agent.get(url_of(account)))


def test_a_dismissed_failure_is_gone_from_where_it_asked_for_somebody(agent: Client) -> None:
    account = make_account()
    operation = failed_install(account, connector=make_connector(name="NetSuite"))
    places = (url_of(account), reverse("account_list"), reverse("overview"))
    assert all("nstall failed" in text_of(agent.get(place)) for place in places[:2])
    assert operation.title in text_of(agent.get(reverse("overview")))

    answer = agent.post(
        reverse("operation_dismiss", args=[operation.reference]), {"next": url_of(account)}
    )

    assert answer["Location"] == url_of(account)
    agent.get(url_of(account))  # the message that says so
    assert not any("nstall failed" in text_of(agent.get(place)) for place in places[:2])
    need = re.findall(r'id="need-[^"]*"', text_of(agent.get(reverse("overview"))))
    assert need == []


ACTS = '<td class="r keep">.*?>([^<>]+)(?:<svg.*?)?</(?:a|button)>'


@pytest.mark.parametrize(
    ("role", "values", "action"),
    [
        (Role.AGENT, {}, "Create link"),
        (Role.AGENT, {"link": "open"}, "Open link"),
        (Role.AGENT, {"link": "ended"}, "Create link"),
        (Role.VIEWER, {"link": "open"}, "Open link"),
        (Role.VIEWER, {}, "Open"),
        (Role.AGENT, {"authentication": [{"AuthType": "Unheard"}]}, "Finish in Cyclr"),
        (Role.AGENT, {"authentication": [{"AuthType": "None"}]}, "Open"),
        (Role.AGENT, {"authenticated": True}, "Open"),
        (Role.AGENT, {"authenticated": True, "connection_test": True}, "Test"),
        (Role.VIEWER, {"authenticated": True, "connection_test": True}, "Open"),
        (Role.AGENT, {"authenticated": True, "test_failed_at": timezone.now()}, "Create link"),
        (Role.ADMIN, {"authenticated": True}, "Set up test"),
        (Role.ADMIN, {"authenticated": True, "connection_test": True}, "Test"),
        (Role.ADMIN, {"gone_at": timezone.now()}, None),
    ],
)
def test_a_row_offers_what_its_state_asks_for(
    role: Role, values: dict[str, Any], action: str | None
) -> None:
    values = dict(values)
    link, has_test = values.pop("link", None), values.pop("connection_test", False)
    connector = make_account_connector(**values)
    if has_test:
        connector.account.console.test_methods.create(
            connector_name=connector.connector_name,
            connector_version=connector.connector_version,
            unique_id="me",
        )
    if link:
        ended = timezone.now() if link == "ended" else None
        make_link(connectors=[connector], revoked_at=ended)

    shown = text_of(signed_in(make_user(role)).get(url_of(connector.account)))

    assert [words.strip() for words in re.findall(ACTS, shown, re.S)] == [action] * bool(action)


def test_an_open_link_of_one_connector_is_none_of_another(agent: Client) -> None:
    account = make_account()
    linked, other = (make_account_connector(account=account, name=name) for name in "ab")
    link = make_link(connectors=[linked])

    shown = text_of(agent.get(url_of(account)))

    assert f'href="/links/{link.pk}/" aria-label="Open link for a"' in shown
    assert f'href="/accounts/{account.pk}/links/new/?connector={other.pk}"' in shown
    assert f"?connector={linked.pk}" not in shown


def test_a_success_before_the_failure_does_not_hide_it(agent: Client) -> None:
    account = make_account()
    connector = make_connector()
    earlier = make_operation(
        account=account, connector=connector, state="done", finished_at=timezone.now()
    )
    Operation.objects.filter(pk=earlier.pk).update(created_at=F("created_at") - timedelta(hours=5))
    failed_install(account, 1, connector=connector)
    failed_install(account, 2, connector=connector)

    assert text_of(agent.get(url_of(account))).count(">Install failed<") == 1


def test_create_link_needs_an_installed_connector(agent: Client) -> None:
    account = make_account()
    without = text_of(agent.get(url_of(account)))
    make_account_connector(account=account, authentication=[API_KEY])
    there = text_of(agent.get(url_of(account)))

    assert 'aria-disabled="true"' in without
    assert "A link needs an installed connector." in without
    assert f'href="/accounts/{account.pk}/links/new/"' not in without
    assert f'href="/accounts/{account.pk}/links/new/"' in there


def test_a_viewer_sees_no_way_to_change_anything() -> None:
    account = make_account()
    make_account_connector(account=account)
    failed_install(account, connector=make_connector())

    shown = text_of(signed_in(make_user(Role.VIEWER)).get(url_of(account)))

    assert "Install failed" in shown
    for word in ("Create link", "Install connector", "Fix and retry"):
        assert word not in shown


def test_an_agent_elsewhere_is_a_viewer_here() -> None:
    account = make_account()
    make_account_connector(account=account)
    user = make_user(Role.VIEWER, console=account.console)
    user.memberships.create(console=make_console(), role=Role.AGENT)

    assert "Install connector" not in text_of(signed_in(user).get(url_of(account)))


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_only_letters(agent: Client, name: str) -> None:
    account = make_account(name=name, cyclr_id=name, timezone=name, parent_id="parent")
    make_account(console=account.console, cyclr_id="parent", name=name)
    make_account_connector(account=account, name=name, connector_name=name)
    failed_install(
        account, connector=make_connector(name=name), error=name or "-", cyclr_message=name
    )
    make_operation(account=account, title=name)

    for url in (url_of(account), reverse("account_activity", args=[account.pk])):
        shown = text_of(agent.get(url))
        assert_only_letters(shown)


def test_the_query_count_does_not_grow_with_the_connectors(agent: Client) -> None:
    account = make_account(active_at=timezone.now())

    def more(number: int) -> None:
        for _ in range(number):
            make_account_connector(account=account)
            make_operation(account=account, connector=make_connector())

    more(1)
    few = queries_of(agent, url_of(account))
    few_acts = queries_of(agent, reverse("account_activity", args=[account.pk]))
    more(20)

    assert queries_of(agent, url_of(account)) == few <= 19
    assert queries_of(agent, reverse("account_activity", args=[account.pk])) == few_acts


# ---- live ----


def test_the_table_is_still_while_nothing_moves(agent: Client) -> None:
    account = make_account()
    make_account_connector(account=account)

    assert "poll-1s" not in text_of(part(agent, url_of(account), TABLE))


def test_installing_turns_into_the_connector_by_itself(agent: Client) -> None:
    account = make_account()
    operation = make_operation(account=account, connector=make_connector(name="Klaviyo"))

    first = part(agent, url_of(account), TABLE)
    same = part(agent, url_of(account), TABLE, seen=first.context["version"])
    make_account_connector(account=account, name="Klaviyo", authenticated=True)
    operation.state, operation.finished_at = "done", timezone.now()
    operation.save()
    then = part(agent, url_of(account), TABLE, seen=first.context["version"])

    assert text_of(first).strip().startswith('<section class="stack" id="account-connectors"')
    assert "poll-1s from:body" in text_of(first)
    assert same.status_code == 204
    assert ">Authenticated<" in text_of(then)
    assert ">Installing<" not in text_of(then)
    assert "poll-1s" not in text_of(then)
    assert "account-changed" in then["HX-Trigger"]


def test_a_tick_without_news_is_cheap(agent: Client) -> None:
    account = make_account()
    make_operation(account=account)
    for _ in range(5):
        make_account_connector(account=account)
    version = part(agent, url_of(account), TABLE).context["version"]
    headers = {"HX-Request": "true", "HX-Target": TABLE, "X-Seen": version}

    assert queries_of(agent, url_of(account), headers=headers) <= 7


def test_a_started_link_keeps_it_looking_for_twenty_minutes(agent: Client) -> None:
    link = make_link()
    table = url_of(link.account)

    def beat(minutes: float, **values: Any) -> str:
        started = timezone.now() - timedelta(minutes=minutes)
        LinkItem.objects.update(**{"started_at": started, "connected_at": None} | values)
        return str(part(agent, table, TABLE).context["poll_event"])

    assert beat(19) == "poll-1s"
    assert beat(21) == "poll-5s"
    assert beat(1, started_at=None) == "poll-5s"
    assert beat(1, connected_at=timezone.now()) == "poll-5s"
    link.__class__.objects.update(revoked_at=timezone.now())
    assert beat(1) == "poll-5s"
    link.account.__class__.objects.update(gone_at=timezone.now())
    assert beat(1) == ""


def test_other_work_in_the_account_keeps_it_looking(agent: Client) -> None:
    operation = make_operation(kind="links.create")
    assert operation.account is not None

    assert part(agent, url_of(operation.account), TABLE).context["poll_event"] == "poll-1s"


def test_head_and_activity_are_asked_for_by_their_ids(agent: Client) -> None:
    account = make_account()
    make_operation(account=account, title="Install Klaviyo")

    head = text_of(part(agent, url_of(account), "account-head")).strip()
    latest = text_of(part(agent, url_of(account), "account-latest")).strip()

    assert head.startswith('<div id="account-head"')
    assert latest.startswith('<section class="stack" id="account-latest"')
    assert "Install Klaviyo" in latest


def test_boosted_and_restored_requests_want_the_page(agent: Client) -> None:
    account = make_account()

    for header in ("HX-Boosted", "HX-History-Restore-Request"):
        response = agent.get(url_of(account), headers={"HX-Request": "true", header: "true"})
        assert text_of(response).startswith("<!DOCTYPE html>")


# ---- how old, and refresh ----


def test_a_stale_page_asks_by_a_post_of_its_own(agent: Client, settings: Any) -> None:
    old = timezone.now() - timedelta(seconds=settings.STALE_AFTER + 1)
    asking = 'hx-trigger="submit, load"'

    def shown(**values: Any) -> str:
        return text_of(agent.get(url_of(make_account(**values))))

    assert asking in shown(read_at=old)
    assert asking in shown(read_at=None)
    assert asking not in shown(read_at=timezone.now())
    assert asking not in shown(read_at=old, gone_at=timezone.now())
    assert asking not in shown(read_at=old, refresh_asked_at=timezone.now())


def test_looking_changes_nothing(agent: Client) -> None:
    account = make_account(read_at=None)
    make_operation(account=account)

    with nothing_changes():
        agent.get(url_of(account))
        agent.get(reverse("account_activity", args=[account.pk]))
        for target in (TABLE, "account-age", "account-head", "account-latest", "nonsense"):
            part(agent, url_of(account), target)
        agent.head(url_of(account))
        assert agent.get(reverse("account_refresh", args=[account.pk])).status_code == 405


def test_refresh_without_script_leads_back() -> None:
    account = make_account(read_at=None)
    viewer = signed_in(make_user(Role.VIEWER))

    response = viewer.post(
        reverse("account_refresh", args=[account.pk]), {"next": "/connectors/1/"}
    )
    astray = viewer.post(
        reverse("account_refresh", args=[account.pk]), {"next": "//evil.example/x"}
    )

    account.refresh_from_db()
    assert response["Location"] == "/connectors/1/"
    assert astray["Location"] == url_of(account)
    assert account.is_refreshing
    assert account.viewed_at is not None


def test_a_reading_that_no_person_asked_for_is_no_look_at_the_account() -> None:
    account = make_account(read_at=None)

    ask_for_refresh(account)

    account.refresh_from_db()
    assert account.is_refreshing
    assert account.viewed_at is None


def test_refresh_in_place_reads_and_ends_by_itself(
    agent: Client, cyclr: CyclrState, harbour: Account
) -> None:
    url = url_of(harbour)
    asked = agent.post(
        reverse("account_refresh", args=[harbour.pk]), headers={"HX-Request": "true"}
    )
    waiting = part(agent, url, "account-age")
    table = part(agent, url, TABLE)
    installed = cyclr.installed[harbour.cyclr_id]
    installed[0].authenticated = not installed[0].authenticated
    sync.refresh_account(harbour)
    ended = part(agent, url, "account-age")
    after = part(agent, url, TABLE, seen=table.context["version"])

    assert text_of(asked).strip().startswith('<div class="age" id="account-age"')
    assert "Reading from Cyclr…" in text_of(asked)
    assert "load" not in text_of(asked)
    assert "refresh-asked" in asked["HX-Trigger"]
    assert waiting.status_code == 204
    assert "poll-1s from:body" in text_of(table)
    assert "Updated" in text_of(ended)
    assert "poll-1s" not in text_of(ended)
    assert after.status_code == 200


def test_asked_twice_is_asked_once(agent: Client) -> None:
    account = make_account(read_at=None)
    url = reverse("account_refresh", args=[account.pk])
    agent.post(url)
    account.refresh_from_db()
    first = account.refresh_asked_at
    agent.post(url)
    account.refresh_from_db()

    assert account.refresh_asked_at == first


def test_a_failed_refresh_says_so_and_since_when_the_data_is(agent: Client) -> None:
    read_at = timezone.now() - timedelta(minutes=50)
    account = make_account(read_at=read_at, refresh_error="Cyclr does not answer.")
    make_account_connector(account=account)

    shown = text_of(agent.get(url_of(account)))
    ticked = text_of(part(agent, url_of(account), "account-age"))

    assert "Cyclr does not answer." in shown
    assert "You see data from" in shown
    assert f"{read_at:%H:%M} UTC" in shown
    assert "load" not in ticked  # or a Cyclr that is down would be asked without end


def test_a_refresh_that_never_came_back_is_told(agent: Client) -> None:
    asked = timezone.now() - timedelta(minutes=5)
    account = make_account(read_at=asked - timedelta(hours=1), refresh_asked_at=asked)

    assert "has not finished" in text_of(agent.get(url_of(account)))


def test_an_account_never_read_does_not_say_that_it_has_nothing(agent: Client) -> None:
    unread = text_of(agent.get(url_of(make_account(read_at=None))))
    empty = text_of(agent.get(url_of(make_account())))

    assert "Not read yet" in unread
    assert "No connectors" not in unread
    assert "No connectors" in empty


# ---- who gets in ----


@pytest.mark.parametrize("name", ["account_detail", "account_activity", "account_refresh"])
def test_only_people_of_its_console_see_an_account(name: str) -> None:
    account = make_account()
    url = reverse(name, args=[account.pk])
    ask = "post" if name == "account_refresh" else "get"
    fine = 302 if name == "account_refresh" else 200

    def status(user: Any) -> int:
        return int(getattr(signed_in(user), ask)(url).status_code)

    assert getattr(Client(), ask)(url)["Location"].startswith("/sign-in/")
    assert status(make_user(None)) == 403
    assert status(make_user(Role.ADMIN, console=make_console())) == 404
    for role in Role:
        assert status(make_user(role)) == fine
        assert status(make_user(role, console=account.console)) == fine
    account.console.retired_at = timezone.now()
    account.console.save()
    # What a retired console had is read; what would change it says that it was retired.
    assert status(make_user(Role.ADMIN)) == (403 if ask == "post" else 200)
    assert status(make_user(Role.ADMIN, console=make_console())) == 404


@pytest.mark.parametrize("pk", ["0", "99999999999999999999999999"])
def test_an_account_that_is_not_there(agent: Client, pk: str) -> None:
    assert agent.get(f"/accounts/{pk}/").status_code == 404
    assert agent.post(f"/accounts/{pk}/refresh/").status_code == 404


# ---- activity ----


def test_activity_lists_the_operations_of_this_account_alone(agent: Client) -> None:
    account = make_account()
    mine = make_operation(account=account, title="Install Klaviyo")
    make_operation(title="Install Elsewhere")
    url = reverse("account_activity", args=[account.pk])

    response = agent.get(url)
    version = response.context["version"]

    assert f'href="{mine.get_absolute_url()}"' in text_of(response)
    assert "Install Elsewhere" not in text_of(response)
    assert 'aria-current="page">Activity' in text_of(response)
    assert "poll-1s from:body" in text_of(response)
    assert part(agent, url, "account-activity", seen=version).status_code == 204


def test_many_connectors_come_in_pages(agent: Client) -> None:
    account = make_account()
    AccountConnector.objects.bulk_create(
        AccountConnector(account=account, cyclr_id=n, name=f"C {n:03}") for n in range(130)
    )

    second = agent.get(url_of(account), {"page": "2"})

    assert len(second.context["page"]) == 30
    assert "?page=2" in text_of(second)


def test_an_open_page_looks_again_every_fifth_second_though_nothing_is_known_to_move(
    agent: Client,
) -> None:
    account = make_account()
    connector = make_account_connector(account=account)

    for url in (url_of(account), connector.get_absolute_url()):
        assert 'from:body, poll-5s from:body"' in text_of(agent.get(url))
    Account.objects.update(gone_at=timezone.now())
    for url in (url_of(account), connector.get_absolute_url()):
        assert "poll-5s from:body" not in text_of(agent.get(url))


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AGENT])
def test_every_row_leads_on_where_nothing_is_to_be_done(role: Role) -> None:
    account = make_account()
    row = make_account_connector(account=account, authenticated=True)

    page = text_of(signed_in(make_user(role)).get(url_of(account)))

    assert f'href="{row.get_absolute_url()}" aria-label="Open {row.name}">Open</a>' in page
