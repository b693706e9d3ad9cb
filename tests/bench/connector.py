"""The page of an installed connector beside a plain Django view of the same rows, in one run.

    .venv/bin/python tests/bench/connector.py [--accounts N] [--uses N]

Both go through the same middleware, signed in, in turns. The plain view reads the same rows by the
ORM and draws them as bare tables with autoescape: no shell, no icons, no words about them. Prints
milliseconds and queries; ends with 1 if the page takes more than twice the CPU time of the plain
view (the clock's figures swing by a quarter on a machine that others use), or if its queries grow
with what there is. On SQLite in a temporary directory unless
TEST_DATABASE_URL names an empty PostgreSQL database.
"""

import argparse
import statistics
import sys
import time
import types
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench.pages import seed  # noqa: E402,I001 - it sets Django up

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.template import engines  # noqa: E402
from django.test import Client, override_settings  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.urls import path  # noqa: E402

from dashboard import urls  # noqa: E402
from dashboard.audit.models import AuditEntry  # noqa: E402
from dashboard.connectors.models import ConnectionTest  # noqa: E402
from dashboard.links.models import LinkItem  # noqa: E402
from dashboard.mirror.models import (  # noqa: E402
    AccountConnector,
    CatalogueConnector,
    Cycle,
    Template,
)
from dashboard.operations.models import Operation  # noqa: E402
from dashboard.people.access import role_required  # noqa: E402
from dashboard.people.models import Role  # noqa: E402
from tests.bench.figures import Figure, record  # noqa: E402
from tests.factories import (  # noqa: E402
    make_cycle,
    make_link,
    make_operation,
    make_template,
    make_user,
)

ROUNDS, MOST_TIMES, PLAIN = 40, 2.0, "/plain/{pk}/"

PAGE = """<!doctype html><title>{{ connector.name }}</title><h1>{{ connector.name }}</h1>
<p>{{ connector.account.name }} {{ connector.authenticated }} {{ connector.proven_at }}</p>
{% for row in settings %}<p>{{ row.name }} {{ row.target_name }} {{ row.description }}</p>
{% endfor %}{% for rows in tables %}<table>{% for row in rows %}<tr><td>{{ row }}</td></tr>
{% endfor %}</table>{% endfor %}"""

TEMPLATE = engines["django"].from_string(PAGE)
"""Compiled once, as the loaders of a running server do."""


@role_required(Role.VIEWER)
def plain_view(request: HttpRequest, pk: int) -> HttpResponse:
    """What somebody writes who wants the rows on a page and nothing else."""
    connector = AccountConnector.objects.select_related("account__console").get(pk=pk)
    account = connector.account
    entries = CatalogueConnector.objects.for_account(account)
    entry = entries.filter(name=connector.connector_name).first()
    links = LinkItem.objects.filter(account_connector=connector).select_related(
        "link__account", "link__console", "account_connector"
    )
    tables = [
        Cycle.objects.needing(connector)[:50],
        Template.objects.needing(connector)[:20],
        links[:5],
        ConnectionTest.objects.filter(account_connector=connector)[:2],
        Operation.objects.filter(account_connector=connector)[:20],
        AuditEntry.objects.filter(
            console=account.console_id, target_url=connector.get_absolute_url()
        )[:20],
    ]
    context = {
        "connector": connector,
        "settings": entry.asked_parameters if entry else [],
        "tables": tables,
    }
    return HttpResponse(TEMPLATE.render(context, request))


def routes() -> types.ModuleType:
    """The dashboard's addresses, and the plain view's."""
    module = types.ModuleType("bench_urls")
    plain = path("plain/<int:pk>/", plain_view)
    module.__dict__.update(urls.__dict__, urlpatterns=[plain, *urls.urlpatterns])
    sys.modules["bench_urls"] = module
    return module


def fill(connector: AccountConnector, uses: int) -> None:
    """So many of each thing that the page shows."""
    kind = (connector.connector_name, connector.connector_version)
    for _ in range(uses):
        make_cycle(connector)
        make_template(kind, console=connector.account.console)
        make_link(connectors=[connector], recipient_name="Robin")
        make_operation(account=connector.account, account_connector=connector)


def queries(client: Client, url: str) -> int:
    """How many queries a request takes."""
    with CaptureQueriesContext(connection) as captured:
        client.get(url)
    return len(captured)


def times(client: Client, addresses: list[str]) -> list[tuple[float, float]]:
    """Least CPU time and median of the wall's, in milliseconds, measured in turns."""
    taken: list[list[float]] = [[] for _ in addresses]
    computed: list[list[float]] = [[] for _ in addresses]
    for _ in range(ROUNDS):
        for place, url in enumerate(addresses):
            began, computing = time.perf_counter(), time.process_time()
            answer = client.get(url)
            taken[place].append((time.perf_counter() - began) * 1000)
            computed[place].append((time.process_time() - computing) * 1000)
            if answer.status_code != 200:
                raise SystemExit(f"{url} answered {answer.status_code}")
    return [(min(cpu), statistics.median(wall)) for cpu, wall in zip(computed, taken, strict=True)]


def main() -> int:
    """Seed, then measure; 1 if a promise is broken."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--uses", type=int, default=20)
    options = parser.parse_args()
    call_command("migrate", verbosity=0)
    account = seed(options.accounts)
    connector = account.connectors.select_related("account__console")[0]
    client = Client(headers={"Host": "127.0.0.1"})
    client.force_login(make_user(Role.ADMIN))
    routes()
    page, plain = connector.get_absolute_url(), PLAIN.format(pk=connector.pk)
    with override_settings(ROOT_URLCONF="bench_urls"):
        fill(connector, 1)
        client.get(page)
        few = queries(client, page)
        fill(connector, options.uses)
        many = queries(client, page)
        its, beside = times(client, [page, plain])
        plain_queries = queries(client, plain)
    ratio, by_wall = its[0] / beside[0], its[1] / beside[1]
    record(Figure("plain view", f"{its[0]:.0f} ms", f"{beside[0]:.0f} ms", ratio, MOST_TIMES))
    sys.stdout.write(
        f"{'':12} {'CPU':>8} {'median':>8} {'queries':>8}\n"
        f"{'connector':12} {its[0]:8.1f} {its[1]:8.1f} {many:8d}\n"
        f"{'plain view':12} {beside[0]:8.1f} {beside[1]:8.1f} {plain_queries:8d}\n"
        f"{ratio:.2f} times the plain view ({by_wall:.2f} by the clock); "
        f"{few} queries with one of each thing\n"
    )
    return int(ratio > MOST_TIMES or many != few)


if __name__ == "__main__":
    sys.exit(main())
