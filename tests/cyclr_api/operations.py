"""Every public operation of the client, found by looking: what is added later is among them."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import (
    Any,
    Literal,
    Union,
    Unpack,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from cyclr_api import Client, MemoryTokenStore, TokenStore

GUID = "6f0d3b52-7c1e-4b8a-9e55-0b6a3c1f2d10"
ACCOUNT = "acme/eu"

Call = Callable[[Client], Any]

_NOT_SENT = frozenset({"client.close"})
_VALUES = ("cyclr_api.models", "cyclr_api.decoding", "cyclr_api.errors", "cyclr_api.auth")


@dataclass(frozen=True)
class Operation:
    """One way to ask Cyclr something. `name`: how it is reached from the client."""

    name: str
    call: Call

    def __call__(self, client: Client) -> object:
        answer = self.call(client)
        return list(answer) if isinstance(answer, Iterator) else answer

    def __repr__(self) -> str:
        return self.name


def operations() -> list[Operation]:
    """With the arguments they must have, and once more with all that they may have."""
    found = _inside(Client, "client", lambda client: client, ())
    return sorted(found, key=lambda operation: operation.name)


def _inside(kind: type, name: str, reach: Call, above: tuple[type, ...]) -> Iterator[Operation]:
    """The operations of a class whose objects `reach` finds."""
    for member, value in inspect.getmembers(kind):
        here = f"{name}.{member}"
        if member.startswith("_") or here in _NOT_SENT:
            continue
        if isinstance(value, property):
            yield from _behind(value.fget, here, _attribute(reach, member), (*above, kind))
        elif inspect.isfunction(value):
            yield from _of_method(value, here, _attribute(reach, member), (*above, kind))


def _of_method(
    function: Callable[..., Any], name: str, bound: Call, above: tuple[type, ...]
) -> Iterator[Operation]:
    least, most = arguments(function, all_of_them=False), arguments(function, all_of_them=True)
    for label, given in (("", least), (" with everything", most)):
        if label and given == least:
            continue
        reach: Call = lambda client, given=given: bound(client)(**given)  # type: ignore[misc]  # noqa: E731
        if _leads_on(function) is None:
            yield Operation(name + label, reach)
        else:
            yield from _behind(function, f"{name}(){label}", reach, above)


def _behind(
    function: Callable[..., Any] | None, name: str, reach: Call, above: tuple[type, ...]
) -> Iterator[Operation]:
    kind = _leads_on(function)
    if kind is not None and kind not in above:
        yield from _inside(kind, name, reach, above)


def _attribute(reach: Call, member: str) -> Call:
    return lambda client: getattr(reach(client), member)


def _leads_on(function: Callable[..., Any] | None) -> type | None:
    """The class of what comes back, if that has operations itself."""
    answer = get_type_hints(function)["return"] if function is not None else None
    kind = get_origin(answer) or answer
    is_ours = isinstance(kind, type) and kind.__module__.startswith("cyclr_api.")
    return kind if is_ours and not kind.__module__.startswith(_VALUES) else None


def arguments(function: Callable[..., Any], *, all_of_them: bool) -> dict[str, Any]:
    """Made-up values for the arguments of a function."""
    hints = get_type_hints(function)
    given: dict[str, Any] = {}
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        hint = hints[parameter.name]
        if parameter.kind is parameter.VAR_KEYWORD:
            (options,) = get_args(hint) if get_origin(hint) is Unpack else (None,)
            if all_of_them and is_typeddict(options):
                given |= {name: value(name, each) for name, each in get_type_hints(options).items()}
        elif all_of_them or parameter.default is parameter.empty:
            given[parameter.name] = value(parameter.name, hint)
    return given


def value(name: str, hint: Any) -> Any:
    """A value of a type; ids of text are GUIDs, as most of them must be."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        kinds = [each for each in inner if each is not type(None) and not _is_mark(each)]
        return value(name, kinds[0])
    if origin is Literal:
        return inner[0]
    if origin is Callable:
        return str  # a text in its own place
    if origin is not None and issubclass(origin, Mapping):
        return {value("key", inner[0]): value(name, inner[1])}
    if origin is not None and issubclass(origin, Iterable):
        return [value(name, inner[0])]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return next(iter(hint))
    if is_dataclass(hint):
        return hint(**_fields(hint))  # type: ignore[operator]
    if hint is str and name == "account_id":
        return ACCOUNT
    if hint is str:
        return GUID if name == "id" or name.endswith("_id") else "words"
    # 5 is an id, a count and, for cycles, an interval.
    plain = {int: 5, bool: True, float: 1.0, bytes: b"PK", Any: "words", object: "words"}
    plain |= {datetime: datetime(2024, 3, 4, tzinfo=UTC), date: date(2024, 3, 4)}
    plain |= {TokenStore: MemoryTokenStore(), Hashable: "words"}
    return plain[hint]


def _fields(hint: Any) -> dict[str, Any]:
    hints = get_type_hints(hint)
    return {
        each.name: value(each.name, hints[each.name])
        for each in fields(hint)
        if each.init and each.name != "extra"
    }


def _is_mark(hint: Any) -> bool:
    return isinstance(hint, type) and hint.__name__ == "Unset"
