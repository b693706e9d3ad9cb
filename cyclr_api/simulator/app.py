"""The WSGI application: from the wire to the API, the pages and the control surface, with faults.

The path is taken raw (`RAW_URI` or `REQUEST_URI`), because `acme%2Feu` is one segment and
`PATH_INFO` no longer knows. Faults that end a connection are raised as `BrokenConnectionError`:
the server of `__main__` and the adapter of `mount` enact them, another server hangs up.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import orjson

from cyclr_api.simulator import api, control, pages
from cyclr_api.simulator.faults import (
    LOGIN_PAGE,
    DroppedError,
    Fault,
    NoAnswerError,
    NotConnectedError,
)
from cyclr_api.simulator.routing import Reply, Request
from cyclr_api.simulator.values import Call, encode
from cyclr_api.simulator.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

WAIT = "cyclr_api.simulator.wait"
"""environ key of the function that waits; it raises TimeoutError when the caller gives up."""

LARGEST_BODY = 30_000_000

REASONS = {
    200: "OK",
    201: "Created",
    302: "Found",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    413: "Content Too Large",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}

Wait = Callable[[float], None]


def application(world: World) -> "WSGIApplication":
    """The WSGI callable of a world."""

    def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        request = _read(environ)
        wait: Wait = environ.get(WAIT) or world.sleep
        reply, body = _carry_out(world, request, wait)
        headers = {"X-Content-Type-Options": "nosniff", **reply.headers}
        headers.setdefault("Content-Length", str(len(reply.body)))
        status = f"{reply.status} {REASONS.get(reply.status, 'Unknown')}"
        start_response(status, list(headers.items()))
        return [] if request.method == "HEAD" else body

    return app


def _read(environ: "WSGIEnvironment") -> Request:
    raw = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    if raw is None:
        raw = quote(environ.get("PATH_INFO", "").encode("latin-1"), safe="/")
        if environ.get("QUERY_STRING"):
            raw += f"?{environ['QUERY_STRING']}"
    elif not raw.startswith("/"):  # absolute form, as a proxy would get it
        parts = urlsplit(raw)
        raw = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    path, _, query = raw.partition("?")
    headers = {
        key[5:].replace("_", "-").lower(): str(value).encode("latin-1").decode("utf-8", "replace")
        for key, value in environ.items()
        if key.startswith("HTTP_")
    }
    length = environ.get("CONTENT_LENGTH") or "0"
    size = int(length) if length.isascii() and length.isdigit() else 0
    return Request(
        method=str(environ["REQUEST_METHOD"]).upper(),
        raw_path=path,
        raw_query=query,
        host=headers.get("host", "").lower(),
        headers=headers,
        body=environ["wsgi.input"].read(min(size, LARGEST_BODY)) if size else b"",
        peer=str(environ.get("REMOTE_ADDR", "")),
    )


# -- faults --------------------------------------------------------------------------------------


def _carry_out(world: World, request: Request, wait: Wait) -> tuple[Reply, Iterable[bytes]]:
    """The reply and the body as it is to be sent, which a fault may keep from matching."""
    world.settle()
    if request.segments[:1] == [control.PREFIX]:
        return _whole(control.answer(world, request))
    if request.raw_path in ("/", "/favicon.ico"):
        with world.lock:
            return _whole(pages.start(world) if request.raw_path == "/" else Reply(404))
    hit = world.faults.meet(request.method, request.raw_path)
    fault = next((one for one in hit if one.kind != "delay"), None)
    pause = world.latency + sum(one["seconds"] for one in hit if one.kind == "delay")
    log = _Log(world, request, hit)
    if fault is not None and fault.kind == "unreachable":
        log.write(None)
        raise NotConnectedError(fault["how"])
    if pause:
        try:
            wait(pause)
        except TimeoutError:
            # Nobody waits any more; Cyclr does not know and carries on.
            world.later(pause, lambda: _ignore(answer(world, request)))
            log.write(None)
            raise NoAnswerError from None
    if fault is None:
        reply = answer(world, request)
        log.write(reply.status)
        return _whole(reply)
    return _with_fault(world, request, fault, wait, log)


def _with_fault(
    world: World, request: Request, fault: Fault, wait: Wait, log: "_Log"
) -> tuple[Reply, Iterable[bytes]]:
    match fault.kind:
        case "drop_before_effect":
            log.write(None)
            raise DroppedError
        case "drop_after_effect":
            answer(world, request)
            log.write(None)
            raise DroppedError
        case "commit_late":
            world.later(fault["seconds"], lambda: _ignore(answer(world, request)))
            log.write(None)
            raise NoAnswerError
        case "respond" | "html" | "rate_limit":
            if fault.settings.get("after_effect"):
                answer(world, request)
            reply = _instead(fault)
            log.write(reply.status)
            return _whole(reply)
        case "flood":
            reply = Reply.encoded(b"")
            reply.headers["Content-Length"] = str(fault["size"] + 2)
            log.write(reply.status)
            return reply, _flood(fault["size"])
    reply = answer(world, request)
    log.write(reply.status)
    match fault.kind:
        case "truncate":
            kept = reply.body[: int(len(reply.body) * fault["keep"])]
            if not fault["honest"]:
                reply.headers["Content-Length"] = str(len(reply.body))
            reply.body = kept
        case "drip":
            return reply, _drip(reply.body, fault["size"], fault["seconds"], wait)
        case "rewrite":
            reply.body = encode(fault["change"](orjson.loads(reply.body or b"null")))
    return _whole(reply)


def _whole(reply: Reply) -> tuple[Reply, Iterable[bytes]]:
    return reply, [reply.body]


def _ignore(reply: Reply) -> None:
    """Nobody is there to get it."""


def _instead(fault: Fault) -> Reply:
    if fault.kind == "html":
        return Reply.html(LOGIN_PAGE)
    if fault.kind == "rate_limit":
        reply = Reply.json({"Message": "API calls quota exceeded."}, 429)
        if fault["retry_after"] is not None:
            reply.headers["Retry-After"] = str(fault["retry_after"])
        return reply
    body: Any = fault["body"]
    if isinstance(body, str):
        body = body.encode("utf-8", "surrogatepass")
    if isinstance(body, bytes):
        reply = Reply.encoded(body, fault["status"])
    elif body is None:
        reply = Reply.json({"Message": "An error has occurred."}, fault["status"])
    else:
        reply = Reply.json(body, fault["status"])
    given = {name.lower() for name in fault["headers"]}
    kept = {name: value for name, value in reply.headers.items() if name.lower() not in given}
    reply.headers = {**kept, **fault["headers"]}
    return reply


def _flood(size: int) -> Iterator[bytes]:
    yield b'"'
    piece = b"x" * 65536
    while size > 0:
        yield piece[:size]
        size -= len(piece)
    yield b'"'


def _drip(body: bytes, size: int, seconds: float, wait: Wait) -> Iterator[bytes]:
    for start in range(0, len(body), size):
        wait(seconds)
        yield body[start : start + size]


class _Log:
    """Writes one request into the world's log, without what it must not remember."""

    def __init__(self, world: World, request: Request, hit: list[Fault]) -> None:
        self._world, self._request = world, request
        self._fault = "+".join(fault.kind for fault in hit) or None

    def write(self, status: int | None) -> None:
        request = self._request
        path = request.raw_path
        if request.raw_query:
            path += "?" + re.sub(
                r"(?i)\b(token|code|state|client_secret)=[^&]*", r"\1=***", request.raw_query
            )
        account = request.headers.get("x-cyclr-account")
        self._world.requests.append(
            Call(request.method, path, status, account, self._world.clock(), self._fault)
        )


# -- sites ---------------------------------------------------------------------------------------


def answer(world: World, request: Request) -> Reply:
    """Cyclr's, or the third party's, answer; effects happen here."""
    with world.lock:
        world.settle()
        return (
            _on_provider(world, request)
            if _is_provider(world, request)
            else _on_cyclr(world, request)
        )


def _is_provider(world: World, request: Request) -> bool:
    provider = urlsplit(world.provider_url).netloc
    others = (urlsplit(world.api_url).netloc, urlsplit(world.service_url).netloc)
    return request.host == provider and provider not in others


def _on_provider(world: World, request: Request) -> Reply:
    if request.segments == pages.CONSENT_PATH and request.method in ("GET", "HEAD", "POST"):
        return pages.consent(world, request)
    return Reply(404)


def _on_cyclr(world: World, request: Request) -> Reply:
    segments = [segment.casefold() for segment in request.segments]
    if segments[:1] == [api.PREFIX]:
        return api.answer(world, request)
    if segments == ["oauth", "token"]:
        return api.access_token(world, request)
    if request.host == urlsplit(world.api_url).netloc != urlsplit(world.service_url).netloc:
        return Reply(404)
    page = {
        tuple(pages.OAUTH_PATH): pages.authenticate,
        tuple(pages.CALLBACK_PATH): pages.callback,
        tuple(pages.SIGN_IN_PATH): pages.sign_in,
    }.get(tuple(segments))
    if page is None:
        return Reply(404)
    if request.method not in ("GET", "HEAD"):
        return Reply(405)
    return page(world, request)
