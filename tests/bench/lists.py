"""How long the long lists take beside a plain Django view of the same rows and beside the admin.

    .venv/bin/python tests/bench/lists.py [--accounts 10000]

10,000 accounts, 60,000 installed connectors. Three requests are made in turn, in one process, each
so often: to the product; to a plain view that fetches the same 50 rows by the same filter, ordered
by name, with what the template shows, counts them and draws a table; to Django's admin changelist
with the same filter, drawn as the admin draws it. Prints the least milliseconds of each, and the
product's ratio to the plain one and to the admin's. On SQLite in a temporary directory unless
TEST_DATABASE_URL names an empty PostgreSQL database.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parent)]
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.bench.admin_settings"

from django.contrib.admin import AdminSite, ModelAdmin  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.paginator import Paginator  # noqa: E402
from django.db import connection  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.template import engines  # noqa: E402
from django.test import Client, RequestFactory  # noqa: E402
from django.urls import path, set_urlconf  # noqa: E402
from pages import seed  # noqa: E402  # it sets Django up

from dashboard.mirror.models import Account, AccountConnector  # noqa: E402
from dashboard.people.models import Role, User  # noqa: E402
from tests.bench.figures import Figure, record  # noqa: E402
from tests.factories import make_user  # noqa: E402

ROUNDS = 15

PLAIN = engines["django"].from_string(
    """<!doctype html><html><head><title>{{ title }}</title></head><body><h1>{{ title }}</h1>
<p>{{ page.start_index }}-{{ page.end_index }} of {{ page.paginator.count }}</p><table>
{% for row in page %}<tr><td><a href="/{{ row.pk }}/">{{ row.name }}</a></td>
<td>{{ row.account.name }}</td><td>{{ row.authenticated }}{{ row.unauthenticated_count }}</td></tr>
{% endfor %}
</table></body></html>"""
)


def plain(rows: Callable[[], Any]) -> Callable[[HttpRequest], HttpResponse]:
    """A view as one writes it on the first day."""

    def view(request: HttpRequest) -> HttpResponse:
        page = Paginator(rows(), 50).get_page(request.GET.get("page"))
        return HttpResponse(PLAIN.render({"page": page, "title": "Rows"}))

    return view


class ConnectorAdmin(ModelAdmin):
    """As the admin lists them."""

    list_display = ("name", "account", "authenticated", "authenticated_since")
    list_select_related = ("account",)
    search_fields = ("search_text",)
    list_per_page = 50
    show_full_result_count = False


class AccountAdmin(ModelAdmin):
    """The same for accounts."""

    list_display = ("name", "cyclr_id", "connector_count", "unauthenticated_count")
    search_fields = ("search_text",)
    list_per_page = 50
    show_full_result_count = False


def admin(model: Any, kind: Any, user: User) -> Callable[[HttpRequest], HttpResponse]:
    """The whole page of the changelist, as the admin serves it to who may see everything."""
    site = AdminSite()
    site.register(model, kind)
    addresses = (path("admin/", site.urls),)
    made: Any = site.get_model_admin(model)
    allowed = lambda *_: True  # noqa: E731
    made.has_view_permission = made.has_change_permission = made.has_module_permission = allowed
    made.has_add_permission = made.has_delete_permission = allowed

    def view(request: HttpRequest) -> HttpResponse:
        request.user = user
        set_urlconf(addresses)
        try:
            return made.changelist_view(request).render()  # type: ignore[no-any-return]
        finally:
            set_urlconf(None)

    return view


def asked(view: Callable[[HttpRequest], HttpResponse], query: str) -> HttpResponse:
    """The view's answer."""
    return view(RequestFactory().get(f"/{query}"))


def least(work: Callable[[], Any], before: float) -> float:
    """Milliseconds of one more time, or of the quickest before."""
    began = time.perf_counter()
    answer = work()
    spent = (time.perf_counter() - began) * 1000
    if answer.status_code != 200:
        raise SystemExit(f"answered {answer.status_code}")
    return min(before, spent)


def main() -> None:
    """Seed, then measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--accounts", type=int, default=10_000)
    call_command("migrate", verbosity=0)
    seed(parser.parse_args().accounts)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    client = Client(headers={"Host": "127.0.0.1"})
    user = make_user(Role.ADMIN)
    client.force_login(user)
    user.is_staff = user.is_superuser = True  # type: ignore[attr-defined]
    connectors = AccountConnector.objects.filter(gone_at=None).select_related("account")
    accounts = Account.objects.filter(gone_at=None)
    of_connectors = admin(AccountConnector, ConnectorAdmin, user)
    of_accounts = admin(Account, AccountAdmin, user)
    last = (Account.objects.count() + 49) // 50
    by_name, search = ("sort_name", "pk"), "search_text__contains"
    cases = {
        "/connectors/": (lambda: connectors.order_by(*by_name), of_connectors, ""),
        "/connectors/?q=app+499": (
            lambda: connectors.filter(**{search: "app 499"}).order_by(*by_name),
            of_connectors,
            "?q=app+499",
        ),
        "/connectors/?state=not-authenticated": (
            lambda: connectors.filter(authenticated=False).order_by(*by_name),
            of_connectors,
            "?authenticated=False",
        ),
        "/connectors/?connector=App+7": (
            lambda: connectors.filter(connector_name="App 7").order_by(*by_name),
            of_connectors,
            "?connector_name=App+7",
        ),
        "/accounts/": (lambda: accounts.order_by(*by_name), of_accounts, ""),
        "/accounts/?sort=attention": (
            lambda: accounts.order_by("-unauthenticated_count", "pk"),
            of_accounts,
            "?o=-4",
        ),
        "/accounts/?page=200": (
            lambda: accounts.order_by(*by_name),
            of_accounts,
            f"?p={last}",
        ),
        "/accounts/?q=books": (
            lambda: accounts.filter(**{search: "books"}).order_by(*by_name),
            of_accounts,
            "?q=books",
        ),
    }
    sys.stdout.write(
        f"{'':38} {'ours':>8} {'plain':>8} {'admin':>8} {'x plain':>8} {'x admin':>8}\n"
    )
    for url, (rows, changelist, query) in cases.items():
        page = "?page=200" if "page=200" in url else ""
        three = [
            partial(client.get, url),
            partial(asked, plain(rows), page),
            partial(asked, changelist, query),
        ]
        times = [float("inf")] * 3
        for _ in range(ROUNDS):
            times = [least(work, before) for work, before in zip(three, times, strict=True)]
        figures = " ".join(f"{one:8.1f}" for one in times)
        sys.stdout.write(
            f"{url:38} {figures} {times[0] / times[1]:8.2f} {times[2] / times[0]:8.2f}\n"
        )
        ours, beside, changes = times
        here = f"{ours:.0f} ms"
        record(Figure(f"`{url}`, plain view", here, f"{beside:.0f} ms", ours / beside, 2))
        faster = Figure(
            f"`{url}`, admin's list", here, f"{changes:.0f} ms", changes / ours, 3, at_least=True
        )
        record(faster)


if __name__ == "__main__":
    main()
