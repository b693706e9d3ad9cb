"""The story that a first start tells: a fortnight at a support desk, beside the bundled Cyclr.

Scenes are carried out in the order of their moments, with the clock moved to each, by the services
that pages and workers use. Only accounts whose names are ordinary take part; nothing is mailed, and
no reminder is planned.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import time_machine

from dashboard.consoles.models import Console
from dashboard.demo.local_cyclr import LocalCyclr
from dashboard.demo.stage import DEMO, Person, Stage
from dashboard.links import services as links
from dashboard.links.models import AccountCheck, Link
from dashboard.mirror.models import Account, AccountConnector
from dashboard.mirror.sync import write_daily_figure

logger = logging.getLogger(__name__)

DAYS = 14
ODD = "hostile-"
"""How the ids begin of the bundled Cyclr's accounts with hostile names."""
REFUSED = "Value is not valid for connector property 'Subdomain'."

NADIA = Person("Nadia Rahman", "nadia.rahman@example.com")
NOAM = Person("Noam Adler", "noam@example.com")
PRIYA = Person("Priya Nair", "priya@example.com")
TOM = Person("Tom Whitlock", "tom.whitlock@example.com")
LUIZA = Person("Luiza Prado", "luiza@example.com")
MATEO = Person("Mateo Duarte", "mateo@example.com")
DANA = Person("Dana Ashby", "dana.ashby@example.com")
ERIK = Person("Erik Sommer", "erik@example.com")
JUNE = Person("June Carver", "june@example.com")
OWEN = Person("Owen Blackwell", "owen@example.com")

Scene = tuple[timedelta, Callable[[], object]]


def tell(console: Console, cyclr: LocalCyclr) -> bool:
    """Tell it once, to a console of which nothing was read yet; says whether it was told."""
    if Account.objects.filter(console=console).exists():
        return False
    began = time.monotonic()
    now = datetime.now(UTC)
    for ago, scene in sorted(Story(Stage(console, cyclr)).scenes(), key=lambda one: -one[0]):
        with time_machine.travel(now - ago, tick=True):
            scene()
    # Begun in the past they would be too old to be looked into; the dispatcher begins them anew.
    AccountCheck.objects.open().delete()
    logger.info("demo told console=%d seconds=%.1f", console.pk, time.monotonic() - began)
    return True


def ago(days: float = 0, hours: float = 0, minutes: float = 0) -> timedelta:
    """How long before the first start."""
    return timedelta(days=days, hours=hours, minutes=minutes)


class Story:
    """The scenes, and what later ones need of earlier ones."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.made: dict[str, Link] = {}

    def scenes(self) -> list[Scene]:
        """All of them, each with how long ago it was."""
        return [
            (ago(days=DAYS, hours=1), self.stage.read_everything),
            (ago(days=DAYS, minutes=40), self._odd_names_need_nothing),
            *((ago(days=day), self._figure) for day in range(DAYS, 0, -1)),
            *self._outage(),
            *self._reconnected_in_an_hour(),
            *self._expired(),
            *self._revoked(),
            *self._in_part(),
            *self._campaign(),
            *self._three_starts(),
            *self._installs(),
            *self._today(),
            (ago(minutes=1), self.stage.read_everything),
        ]

    def _odd_names_need_nothing(self) -> None:
        """Accounts with hostile names stay in the world, but not first where help is needed."""
        odd = AccountConnector.objects.there().exclude(authenticated=True)
        odd = odd.filter(account__console=self.stage.console, account__cyclr_id__startswith=ODD)
        for connector in odd.select_related("account"):
            self.stage.mends(connector.account.name, connector.connector_name)

    def _figure(self) -> None:
        write_daily_figure(self.stage.console)

    def _keep(self, name: str, link: Link) -> Link:
        self.made[name] = link
        return link

    def _outage(self) -> list[Scene]:
        """A bad week in the shops, mended one after the other in Cyclr's own console."""
        stage = self.stage
        hit = {
            "Halcyon Freight Forwarding": ("Shopify", "Till Cloud"),
            "Quillon Legal": ("Till Cloud", "Klaviyo"),
            "Marlow Street Pharmacy": ("WooCommerce", "BambooHR"),
            "Larkspur Lighting (EU)": ("Shopify",),
            "Gullwing Air Cargo": ("WooCommerce", "Klaviyo"),
            "Dot & Dash Telegrams": ("WooCommerce",),
            "Brassica Farm Box": ("Zendesk",),
        }

        def breaks() -> None:
            for account, names in hit.items():
                stage.breaks(account, *names)

        def mends(account: str) -> Callable[[], None]:
            return lambda: stage.mends(account, *hit[account])

        return [
            (ago(days=DAYS, minutes=20), breaks),
            *((ago(days=12.2 - 1.4 * n), mends(account)) for n, account in enumerate(hit)),
        ]

    def _reconnected_in_an_hour(self) -> list[Scene]:
        stage, account = self.stage, "Obsidian Ledger Accountancy"

        def make() -> None:
            stage.sent(self._keep("slack", stage.link(account, "Slack", to=NADIA)))

        return [
            (ago(days=12, hours=3), lambda: stage.breaks(account, "Slack")),
            (ago(days=11, hours=5), make),
            (ago(days=11, hours=4, minutes=58), lambda: stage.scanned(self.made["slack"])),
            (ago(days=11, hours=4), lambda: stage.connected(self.made["slack"], "Slack")),
        ]

    def _expired(self) -> list[Scene]:
        stage, account = self.stage, "גן זיתים"

        def make() -> None:
            lives = timedelta(days=3)
            stage.sent(self._keep("books", stage.link(account, "QuickBooks", to=NOAM, lives=lives)))

        return [
            (ago(days=9), lambda: stage.breaks(account, "QuickBooks", "Freshdesk")),
            (ago(days=8, hours=2), make),
            (ago(days=7, hours=20), lambda: stage.opened(self.made["books"])),
            (ago(days=6), lambda: stage.opened(self.made["books"])),
        ]

    def _revoked(self) -> list[Scene]:
        stage = self.stage

        def make() -> None:
            self._keep("diner", stage.link("Query Street Diner", "Slack", to=PRIYA))

        return [
            (ago(days=6, hours=3), make),
            (ago(days=6, hours=2), lambda: links.revoke(self.made["diner"], DEMO)),
        ]

    def _in_part(self) -> list[Scene]:
        stage, account = self.stage, "Pebble & Pine Furniture"
        names = ("Microsoft Teams", "Freshdesk")

        def make() -> None:
            stage.sent(self._keep("pine", stage.link(account, *names, to=TOM)))

        return [
            (ago(days=4), lambda: stage.breaks(account, *names)),
            (ago(days=2, hours=6), make),
            (ago(days=2, hours=1), lambda: stage.connected(self.made["pine"], names[0])),
        ]

    def _campaign(self) -> list[Scene]:
        """Xero lost four customers at once: two are back, one has looked."""
        stage, xero = self.stage, "Xero (OAuth2.0)"
        accounts = [
            "Copperline Dental",
            "Blaustern Gartenbau GmbH",
            "Thistledown Nursery",
            "Verdigris Plumbing Supplies",
        ]

        def make() -> None:
            run = stage.campaign(xero, accounts, [DANA, ERIK, JUNE, OWEN])
            for account in accounts:
                self._keep(account, stage.campaign_link(run, account))

        def breaks() -> None:
            for account in accounts[:2]:
                stage.breaks(account, xero)

        return [
            (ago(days=3), breaks),
            (ago(days=1, hours=5), make),
            (ago(days=1, hours=3), lambda: stage.connected(self.made[accounts[0]], xero)),
            (ago(hours=22), lambda: stage.connected(self.made[accounts[1]], xero)),
            (ago(hours=4), lambda: stage.opened(self.made[accounts[2]])),
        ]

    def _three_starts(self) -> list[Scene]:
        stage, account = self.stage, "Açúcar & Sal"

        def make() -> None:
            link = stage.link(account, "MailChimp", to=LUIZA, message="The newsletter stopped.")
            stage.sent(self._keep("sugar", link))

        def in_vain() -> None:
            stage.opened(self.made["sugar"])
            stage.started(self.made["sugar"], "MailChimp")

        return [
            (ago(days=1, hours=8), lambda: stage.breaks(account, "MailChimp")),
            (ago(days=1, hours=7), make),
            (ago(hours=20), in_vain),
            (ago(hours=3), in_vain),
            (ago(minutes=41), in_vain),
        ]

    def _installs(self) -> list[Scene]:
        stage = self.stage

        def fails() -> None:
            stage.cyclr.refuse_next_install(REFUSED)
            stage.installed("Quillon Legal", "Zendesk", **{"parameter-0": "quillon"})

        return [
            (ago(days=1, hours=2), lambda: stage.installed("Larkspur Lighting (US)", "Klaviyo")),
            (ago(hours=5), lambda: stage.installed("Rook & Raven Games", "Slack")),
            (ago(minutes=9), fails),
        ]

    def _today(self) -> list[Scene]:
        stage = self.stage
        sable, dental, pipes = (
            "Sable Coffee Roasters 🦊☕",
            "Copperline Dental",
            "Verdigris Plumbing Supplies",
        )

        def back_but_not_connected() -> None:
            stage.started(self.made["pipes"], "HubSpot")
            stage.returned(self.made["pipes"], "HubSpot", agreed=False)

        def make(key: str, account: str, name: str, to: Person) -> Callable[[], None]:
            return lambda: stage.sent(self._keep(key, stage.link(account, name, to=to)))

        return [
            (ago(hours=9), lambda: stage.breaks(sable, "Parcel Desk")),
            (ago(hours=8), make("sable", sable, "Parcel Desk", MATEO)),
            (ago(hours=2, minutes=20), lambda: stage.breaks(dental, "DocuSign")),
            (ago(hours=2), make("dental", dental, "DocuSign", DANA)),
            (ago(minutes=50), lambda: stage.opened(self.made["dental"])),
            (ago(hours=1, minutes=30), lambda: stage.breaks(pipes, "HubSpot")),
            (ago(hours=1, minutes=10), make("pipes", pipes, "HubSpot", OWEN)),
            (ago(minutes=26), back_but_not_connected),
            (ago(minutes=15), lambda: stage.breaks("Halcyon Freight Forwarding", "Airtable")),
        ]
