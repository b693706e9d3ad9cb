"""A small application behind the real web server: says what reached it."""

import json
import os
import signal
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from dashboard.web import worker

for _name in ("HEAD_WITHIN", "BODY_WITHIN", "TAKE_WITHIN"):
    if _seconds := os.environ.get(f"TEST_{_name}"):
        setattr(worker, _name, float(_seconds))

if os.environ.get("TEST_FIRST_FREEZES"):
    _forks: list[int] = []

    def _freeze_the_first() -> None:
        if len(_forks) == 1:
            os.kill(os.getpid(), signal.SIGSTOP)

    os.register_at_fork(before=lambda: _forks.append(1), after_in_child=_freeze_the_first)

LONG, LONGER = 2_000_000, 10_000_000
"""Bytes of `/long`: the sockets take one such answer, and not a second; of `/longer`: not one."""


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The request as JSON; what `/long` answers is long."""
    if size := {"/long": LONG, "/longer": LONGER}.get(environ["PATH_INFO"]):
        start_response("200 OK", [("Content-Length", str(size))])
        return [b"x" * size]
    if environ["PATH_INFO"] == "/file":
        own = Path(__file__)
        start_response("200 OK", [("Content-Length", str(own.stat().st_size))])
        return environ["wsgi.file_wrapper"](own.open("rb"))  # type: ignore[no-any-return]
    seen = {name: value for name, value in environ.items() if isinstance(value, str)}
    wanted = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(wanted) if environ["PATH_INFO"] != "/unread" else b""
    said = json.dumps(seen | {"pid": os.getpid(), "body": body.decode("latin-1")}).encode()
    start_response("200 OK", [("Content-Length", str(len(said)))])
    return [said]
