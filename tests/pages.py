"""Asking for pages like a browser, and what hostile names look like."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dashboard.people.models import User
from tests.support.tables import rows_of_all

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<b hx-get=/x hx-trigger=load>bold</b>",
    "{{7*7}}{% debug %}",
    "javascript:alert(1)",
    "Invoice\u202efdp.exe",
    "zero\u200bwidth",
    "مكتبة النخيل للكتب",
    "Z\u0336\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308\u0309\u030a\u030b\u030cx",
    "W" * 255,
    "long " * 2000,
    "   ",
    "null",
    "None",
    'O\'Brien & "Sons"',
    '=HYPERLINK("http://evil.example")',
    "a\r\nb\tc\u2028d",
    "100%_\\",
    "id with/slashes #and?more&less",
    "../../etc/passwd",
    "🌻 Ünï ß İ",
)


def signed_in(user: User) -> Client:
    """A browser in which this person is signed in."""
    client = Client()
    client.force_login(user)
    return client


def part(
    client: Client, url: str, target: str = "", *, seen: str = "", field: str = "", **data: Any
) -> Any:
    """What htmx gets for the part with this id; `seen` is the version it shows already."""
    headers = {"HX-Request": "true"}
    headers |= {"HX-Target": target} if target else {}
    headers |= {"X-Seen": seen} if seen else {}
    headers |= {"HX-Trigger-Name": field} if field else {}
    return client.get(url, data, headers=headers)


def text_of(response: Any) -> str:
    """The answer's HTML."""
    return str(response.content.decode())


def assert_only_letters(html: str) -> None:
    """No hostile name became markup, or turned the line it stands in."""
    for markup in ("<script>alert", "<img src=x", "<b hx-get", "49{%"):
        assert markup not in html
    fields = r'(?:data-copy-text|value)="[^"]*"'  # there it stands as it really is
    assert "\u202e" not in re.sub(fields, "", html)


@contextmanager
def nothing_changes() -> Iterator[None]:
    """Fails if a row of any table but the sessions' is another one afterwards."""
    before = _everything()
    yield
    after = _everything()
    changed = [name for name in before | after if after.get(name) != before.get(name)]
    assert not changed, f"changed: {', '.join(changed)}"


def _everything() -> dict[str, list[dict[str, Any]]]:
    rows = {model._meta.label: found for model, found in rows_of_all().items()}
    rows.pop("desk_sessions.Session", None)
    return rows


def queries_of(client: Client, url: str, **extra: Any) -> int:
    """How many queries a page takes."""
    with CaptureQueriesContext(connection) as asked:
        response = client.get(url, **extra)
    assert response.status_code in {200, 204}, response.status_code
    return len(asked)


WRITE = re.compile(r"\s*(?:WITH\b.*?\b)?(?:INSERT|UPDATE|DELETE|REPLACE)\b", re.I | re.S)


@contextmanager
def writes() -> Iterator[list[str]]:
    """What is written to any table but the sessions' meanwhile: how each statement begins."""
    found: list[str] = []

    def look(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        is_write = re.match(
            r"\s*(INSERT|UPDATE|DELETE|REPLACE|WITH\b.*?\b(INSERT|UPDATE|DELETE)\b)",
            sql,
            re.I | re.S,
        )
        if is_write and "desk_sessions_session" not in sql:
            found.append(sql[:80])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(look):
        yield found
