"""What browsers report of the Content Security Policy: read strictly, logged without addresses.

A report names the page it is about, and a customer's page has its link's token in its address. So
of ours only the page's name is logged, of others' the origin alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.urls import Resolver404, resolve

MOST_BYTES = 16_384
"""Of a report: what is longer is not read."""
MOST_REPORTS = 5
"""Of one body that are looked at."""
TYPES = {"application/csp-report", "application/reports+json", "application/json"}

_KEYWORDS = {"inline", "eval", "data", "blob", "self", "wasm-eval", "trusted-types-sink"}


@dataclass(frozen=True, slots=True)
class Violation:
    """What was kept from loading or running, in words that are safe in a log."""

    directive: str
    blocked: str
    page: str


def violations_in(body: bytes) -> list[Violation]:
    """Those of a body; none where it is no report. Both ways in which browsers write them."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return []
    found = []
    for report in _reports(value):
        directive = _either(report, "effective-directive", "effectiveDirective")
        directive = directive or _either(report, "violated-directive", "violatedDirective")
        directive = re.sub(r"[^a-z-]", "", directive.split(" ")[0].lower())[:40]
        if directive:
            blocked = _origin(_either(report, "blocked-uri", "blockedURL"))
            page = _page_name(_either(report, "document-uri", "documentURL"))
            found.append(Violation(directive, blocked, page))
    return found[:MOST_REPORTS]


def _reports(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        report = value.get("csp-report")
        if isinstance(report, dict):
            yield report
    elif isinstance(value, list):
        for one in value[:MOST_REPORTS]:
            if isinstance(one, dict) and one.get("type") == "csp-violation":
                body = one.get("body")
                if isinstance(body, dict):
                    yield body


def _either(report: dict[str, Any], *names: str) -> str:
    texts = (report.get(name) for name in names)
    return next((text for text in texts if isinstance(text, str) and text), "")


def _origin(url: str) -> str:
    """Scheme and host, or the word that stands for what has no address."""
    if url in _KEYWORDS:
        return url
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return "unreadable"
    scheme = re.sub(r"[^a-z0-9+.-]", "", parts.scheme)[:20]
    host = re.sub(r"[^a-z0-9.:-]", "", host)[:100]
    return f"{scheme}://{host}" if scheme and host else scheme or "unreadable"


def _page_name(url: str) -> str:
    """The name of one of our pages: its address may hold a token."""
    try:
        return str(resolve(urlsplit(url).path).url_name)
    except (Resolver404, ValueError):
        return "unknown"
