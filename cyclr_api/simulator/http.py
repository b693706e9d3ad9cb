"""Requests and replies: what comes in from the wire, and what goes out."""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

import orjson

from cyclr_api.simulator.state import tolerant_json
from cyclr_api.simulator.state.errors import ApiError
from cyclr_api.simulator.state.values import JSON, encode, is_guid

NOT_VALID = "The request is invalid."

ADDRESS_CHARACTERS = "!#$%&'()*+,/:;=?@[]~"


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
            raise ApiError(400, NOT_VALID)
        return [text for text in map(as_text, value) if text is not None]

    def fields(self, name: str) -> "Fields":
        """An object; an absent or null one is empty."""
        value = self.get(name)
        if value is None:
            return Fields({})
        if not isinstance(value, dict):
            raise ApiError(400, NOT_VALID)
        return Fields(value)

    def objects(self, name: str) -> list["Fields"]:
        """The objects of an array; an absent or null array is empty."""
        value = self.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise ApiError(400, NOT_VALID)
        return [Fields(item) for item in value]


def as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, int | float):
        return str(value)
    raise ApiError(400, NOT_VALID)


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
            raise ApiError(400, NOT_VALID)
        return Fields(document)

    def json_given(self) -> Fields:
        """The body's JSON object; without a body the request is not valid."""
        if not self.body.strip():
            raise ApiError(400, NOT_VALID)
        return self.json()

    def json_or_empty(self) -> Fields:
        """The body's JSON object; without a body, one without attributes."""
        return self.json() if self.body.strip() else Fields({})

    def value(self) -> Any:
        """The body's JSON, as tolerantly as Cyclr reads it."""
        if not self.body.strip():
            # An install without any body once gave a 500.
            raise ApiError(500, "An error has occurred.")
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            pass
        try:
            return tolerant_json.loads(self.body)
        except ValueError:
            raise ApiError(400, NOT_VALID) from None

    def number(self, name: str) -> int:
        """A path parameter that is a number; Sim: anything else is unknown."""
        text = self.params[name]
        if not (text.isascii() and text.isdigit() and len(text) < 19):
            raise ApiError(404)
        return int(text)

    def guid(self, name: str) -> str:
        """A path parameter that is a GUID, in lower case; anything else is a 400."""
        text = self.params[name]
        if not is_guid(text):
            raise ApiError(400, NOT_VALID)
        return text.lower()


def _pairs(text: str) -> list[tuple[str, str]]:
    """A query's or a form's names and values; of more than anybody asks for, none."""
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=200)
    except ValueError:
        return []


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
    def error(cls, error: ApiError) -> "Reply":
        """`{"Message": ...}`; Sim: no body at all where the words are not known."""
        if error.message is None:
            return cls(error.status)
        return cls.json({"Message": error.message}, error.status)
