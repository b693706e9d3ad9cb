"""A page's form as a browser would send it."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any


class _Fields(HTMLParser):
    """The fields of each form, and where it goes."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, list[str]]]] = []
        self._open: dict[str, list[str]] | None = None
        self._select, self._first, self._text = "", "", ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = {}
            self.forms.append((told.get("action", ""), self._open))
        elif self._open is None or "disabled" in told:
            return
        elif tag == "input" and told.get("name"):
            is_ticked = told.get("type") not in {"checkbox", "radio"} or "checked" in told
            if is_ticked and told.get("type") not in {"submit", "button", "file", "image"}:
                usual = "on" if told.get("type") in {"checkbox", "radio"} else ""
                self._open.setdefault(told["name"], []).append(told.get("value", usual))
        elif tag == "select" and told.get("name"):
            self._select, self._first = told["name"], ""
        elif tag == "option" and self._select:
            if "selected" in told:
                self._open.setdefault(self._select, []).append(told.get("value", ""))
            self._first = self._first or told.get("value", "")
        elif tag == "textarea" and told.get("name"):
            self._text = told["name"]
            self._open.setdefault(self._text, []).append("")

    def handle_data(self, data: str) -> None:
        if self._text and self._open is not None:
            self._open[self._text][-1] += data.removeprefix("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "textarea":
            self._text = ""
        elif tag == "select" and self._select:
            if self._open is not None:
                self._open.setdefault(self._select, [self._first])
            self._select = ""


def fields_of(html: str, action: str) -> dict[str, Any]:
    """What the form for this address is filled in with. KeyError: there is none."""
    parser = _Fields()
    parser.feed(html)
    for to, fields in parser.forms:
        is_here = to.partition("?")[0] in {"", action.partition("?")[0]}
        if is_here and "csrfmiddlewaretoken" in fields:
            return {name: values for name, values in fields.items() if name[:4] != "csrf"}
    raise KeyError(action)
