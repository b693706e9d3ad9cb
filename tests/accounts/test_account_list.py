"""The list of accounts: found, sorted, filtered, paged, and never waiting for Cyclr."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dashboard.consoles.models import Console
from dashboard.mirror.models import SyncRun
from dashboard.people.models import Role
from tests.factories import (
    make_account,
    make_account_connector,
    make_connector,
    make_console,
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

URL = "/accounts/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def here() -> Console:
    """A console that was read a moment ago."""
    console = make_console()
    moment = timezone.now()
    SyncRun.objects.create(console=console, created_at=moment, finished_at=moment)
    return console


@pytest.fixture
def viewer() -> Client:
    return signed_in(make_user(Role.VIEWER))


def names_in(response: Any) -> list[str]:
    """The names of the listed accounts, in order."""
    return [account.name for account, *_ in response.context["rows"]]


def test_the_name_leads_to_the_account(viewer: Client, here: Console) -> None:
    account = make_account(console=here, name="Harbour Books", cyclr_id="shop-1042.example")

    shown = text_of(viewer.get(URL))

    assert f'href="{account.get_absolute_url()}"' in shown
    assert "<h1>Accounts</h1>" in shown
    assert 'aria-label="Search accounts"' in shown
    assert 'data-copy-text="shop-1042.example"' in shown


def test_a_search_swaps_the_table_alone(viewer: Client, here: Console) -> None:
    make_account(console=here, name="Harbour Books")
    make_account(console=here, name="Juniper & Rye")

    response = part(viewer, URL, "account-table", field="q", q="HARBOUR", sort="")

    assert text_of(response).strip().startswith('<div class="found" id="account-table"')
    assert names_in(response) == ["Harbour Books"]
    assert response["HX-Replace-Url"] == "/accounts/?q=HARBOUR"


def test_pages_are_pushed_not_replaced(viewer: Client, here: Console) -> None:
    for _ in range(51):
        make_account(console=here)

    first = viewer.get(URL)
    second = part(viewer, f"{URL}?page=2", "account-table")

    assert len(names_in(first)) == 50
    assert len(names_in(second)) == 1
    assert "HX-Replace-Url" not in second


def test_an_id_is_found_whatever_is_in_it(viewer: Client, here: Console) -> None:
    account = make_account(console=here, cyclr_id="shop 100%/a#b?c")
    make_account(console=here)

    response = viewer.get(URL, {"q": "100%/A#B"})

    assert names_in(response) == [account.name]


def test_has_unauthenticated_leaves_the_others_out(viewer: Client, here: Console) -> None:
    broken = make_account_connector(account=make_account(console=here, name="Broken")).account
    make_account(console=here, name="Fine")

    response = viewer.get(URL, {"unauthenticated": "1"})

    assert names_in(response) == [broken.name]
    assert "Remove filter: Has unauthenticated" in text_of(response)


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("", ["Cedar", "alder", "Birch"]),
        ("-activity", ["Birch", "alder", "Cedar"]),
        ("name", ["alder", "Birch", "Cedar"]),
        ("-name", ["Cedar", "Birch", "alder"]),
        ("connectors", ["Birch", "alder", "Cedar"]),
        ("attention", ["Birch", "alder", "Cedar"]),
        ("rubbish", ["Cedar", "alder", "Birch"]),
    ],
)
def test_sorted_as_the_address_says(
    viewer: Client, here: Console, sort: str, order: list[str]
) -> None:
    moment = timezone.now()
    for name, connectors, hours in (("alder", 1, 2), ("Birch", 2, 3), ("Cedar", 0, 1)):
        make_account(
            console=here,
            name=name,
            connector_count=connectors,
            unauthenticated_count=connectors,
            active_at=moment - timedelta(hours=hours),
        )

    assert names_in(viewer.get(URL, {"sort": sort})) == order


def test_one_heading_says_how_it_is_sorted(viewer: Client, here: Console) -> None:
    make_account(console=here)

    shown = text_of(viewer.get(URL, {"sort": "name", "q": "c"}))

    assert shown.count("aria-sort=") == 1
    assert 'aria-sort="ascending"><a href="?q=c&amp;sort=-name"' in shown


def test_attention_counts_what_is_wrong(viewer: Client, here: Console) -> None:
    moment = timezone.now()
    netsuite = make_connector(console=here, name="NetSuite")
    installing = make_account(console=here, name="Installing")
    make_operation(account=installing, connector=netsuite)
    failed = make_account(console=here, name="Failed")
    failure = {"state": "failed", "reason": "refused", "error": "No.", "finished_at": moment}
    make_operation(account=failed, connector=netsuite, **failure)
    make_operation(account=failed, connector=make_connector(console=here), **failure)
    mended = make_account(console=here, name="Mended")
    make_operation(account=mended, connector=netsuite, **failure)
    make_operation(account=mended, connector=netsuite, state="done", finished_at=moment)
    make_account(console=here, name="Gone", gone_at=moment)

    shown = text_of(viewer.get(URL, {"sort": "name"}))

    assert 'data-state="install-failed">2 install failed<' in shown
    assert 'data-state="installing">1 installing<' in shown
    assert shown.count('data-state="install-failed"') == 1
    assert 'data-state="gone">Gone<' in shown


def test_who_is_gone_is_shown_for_a_day(viewer: Client, here: Console, settings: Any) -> None:
    moment = timezone.now()
    keep = timedelta(seconds=settings.KEEP_GONE_FOR)
    make_account(console=here, name="Lately", gone_at=moment - keep + timedelta(minutes=1))
    make_account(console=here, name="Long ago", gone_at=moment - keep - timedelta(minutes=1))

    assert names_in(viewer.get(URL)) == ["Lately"]


def test_the_query_count_does_not_grow_with_the_list(viewer: Client, here: Console) -> None:
    def more(number: int) -> None:
        for _ in range(number):
            account = make_account(console=here)
            make_account_connector(account=account)
            make_operation(account=account, connector=make_connector(console=here))

    more(1)
    few = queries_of(viewer, URL)
    more(20)

    assert queries_of(viewer, URL) == few <= 13


@pytest.mark.parametrize(
    "query",
    [
        "page=-1",
        "page=10000000000000000000000",
        "page=x",
        "console=x",
        "console=%00",
        "sort=%00&unauthenticated=no",
        "q=%00",
        "q=%ED%A0%80",
        "q=%25_%5C%27",
        "q=" + "x" * 3000,
        "q=a&q=b",
        "unknown=1",
    ],
)
def test_rubbish_in_the_address_does_no_harm(viewer: Client, here: Console, query: str) -> None:
    make_account(console=here)

    assert viewer.get(f"{URL}?{query}").status_code == 200


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_only_letters(viewer: Client, here: Console, name: str) -> None:
    make_account(console=here, name=name, cyclr_id=name, timezone=name)

    for query in ({}, {"q": name.strip()[:200]}, {"q": f"{name[:50]} is nowhere"}):
        shown = text_of(viewer.get(URL, query))
        assert_only_letters(shown)


def test_a_console_in_the_address_filters(viewer: Client, here: Console) -> None:
    make_account(console=here, name="Here")
    there = make_account(console=make_console(), name="There")

    both = viewer.get(URL)
    one = viewer.get(URL, {"console": str(there.console_id)})

    assert sorted(names_in(both)) == ["Here", "There"]
    assert names_in(one) == ["There"]
    assert "All consoles" in text_of(both)


def test_choosing_a_console_loads_the_whole_page(viewer: Client, here: Console) -> None:
    response = part(viewer, URL, field="console", console=str(here.pk), q="")

    assert response["HX-Redirect"] == f"/accounts/?console={here.pk}"


def test_a_console_without_a_role_is_not_there(here: Console) -> None:
    mine = make_account(console=here)
    other = make_account(console=make_console(), name="Foreign")
    viewer = signed_in(make_user(Role.VIEWER, console=here))

    assert names_in(viewer.get(URL)) == [mine.name]
    assert viewer.get(URL, {"console": other.console_id}).status_code == 404
    assert viewer.get(URL, {"console": "9" * 23}).status_code == 404
    assert names_in(viewer.get(URL, {"q": "Foreign"})) == []


# ---- nothing to show ----


def test_the_first_reading_is_live_until_done(viewer: Client) -> None:
    console = make_console()
    run = SyncRun.objects.create(console=console)

    waiting = viewer.get(URL)
    again = part(viewer, URL, "account-table", seen=waiting.context["version"])
    make_account(console=console, name="First")
    then = part(viewer, URL, "account-table", seen=waiting.context["version"])

    assert "Reading Cyclr for the first time" in text_of(waiting)
    assert "poll-1s from:body" in text_of(waiting)
    assert again.status_code == 204
    assert names_in(then) == ["First"]
    assert "poll-1s" not in text_of(then)
    assert run.finished_at is None


def test_nothing_matches_says_what_would(viewer: Client, here: Console) -> None:
    make_account(console=here, name="Harbour Books")

    alone = text_of(viewer.get(URL, {"q": "Habor"}))
    filtered = text_of(viewer.get(URL, {"q": "Harbour", "unauthenticated": "1"}))

    assert "No account matches “<bdi>Habor</bdi>”" in alone
    assert "One account matches without the filter." in filtered
    assert 'href="?q=Harbour"' in filtered


def test_nothing_matches_here_but_in_another_console(viewer: Client, here: Console) -> None:
    make_account(console=make_console(), name="Elsewhere")

    shown = text_of(viewer.get(URL, {"q": "Elsewhere", "console": str(here.pk)}))

    assert "One account matches in another console." in shown


def test_other_empty_lists_say_why(viewer: Client) -> None:
    no_console = text_of(viewer.get(URL))
    console = make_console()
    unread = text_of(viewer.get(URL))
    moment = timezone.now()
    run = SyncRun.objects.create(
        console=console, created_at=moment, finished_at=moment, last_error="Cyclr does not answer."
    )
    broken = text_of(viewer.get(URL))
    run.last_error = ""
    run.save()
    empty = text_of(viewer.get(URL))

    assert "No console yet" in no_console
    assert "Nothing read yet" in unread
    assert "Cyclr does not answer." in broken
    assert "Cyclr says that this console has none" in empty


# ---- how old, and refresh ----


def test_the_age_is_that_of_the_last_complete_reading(viewer: Client, here: Console) -> None:
    make_account(console=here)
    moment = timezone.now()
    SyncRun.objects.all().update(finished_at=moment - timedelta(minutes=7))
    assert "7 min ago" in text_of(viewer.get(URL))

    SyncRun.objects.create(
        console=here, created_at=moment, finished_at=moment, last_error="Cyclr does not answer."
    )
    shown = text_of(viewer.get(URL))

    assert "Data from" in shown
    assert "The last sync failed." in shown


def test_of_several_consoles_the_one_furthest_behind_counts(viewer: Client, here: Console) -> None:
    other = make_console()
    assert "Not read yet" in text_of(viewer.get(URL))

    ended = timezone.now() - timedelta(hours=3)
    SyncRun.objects.create(console=other, created_at=ended, finished_at=ended)

    assert "3 h ago" in text_of(viewer.get(URL))
    assert "3 h ago" not in text_of(viewer.get(URL, {"console": str(here.pk)}))


def test_refresh_starts_one_run(viewer: Client, here: Console) -> None:
    for _ in range(3):
        response = viewer.post("/accounts/refresh/", {"next": "/accounts/?q=a"})

    assert response["Location"] == "/accounts/?q=a"
    assert SyncRun.objects.filter(finished_at=None).count() == 1
    assert SyncRun.objects.get(finished_at=None).is_asked


def test_refresh_in_place_shows_that_it_reads_and_then_the_age(
    viewer: Client, here: Console
) -> None:
    url = reverse("account_list_refresh")
    asked = viewer.post(url, headers={"HX-Request": "true"})
    version = asked.context["version"]
    same = part(viewer, url, "reading", seen=version)
    SyncRun.objects.filter(finished_at=None).update(finished_at=timezone.now())
    ended = part(viewer, url, "reading", seen=version)

    assert "Reading from Cyclr" in text_of(asked)
    assert "poll-1s from:body" in text_of(asked)
    assert same.status_code == 204
    assert "poll-1s" not in text_of(ended)
    assert "mirror-read" in ended["HX-Trigger"]


def test_refresh_reads_only_consoles_of_ones_own(here: Console) -> None:
    other = make_console()
    viewer = signed_in(make_user(Role.VIEWER, console=here))

    viewer.post(f"/accounts/refresh/?console={other.pk}")

    assert not SyncRun.objects.filter(console=other).exists()


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil", "x\n"])
def test_refresh_leads_nowhere_else(viewer: Client, here: Console, target: str) -> None:
    response = viewer.post("/accounts/refresh/", {"next": target})

    assert response["Location"] == "/accounts/"


def test_looking_changes_nothing(viewer: Client, here: Console) -> None:
    make_account(console=here, read_at=None)

    with nothing_changes():
        viewer.get(URL, {"q": "x", "sort": "name"})
        viewer.get("/accounts/refresh/")
        part(viewer, "/accounts/refresh/", "reading")
