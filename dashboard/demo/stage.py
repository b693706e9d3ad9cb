"""The verbs of the demo's story. Each is carried out by the service that the dashboard uses."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from dashboard.audit.models import Actor, ActorKind
from dashboard.bulk import feeding
from dashboard.bulk import services as bulk
from dashboard.bulk.models import BulkRun
from dashboard.campaigns import planning
from dashboard.consoles.models import Console
from dashboard.demo.local_cyclr import LocalCyclr
from dashboard.installs.form import InstallForm
from dashboard.installs.services import install_request
from dashboard.links import opening
from dashboard.links import services as links
from dashboard.links import tasks as link_tasks
from dashboard.links.attempts import starting
from dashboard.links.mail import mailing
from dashboard.links.models import Link, LinkItem
from dashboard.mirror import sync
from dashboard.mirror import tasks as mirror_tasks
from dashboard.mirror.models import Account, AccountConnector, CatalogueConnector, SyncRun
from dashboard.operations.models import Operation
from dashboard.operations.submitting import submit
from dashboard.operations.tasks import run_operation

DEMO = Actor(ActorKind.SYSTEM, "Demo")
"""Who did it, in audit trail and timelines."""

PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
)
SCANNER = "Mozilla/5.0 (compatible; ExampleMailScanner/2.1)"


@dataclass(frozen=True, slots=True)
class Person:
    """A made-up recipient."""

    name: str
    email: str


class Stage:
    """One console beside the bundled Cyclr, and what happens there."""

    def __init__(self, console: Console, cyclr: LocalCyclr) -> None:
        self.console, self.cyclr = console, cyclr

    # ---- Cyclr ----

    def read_everything(self) -> None:
        """One whole reading of Cyclr, step by step as a worker does it."""
        run = sync.start_run(self.console)
        while run is not None and run.finished_at is None:
            step = run.attempt
            mirror_tasks.run_sync(run.pk, step)
            run = SyncRun.objects.get(pk=run.pk)
            if run.attempt == step:
                return  # put off: a worker goes on

    def read(self, account: str) -> None:
        """What Refresh on the account's page does."""
        sync.refresh_account(self.account(account))

    def account(self, name: str) -> Account:
        """The account of that name."""
        account: Account = Account.objects.select_related("console").get(
            console=self.console, name=name
        )
        return account

    def connector(self, account: str, name: str) -> AccountConnector:
        """The first connector of that kind in the account."""
        rows = AccountConnector.objects.there().filter(account__console=self.console)
        same = rows.filter(account__name=account, connector_name=name)
        found: AccountConnector | None = same.order_by("pk").first()
        if found is None:
            raise LookupError(f"{account} has no {name}")
        return found

    def breaks(self, account: str, *names: str) -> None:
        """Connectors of the account lose their authentication, and the mirror hears of it."""
        for name in names:
            self.cyclr.deauthenticate(self.connector(account, name).cyclr_id)
        self.read(account)

    def mends(self, account: str, *names: str) -> None:
        """Somebody has authenticated them again in Cyclr, without us."""
        for name in names:
            self.cyclr.authenticate(self.connector(account, name).cyclr_id)
        self.read(account)

    # ---- links ----

    def link(
        self,
        account: str,
        *names: str,
        to: Person,
        lives: timedelta = timedelta(days=7),
        message: str = "",
    ) -> Link:
        """A link to somebody, copied into a message of one's own. Nothing is mailed from here."""
        return links.create_link(
            DEMO,
            self.account(account),
            [self.connector(account, name) for name in names],
            expires_in=lives,
            recipient_name=to.name,
            recipient_email=to.email,
            message=message,
        )

    def sent(self, link: Link) -> None:
        """It went out by another way."""
        mailing.mark_sent(link, DEMO)

    def scanned(self, link: Link) -> None:
        """A mail scanner looked first."""
        opening.log_open(link, method="GET", guess="robot", why="a mail scanner", agent=SCANNER)

    def opened(self, link: Link) -> None:
        """The customer looked."""
        link.refresh_from_db()
        opening.log_open(link, method="GET", guess="person", why="", agent=PHONE)

    def started(self, link: Link, name: str) -> LinkItem:
        """The customer pressed Continue and was sent to Cyclr."""
        item = self._item(link, name)
        attempt = starting.start(item)
        link_tasks.request_sign_in_token(attempt.pk)
        attempt.refresh_from_db()
        if starting.take_redirect(attempt) is None:
            raise LookupError(f"{link} leads nowhere")
        return self._item(link, name)

    def returned(self, link: Link, name: str, *, agreed: bool) -> None:
        """The customer came back, having agreed or not; a worker asks Cyclr."""
        item = self._item(link, name)
        if agreed:
            self.cyclr.authenticate(item.account_connector.cyclr_id)
        attempt = item.attempts.order_by("-pk").first()
        assert attempt is not None, "started first"
        starting.record_return(attempt)
        link_tasks.check_account(item.link.account_id)

    def connected(self, link: Link, name: str) -> None:
        """Opened, started, agreed and back."""
        self.opened(link)
        self.started(link, name)
        self.returned(link, name, agreed=True)

    def _item(self, link: Link, name: str) -> LinkItem:
        rows = LinkItem.objects.select_related("link__account", "link__console")
        item: LinkItem = rows.get(link=link, account_connector__connector_name=name)
        return item

    # ---- installs ----

    def installed(self, account: str, name: str, **entries: str) -> Operation:
        """An install by the generated form; `entries` by the form's field names."""
        there = self.account(account)
        connector = self._catalogue(there, name)
        blank = InstallForm(connector, there, taken=set())
        posted: dict[str, Any] = {**blank.initial, "submission": str(uuid.uuid4())}
        for field in blank:
            value = entries.get(field.name, posted.get(field.name, field.initial))
            posted[field.name] = "demo" if value in {None, ""} and field.field.required else value
        filled = {key: value for key, value in posted.items() if value not in {None, False}}
        form = InstallForm(connector, there, filled, taken=set())
        if not form.is_valid():
            raise LookupError(f"{name} cannot be installed: {form.errors.as_text()}")
        operation = submit(install_request(DEMO, there, connector, form))
        self.work()
        operation.refresh_from_db()
        return operation

    def _catalogue(self, account: Account, name: str) -> CatalogueConnector:
        library = CatalogueConnector.objects.for_account(account).installable()
        connector: CatalogueConnector | None = library.filter(name=name).order_by("-pk").first()
        if connector is None:
            raise LookupError(f"the library has no {name}")
        return connector

    def work(self) -> None:
        """The worker's part, until nothing is due."""
        for _ in range(10):
            due = Operation.objects.due(timezone.now()).filter(console=self.console)
            pks = list(due.values_list("pk", flat=True))
            if not pks:
                return
            for pk in pks:
                run_operation(pk)

    # ---- campaigns ----

    def campaign(self, name: str, accounts: Sequence[str], people: Sequence[Person]) -> BulkRun:
        """A reconnect campaign over these accounts' connectors of that kind, carried out."""
        plans = planning.plan([self.connector(account, name) for account in accounts])
        for plan, person in zip(plans, people, strict=True):
            plan.email, plan.name = person.email, person.name
        wishes = planning.Wishes(lifetime=timedelta(days=7))
        run = planning.draft(DEMO, self.console, plans, wishes, submission=uuid.uuid4())
        bulk.start(run, DEMO)
        for _ in range(10):
            feeding.feed(run.pk)
            self.work()
        run.refresh_from_db()
        return run

    def campaign_link(self, run: BulkRun, account: str) -> Link:
        """The campaign's link to the account."""
        link: Link = Link.objects.get(Q(run=run), account__name=account)
        return link
