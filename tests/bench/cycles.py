"""The list of cycles beside a plain Django view of the same rows, in one run: 20,000 of them.

    .venv/bin/python tests/bench/cycles.py [--cycles N]

Both go through the same middleware, signed in, in turns. The plain view counts and pages the same
rows by the ORM, filtered and sorted as the list is, and draws them as a bare table: no shell, no
words about them. Prints milliseconds and queries for the first page, a search, a state and the
last page; ends with 1 if one takes more than twice the CPU time of the plain view (the clock's
figures swing on a machine that others use). On SQLite in a temporary directory unless
TEST_DATABASE_URL names an empty PostgreSQL database.
"""

import argparse
import sys
import types
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parent)]

from tests.bench.pages import seed  # noqa: E402,I001 - it sets Django up
from connector import queries, times  # noqa: E402

from django.core.management import call_command  # noqa: E402
from django.core.paginator import Paginator  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.template import engines  # noqa: E402
from django.test import Client, override_settings  # noqa: E402
from django.urls import path  # noqa: E402
from django.utils import timezone  # noqa: E402

from dashboard import urls  # noqa: E402
from dashboard.common.searching import search_text, sort_name  # noqa: E402
from dashboard.cycles.filters import CycleFilter  # noqa: E402
from dashboard.cycles.views import ORDERS  # noqa: E402
from dashboard.mirror.models import Account, Cycle  # noqa: E402
from dashboard.people.access import StaffRequest, role_required  # noqa: E402
from dashboard.people.models import Role  # noqa: E402
from tests.bench.figures import Figure, record  # noqa: E402
from tests.factories import make_user  # noqa: E402

MOST_TIMES, PER_PAGE = 2.0, 50
PAGE = """<!doctype html><title>Cycles</title><h1>Cycles</h1><p>{{ page.paginator.count }}</p>
<table>{% for row in page %}<tr><td><a href="{{ row.get_absolute_url }}">{{ row.name }}</a></td>
<td><a href="{{ row.account.get_absolute_url }}">{{ row.account.name }}</a></td>
<td>{{ row.status }}</td><td>{{ row.error_count }}</td><td>{{ row.warning_count }}</td>
<td>{{ row.last_successful_run_at }}</td></tr>{% endfor %}</table>"""
TEMPLATE = engines["django"].from_string(PAGE)
"""Compiled once, as the loaders of a running server do."""


@role_required(Role.VIEWER)
def plain_view(request: StaffRequest) -> HttpResponse:
    """What somebody writes who wants the rows on a page and nothing else."""
    rows = Cycle.objects.visible_to(request.user).select_related("account__console")
    found = CycleFilter.of(request.GET).among(rows.filter(gone_at=None, account__gone_at=None))
    pages = Paginator(found.order_by(*ORDERS[0].first), PER_PAGE)
    context = {"page": pages.get_page(request.GET.get("page"))}
    return HttpResponse(TEMPLATE.render(context, request))


def routes() -> None:
    """The dashboard's addresses, and the plain view's."""
    module = types.ModuleType("bench_urls")
    plain = path("plain/", plain_view)
    module.__dict__.update(urls.__dict__, urlpatterns=[plain, *urls.urlpatterns])
    sys.modules["bench_urls"] = module


def fill(count: int) -> None:
    """So many cycles, over all accounts."""
    moment = timezone.now()
    accounts = list(Account.objects.values_list("pk", flat=True))
    names = [f"Orders to {['CRM', 'mail', 'books'][n % 3]} {n:05d}" for n in range(count)]
    Cycle.objects.bulk_create(
        (
            Cycle(
                account_id=accounts[n % len(accounts)],
                cyclr_id=f"00000000-0000-4000-8000-{n:012d}",
                name=name,
                search_text=search_text(name),
                sort_name=sort_name(name),
                status="Active" if n % 3 else "Paused",
                is_active=bool(n % 3),
                error_count=n % 50,
                warning_count=n % 7,
                last_successful_run_at=moment,
            )
            for n, name in enumerate(names)
        ),
        batch_size=1000,
    )


def main() -> int:
    """Seed, then measure; 1 if the promise is broken."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cycles", type=int, default=20_000)
    options = parser.parse_args()
    call_command("migrate", verbosity=0)
    seed(max(10, options.cycles // 4))
    fill(options.cycles)
    client = Client(headers={"Host": "127.0.0.1"})
    client.force_login(make_user(Role.ADMIN))
    routes()
    worst = 0.0
    last = -(-options.cycles // PER_PAGE)
    sys.stdout.write(f"{'':12} {'CPU':>8} {'plain':>8} {'ratio':>6} {'queries':>8} {'plain':>6}\n")
    with override_settings(ROOT_URLCONF="bench_urls"):
        for name, query in {
            "first page": "",
            "searched": "?q=crm+0001",
            "stopped": "?state=stopped",
            "last page": f"?page={last}",
        }.items():
            addresses = [f"/cycles/{query}", f"/plain/{query}"]
            for address in addresses:
                client.get(address)
            (its, _), (beside, _) = times(client, addresses)
            worst = max(worst, its / beside)
            what = f"{options.cycles} cycles, {name}, plain view"
            record(Figure(what, f"{its:.0f} ms", f"{beside:.0f} ms", its / beside, MOST_TIMES))
            sys.stdout.write(
                f"{name:12} {its:8.1f} {beside:8.1f} {its / beside:6.2f}"
                f" {queries(client, addresses[0]):8d} {queries(client, addresses[1]):6d}\n"
            )
    sys.stdout.write(f"at worst {worst:.2f} times the plain view\n")
    return int(worst > MOST_TIMES)


if __name__ == "__main__":
    sys.exit(main())
