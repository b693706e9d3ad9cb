"""Features that an administrator switched off: gone from every page, and refused in words."""

from __future__ import annotations

import re
import uuid
from collections import deque
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.test import Client
from django.urls import NoReverseMatch, Resolver404, resolve, reverse
from django.utils import timezone

from dashboard.audit.models import Actor, AuditEntry
from dashboard.bulk.models import BulkRun, RunState
from dashboard.consoles.models import Console
from dashboard.features import registry
from dashboard.features.models import SwitchedOff
from dashboard.features.registry import FEATURES_OF_PAGES, Feature
from dashboard.links.models import Link
from dashboard.methods.models import Method, MethodCall
from dashboard.mirror.models import Account, AccountConnector
from dashboard.onboarding import plan
from dashboard.onboarding.models import OnboardingTable
from dashboard.people.models import Role, User
from dashboard.people.proof import KEY as PROVED
from tests.api.conftest import make_program
from tests.factories import (
    PASSWORD,
    make_account,
    make_account_connector,
    make_connector,
    make_console,
    make_cycle,
    make_launch_link,
    make_link,
    make_template,
    make_user,
)
from tests.pages import signed_in

pytestmark = pytest.mark.django_db

EVERY = registry.every()
PAGE = "/settings/features/"
OF_PROGRAMS = "api_", "mcp"


def names_of(feature: Feature) -> list[str]:
    """The URL names that the feature closes."""
    return sorted(name for name, keys in FEATURES_OF_PAGES.items() if feature.key in keys)


def address_of(name: str, key: object = 1) -> str:
    """Some address of the page, whatever it takes."""
    for args in ([], [key], [key, 1], [key, "x"], ["x"], ["x", 1]):
        try:
            return reverse(name, args=args)
        except NoReverseMatch:
            continue
    raise AssertionError(name)


PAGES = [
    (feature, name)
    for feature in EVERY
    for name in names_of(feature)
    if not name.startswith(OF_PROGRAMS) and name != "link_ask"
]


def switch_off(feature: Feature, console: Console | None = None) -> None:
    SwitchedOff.objects.create(feature=feature.key, console=console)


class Place:
    """A console with one of everything that features are about."""

    def __init__(self, name: str) -> None:
        self.console = make_console(name=name, is_from_environment=False)
        self.account: Account = make_account(console=self.console)
        make_account(console=self.console)
        self.entry = make_connector(console=self.console, name="HubSpot", version="1.0")
        self.connector: AccountConnector = make_account_connector(
            account=self.account, release_id=self.entry.release_id
        )
        self.method = Method.objects.create(
            console=self.console,
            release_id=self.entry.release_id,
            key="x",
            method_id=7,
            unique_id="x",
            name="Delete Contact",
        )
        self.template = make_template(console=self.console)
        self.cycle = make_cycle(account=self.account)
        self.link = make_link(connectors=[self.connector])
        self.launch_link = make_launch_link(account=self.account)
        self.campaign = self._run("links.create")
        self.run = self._run("installs.install")
        admin = make_user(Role.ADMIN)
        make_draft = plan.make_draft
        self.onboarding = make_draft(
            Actor.staff(admin), self.console, uuid.uuid4(), account=self.account
        )
        self.table = OnboardingTable(console=self.console)
        self.table.actor = Actor.staff(admin)
        self.table.save()
        self.many = make_draft(Actor.staff(admin), self.console, uuid.uuid4(), for_many=True)

    def _run(self, kind: str) -> BulkRun:
        run = BulkRun(
            kind=kind, title="Many", console=self.console, display_input={"selection": ""}
        )
        run.actor = Actor.system()
        run.state, run.started_at, run.ended_at = RunState.ENDED, timezone.now(), timezone.now()
        run.save()
        return run

    @property
    def keys(self) -> dict[str, list[object]]:
        """What pages of one thing are asked with."""
        return {
            "account": [self.account.pk],
            "connector": [self.connector.pk],
            "connector_run": [],
            "method": [self.connector.pk, "x"],
            "cycle": [self.cycle.pk],
            "launch_link": [self.launch_link.pk],
            "campaign": [self.campaign.reference],
            "bulk_run": [self.run.reference],
            "onboarding": [self.onboarding.reference],
            "onboarding_table": [self.table.reference],
            "onboarding_table_new": [self.many.reference],
            "launch_link_new": [self.account.pk],
            "install_many": [self.entry.pk],
            "template_install_many": [self.template.pk],
        }

    def address(self, name: str) -> str | None:
        """The page of this name about a thing of this console; `None` if there is no such page."""
        found = [key for key in self.keys if name.startswith(key)]
        args = self.keys[max(found, key=len)] if found else []
        for some in (args, args[:1]):
            try:
                return reverse(name, args=some) if some else None
            except NoReverseMatch:
                continue
        return None


@pytest.fixture
def place() -> Place:
    return Place("Larkfield")


@pytest.fixture
def admin() -> User:
    return make_user(Role.ADMIN)


def is_refused(response: Any, feature: Feature, where: str) -> bool:
    """Whether the page says what is off, where, and who can switch it on."""
    who = "all consoles" if where == "all consoles" else where
    return (
        response.status_code == 403
        and "This is switched off" in response.text
        and f"“{feature.label}”" in response.text
        and f"an administrator of {who}" in re.sub(r"<[^>]+>", "", response.text)
    )


def test_every_feature_says_what_it_is_and_closes_something() -> None:
    assert len(EVERY) >= 15
    for feature in EVERY:
        assert feature.label[0].isupper() and not feature.label.endswith(".")
        assert feature.help.endswith(".") and "  " not in feature.help
        assert names_of(feature), feature.key
    assert len({one.order for one in EVERY}) == len({one.label for one in EVERY}) == len(EVERY)


@pytest.mark.parametrize(("feature", "name"), PAGES, ids=lambda one: getattr(one, "key", one))
def test_its_pages_answer_in_words_while_it_is_off_everywhere(
    feature: Feature, name: str, place: Place, admin: User
) -> None:
    browser = signed_in(admin)
    switch_off(feature)

    for ask in (browser.get, browser.post):
        assert is_refused(ask(address_of(name)), feature, "all consoles")


@pytest.mark.parametrize(("feature", "name"), PAGES, ids=lambda one: getattr(one, "key", one))
def test_off_in_one_console_it_is_refused_there_and_not_elsewhere(
    feature: Feature, name: str, place: Place, admin: User
) -> None:
    other = Place("Harbour")
    browser = signed_in(admin)
    switch_off(feature, place.console)
    here, there = place.address(name), other.address(name)

    if here is None or there is None:  # a list, or a choice: of consoles where it is on
        page = reverse(name, args=["test"]) if name == "connector_run_new" else address_of(name)
        assert is_refused(browser.get(f"{page}?console={place.console.pk}"), feature, "Larkfield")
        assert "switched off" not in browser.get(page).text
        return
    answers = [browser.get(here), browser.post(here, {"submission": str(uuid.uuid4())})]
    assert any(is_refused(one, feature, "Larkfield") for one in answers), name
    assert all(one.status_code in {403, 405} for one in answers)
    elsewhere = browser.get(there)
    assert elsewhere.streaming or "switched off" not in elsewhere.text


# ---- what pages lead to ----

ADDRESS = re.compile(
    r'\s(?:href|action|formaction|hx-get|hx-post|hx-delete)="([^"#][^"]*)"', re.IGNORECASE
)


def leads_to(page: str, html: str) -> Iterator[tuple[str, str]]:
    """Names of our pages that this one leads to, and their addresses."""
    for found in ADDRESS.findall(html):
        url = urljoin(page, found.replace("&amp;", "&"))
        parts = urlsplit(url)
        if parts.netloc:
            continue
        try:
            yield resolve(parts.path).url_name or "", url
        except Resolver404:
            continue


def crawled(browser: Client, *begin: str) -> dict[str, set[str]]:
    """By page of staff: the names of the pages that it leads to. One address a name is enough."""
    queue, seen, found = deque([*begin, "/", "/settings/"]), set[str](), dict[str, set[str]]()
    while queue:
        page = queue.popleft()
        name = resolve(urlsplit(page).path).url_name or ""
        if page in found or (name in seen and page not in begin) or name == "sign_out":
            continue
        seen.add(name)
        response = browser.get(page)
        if response.status_code != 200 or not response["Content-Type"].startswith("text/html"):
            continue
        links = list(leads_to(page, response.text))
        found[page] = {one for one, _ in links}
        queue.extend(url for _, url in links)
    return found


def test_no_page_leads_to_what_is_switched_off(place: Place, admin: User) -> None:
    browser = signed_in(admin)
    of_method = reverse("method_detail", args=[place.connector.pk, "x"])
    with_all = crawled(browser, place.connector.get_absolute_url(), of_method)
    offered = set().union(*with_all.values())
    for feature in EVERY:
        names = {one for one in names_of(feature) if not one.startswith(OF_PROGRAMS)}
        entrances = [page for page, leads in with_all.items() if leads & names]
        if names - {"link_ask"} and feature.key != "onboarding.tables":  # begun by a button, below
            assert offered & names, f"no page leads to {feature.key}: this test would not see it"
        switch_off(feature)

        for page in entrances:
            response = browser.get(page)
            left = {name for name, _ in leads_to(page, response.text)} & names
            assert not left, f"{page} still leads to {left}"
        SwitchedOff.objects.all().delete()


def test_off_in_one_console_pages_of_its_things_do_not_lead_there(
    place: Place, admin: User
) -> None:
    Place("Harbour")
    browser = signed_in(admin)
    here = [
        place.account.get_absolute_url(),
        f"{place.account.get_absolute_url()}settings/",
        f"{place.account.get_absolute_url()}links/",
        place.connector.get_absolute_url(),
        place.cycle.get_absolute_url(),
        place.template.get_absolute_url(),
        place.entry.get_absolute_url(),
        f"/connectors/?console={place.console.pk}",
        f"/links/?console={place.console.pk}",
        f"/accounts/?console={place.console.pk}",
    ]
    seen = set()
    for feature in EVERY:
        names = set(names_of(feature))
        before = {
            page for page in here if {n for n, _ in leads_to(page, browser.get(page).text)} & names
        }
        seen |= {feature.key} if before else set()
        switch_off(feature, place.console)
        for page in before:
            assert not {name for name, _ in leads_to(page, browser.get(page).text)} & names, page
        SwitchedOff.objects.all().delete()
    assert {"methods.calls", "accounts.delete", "campaigns.campaigns", "audit.exports"} <= seen


def test_the_palette_does_not_offer_what_is_off(place: Place, admin: User) -> None:
    browser = signed_in(admin)
    ask = {"q": "campaign"}
    url = reverse("search")
    assert "/links/campaigns/" in browser.get(url, ask).text

    switch_off(registry.FEATURES["campaigns.campaigns"])

    assert "/links/campaigns/" not in browser.get(url, ask).text


# ---- parts of pages ----


def test_the_button_of_many_goes_with_onboarding_from_a_table(place: Place, admin: User) -> None:
    other = Place("Harbour")
    browser = signed_in(admin)
    switch_off(registry.FEATURES["onboarding.tables"], place.console)

    page = browser.get("/accounts/onboard/").text
    assert f'name="many" value="{other.console.pk}"' in page
    assert f'name="many" value="{place.console.pk}"' not in page
    sent = {"submission": str(uuid.uuid4()), "many": place.console.pk}
    answer = browser.post("/accounts/onboard/", sent)
    assert is_refused(answer, registry.FEATURES["onboarding.tables"], "Larkfield")


def test_a_method_that_writes_is_not_called_while_that_is_off(place: Place, admin: User) -> None:
    browser = signed_in(admin)
    url = reverse("method_detail", args=[place.connector.pk, "x"])
    writing = registry.FEATURES["methods.writing"]
    assert "Mark as only reading" in browser.get(url).text
    switch_off(writing, place.console)

    page = browser.get(url).text
    assert "Calling methods that write is switched off" in page
    assert "Mark as only reading" not in page
    assert is_refused(browser.post(url, {"confirm": "Delete Contact"}), writing, "Larkfield")
    assert not MethodCall.objects.exists()
    Method.objects.update(name="Get Contact")
    assert "switched off" not in browser.get(url).text


def test_a_bulk_run_that_was_only_previewed_is_not_started(place: Place, admin: User) -> None:
    browser = signed_in(admin)
    switch_off(registry.FEATURES["bulk.many"], place.console)

    for act in ("start", "retry"):
        answer = browser.post(f"/bulk/{place.run.reference}/{act}/")
        assert is_refused(answer, registry.FEATURES["bulk.many"], "Larkfield")
    assert browser.get(f"/bulk/{place.run.reference}/").status_code == 200


def test_the_api_says_it_is_off_and_counts_only_consoles_where_it_is_on(
    place: Place, admin: User
) -> None:
    other = Place("Harbour")
    program = make_program(admin)
    api, mcp = registry.FEATURES["api.api"], registry.FEATURES["api.mcp"]
    switch_off(api, place.console)

    names = [one["id"] for one in program.get("/api/v1/accounts").json()["items"]]
    assert other.account.pk in names and place.account.pk not in names
    refused = program.get(f"/api/v1/accounts/{place.account.pk}")
    assert refused.status_code in {403, 404}

    switch_off(mcp)
    message = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    assert "switched off" in program.send("/mcp", message).json()["detail"]
    assert program.get("/api/v1/accounts").status_code == 200

    switch_off(api)
    for answer in (program.get("/api/v1/accounts"), program.get("/api/v1/openapi.json")):
        closed = "openapi" not in answer.request["PATH_INFO"]
        assert (answer.status_code == 403) is closed
    told = program.get("/api/v1/accounts")
    assert told["Content-Type"] == "application/problem+json"
    assert "an administrator of all consoles" in told.json()["detail"]


def test_tokens_can_be_revoked_while_the_api_is_off_and_not_made(place: Place, admin: User) -> None:
    program = make_program(admin)
    assert program.token is not None
    browser = signed_in(admin)
    switch_off(registry.FEATURES["api.api"])

    page = browser.get("/settings/tokens/").text
    assert "is switched off in all consoles" in page and "Make token" not in page
    made = browser.post("/settings/tokens/", {"name": "x", "scopes": ["accounts:read"]})
    assert is_refused(made, registry.FEATURES["api.api"], "all consoles")
    browser.post(f"/settings/tokens/{program.token.pk}/revoke/")
    program.token.refresh_from_db()
    assert not program.token.is_usable


def test_a_customer_asks_for_a_new_link_only_while_that_is_on(place: Place) -> None:
    Link.objects.filter(pk=place.link.pk).update(expires_at="2020-01-01T00:00:00Z")
    place.link.refresh_from_db()
    url = reverse("public_link", args=[place.link.token()])
    assert "Ask for a new link" in Client().get(url).text

    switch_off(registry.FEATURES["customer.asking"], place.console)

    page = Client().get(url)
    assert page.status_code == 410 and "Ask for a new link" not in page.text
    Client().post(reverse("link_ask", args=[place.link.token()]))
    place.link.refresh_from_db()
    assert not place.link.is_new_link_asked


# ---- the settings ----


def saved(browser: Client, url: str, *, was: list[str], on: list[str]) -> Any:
    return browser.post(url, {"was": was, "on": on, "submission": str(uuid.uuid4())})


ALL = [one.key for one in EVERY]


def test_an_administrator_switches_off_and_on_and_both_are_recorded(
    place: Place, admin: User
) -> None:
    browser = signed_in(admin)
    url = f"{PAGE}?console={place.console.pk}"
    without = [key for key in ALL if key != "methods.calls"]

    assert saved(browser, url, was=ALL, on=without).status_code == 302
    assert [(one.feature, one.console) for one in SwitchedOff.objects.all()] == [
        ("methods.calls", place.console)
    ]
    saved(browser, url, was=without, on=ALL)

    assert not SwitchedOff.objects.exists()
    entries = AuditEntry.objects.filter(action__startswith="features.").order_by("pk")
    assert [(one.action, one.target, one.console_id, one.actor_user_id) for one in entries] == [
        ("features.switch_off", "Calling methods", place.console.pk, admin.pk),
        ("features.switch_on", "Calling methods", place.console.pk, admin.pk),
    ]


def test_what_a_colleague_switched_meanwhile_stays(place: Place, admin: User) -> None:
    switch_off(registry.FEATURES["api.mcp"])

    saved(signed_in(admin), PAGE, was=ALL, on=[key for key in ALL if key != "api.api"])

    assert {one.feature for one in SwitchedOff.objects.all()} == {"api.mcp", "api.api"}
    assert all(one.console is None for one in SwitchedOff.objects.all())


def test_of_two_presses_one_is_recorded(place: Place, admin: User) -> None:
    browser = signed_in(admin)
    for _ in range(2):
        saved(browser, PAGE, was=ALL, on=[key for key in ALL if key != "api.api"])

    assert AuditEntry.objects.filter(action="features.switch_off").count() == 1


def test_an_administrator_of_one_console_decides_for_that_one(place: Place) -> None:
    other = Place("Harbour")
    browser = signed_in(make_user(Role.ADMIN, console=place.console))

    page = browser.get(PAGE)
    assert "can be used in" in page.text and "Larkfield" in page.text
    assert browser.get(f"{PAGE}?console={other.console.pk}").status_code == 404
    saved(browser, PAGE, was=ALL, on=[])
    assert {one.console for one in SwitchedOff.objects.all()} == {place.console}


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AGENT, Role.LEAD])
def test_others_see_no_switches(place: Place, role: Role) -> None:
    browser = signed_in(make_user(role))

    assert browser.get(PAGE).status_code == browser.post(PAGE).status_code == 403
    assert PAGE not in browser.get("/settings/").text


def test_a_switch_asks_who_one_is_and_keeps_what_was_ticked(place: Place, admin: User) -> None:
    browser = signed_in(admin)
    session = browser.session
    session[PROVED] = 0
    session.save()
    without = [key for key in ALL if key != "api.api"]

    answer = saved(browser, PAGE, was=ALL, on=without)
    assert answer["Location"].startswith("/security/again/")
    back = browser.post(answer["Location"], {"password": PASSWORD, "next": PAGE}, follow=True)

    assert "Nothing was sent yet" in back.text
    assert ticked_on(back.text) == set(without)
    assert not SwitchedOff.objects.exists()
    sent = re.search(r'name="submission" value="([^"]+)"', back.text)
    assert sent
    browser.post(PAGE, {"was": ALL, "on": without, "submission": sent.group(1)})
    assert [one.feature for one in SwitchedOff.objects.all()] == ["api.api"]


def ticked_on(page: str) -> set[str]:
    """The features whose boxes are ticked."""
    boxes = [box for box in re.findall(r"<input[^>]+>", page) if "checked" in box]
    values = [re.search(r'name="on"[^>]* value="([^"]+)"', box) for box in boxes]
    return {found.group(1) for found in values if found}


@pytest.mark.parametrize("values", [{"on": ["no-such"]}, {"was": ["x\x00"]}, {"submission": ""}])
def test_rubbish_changes_nothing(place: Place, admin: User, values: dict[str, Any]) -> None:
    browser = signed_in(admin)

    sent = {"was": ALL, "on": [], "submission": str(uuid.uuid4())} | values

    assert browser.post(PAGE, sent).status_code == 422
    assert not SwitchedOff.objects.exists()


def test_a_switch_of_one_console_says_that_all_are_off(place: Place, admin: User) -> None:
    Place("Harbour")
    switch_off(registry.FEATURES["api.mcp"])
    switch_off(registry.FEATURES["api.api"], place.console)
    browser = signed_in(admin)

    assert "Switched off in all consoles" in browser.get(f"{PAGE}?console={place.console.pk}").text
    page = re.sub(r"<[^>]+>", "", browser.get(PAGE).text)
    assert "Off in Larkfield." in re.sub(r"\s+", " ", page)
