"""Saved views and chosen columns of the list of connectors."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from dashboard.audit.models import AuditEntry
from dashboard.consoles.models import Console
from dashboard.fleet.models import ColumnChoice, SavedView
from dashboard.mirror.models import SyncRun
from dashboard.people.models import Role
from tests.factories import make_account, make_account_connector, make_console, make_user
from tests.pages import queries_of, signed_in, text_of

URL = "/connectors/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def here() -> Console:
    console = make_console()
    SyncRun.objects.create(console=console, finished_at=timezone.now())
    make_account_connector(account=make_account(console=console), name="Mail", cyclr_id=4711)
    return console


def save(client: Client, name: str = "Mine", query: str = "q=tea&page=3", **more: str) -> int:
    return client.post(f"{URL}views/", {"name": name, "query": query} | more).status_code


def test_a_view_is_kept_without_its_page(here: Console) -> None:
    agent = signed_in(make_user(Role.AGENT))
    save(agent)
    save(agent, query="state=gone&x=1")

    view = SavedView.objects.get()
    assert (view.name, view.query, view.is_shared) == ("Mine", "state=gone", False)
    assert 'href="/connectors/?state=gone">' in text_of(agent.get(URL))
    assert "Mine" not in text_of(signed_in(make_user(Role.AGENT)).get(URL))


def test_leads_share_and_remove(here: Console) -> None:
    lead, agent = signed_in(make_user(Role.LEAD)), signed_in(make_user(Role.AGENT))
    assert save(lead, name="Ours <b>", is_shared="on") == 302
    view = SavedView.objects.get()

    assert "Ours &lt;b&gt;" in text_of(agent.get(URL))
    assert agent.post(f"{URL}views/{view.pk}/remove/").status_code == 403
    assert save(agent, is_shared="on") == 403
    assert signed_in(make_user(Role.LEAD)).post(f"{URL}views/{view.pk}/remove/").status_code == 302
    assert not SavedView.objects.exists()
    told = AuditEntry.objects.filter(action__startswith="fleet.").order_by("pk")
    assert [one.action for one in told] == ["fleet.view.share", "fleet.view.remove"]


def test_what_is_shared_in_a_console_stays_there(here: Console) -> None:
    other = make_console()
    make_account_connector(account=make_account(console=other))
    save(signed_in(make_user(Role.LEAD, console=here)), name="Acme’s", is_shared="on")

    assert SavedView.objects.get().console == here
    assert "Acme’s" not in text_of(signed_in(make_user(Role.LEAD, console=other)).get(URL))
    assert "Acme’s" in text_of(signed_in(make_user(Role.VIEWER, console=here)).get(URL))


def test_many_views_cost_no_more_queries(here: Console) -> None:
    lead = signed_in(make_user(Role.LEAD))
    queries_of(lead, URL)  # the names to filter by are kept from now on
    few = queries_of(lead, URL)
    for number in range(3):
        save(signed_in(make_user(Role.LEAD)), name=f"View {number}", is_shared="on")

    assert queries_of(lead, URL) == few


def test_viewers_save_nothing_and_a_name_is_needed(here: Console) -> None:
    assert save(signed_in(make_user(Role.VIEWER))) == 403
    agent = signed_in(make_user(Role.AGENT))
    assert save(agent, name="  ") == 422
    assert save(agent, query=f"q={'x' * 3000}") == 422

    assert not SavedView.objects.exists()


def test_what_is_wrong_with_a_view_is_said_at_its_name_and_nothing_is_lost(here: Console) -> None:
    lead = signed_in(make_user(Role.LEAD))
    values = {"name": "x" * 61, "query": "q=is%3Abroken", "is_shared": "on"}

    answer = lead.post(f"{URL}views/", values)

    html = text_of(answer)
    assert answer.status_code == 422
    assert "x" * 61 in html and "q=is%3Abroken" in html
    assert answer.context["form"]["is_shared"].value()
    assert "at most 60 characters" in html


def test_saving_privately_under_the_name_of_ones_shared_view_does_not_unshare_it(
    here: Console,
) -> None:
    lead = signed_in(make_user(Role.LEAD))
    save(lead, name="Broken", is_shared="on")

    assert save(lead, name="Broken", query="q=other") == 422

    view = SavedView.objects.get()
    assert view.is_shared and "other" not in view.query
    save(lead, name="Broken", query="q=other", is_shared="on")
    assert "other" in SavedView.objects.get().query


def test_columns_stand_in_the_address_and_are_kept(here: Console) -> None:
    viewer = signed_in(make_user(Role.VIEWER))
    chosen = {"column": ["id", "state"], "query": "q=mail"}
    answer = viewer.post(f"{URL}columns/", chosen)

    assert answer["Location"] == f"{URL}?q=mail&columns=name%2Cstate%2Cid"
    assert viewer.get(URL)["Location"] == f"{URL}?columns=name%2Cstate%2Cid"
    html = text_of(signed_in(make_user(Role.VIEWER)).get(answer["Location"]))
    assert "Id in Cyclr</th>" in html and "4711" in html and "Last proven</th>" not in html
    usual = {"column": ["account", "state", "since", "proven", "link"]}
    viewer.post(f"{URL}columns/", usual)
    assert not ColumnChoice.objects.exists() and viewer.get(URL).status_code == 200


@pytest.mark.parametrize(
    "columns", ["rubbish", "", "name", "version,why,identity,account-id,connector"]
)
def test_any_columns_can_be_asked_for(here: Console, columns: str) -> None:
    html = text_of(signed_in(make_user(Role.VIEWER)).get(URL, {"columns": columns}))

    assert "Mail" in html
    assert ("Last proven</th>" in html) == (columns in {"", "rubbish"})
