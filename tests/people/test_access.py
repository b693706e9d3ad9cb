"""Who gets where: the decision above each view, and what a person may see."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import URLPattern, URLResolver, get_resolver, path, reverse
from django.views.decorators.http import require_GET, require_POST

from dashboard import navigation
from dashboard.consoles.models import Console
from dashboard.navigation import Place
from dashboard.people.access import (
    Access,
    consoles_for,
    decision_on,
    get_for,
    open_to_all,
    require_role,
    role_required,
)
from dashboard.people.models import Membership, Role, User
from tests.factories import make_account, make_console, make_user

HTMX = {"HX-Request": "true"}


@role_required(Role.LEAD)
def for_leads(request: HttpRequest) -> HttpResponse:
    return HttpResponse("lead's page")


@open_to_all
def for_all(request: HttpRequest) -> HttpResponse:
    return HttpResponse("open page")


def undecided(request: HttpRequest) -> HttpResponse:
    return HttpResponse("nobody thought of me")


urlpatterns = [
    path("leads/", for_leads, name="leads"),
    path("all/", for_all),
    path("undecided/", undecided),
    *get_resolver("dashboard.urls").url_patterns,
]
in_this_house = override_settings(ROOT_URLCONF=__name__)


def views(patterns: list[Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Every address with its view."""
    found = []
    for pattern in patterns:
        address = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found += views(pattern.url_patterns, address)
        elif isinstance(pattern, URLPattern):
            found.append((address, pattern.callback))
    return found


def test_every_address_carries_a_decision() -> None:
    every = views(get_resolver("dashboard.urls").url_patterns)

    undecided = [address for address, view in every if decision_on(view) is None]

    assert every
    assert undecided == []


def test_the_mark_works_in_any_order_with_other_decorators() -> None:
    @require_GET
    @role_required(Role.AGENT)
    def outside(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    @role_required(Role.AGENT)
    @require_POST
    def inside(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    assert decision_on(outside) == decision_on(inside) == Access(Role.AGENT)


@in_this_house
@pytest.mark.django_db
def test_a_view_without_a_decision_is_refused_even_to_an_administrator(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    client.force_login(make_user(Role.ADMIN))

    response = client.get("/undecided/")

    assert response.status_code == 403
    assert "nobody thought of me" not in response.text
    assert "without an access decision" in caplog.text


@in_this_house
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "status"),
    [(None, 403), (Role.VIEWER, 403), (Role.AGENT, 403), (Role.LEAD, 200), (Role.ADMIN, 200)],
)
def test_a_role_opens_what_it_and_lower_ones_may(
    client: Client, role: Role | None, status: int
) -> None:
    client.force_login(make_user(role))

    assert client.get("/leads/").status_code == status


@in_this_house
@pytest.mark.django_db
def test_signed_out_goes_to_sign_in_and_comes_back(client: Client) -> None:
    response = client.get("/leads/?tab=a%26b")

    assert response.status_code == 302
    assert response["Location"] == "/sign-in/?next=%2Fleads%2F%3Ftab%3Da%2526b"


@in_this_house
@pytest.mark.django_db
def test_signed_out_in_the_middle_of_a_swap_takes_the_whole_browser(client: Client) -> None:
    response = client.get(
        "/leads/", headers=HTMX | {"HX-Current-URL": "http://testserver/accounts/?q=a"}
    )

    assert response.status_code == 204
    assert response["HX-Redirect"] == "/sign-in/?next=%2Faccounts%2F%3Fq%3Da"
    assert response.content == b""


@in_this_house
@pytest.mark.django_db
@pytest.mark.parametrize(
    "current",
    ["https://evil.example/x", "http://testserver//evil.example/", "javascript:alert(1)", "[", ""],
)
def test_the_way_back_is_only_ever_ours(client: Client, current: str) -> None:
    swap = client.get("/leads/", headers=HTMX | {"HX-Current-URL": current})
    post = client.post("/leads/", headers={"Referer": current})

    assert swap["HX-Redirect"] == "/sign-in/"
    assert post["Location"] == "/sign-in/"


@in_this_house
@pytest.mark.django_db
def test_open_pages_need_nobody_and_no_session(client: Client) -> None:
    response = client.get("/all/")

    assert response.text == "open page"
    assert not response.cookies


@in_this_house
@pytest.mark.django_db
def test_a_leaver_is_out_at_the_next_request(client: Client) -> None:
    user = make_user(Role.ADMIN)
    client.force_login(user)
    assert client.get("/leads/").status_code == 200

    User.objects.filter(pk=user.pk).update(is_active=False)
    after = client.get("/leads/")
    User.objects.filter(pk=user.pk).update(is_active=True)

    assert after.status_code == 302
    assert client.get("/leads/").status_code == 302  # the session is gone, not asleep


@in_this_house
@pytest.mark.django_db
def test_a_new_password_ends_the_old_sessions(client: Client) -> None:
    user = make_user(Role.ADMIN)
    client.force_login(user)
    user.set_password("quite another password")
    user.save()

    assert client.get("/leads/").status_code == 302


@in_this_house
@pytest.mark.django_db
def test_no_page_is_kept_or_indexed(client: Client) -> None:
    for address in ("/leads/", "/all/", "/nothing/"):
        response = client.get(address)
        assert response["Cache-Control"] == "no-store", address
    assert client.get("/all/")["X-Robots-Tag"] == "noindex"


@pytest.mark.django_db
def test_a_role_in_one_console_does_not_reach_into_another() -> None:
    mine, other = make_console(), make_console()
    user = make_user(Role.LEAD, console=mine)

    assert list(consoles_for(user)) == [mine]
    assert list(consoles_for(user, Role.ADMIN)) == []
    assert user.role_in(mine) is Role.LEAD
    assert user.role_in(other) is None


@pytest.mark.django_db
def test_of_a_role_here_and_one_everywhere_the_higher_counts() -> None:
    here, there = make_console(), make_console()
    user = make_user(Role.VIEWER)
    Membership.objects.create(user=user, console=here, role=Role.LEAD)

    assert (user.role_in(here), user.role_in(there)) == (Role.LEAD, Role.VIEWER)
    assert user.highest_role is Role.LEAD
    assert set(consoles_for(user)) == {here, there}
    assert list(consoles_for(user, Role.AGENT)) == [here]


@pytest.mark.django_db
def test_roles_are_read_once(django_assert_num_queries: Any) -> None:
    user = make_user(Role.AGENT)
    console = make_console()

    with django_assert_num_queries(1):
        assert user.role_in(console) is user.highest_role is Role.AGENT


@pytest.mark.django_db
def test_a_retired_console_is_not_shown() -> None:
    console = make_console()
    user = make_user(Role.ADMIN)
    Console.objects.update(retired_at=console.created_at)

    assert list(consoles_for(user)) == []


def asked_by(user: User | AnonymousUser) -> HttpRequest:
    request = RequestFactory().get("/")
    request.user = user
    return request


@pytest.mark.django_db
def test_another_console_s_object_is_not_there_and_a_low_role_is_refused() -> None:
    account = make_account()
    accounts = type(account).objects.all()
    stranger = make_user(Role.ADMIN, console=make_console())
    viewer = make_user(Role.VIEWER, console=account.console)
    Membership.objects.create(user=viewer, console=make_console(), role=Role.ADMIN)

    assert get_for(asked_by(viewer), accounts, pk=account.pk) == account
    with pytest.raises(PermissionDenied):
        get_for(asked_by(viewer), accounts, Role.AGENT, pk=account.pk)
    with pytest.raises(Http404):
        get_for(asked_by(stranger), accounts, pk=account.pk)
    with pytest.raises(PermissionDenied):
        get_for(asked_by(AnonymousUser()), accounts, pk=account.pk)


@pytest.mark.django_db
@pytest.mark.parametrize("pk", ["x", "-1", 2**63, 10**400, "１２", None, "0x1"])
def test_rubbish_for_an_id_is_not_found(pk: object) -> None:
    accounts = type(make_account()).objects.all()

    with pytest.raises(Http404):
        get_for(asked_by(make_user()), accounts, pk=pk)


@pytest.mark.django_db
def test_the_role_for_a_console_itself() -> None:
    console = make_console()
    agent = make_user(Role.AGENT, console=console)

    require_role(agent, console, Role.AGENT)
    with pytest.raises(PermissionDenied):
        require_role(agent, console, Role.LEAD)
    with pytest.raises(TypeError):
        require_role(agent, object(), Role.VIEWER)


@pytest.mark.django_db
@pytest.mark.parametrize("role", list(Role))
def test_the_menu_leads_only_where_the_role_may_go(client: Client, role: Role) -> None:
    client.force_login(make_user(role))
    menu = client.get(reverse("account_list")).context["shell"].nav

    answers = {entry.place.label: client.get(entry.url).status_code for entry in menu}

    assert set(answers.values()) == {200}
    assert {"Audit", "Settings", "Templates", "Cycles"} <= set(answers)


@in_this_house
@pytest.mark.django_db
def test_a_menu_leaves_out_what_is_not_open(
    monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    leads = Place("Leads", "leads", "users", group=0, order=0)
    monkeypatch.setattr(navigation, "PLACES", {leads.url_name: leads})
    for role, words in [(Role.AGENT, []), (Role.LEAD, ["Leads"])]:
        client.force_login(make_user(role))
        shell = client.get(reverse("account_list")).context["shell"]

        assert [entry.place.label for entry in shell.nav] == words


@pytest.mark.django_db
@pytest.mark.parametrize("role", list(Role))
def test_no_tab_of_the_settings_leads_to_a_refusal(client: Client, role: Role) -> None:
    client.force_login(make_user(role))
    page = client.get(reverse("settings_index")).text
    tabs = re.search(r'<nav class="places".*?</nav>', page, re.S)
    assert tabs

    assert {client.get(url).status_code for url in re.findall(r'href="([^"]+)"', tabs[0])} <= {
        200,
        302,
    }
