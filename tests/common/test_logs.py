"""One event, one line."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.common.logs import OneLine, clean


def written(message: str, *args: object, error: bool = False) -> str:
    info = None
    if error:
        try:
            raise ValueError("first\nINFO forged\r\u2028more")
        except ValueError as caught:
            info = (type(caught), caught, caught.__traceback__)
    record = logging.LogRecord("x", logging.INFO, "f", 1, message, args, info)
    assert OneLine().filter(record)
    assert OneLine().filter(record)  # two handlers, one record
    return logging.Formatter("%(message)s").format(record)


@given(st.text(st.characters(codec=None)))
def test_no_text_ends_the_line(text: str) -> None:
    line = written("event text=%s", text)

    assert len(line.splitlines()) == 1
    assert all(ord(letter) >= 32 for letter in line)
    line.encode()


def test_line_ends_are_shown() -> None:
    assert written("a=%s", "x\r\nINFO signed in\x1b[2J\ud800") == (
        "a=x\\r\\nINFO signed in\\x1b[2J\\ud800"
    )


def test_a_traceback_cannot_forge_an_event() -> None:
    first, *rest = written("failed", error=True).split("\n")

    assert first == "failed"
    assert rest
    assert all(line.startswith("  | ") for line in rest)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("Not Found: /c/k3y.9aF-secret_token/start", "Not Found: /c/…/start"),
        ('"GET /c/0123456789abcdef?lang=de HTTP/1.1"', '"GET /c/…?lang=de HTTP/1.1"'),
        ("Gone: /sign-in/new-password/3-abc123-0f/", "Gone: /sign-in/new-password/…/"),
        ("POST /sign-in/new-password/ 302", "POST /sign-in/new-password/ 302"),
        ("/c/m/41", "/c/m/41"),
        (f"Not Found: /c/ {'aB27' * 16}/start", "Not Found: /c/ …/start"),
        (f'Forbidden: /c/"{"aB27" * 16}', 'Forbidden: /c/"…'),
        ("/accounts/3/", "/accounts/3/"),
    ],
)
def test_the_address_of_a_link_is_not_logged(line: str, shown: str) -> None:
    assert clean(line) == shown
