"""From a selection of the list to the form that installs a connector into many accounts."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from dashboard.campaigns import choosing
from dashboard.campaigns.rows import ChosenAccount
from dashboard.common.damage import protected
from dashboard.consoles.models import Console
from dashboard.mirror.freshness import consoles_in_view
from dashboard.mirror.icons import add_icons
from dashboard.mirror.models import CatalogueConnector
from dashboard.people.access import StaffRequest, role_required
from dashboard.people.models import Role

PAGE, PARTIAL = "fleet/connector_install_new.html", "fleet/_install_choices.html"
SHOWN = 50
"""Connectors of the library that are listed; a search finds the others."""


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.LEAD)
def connector_install_new(request: StaffRequest) -> HttpResponse:
    """The library, to pick what the accounts of the chosen connectors are to get.

    What was chosen comes by POST from the list, since it may be thousands. Picking a connector
    sends the accounts on to its form for many accounts, as the table that is filled in there.
    """
    asked: QueryDict = request.POST if request.method == "POST" else request.GET
    try:
        connectors = choosing.chosen(request.user, asked)
    except choosing.TooManyError as error:
        context: dict[str, Any] = {"too_many": error.count, "most": choosing.MOST}
        return render(request, PAGE, context, status=422)
    consoles = choosing.consoles_of(connectors)
    if len(consoles) != 1:
        context = {"consoles": consoles, "selection": choosing.selection_of(connectors)}
        return render(request, PAGE, context, status=422 if connectors else 200)
    [console] = consoles
    every = {one.account_id: one.account for one in connectors}.values()
    accounts = [one for one in every if one.gone_at is None]
    return render(
        request,
        PAGE,
        {
            "console": console,
            "selection": choosing.selection_of(connectors),
            "accounts": len(accounts),
            "gone": len(every) - len(accounts),
            "table": _table(accounts),
            **_choices(console, request.POST.get("library", "")),
        },
    )


@require_safe
@role_required(Role.LEAD)
def connector_install_choices(request: StaffRequest) -> HttpResponse:
    """What the search of that page finds in the library of the console in the address."""
    [*consoles] = consoles_in_view(request).shown
    if len(consoles) != 1:
        return render(request, PARTIAL, {"picks": [], "search": ""})
    return render(request, PARTIAL, _choices(consoles[0], request.GET.get("library", "")))


def _choices(console: Console, search: str) -> dict[str, Any]:
    search = search.strip()
    library = CatalogueConnector.objects.installable().filter(console=console, account=None)
    found = library.search(search).order_by("sort_name", "version", "pk")
    picks = list(found.light()[: SHOWN + 1])
    add_icons(picks)
    return {"picks": picks[:SHOWN], "is_more": len(picks) > SHOWN, "search": search}


def _table(accounts: Iterable[ChosenAccount]) -> str:
    """Their ids, as the form for many accounts reads them."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["Account id"])
    writer.writerows([protected(one.cyclr_id)] for one in accounts)
    return text.getvalue()
