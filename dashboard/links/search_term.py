"""`link:expired` in the search box of installed connectors."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from dashboard.accounts.search_terms import Keyword, register, words
from dashboard.links.models import Link, LinkItem

VALUES = ["open", "expired", "revoked", "connected", "none"]


def _condition(value: str) -> Q | None:
    """By whether there is such a link; `expired`: one that ran out, and none that is open."""
    items = LinkItem.objects.filter(account_connector=OuterRef("pk"))
    is_open = Exists(items.filter(connected_at=None, link__in=Link.objects.open()))
    match value.lower():
        case "open":
            return Q(is_open)
        case "expired":
            ran_out = items.filter(connected_at=None, link__revoked_at=None)
            return Q(Exists(ran_out.filter(link__expires_at__lte=timezone.now())), ~is_open)
        case "revoked":
            return Q(Exists(items.exclude(link__revoked_at=None)))
        case "connected":
            return Q(Exists(items.exclude(connected_at=None)))
        case "none":
            return Q(~Exists(items))
    return None


register(Keyword("link", words(VALUES), "link:expired", _condition))
