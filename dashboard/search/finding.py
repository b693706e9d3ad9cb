"""What the command palette finds: things by name and id, pages, and what can be done.

As many queries at ten thousand accounts as at ten: one for each kind of thing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from dashboard import navigation
from dashboard.common.page_addresses import page_address
from dashboard.common.searching import normalize_for_search, search_text, words_in
from dashboard.common.untrusted_text import storable
from dashboard.consoles.models import Console
from dashboard.links import opening
from dashboard.links.glued import TOKEN
from dashboard.links.models import Link
from dashboard.mirror.freshness import gone_lately
from dashboard.mirror.models import (
    Account,
    AccountConnector,
    AccountConnectorQuerySet,
    CatalogueConnector,
    Cycle,
    Template,
)
from dashboard.operations.models import Operation
from dashboard.people.access import consoles_for, may_open, may_open_in
from dashboard.people.models import User

LONGEST = 4000
"""Characters that are read: a whole mail may be pasted, with a link's address in it."""
MOST = 5
"""Things of a kind that are shown; who looks for more types more."""
LOOKED_AT = 200
"""Installed connectors that are put in order, of all that match."""
_NUMBER = re.compile(r"[1-9][0-9]{0,17}")
_REFERENCE = re.compile(r"op[a-z0-9]{12}")


@dataclass(frozen=True, slots=True)
class Hit:
    """One line: it leads somewhere. `name`, `account` and `ident` are from outside.

    `label` is ours and stands before the name: “Create link for”.
    """

    url: str
    icon: str
    name: str = ""
    label: str = ""
    account: str = ""
    ident: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Lines of one kind below their heading."""

    heading: str
    hits: list[Hit] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Asked:
    """What was typed, by whom, and in which consoles they may look."""

    text: str
    user: User
    consoles: Sequence[Console]

    @property
    def number(self) -> int | None:
        """The text as one of Cyclr's numbers, if it is one."""
        return int(self.text) if _NUMBER.fullmatch(self.text) else None


def find(user: User, typed: str) -> list[Group]:
    """What the text finds for this person, the likeliest kinds first; without text, what to do."""
    text = str(storable(typed))[:LONGEST].strip()
    asked = Asked(text, user, list(consoles_for(user)))
    if not text:
        return _filled([Group("Actions", _commands(asked)), Group("Pages", _pages(asked))])
    accounts = _accounts(asked)
    groups = [
        Group("Accounts", [_account_hit(one) for one in accounts]),
        Group("Actions", [*_commands_of(accounts, asked), *_commands(asked)]),
        Group("Pages", _pages(asked)),
        *(Group(heading, hits_of(asked)) for heading, hits_of in KINDS.items()),
    ]
    return _filled(groups)


def _filled(groups: list[Group]) -> list[Group]:
    return [group for group in groups if group.hits]


# ---- things ----


def _accounts(asked: Asked) -> list[Account]:
    rows = Account.objects.filter(gone_lately(), console__in=asked.consoles).search(asked.text)
    return list(_likeliest(rows, asked, cyclr_id=asked.text)[:MOST])


def _likeliest(rows: QuerySet[Account], asked: Asked, **exactly: object) -> QuerySet[Account]:
    """The one with this id first, then those whose name begins like it, each by name."""
    beginning = normalize_for_search(asked.text)
    rank = Case(
        When(**exactly, then=Value(0)),
        When(sort_name__startswith=beginning, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    return rows.order_by(rank, "sort_name", "pk")


def _account_hit(account: Account) -> Hit:
    return Hit(
        account.get_absolute_url(),
        "building",
        name=account.name,
        ident=account.cyclr_id,
        state="Gone" if account.gone_at else "",
    )


def _connectors(asked: Asked) -> list[Hit]:
    """By its own names; by several words also by its account's; by its number in Cyclr."""
    rows: AccountConnectorQuerySet = AccountConnector.objects.filter(
        gone_lately(), gone_lately("account__"), account__console__in=asked.consoles
    )
    pks = _first_of(rows, asked)
    found = AccountConnector.objects.select_related("account").in_bulk(pks)
    return [
        Hit(
            one.get_absolute_url(),
            "plug",
            name=one.name or one.connector_name,
            account=str(one.account),
            state=one.state,
        )
        for one in (found[pk] for pk in dict.fromkeys(pks) if pk in found)
    ]


def _first_of(rows: AccountConnectorQuerySet, asked: Asked) -> list[int]:
    """The first few by name: of those that match, so many are sorted, not all that a word fits."""
    ways = (way.order_by().values_list("sort_name", "pk") for way in _ways_to(rows, asked))
    first, *others = ways
    some = first.union(*others, all=True) if others else first
    return [pk for _, pk in sorted(some[:LOOKED_AT])[:MOST]]


def _ways_to(rows: AccountConnectorQuerySet, asked: Asked) -> Sequence[QuerySet[AccountConnector]]:
    """Queries that each go by an index."""
    if " " in asked.text:
        return rows.searches(asked.text)
    named = rows.filter(words_in(asked.text, "search_text"))
    return [named] if asked.number is None else [named, rows.filter(cyclr_id=asked.number)]


def _library(asked: Asked) -> list[Hit]:
    condition = words_in(asked.text, "search_text")
    if asked.number is not None:
        condition |= Q(release_id=asked.number)
    rows = CatalogueConnector.objects.filter(condition, gone_at=None, console__in=asked.consoles)
    return [
        Hit(one.get_absolute_url(), "book", name=one.name, ident=one.version)
        for one in rows.order_by("sort_name", "pk")[:MOST]
    ]


def _links(asked: Asked) -> list[Hit]:
    """By customer and recipient; by a link's address, whatever stands around it."""
    rows = Link.objects.filter(console__in=asked.consoles).select_related("account")
    named = opening.find(asked.text) if len(asked.text) >= TOKEN else None
    if named is not None:
        rows = rows.filter(pk=named.pk)
    else:
        rows = rows.filter(words_in(asked.text, "search_text", "account__search_text"))
    return [
        Hit(one.get_absolute_url(), "link", name=str(one), state=one.state_label)
        for one in rows.order_by("-pk")[:MOST]
    ]


def _cycles(asked: Asked) -> list[Hit]:
    condition = words_in(asked.text, "search_text") | Q(cyclr_id=asked.text)
    rows = Cycle.objects.filter(
        condition, gone_at=None, account__gone_at=None, account__console__in=asked.consoles
    ).select_related("account")
    return [
        Hit(one.get_absolute_url(), "repeat", name=one.name, account=str(one.account))
        for one in rows.order_by("sort_name", "pk")[:MOST]
    ]


def _templates(asked: Asked) -> list[Hit]:
    condition = words_in(asked.text, "search_text") | Q(cyclr_id=asked.text)
    rows = Template.objects.filter(condition, gone_at=None, console__in=asked.consoles)
    return [
        Hit(one.get_absolute_url(), "template", name=one.name)
        for one in rows.order_by("sort_name", "pk")[:MOST]
    ]


def _operations(asked: Asked) -> list[Hit]:
    """By its reference, which tickets and error pages name."""
    if not _REFERENCE.fullmatch(asked.text.lower()):
        return []
    rows = Operation.objects.filter(reference=asked.text.lower(), console__in=asked.consoles)
    return [
        Hit(one.get_absolute_url(), "list-check", name=one.title, state=one.state_label)
        for one in rows
    ]


KINDS: dict[str, Callable[[Asked], list[Hit]]] = {
    "Operations": _operations,
    "Installed connectors": _connectors,
    "Links": _links,
    "Library": _library,
    "Cycles": _cycles,
    "Templates": _templates,
}
"""Besides accounts: the headings, in their order, and what stands below each."""


# ---- pages, and what can be done ----


def _pages(asked: Asked) -> list[Hit]:
    """Places of the menu that the person may open."""
    return [
        Hit(page_address(place.url_name), place.icon, label=place.label)
        for place in navigation.places()
        if _is_meant(asked.text, place.label) and may_open(asked.user, place.url_name)
    ]


def _commands(asked: Asked) -> list[Hit]:
    """What is about nothing in particular."""
    return [
        Hit(page_address(command.url_name), command.icon, label=command.label)
        for command in navigation.commands()
        if not command.is_of_account
        and _is_meant(asked.text, command.label, command.words)
        and may_open(asked.user, command.url_name)
    ]


def _commands_of(accounts: Sequence[Account], asked: Asked) -> list[Hit]:
    """What the person may do with the likeliest account."""
    there = [account for account in accounts if not account.gone_at][:1]
    return [
        Hit(
            page_address(command.url_name, account.pk),
            command.icon,
            label=command.label,
            name=account.name,
        )
        for account in there
        for command in navigation.commands()
        if command.is_of_account and may_open_in(asked.user, command.url_name, account.console_id)
    ]


def _is_meant(text: str, *words: str) -> bool:
    """Whether each word that was typed begins one of these."""
    known = search_text(*words).split()
    return all(
        any(one.startswith(word) for one in known) for word in normalize_for_search(text).split()
    )
