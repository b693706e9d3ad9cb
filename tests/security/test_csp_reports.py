"""Reports of browsers: logged without addresses, never believed, never a way to fill a disk."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.test import Client

from dashboard.common import limits
from dashboard.web_security.csp_reports import MOST_BYTES, MOST_REPORTS, violations_in
from dashboard.web_security.views import OF_ONE
from tests.pages import nothing_changes

pytestmark = pytest.mark.django_db
TOKEN = "canary-token-of-a-customer-s-link"
OLD = {
    "csp-report": {
        "document-uri": f"https://desk.example.com/c/{TOKEN}/?k=1",
        "effective-directive": "script-src-elem",
        "blocked-uri": f"https://evil.example/x.js?{TOKEN}",
        "source-file": f"https://desk.example.com/c/{TOKEN}/",
    }
}
NEW = [
    {
        "type": "csp-violation",
        "body": {
            "documentURL": f"https://desk.example.com/c/{TOKEN}/",
            "effectiveDirective": "style-src-attr",
            "blockedURL": "inline",
        },
    }
]


@pytest.fixture(autouse=True)
def fresh_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_counts", {})


def send(client: Client, value: Any, kind: str = "application/csp-report", **more: Any) -> int:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return client.post("/csp-report/", body, content_type=kind, **more).status_code


def test_both_kinds_of_reports_are_logged_without_any_address_of_ours(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    assert send(client, OLD) == send(client, NEW, "application/reports+json") == 204

    assert "directive=script-src-elem blocked=https://evil.example page=" in caplog.text
    assert "directive=style-src-attr blocked=inline page=" in caplog.text
    assert TOKEN not in caplog.text


def test_a_browser_of_no_session_and_no_token_is_heard(caplog: pytest.LogCaptureFixture) -> None:
    with nothing_changes():
        assert send(Client(enforce_csrf_checks=True), OLD) == 204

    assert "csp violation" in caplog.text


@pytest.mark.parametrize(
    "rubbish",
    [
        b"",
        b"{",
        b"null",
        b"[" * 15_000,
        b'{"csp-report": 7}',
        b'{"csp-report": {"effective-directive": 7, "blocked-uri": []}}',
        b'[{"type": "csp-violation"}, 7, null]',
        b'{"csp-report": {"effective-directive": "\\ud800", "blocked-uri": "http://[::1"}}',
        b"\xff\xfe",
        b'{"csp-report": {"effective-directive": "x", "document-uri": "http://["}}',
    ],
)
def test_rubbish_is_answered_alike_and_breaks_nothing(client: Client, rubbish: bytes) -> None:
    assert send(client, rubbish) == 204


def test_a_report_cannot_write_lines_of_its_own(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    evil = "x\r\n2026-01-01 CRITICAL dashboard everything is lost\x1b[31m"
    report = {"effective-directive": f"img-src{evil}", "blocked-uri": f"https://a{evil}/"}

    send(client, {"csp-report": report | {"document-uri": evil}})

    for record in caplog.records:
        assert "\n" not in record.getMessage() and "\x1b" not in record.getMessage()
        assert "everything is lost" not in record.getMessage()


def test_what_is_too_long_or_of_another_kind_is_not_read(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    assert send(client, json.dumps(OLD).encode() + b" " * MOST_BYTES) == 204
    assert send(client, OLD, "text/plain") == 204
    assert send(client, OLD, CONTENT_LENGTH="x") == 204

    assert "csp violation" not in caplog.text


def test_a_flood_is_logged_a_little(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(OF_ONE * 3):
        assert send(client, OLD) == 204

    # A window may end in between.
    assert OF_ONE <= caplog.text.count("csp violation") <= 2 * OF_ONE
    many = [NEW[0] | {"id": str(uuid.uuid4())}] * 1000
    assert len(violations_in(json.dumps(many).encode())) == MOST_REPORTS
