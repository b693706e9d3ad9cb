"""Requests, replies, and the table that leads from one to the other."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qsl, quote, unquote

import orjson

from cyclr_api.simulator import lenient
from cyclr_api.simulator.refusals import RefusalError
from cyclr_api.simulator.values import JSON, encode, encode_list

if TYPE_CHECKING:
    from cyclr_api.simulator.world import World

NOT_VALID = "The request is invalid."

GUID = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

ADDRESS_CHARACTERS = "!#$%&'()*+,/:;=?@[]~"

Level = Literal["partner", "account", "console"]
"""Whose calls: an account's, the partner's, or the partner's with a token that is not narrowed."""


class Fields:
    """A JSON object whose keys are found whatever their case."""

    def __init__(self, document: JSON) -> None:
        self.document = document
        self._values = {key.casefold(): value for key, value in document.items()}

    def __contains__(self, name: str) -> bool:
        return name.casefold() in self._values

    def get(self, name: str) -> Any:
        return self._values.get(name.casefold())

    def text(self, name: str) -> str | None:
        """The value as text; numbers and booleans become text as .NET writes them."""
        return as_text(self.get(name))

    def flag(self, name: str) -> bool:
        """True for `true` and `"true"`."""
        value = self.get(name)
        return value.strip().casefold() == "true" if isinstance(value, str) else value is True

    def switch(self, name: str) -> bool | None:
        """A boolean, also from text; None for what is absent, null or no boolean."""
        text = (self.text(name) or "").strip().casefold()
        return {"true": True, "false": False}.get(text)

    def whole(self, name: str) -> int | None:
        """A whole number, also from text; None for what is absent, null or no number."""
        value = self.get(name)
        if isinstance(value, str) and re.fullmatch(r"\s*[+-]?[0-9]{1,18}\s*", value, re.ASCII):
            return int(value)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return int(value) if is_number and abs(value) < 10**18 else None

    def texts(self, name: str) -> list[str]:
        """An array of texts; an absent or null one is empty."""
        value = self.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise RefusalError(400, NOT_VALID)
        return [text for text in map(as_text, value) if text is not None]

    def fields(self, name: str) -> "Fields":
        """An object; an absent or null one is empty."""
        value = self.get(name)
        if value is None:
            return Fields({})
        if not isinstance(value, dict):
            raise RefusalError(400, NOT_VALID)
        return Fields(value)

    def objects(self, name: str) -> list["Fields"]:
        """The objects of an array; an absent or null array is empty."""
        value = self.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise RefusalError(400, NOT_VALID)
        return [Fields(item) for item in value]


def as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, int | float):
        return str(value)
    raise RefusalError(400, NOT_VALID)


@dataclass
class Request:
    method: str
    raw_path: str
    """As it was sent, still percent-encoded, without the query."""
    raw_query: str
    host: str
    headers: dict[str, str]
    """Names in lower case, values decoded from UTF-8."""
    body: bytes
    peer: str
    params: dict[str, str] = field(default_factory=dict)
    account: str = ""
    """Set for account-level calls when the account is known."""

    @property
    def segments(self) -> list[str]:
        """The path's segments, decoded one by one, so that `%2F` stays inside its segment."""
        path = self.raw_path.strip("/")
        return [unquote(segment) for segment in path.split("/")] if path else []

    @property
    def query(self) -> dict[str, str]:
        return {key.casefold(): value for key, value in _pairs(self.raw_query)}

    def form(self) -> dict[str, str]:
        return dict(_pairs(self.body.decode("utf-8", "replace")))

    def json(self) -> Fields:
        """The body's JSON object."""
        document = self.value()
        if not isinstance(document, dict):
            raise RefusalError(400, NOT_VALID)
        return Fields(document)

    def json_given(self) -> Fields:
        """The body's JSON object; without a body the request is not valid."""
        if not self.body.strip():
            raise RefusalError(400, NOT_VALID)
        return self.json()

    def json_or_empty(self) -> Fields:
        """The body's JSON object; without a body, one without attributes."""
        return self.json() if self.body.strip() else Fields({})

    def value(self) -> Any:
        """The body's JSON, as leniently as Cyclr reads it."""
        if not self.body.strip():
            # An install without any body once gave a 500.
            raise RefusalError(500, "An error has occurred.")
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            pass
        try:
            return lenient.loads(self.body)
        except ValueError:
            raise RefusalError(400, NOT_VALID) from None

    def number(self, name: str) -> int:
        """A path parameter that is a number; Sim: anything else is unknown."""
        text = self.params[name]
        if not (text.isascii() and text.isdigit() and len(text) < 19):
            raise RefusalError(404)
        return int(text)

    def guid(self, name: str) -> str:
        """A path parameter that is a GUID, in lower case; anything else is a 400."""
        text = self.params[name]
        if not is_guid(text):
            raise RefusalError(400, NOT_VALID)
        return text.lower()


def _pairs(text: str) -> list[tuple[str, str]]:
    """A query's or a form's names and values; of more than anybody asks for, none."""
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=200)
    except ValueError:
        return []


def is_guid(text: str) -> bool:
    """Whether the text is a GUID as Cyclr writes them."""
    return GUID.fullmatch(text) is not None


@dataclass
class Reply:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, value: Any, status: int = 200) -> "Reply":
        return cls.encoded(encode(value), status)

    @classmethod
    def encoded(cls, body: bytes, status: int = 200) -> "Reply":
        return cls(status, body, {"Content-Type": "application/json; charset=utf-8"})

    @classmethod
    def html(cls, text: str, status: int = 200) -> "Reply":
        return cls(
            status,
            text.encode("utf-8", "replace"),
            {
                "Content-Type": "text/html; charset=utf-8",
                "Cache-Control": "no-store",
                "Referrer-Policy": "no-referrer",
            },
        )

    @classmethod
    def redirect(cls, location: str) -> "Reply":
        address = quote(location, safe=ADDRESS_CHARACTERS)
        return cls(302, b"", {"Location": address, "Cache-Control": "no-store"})

    @classmethod
    def refusal(cls, refusal: RefusalError) -> "Reply":
        """`{"Message": ...}`; Sim: no body at all where the words are not known."""
        if refusal.message is None:
            return cls(refusal.status)
        return cls.json({"Message": refusal.message}, refusal.status)


View = Callable[["World", Request], Reply]


@dataclass(frozen=True)
class Route:
    method: str
    segments: tuple[str, ...]
    level: Level
    view: View

    def match(self, segments: Sequence[str]) -> dict[str, str] | None:
        """The path parameters, or None. `{id:int}` takes digits only."""
        if len(segments) != len(self.segments):
            return None
        params: dict[str, str] = {}
        for wanted, given in zip(self.segments, segments, strict=True):
            if not wanted.startswith("{"):
                if wanted != given.casefold():
                    return None
                continue
            name, _, kind = wanted[1:-1].partition(":")
            if not given or (kind == "int" and not (given.isascii() and given.isdigit())):
                return None
            params[name] = given
        return params


class Routes:
    """A module's part of the API. The first route that matches wins."""

    def __init__(self) -> None:
        self.all: list[Route] = []

    def add(self, method: str, path: str, *, level: Level) -> Callable[[View], View]:
        def keep(view: View) -> View:
            self.all.append(Route(method, tuple(path.strip("/").split("/")), level, view))
            return view

        return keep


def page_of(
    world: "World",
    request: Request,
    rows: Sequence[Any],
    *,
    field_of: Callable[[Any, str], Any],
    encoded: Callable[[Any], bytes],
) -> Reply:
    """One page of a list, ordered as asked. Sim: Total-Pages; what makes no sense is ignored."""
    query = request.query
    order = query.get("orderby", "")
    descending = query.get("sortorderasc", "true").casefold() == "false"
    if order:
        rows = sorted(rows, key=lambda row: _sortable(field_of(row, order)))
    if descending:
        rows = list(reversed(rows))
    size = min(_positive(query.get("pagesize"), world.default_page_size), world.max_page_size)
    page = _positive(query.get("page"), 1)
    reply = Reply.encoded(encode_list(_encoded(rows[(page - 1) * size : page * size], encoded)))
    reply.headers["Total-Pages"] = str(-(-len(rows) // size))
    return reply


def _encoded(rows: Iterable[Any], encoded: Callable[[Any], bytes]) -> Iterable[bytes]:
    return (encoded(row) for row in rows)


def _positive(text: str | None, otherwise: int) -> int:
    if text is None or not (text.isascii() and text.isdigit() and len(text) < 10):
        return otherwise
    return int(text) or otherwise


def _sortable(value: Any) -> tuple[int, Any]:
    """Numbers before text before nothing."""
    if isinstance(value, int | float):
        return (0, value)
    if isinstance(value, str):
        return (1, value.casefold())
    return (2, "")


def document_field(document: JSON, name: str) -> Any:
    """A document's value whatever the case of its key."""
    for key, value in document.items():
        if key.casefold() == name.casefold():
            return value
    return None
