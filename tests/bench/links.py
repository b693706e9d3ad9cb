"""How long pages about links take at size: 20,000 links, and a campaign of 5,000.

    .venv/bin/python tests/bench/links.py [--accounts N]

Staff's pages and the customer's, as `tests/bench/pages.py` measures the others: the median and the
slowest of some whole requests, in milliseconds, and their queries. Half of the links belong to the
campaign if there are 10,000 accounts. Compare figures of one run with each other.
"""

import argparse
import sys
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench.pages import measure, seed  # noqa: E402,I001 - it sets Django up

from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from dashboard.bulk.models import BulkRow, BulkRun, RunState  # noqa: E402
from dashboard.campaigns.planning import KIND  # noqa: E402
from dashboard.links.models import Link, LinkEvent, LinkItem, LinkState  # noqa: E402
from dashboard.mirror.models import Account, AccountConnector  # noqa: E402
from dashboard.notifications import services as notifications  # noqa: E402
from dashboard.links import notification_kinds  # noqa: E402
from dashboard.people.models import Role, User  # noqa: E402
from tests.factories import API_KEY, make_user  # noqa: E402

STATES = [LinkState.CREATED, LinkState.SENT, LinkState.OPENED, LinkState.STARTED, LinkState.PARTLY]


def fill(admin: User) -> tuple[Link, BulkRun]:
    """Two links for each account; every fourth link belongs to one campaign."""
    moment = timezone.now()
    accounts = list(Account.objects.select_related("console").order_by("pk"))
    console = accounts[0].console
    run = BulkRun(kind=KIND, title="Reconnect App 7", console=console, state=RunState.RUNNING)
    run.actor_kind, run.actor_user, run.actor_name = "staff", admin, "Administrator"
    run.started_at = moment
    run.save()
    apps = dict(AccountConnector.objects.order_by("-pk").values_list("account", "pk"))
    links = [
        Link(
            console=console,
            account=account,
            state=STATES[n % len(STATES)],
            expires_at=moment + timedelta(hours=12 if n % 10 == 0 else 160),
            revoked_at=moment if n % 17 == 0 else None,
            recipient_email=f"ana{n}@shop.example",
            run=run if n % 4 == 0 else None,
            actor_kind="system",
            actor_name="Cyclr Desk",
        )
        for n, account in enumerate(account for account in accounts for _ in range(2))
    ]
    Link.objects.bulk_create(links, batch_size=1000)
    LinkItem.objects.bulk_create(
        (
            LinkItem(
                link=link,
                account_connector_id=apps[link.account_id],
                state=link.state,
                failures=n % 9 == 0,
                failure="Started and not finished" if n % 9 == 0 else "",
            )
            for n, link in enumerate(links)
        ),
        batch_size=1000,
    )
    LinkEvent.objects.bulk_create(
        (
            LinkEvent(link=link, event=event, message=event.title())
            for link in links
            for event in ("created", "mailed", "opened")
        ),
        batch_size=2000,
    )
    of_run = [link for link in links if link.run_id]
    rows = [
        BulkRow(run=run, number=n + 1, account=link.account, label=link.account.cyclr_id)
        for n, link in enumerate(of_run)
    ]
    BulkRow.objects.bulk_create(rows, batch_size=1000)
    for link, row in zip(of_run, rows, strict=True):
        link.row = row
    Link.objects.bulk_update(of_run, ["row"], batch_size=500)
    for link in links[:300]:
        notifications.post(
            notification_kinds.LINK_CONNECTED,
            console,
            f"{link.account}: everything is connected",
            url=link.get_absolute_url(),
        )
    return next(link for link in links if link.is_usable), run


def main() -> None:
    """Seed, then measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--accounts", type=int, default=10_000)
    options = parser.parse_args()
    call_command("migrate", verbosity=0)
    seed(options.accounts)
    admin = make_user(Role.ADMIN)
    link, run = fill(admin)
    staff, customer = (Client(headers={"Host": "127.0.0.1"}) for _ in range(2))
    staff.force_login(admin)
    item = link.items.get()
    AccountConnector.objects.filter(pk=item.account_connector_id).update(
        authentication=[API_KEY], authentication_id=API_KEY["Id"]
    )
    board = f"/links/campaigns/{run.reference}/"
    page = urlsplit(link.url()).path
    sys.stdout.write(
        f"{'page':28} {'CPU':>8} {'median':>8} {'slowest':>8} {'queries':>8} {'KiB':>6}\n"
    )
    for name, url in {
        "links": "/links/",
        "links, failing": "/links/?show=failing",
        "links, searched": "/links/?q=customer+09999",
        "links, last page": "/links/?page=400",
        "link": link.get_absolute_url(),
        "campaigns": "/links/campaigns/",
        "campaign, board": board,
        "campaign, failing": f"{board}?show=failing",
        "notifications": "/notices/",
        "overview": "/",
    }.items():
        measure(staff, name, url)
    for name, url in {
        "customer, landing": page,
        "customer, form": f"{page}/{item.pk}/form",
    }.items():
        measure(customer, name, url)


if __name__ == "__main__":
    main()
