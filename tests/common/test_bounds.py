"""What no browser of ours sends is refused before anything of it is read."""

from __future__ import annotations

import io
import logging
from typing import Any

import pytest
from django.test import Client

from dashboard.common.logs import Brief
from dashboard.common.request_size import MOST_BYTES, is_too_large
from tests.pages import text_of

pytestmark = pytest.mark.django_db

PAGES = ["/sign-in/", "/accounts/", "/c/nobody/1/continue", "/no/such/page/", "/healthz"]


class Unread(io.BytesIO):
    """A body that must not be read."""

    def read(self, size: int | None = -1, /) -> bytes:
        raise AssertionError("read")

    readline = readlines = read  # type: ignore[assignment]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "application/json", ""])
def test_too_large_a_request_is_refused_unread_wherever_it_goes(
    client: Client, path: str, kind: str
) -> None:
    unread: Any = {"wsgi.input": Unread()}

    answer = client.generic(
        "POST", path, content_type=kind, CONTENT_LENGTH=str(MOST_BYTES + 1), **unread
    )

    assert answer.status_code == 413
    assert "too l" in text_of(answer)
    assert answer["Content-Security-Policy"]


@pytest.mark.parametrize("length", ["", "x", "-1", "²", "0", str(MOST_BYTES), None])
def test_what_is_not_too_large_passes(length: object) -> None:
    assert not is_too_large(length)


@pytest.mark.parametrize("length", [str(MOST_BYTES + 1), "9" * 5000, f" {320 * 10**6}"])
def test_what_is_too_large_does_not(length: object) -> None:
    assert is_too_large(length)


@pytest.mark.parametrize("moved", ["/c", "/c/x", "/"])
def test_a_path_that_was_moved_on_the_way_is_refused(client: Client, moved: str) -> None:
    assert client.get("/healthz", SCRIPT_NAME=moved).status_code == 400
    assert client.get("/healthz").status_code == 200


def many_parts(count: int, head: str) -> bytes:
    return (
        b"".join(b"--x\r\n" + head.encode() % n + b"\r\n\r\n\r\n" for n in range(count)) + b"--x--"
    )


FIELD = 'Content-Disposition: form-data; name="f%d"'
FILE = 'Content-Disposition: form-data; name="f%d"; filename="f"'
BROKEN = {
    "10,000 fields": ("multipart/form-data; boundary=x", many_parts(10_000, FIELD)),
    "10,000 files": ("multipart/form-data; boundary=x", many_parts(10_000, FILE)),
    "10,000 pairs": ("application/x-www-form-urlencoded", b"&".join([b"a=1"] * 10_000)),
    "no boundary": ("multipart/form-data", b"x"),
    "a boundary of nothing": ("multipart/form-data; boundary=", b"x"),
    "no base64": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n'
        b"Content-Transfer-Encoding: base64\r\n\r\n!\xff\xfe\r\n--x--",
    ),
    "a field of 2.9 MB": ("application/x-www-form-urlencoded", b"a=" + b"x" * 2_900_000),
}


@pytest.mark.parametrize("path", ["/sign-in/", "/c/nobody/1/continue"])
@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_form_is_refused_by_one_line_in_the_log(
    path: str, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    content_type, body = BROKEN[kind]

    answer = Client(enforce_csrf_checks=True).post(path, body, content_type=content_type)

    assert answer.status_code in {400, 403, 404}
    lines = [written(record) for record in caplog.records]
    assert all("\n" not in line for line in lines), lines
    assert len(lines) <= 2


def written(record: logging.LogRecord) -> str:
    """As the console shows it."""
    Brief().filter(record)
    shown: str = logging.Formatter().format(record)
    return shown


def test_a_fault_of_ours_keeps_its_traceback() -> None:
    def said(**more: Any) -> str:
        record = logging.makeLogRecord({"name": "django.request", "msg": "failed", **more})
        try:
            raise ValueError("why")
        except ValueError as error:
            record.exc_info = (type(error), error, error.__traceback__)
        return written(record)

    assert "why" in said(status_code=500)
    assert "why" in said()
    assert "why" not in said(status_code=400)
