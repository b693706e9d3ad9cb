"""A small application behind the real web server: says what reached it."""

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from dashboard import web_worker

for _name in ("HEAD_WITHIN", "BODY_WITHIN", "TAKE_WITHIN"):
    if _seconds := os.environ.get(f"TEST_{_name}"):
        setattr(web_worker, _name, float(_seconds))

LONG = 2_000_000
"""Bytes of `/long`: the sockets take one such answer, and not a second."""


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The request as JSON; what `/long` answers is long."""
    if environ["PATH_INFO"] == "/long":
        start_response("200 OK", [("Content-Length", str(LONG))])
        return [b"x" * LONG]
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
