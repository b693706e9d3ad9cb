"""Which connectors a template brings into an account, and which of the account's it may use."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.common.untrusted_text import display_line
from dashboard.mirror.keys import key_of
from dashboard.mirror.models import Account, AccountConnector, Template, TemplateConnector


@dataclass(frozen=True, slots=True)
class Part:
    """A connector that the template needs. `installed`: which of the account's may be used."""

    need: TemplateConnector
    installed: list[AccountConnector]


def parts_of(account: Account, template: Template) -> list[Part]:
    """What it needs, each with what the account has of the kind; two queries."""
    needed = list(template.connectors.all())
    found = _installed(template, needed, account).get(account.pk, {})
    return [Part(one, found.get(one.kind_key, [])) for one in needed]


def entries_of(template: Template) -> Entries:
    """What the preview of many accounts says of each; two queries for all."""
    needed = list(template.connectors.all())
    return Entries(needed, _installed(template, needed))


@dataclass(frozen=True, slots=True)
class Entries:
    """What is added to each account and what is used, in words."""

    needed: Sequence[TemplateConnector]
    installed: dict[int, dict[str, list[AccountConnector]]]

    def of(self, account_pk: int) -> list[list[str]]:
        """Label and words: `Adds`, and `Uses` what is there."""
        there = self.installed.get(account_pk, {})
        parts = [Part(one, there.get(one.kind_key, [])) for one in self.needed]
        adds = [_kind(part.need) for part in parts if not part.installed]
        uses = [_used(part) for part in parts if part.installed]
        words = [["Adds", ", ".join(adds)], ["Uses", ", ".join(uses)]]
        return [[label, text[:500]] for label, text in words if text]


def _kind(need: TemplateConnector) -> str:
    return display_line(need.connector_name)[:100] or "a connector"


def _used(part: Part) -> str:
    """`Slack`, or how many of them Cyclr may choose from; and what is still to be done about it."""
    name, count = _kind(part.need), len(part.installed)
    if count > 1:
        return f"one of {count} {name}"
    return name if part.installed[0].authenticated else f"{name} (not authenticated)"


def _installed(
    template: Template, needed: Sequence[TemplateConnector], account: Account | None = None
) -> dict[int, dict[str, list[AccountConnector]]]:
    """By account and kind: what is there of what is needed; of one account, or of all."""
    names = {one.connector_name for one in needed}
    rows = AccountConnector.objects.there().filter(connector_name__in=names)
    if account is not None:
        rows = rows.filter(account=account).select_related("account")
    else:
        rows = rows.filter(account__console=template.console_id).only(
            "account", "name", "connector_name", "connector_version", "authenticated"
        )
    found: dict[int, dict[str, list[AccountConnector]]] = defaultdict(dict)
    for one in rows:
        key = key_of(one.connector_name, one.connector_version)
        found[one.account_id].setdefault(key, []).append(one)
    return found
