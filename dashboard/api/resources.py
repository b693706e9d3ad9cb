"""What can be read: lists and single things, described once for the API, the tools and the docs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from dashboard.accounts.account_filter import AccountFilter
from dashboard.accounts.filters import STATES as CONNECTOR_STATES
from dashboard.accounts.filters import ConnectorFilter
from dashboard.alarms import filters as alarm_filters
from dashboard.alarms.models import Alarm
from dashboard.api import shapes
from dashboard.api.access import Caller
from dashboard.api.problems import ProblemError
from dashboard.api.scopes import Scope
from dashboard.common.searching import words_in
from dashboard.common.untrusted_text import storable
from dashboard.links import filters as link_filters
from dashboard.links.models import Link
from dashboard.mirror.freshness import gone_lately
from dashboard.mirror.models import Account, AccountConnector, WhyBroken
from dashboard.operations import filters as operation_filters
from dashboard.operations.models import Operation

JSON = dict[str, Any]
LEAST, USUAL, MOST = 1, 50, 200
"""Things of one page."""
LONGEST = 500
"""Letters of a parameter."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A filter of a list."""

    name: str
    help: str
    choices: tuple[str, ...] = ()
    is_flag: bool = False
    is_key: bool = False

    def schema(self) -> JSON:
        """What it takes."""
        if self.is_flag:
            return {"type": "boolean"}
        if self.is_key:
            return {"type": "integer", "minimum": 1}
        told: JSON = {"type": "string", "maxLength": LONGEST}
        return told | {"enum": list(self.choices)} if self.choices else told

    def read(self, value: object) -> str:
        """The value as pages have it in their address. Raises the problem with it."""
        if isinstance(value, bool):
            value = "true" if value else "false"
        if not isinstance(value, str | int):
            raise ProblemError(400, f"{self.name} is one value, a text or a whole number.")
        text = str(storable(str(value))).strip()
        if len(text) > LONGEST:
            raise ProblemError(400, f"{self.name} has {LONGEST} letters at most.")
        if self.is_flag:
            if text not in {"true", "false", "1", "0"}:
                raise ProblemError(400, f"{self.name} is true or false.")
            return "1" if text in {"true", "1"} else ""
        if self.is_key and not _is_key(text):
            raise ProblemError(400, f"{self.name} is a whole number, from 1.")
        if self.choices and text not in self.choices:
            raise ProblemError(400, f"{self.name} is one of: {', '.join(self.choices)}.")
        return text


SEARCH = Parameter("q", "Words that are searched for, as in the search box of the page.")
CONSOLE = Parameter("console", "Of this console alone.", is_key=True)
OF_ACCOUNT = Parameter("account", "Of this account alone.", is_key=True)
TAG = Parameter("tag", "Of accounts with this tag.")
PAGING = (
    Parameter("limit", f"How many at most: {LEAST} to {MOST}, {USUAL} if not said.", is_key=True),
    Parameter("after", "The `next` of the page before.", is_key=True),
)

Narrow = Callable[[Any, Caller, QueryDict], QuerySet[Any]]


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind of thing."""

    name: str
    one: str
    """The name of a single one, as schema."""
    scope: Scope
    rows: Callable[[], Any]
    narrow: Narrow
    shape: Callable[[Any], JSON]
    parameters: tuple[Parameter, ...]
    is_newest_first: bool = False
    lookup: str = "pk"
    every: tuple[Parameter, ...] = field(init=False)

    def __post_init__(self) -> None:
        """All parameters, those of paging too."""
        object.__setattr__(self, "every", (*self.parameters, *PAGING))

    @property
    def tool_one(self) -> str:
        """The name of the tool that reads one."""
        return f"get_{self.one.lower()}"

    @property
    def tool_list(self) -> str:
        """The name of the tool that lists them."""
        return f"list_{self.name}"

    def page(self, caller: Caller, given: Mapping[str, object]) -> JSON:
        """A page of those that the caller may see: `items`, and `next` if there are more."""
        asked = self._read(given)
        limit = int(asked.get("limit") or USUAL)
        if not LEAST <= limit <= MOST:
            raise ProblemError(400, f"limit is {LEAST} to {MOST}.")
        rows = self.rows().visible_to(caller.user)
        if console := asked.get("console"):
            rows = rows.filter(**{f"{rows.console_path}": int(console)})
        rows = self.narrow(rows, caller, asked)
        if after := asked.get("after"):
            side = "lt" if self.is_newest_first else "gt"
            rows = rows.filter(**{f"pk__{side}": int(after)})
        found = list(rows.order_by("-pk" if self.is_newest_first else "pk")[: limit + 1])
        some = found[:limit]
        more = len(found) > limit
        return {"items": [self.shape(one) for one in some], "next": some[-1].pk if more else None}

    def get(self, caller: Caller, key: object) -> JSON:
        """One of them. Raises the problem that there is none the caller may see."""
        return self.shape(self.find(caller, key))

    def find(self, caller: Caller, key: object) -> Any:
        """The row itself."""
        text = str(key)
        found = None
        if self.lookup != "pk" or _is_key(text):
            rows = self.rows().visible_to(caller.user)
            try:
                found = rows.filter(**{self.lookup: storable(text)[:40]}).first()
            except (ValueError, ValidationError):
                found = None
        if found is None:
            raise ProblemError(404, f"There is no such {self.one.lower()} for this token.")
        return found

    def _read(self, given: Mapping[str, object]) -> QueryDict:
        known = {one.name: one for one in self.every}
        if unknown := sorted(set(given) - set(known)):
            names = ", ".join(known)
            raise ProblemError(
                400, f"{unknown[0][:50]} is not a parameter here. There are: {names}."
            )
        asked = QueryDict(mutable=True)
        for name, value in given.items():
            if value is not None:  # so programs say that they ask for nothing
                asked[name] = known[name].read(value)
        return asked


def _is_key(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19 and int(text) > 0


def values_of(query: MultiValueDict[str, str]) -> dict[str, object]:
    """The parameters of an address; one that is given twice counts once, the last."""
    return dict(query.items())


def _accounts(rows: Any, caller: Caller, asked: QueryDict) -> QuerySet[Any]:
    return AccountFilter.of(caller.user, asked).among(rows.filter(gone_lately()))


def _connectors(rows: Any, caller: Caller, asked: QueryDict) -> QuerySet[Any]:
    rows = rows.filter(gone_lately(), gone_lately("account__"))
    if account := asked.get("account"):
        rows = rows.filter(account=int(account))
    return ConnectorFilter.of(asked).among(rows)


def _alarms(rows: Any, caller: Caller, asked: QueryDict) -> QuerySet[Any]:
    show = asked.get("show") or alarm_filters.OPEN
    found = alarm_filters.searched(rows.shown(), asked.get("q", ""))
    return found.filter(alarm_filters.conditions(caller.user)[show])


def _links(rows: Any, caller: Caller, asked: QueryDict) -> QuerySet[Any]:
    if account := asked.get("account"):
        rows = rows.filter(account=int(account))
    found = rows.filter(words_in(asked.get("q", ""), "search_text", "account__search_text"))
    return link_filters.filtered(found, asked.get("show", ""))


def _operations(rows: Any, caller: Caller, asked: QueryDict) -> QuerySet[Any]:
    search, account = asked.get("q", ""), asked.get("account")
    if account:
        rows = rows.filter(account=int(account))
    if not (search or account):
        rows = rows.filter(is_bulk=False)
    if state := asked.get("state"):
        rows = rows.filter(state__in=operation_filters.STATES[state])
    return operation_filters.searched(rows, search) if search else rows


def _flag(name: str, help_: str) -> Parameter:
    return Parameter(name, help_, is_flag=True)


RESOURCES: Sequence[Resource] = (
    Resource(
        "accounts",
        "Account",
        Scope.ACCOUNTS,
        lambda: Account.objects.all(),
        _accounts,
        shapes.account,
        (
            *(SEARCH, CONSOLE, TAG),
            _flag("unauthenticated", "Those with a connector that is not authenticated."),
            _flag("not_working", "Those with a connector whose newest test failed."),
            Parameter("parent", "Sub-accounts of this account.", is_key=True),
        ),
    ),
    Resource(
        "connectors",
        "Connector",
        Scope.CONNECTORS,
        lambda: AccountConnector.objects.select_related("account"),
        _connectors,
        shapes.connector,
        (
            *(SEARCH, CONSOLE, OF_ACCOUNT, TAG),
            Parameter("connector", "Those of this connector, by its whole name."),
            Parameter("state", "Those in this state.", tuple(CONNECTOR_STATES)),
            Parameter("why", "Those that broke for this reason.", tuple(WhyBroken.values)),
        ),
    ),
    Resource(
        "alarms",
        "Alarm",
        Scope.ALARMS,
        lambda: Alarm.objects.select_related("owner", "account_connector__account"),
        _alarms,
        shapes.alarm,
        (
            *(SEARCH, CONSOLE),
            Parameter("show", "Which list; open ones if not said.", tuple(alarm_filters.SHOW)),
        ),
        is_newest_first=True,
    ),
    Resource(
        "links",
        "Link",
        Scope.LINKS,
        lambda: Link.objects.select_related("account", "console").prefetch_related("items"),
        _links,
        shapes.link,
        (
            *(SEARCH, CONSOLE, OF_ACCOUNT),
            Parameter("show", "Which list; all if not said.", tuple(link_filters.SHOW)),
        ),
        is_newest_first=True,
    ),
    Resource(
        "operations",
        "Operation",
        Scope.OPERATIONS,
        lambda: Operation.objects.all(),
        _operations,
        shapes.operation,
        (
            *(SEARCH, CONSOLE, OF_ACCOUNT),
            Parameter("state", "Those in this state.", tuple(operation_filters.STATES)),
        ),
        is_newest_first=True,
        lookup="reference",
    ),
)
BY_NAME = {one.name: one for one in RESOURCES}
