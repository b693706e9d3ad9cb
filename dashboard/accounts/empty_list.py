"""Words for a list of accounts in which nothing is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse

from dashboard.accounts import tags
from dashboard.common.untrusted_text import display_text
from dashboard.mirror.freshness import InView, Reading, gone_lately, lately
from dashboard.mirror.models import Account, AccountQuerySet
from dashboard.people.access import StaffRequest


def shown_accounts(in_view: InView) -> AccountQuerySet:
    """Those that the list is about, before search and filters."""
    return accounts_of([console.pk for console in in_view.shown], lately())


def accounts_of(consoles: Sequence[int], since: datetime) -> AccountQuerySet:
    """The same of consoles by their keys; what went before that moment is not shown any more."""
    found: AccountQuerySet = Account.objects.filter(gone_lately(since=since), console__in=consoles)
    return found


def why_empty(
    request: StaffRequest,
    in_view: InView,
    reading: Reading,
    search: str,
    is_narrowed: bool,
    parent: Account | None = None,
) -> dict[str, Any]:
    """Words for an empty list: what was looked for, what would be found, one way out."""
    every = shown_accounts(in_view)
    if parent is not None and not search and not is_narrowed:
        return {
            "heading": "No sub-accounts",
            "why": f"{display_text(parent)} has none that were read.",
            "way_out": ("Show all accounts", reverse("account_list")),
        }
    if not search and not is_narrowed:
        if not in_view.every:
            return {
                "heading": "No console yet",
                "why": "Accounts are read from a Cyclr console. An administrator sets one up "
                "in Settings.",
            }
        if reading.read_at:
            return {
                "heading": "No accounts",
                "why": "Cyclr says that this console has none. One created there appears "
                "here after the next sync.",
            }
        if reading.error:
            return {
                "heading": "Cyclr could not be read",
                "why": f"{reading.error} It will be retried automatically; Refresh tries now.",
            }
        return {
            "heading": "Nothing read yet",
            "why": "The first sync starts automatically in a moment; Refresh starts it now.",
        }
    all_url = reverse("account_list")
    if in_view.chosen:
        all_url += f"?console={in_view.chosen.pk}"
    tag = request.GET.get("tag", "").strip()
    if tag and not search:
        return {
            "heading": f"No account here is tagged “{display_text(tag)}”",
            "why": "Another filter may leave them out. Case and accents make no difference.",
            "way_out": ("Show all accounts", all_url),
        }
    if is_narrowed and not search:
        is_failing = request.GET.get("not_working", "") not in {"", "0"}
        return {
            "heading": "Nothing fails its test" if is_failing else "Nothing needs authentication",
            "why": "No connector’s newest test has failed."
            if is_failing
            else "Every connector that was read is authenticated.",
            "way_out": ("Show all accounts", all_url),
        }
    matching = tags.matching(every, search).count() if is_narrowed else 0
    if matching:
        message = "One account matches" if matching == 1 else f"{matching:,} accounts match"
        query = request.GET.copy()
        for key in ("unauthenticated", "not_working", "tag", "page"):
            query.pop(key, None)
        return {
            "why": f"{message} without the filter.",
            "way_out": ("Show without filter", f"?{query.urlencode()}"),
        }
    elsewhere = 0
    if in_view.chosen:
        others = Account.objects.visible_to(request.user).filter(gone_lately())
        elsewhere = others.search(search).count()
    if elsewhere:
        message = "One account matches" if elsewhere == 1 else f"{elsewhere:,} accounts match"
        query = request.GET.copy()
        for key in ("console", "page"):
            query.pop(key, None)
        return {
            "why": f"{message} in another console.",
            "way_out": ("Search all consoles", f"?{query.urlencode()}"),
        }
    return {
        "why": "The search looks anywhere in names, ids and tags. An account created in the last "
        "few minutes may not be listed yet: Refresh reads Cyclr again.",
        "way_out": ("Show all accounts", all_url),
    }
