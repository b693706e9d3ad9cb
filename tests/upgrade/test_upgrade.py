"""What the build at commit 8dc9710 left under way goes on with the present one.

The database is one of that build, filled by `made/fill.py`: encrypted with invented test keys,
about people at example.com and the simulator's accounts. It is loaded as SQL and migrated.
"""

from __future__ import annotations

import gzip
import json
import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
import time_machine
from django.core import mail
from django.core.management import call_command
from django.db import connections
from django.test import Client, override_settings
from django.urls import URLPattern, URLResolver, get_resolver, resolve

from cyclr_api.simulator import CyclrState, empty_state, load_state, mount
from dashboard.audit.models import Actor
from dashboard.bulk.models import BulkRow, BulkRun, RunState
from dashboard.bulk.progress import progress_of
from dashboard.bulk.tasks import feed_runs
from dashboard.campaigns import board as campaign_board
from dashboard.common import encryption
from dashboard.consoles import pacing
from dashboard.consoles import services as consoles
from dashboard.consoles.models import Console
from dashboard.installs.models import MarkRemoval
from dashboard.links import tasks as link_tasks
from dashboard.links.models import AttemptState, ConnectAttempt, Link, LinkMail, MailState
from dashboard.notifications import tasks as notification_tasks
from dashboard.notifications.models import SendState, Webhook, WebhookDelivery
from dashboard.operations.models import Operation, State
from dashboard.operations.submitting import retry
from dashboard.people.models import Role, User
from dashboard.settings_pages import keys
from tests.links.steps import PERSON
from tests.notifications.test_webhooks import Receiver
from tests.simulated import Hands
from tests.support.services import make_database

# In one process: the database is migrated once, and each test gets a copy.
pytestmark = pytest.mark.xdist_group("upgrade")

MADE = Path(__file__).parent / "made"
VENDOR = str(connections["default"].vendor)
FACTS: dict[str, Any] = json.loads((MADE / f"facts-{VENDOR}.json").read_text())
MOMENT = datetime.fromisoformat(FACTS["moment"])
SETTINGS = {
    "CREDENTIAL_KEYS": FACTS["credential_keys"],
    "SECRET_KEY": FACTS["secret_key"],
    "PUBLIC_URL": FACTS["public_url"],
    "PASSWORD_HASHERS": ["django.contrib.auth.hashers.PBKDF2PasswordHasher"],
    "CYCLR_API_URL": "https://cyclr.test",
    "CYCLR_SERVICE_URL": "https://service.cyclr.test",
    "CYCLR_CLIENT_ID": empty_state().credentials[0][0],
    "CYCLR_CLIENT_SECRET": empty_state().credentials[0][1],
    "CYCLR_CALLS_PER_SECOND": 10_000,
    "ALLOWED_HOSTS": ["*"],
    "LEASE_FOR": 30,
    "FIRST_LOOK_AFTER": 120,
    "LOOK_GAP": 30,
}
USABLE = ("created", "sent", "idn", "idn-unicode", "opened", "started", "ready", "returned")
INSTALLED = {
    "done": "Slack",
    "unsure-done": "Salesforce",
    "unsure-lost": "Lost on the way",
    "sent": "Klaviyo",
    "running": "Slack",
    "queued": "Highrise",
}
"""What each operation is to have installed, once."""


class Database:
    """A database that the default connection leads to for a while."""

    def __init__(self, name: str) -> None:
        self.settings = connections.settings["default"]
        self.before, self.name_before = connections["default"], self.settings["NAME"]
        self.settings["NAME"] = name
        connections["default"] = connections.create_connection("default")

    def leave(self) -> None:
        """Back to the suite's own."""
        connections["default"].close()
        self.settings["NAME"] = self.name_before
        connections["default"] = self.before


def counted() -> Counter[str]:
    """How many rows each table of ours has, and how many of them in each state."""
    found: Counter[str] = Counter()
    with connections["default"].cursor() as cursor:
        for table in connections["default"].introspection.table_names(cursor):
            if table.startswith(("django_", "audit_")):
                continue
            cursor.execute(f'SELECT COUNT(*) FROM "{table}"')  # noqa: S608
            found[table] = cursor.fetchone()[0]
            cursor.execute(f'SELECT * FROM "{table}" LIMIT 0')  # noqa: S608
            if "state" in {column[0] for column in cursor.description}:
                cursor.execute(f'SELECT state, COUNT(*) FROM "{table}" GROUP BY 1')  # noqa: S608
                found.update({f"{table} {state}": count for state, count in cursor.fetchall()})
    return found


def leave_marks() -> None:
    """A later build's, that could not be removed: one is tried again, one was given up."""
    with connections["default"].cursor() as cursor:
        for tries, which in ((3, "MIN"), (8, "MAX")):
            cursor.execute(
                "UPDATE mirror_accountconnector SET left_mark = '[desk:opleft]', tidy_tries = %s "  # noqa: S608
                f"WHERE id = (SELECT {which}(id) FROM mirror_accountconnector)",
                [tries],
            )


class Filled:
    """The migrated database, from which each test gets a copy."""

    def __init__(self, folder: Path, server: str, worker: int) -> None:
        self.folder, self.server, self.copies = folder, server, 0
        sql = gzip.decompress((MADE / f"{VENDOR}.sql.gz").read_bytes()).decode()
        if VENDOR == "sqlite":
            self.name = str(folder / "filled.sqlite3")
            with sqlite3.connect(self.name) as lite:
                lite.executescript(sql)
            lite.close()
        else:
            self.name = f"desk_upgrade_{worker}"
            with psycopg.connect(make_database(server, self.name), autocommit=True) as connection:
                # A setting of the server that the dump was made of; older ones do not know it.
                connection.execute(sql.replace("SET transaction_timeout = 0;\n", "").encode())
        there = Database(self.name)
        try:
            self.before = counted()
            call_command("migrate", "mirror", "0011", verbosity=0)
            leave_marks()
            call_command("migrate", verbosity=0)
            call_command("migrate", check_unapplied=True, verbosity=0)
            self.after = counted()
        finally:
            there.leave()

    def copy(self) -> str:
        """The name of a fresh copy."""
        self.copies += 1
        if VENDOR == "sqlite":
            name = str(self.folder / f"copy-{self.copies}.sqlite3")
            shutil.copy(self.name, name)
            return name
        name = f"{self.name}_{self.copies}"
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{self.name}"'.encode())
        return name


@pytest.fixture(scope="module")
def filled(
    tmp_path_factory: pytest.TempPathFactory,
    django_db_blocker: Any,
    request: pytest.FixtureRequest,
    worker_number: int,
) -> Iterator[Filled]:
    """The old build's database, migrated."""
    server = request.getfixturevalue("postgres_server_url") if VENDOR == "postgresql" else ""
    with (
        django_db_blocker.unblock(),
        override_settings(**SETTINGS),
        time_machine.travel(MOMENT, tick=True),
    ):
        yield Filled(tmp_path_factory.mktemp("upgrade"), server, worker_number)


@pytest.fixture(autouse=True)
def upgraded(filled: Filled, django_db_blocker: Any) -> Iterator[None]:
    """A copy of it, at the moment it was left."""
    mail.outbox = []
    pacing.forget_holds()
    there = Database(filled.copy())
    with (
        django_db_blocker.unblock(),
        override_settings(**SETTINGS),
        time_machine.travel(MOMENT, tick=True),
    ):
        yield
    there.leave()


@pytest.fixture
def cyclr(tmp_path: Path) -> Iterator[CyclrState]:
    """The Cyclr that the old build spoke with, as it was left."""
    saved = tmp_path / "world.json"
    saved.write_bytes(gzip.decompress((MADE / f"world-{VENDOR}.json.gz").read_bytes()))
    world = load_state(saved)
    world.api_url, world.service_url = SETTINGS["CYCLR_API_URL"], SETTINGS["CYCLR_SERVICE_URL"]
    world.provider_url = "https://provider.test"
    prepare: Callable[[Any], None] = lambda client: mount(world, client.session)  # noqa: E731
    consoles.on_new_client.append(prepare)
    consoles.forget_clients()
    yield world
    consoles.on_new_client.remove(prepare)
    consoles.forget_clients()


@pytest.fixture
def customer() -> Client:
    """A customer's browser."""
    return Client(headers=PERSON)


def session_of(email: str) -> Client:
    """A browser in which a colleague has signed in after the change."""
    client = Client()
    client.force_login(User.objects.get(email=email))
    return client


def operation(name: str) -> Operation:
    """One of those that the old build left."""
    return Operation.objects.get(reference=FACTS["operations"][name])


def work_for_hours(hands: Hands) -> None:
    """Do the workers' part until nothing is under way."""
    for seconds in (0, 5, 31, 70, 160, 200, 240, 280, 320, 400, 500, 700, 1000):
        hands.later(seconds)
        hands.work()


def test_nothing_is_lost_by_the_migrations(filled: Filled) -> None:
    lost = {name: n for name, n in filled.before.items() if filled.after[name] < n}

    assert lost == {}


@pytest.mark.parametrize("name", USABLE)
def test_a_link_s_old_address_opens(name: str, customer: Client) -> None:
    page = customer.get(FACTS["links"][name])

    assert page.status_code == 200
    assert "/continue" in page.content.decode()


@pytest.mark.parametrize(
    ("name", "status"), [("connected", 200), ("expired", 410), ("revoked", 410)]
)
def test_a_link_that_has_ended_says_so(name: str, status: int, customer: Client) -> None:
    assert customer.get(FACTS["links"][name]).status_code == status


def test_who_waited_for_cyclr_s_page_is_sent_there(
    cyclr: CyclrState, customer: Client, hands: Hands
) -> None:
    ready = ConnectAttempt.objects.get(state=AttemptState.READY)
    waiting = ConnectAttempt.objects.get(state=AttemptState.WAITING)
    link_tasks.request_sign_in_token(waiting.pk)

    for attempt in (ready, waiting):
        customer.get(f"/c/m/{attempt.public_id}")
        answer = customer.get(f"/c/m/{attempt.public_id}")
        assert answer.status_code == 302, answer.content.decode()
        assert answer["Location"].startswith(cyclr.service_url)


def test_every_encrypted_value_opens() -> None:
    opened: Counter[str] = Counter()
    for model, column in keys.ENCRYPTED:
        rows: Any = model._default_manager.exclude(**{column: ""})
        for row in rows:
            encryption.decrypt(
                getattr(row, column), associated_data=keys.associated_data_of(row, column)
            )
            opened[f"{model.__name__}.{column}"] += 1

    names = (
        "Operation.encrypted_input",
        "BulkRow.encrypted_input",
        "Console.encrypted_client_secret",
    )
    assert all(
        opened[name] for name in (*names, "Webhook.encrypted_secret", "LookUp.encrypted_answer")
    )


def test_secrets_are_what_they_were() -> None:
    second = Console.objects.get(pk=FACTS["second_console"])
    hook = Webhook.objects.get()

    assert consoles.secret_of(second) == FACTS["secrets"]["console"]
    assert (
        encryption.decrypt(hook.encrypted_secret, associated_data=hook.associated_data)
        == FACTS["webhook_secret"]
    )


def test_work_under_way_is_carried_out_exactly_once(cyclr: CyclrState, hands: Hands) -> None:
    work_for_hours(hands)

    states = {name: operation(name).state for name in INSTALLED}
    assert states == dict.fromkeys(INSTALLED, State.DONE), [
        (name, operation(name).error) for name in INSTALLED
    ]
    for name, called in INSTALLED.items():
        account = operation(name).account
        assert account is not None
        there = [one for one in cyclr.installed[account.cyclr_id] if one.name == called]
        assert len(there) == 1, (name, [one.name for one in cyclr.installed[account.cyclr_id]])
        assert "[desk:" not in (there[0].description or "")
    assert not [effect for effect in cyclr.ledger if effect.kind == "delete"]


def test_marks_that_installs_left_are_tried_as_often_as_before() -> None:
    tried, given_up = MarkRemoval.objects.order_by("tries")

    assert (tried.tries, tried.finished_at) == (3, None)
    assert given_up.tries == 8 and given_up.finished_at and given_up.last_error


def test_leases_and_counts_of_work_under_way_are_kept() -> None:
    given_up, held = operation("gave-up"), [operation("sent"), operation("running")]

    assert (given_up.waits, given_up.tries) == (199, 0)
    assert None not in {one.leased_until for one in held}
    assert {one.attempt for one in held} == {1}


def test_what_failed_can_be_tried_again_with_what_was_typed(
    cyclr: CyclrState, hands: Hands
) -> None:
    before = operation("gave-up")
    assert operation("refused").state == State.FAILED
    assert retry(before, Actor.staff(User.objects.get(email="lead@example.com")))

    work_for_hours(hands)

    assert operation("gave-up").state == State.DONE, operation("gave-up").error
    there = [one for one in cyclr.installed["acme/eu"] if one.name == "Given up"]
    assert [one.auth_value for one in there] == [FACTS["secrets"]["install"]]


def test_what_a_customer_typed_is_passed_on(cyclr: CyclrState, hands: Hands) -> None:
    assert operation("entered").state == State.QUEUED

    work_for_hours(hands)

    assert operation("entered").state == State.DONE, operation("entered").error
    parcels = next(one for one in cyclr.installed["moulin-des-pres"] if one.name == "Parcels")
    assert parcels.authenticated
    assert parcels.auth_value == FACTS["secrets"]["entry"]


def test_runs_and_campaigns_stand_where_they_stood() -> None:
    for name, reference in FACTS["runs"].items():
        run = BulkRun.objects.get(reference=reference)
        found = progress_of(run)
        wanted = FACTS["progress"][name]
        assert {key: getattr(found, key) for key in wanted} == wanted, name
    campaign = BulkRun.objects.get(reference=FACTS["runs"]["campaign"])
    assert campaign_board.counts_of(campaign) == FACTS["board"]


def test_a_campaign_goes_on_and_makes_each_link_once(cyclr: CyclrState, hands: Hands) -> None:
    campaign = BulkRun.objects.get(reference=FACTS["runs"]["campaign"])
    for _ in range(20):
        feed_runs()
        hands.work()
    campaign.refresh_from_db()

    made = Link.objects.filter(run=campaign)
    rows = BulkRow.objects.filter(run=campaign, problem="")
    assert campaign.state == RunState.ENDED
    assert {one.operation.state for one in rows if one.operation} == {State.DONE}
    assert (
        made.count()
        == made.values("row").distinct().count()
        > FACTS["progress"]["campaign"]["done"]
    )


def test_waiting_mails_leave_and_lead_to_their_links(hands: Hands) -> None:
    waiting = list(LinkMail.objects.filter(state=MailState.WAITING).order_by("pk"))
    for one in waiting:
        link_tasks.send_mail(one.pk)

    states = {one.recipient: LinkMail.objects.get(pk=one.pk).state for one in waiting}
    assert set(states.values()) == {MailState.SENT}, states
    assert len(mail.outbox) == len(waiting) >= 4
    ana = next(one for one in mail.outbox if one.to == ["ana@example.com"])
    assert FACTS["links"]["sent"] in str(ana.body)
    bounced = LinkMail.objects.get(pk=FACTS["mails"]["bounced"])
    assert bounced.state == MailState.BOUNCED


@pytest.mark.parametrize("email", sorted(FACTS["sessions"]))
def test_sessions_that_lay_in_clear_are_over_and_people_sign_in_again(email: str) -> None:
    client = Client()
    client.cookies["sessionid"] = FACTS["sessions"][email]

    assert client.get("/").headers["Location"].startswith("/sign-in/")
    assert session_of(email).get("/").status_code == 200


@pytest.mark.parametrize("role", list(Role))
def test_people_keep_their_roles_and_passwords(role: Role) -> None:
    user = User.objects.get(email=f"{role.name.lower()}@example.com")

    assert user.check_password(FACTS["password"])
    assert [one.role for one in user.memberships.all()] == [role]
    assert not User.objects.get(email="gone@example.com").is_active


def test_the_webhook_tells_what_waited() -> None:
    waiting = WebhookDelivery.objects.filter(state=SendState.WAITING).count()
    receiver = Receiver()
    try:
        Webhook.objects.update(url=receiver.url, encrypted_url="")
        notification_tasks.deliver(Webhook.objects.get().pk)
    finally:
        receiver.stop()

    assert len(receiver.got) == waiting >= 2
    assert not WebhookDelivery.objects.filter(state=SendState.WAITING).exists()


def test_customers_see_the_brand(customer: Client) -> None:
    page = customer.get(FACTS["links"]["sent"]).content.decode()

    assert "Larkfield" in page
    assert "https://example.com/privacy" in page
    logo = re.search(r'src="(/c/[^"]*logo[^"]*|[^"]*brand[^"]*)"', page)
    assert logo and customer.get(logo[1]).status_code == 200


PER_VIEW = 3
"""So many addresses of each view are opened."""


def addresses_without_arguments(resolver: Any = None, before: str = "/") -> Iterator[str]:
    """Every address of the URL conf that needs nothing filled in."""
    for one in (resolver or get_resolver()).url_patterns:
        route = before + str(one.pattern)
        if "<" in route or "^" in route:
            continue
        if isinstance(one, URLResolver):
            yield from addresses_without_arguments(one, route)
        elif isinstance(one, URLPattern):
            yield route


@pytest.mark.parametrize("email", sorted(FACTS["sessions"]))
def test_every_page_opens(email: str, cyclr: CyclrState) -> None:
    client = session_of(email)
    seen: Counter[str] = Counter()
    known: set[str] = set()
    wrong: list[tuple[str, int]] = []
    paths = [*addresses_without_arguments(), *FACTS["links"].values()]
    while paths:
        path = paths.pop(0)
        name = resolve(urlsplit(path).path).view_name
        if path in known or seen[name] >= PER_VIEW or name == "sign_out":
            continue
        known.add(path)
        seen[name] += 1
        answer = client.get(path)
        if answer.status_code >= 500 and path != "/readyz":  # no worker runs here
            wrong.append((path, answer.status_code))
        if answer.status_code != 200 or answer.streaming:
            continue
        if "html" in answer.headers.get("Content-Type", ""):
            found = re.findall(r'(?:href|src|hx-get)="(/[^"#]*)"', answer.content.decode())
            paths += [one.replace("&amp;", "&") for one in found if not one.startswith("/static/")]

    assert wrong == []
    assert len(seen) > 40
