"""The WSGI application: from the wire to the API, the pages and the control surface, with faults.

The path is taken raw (`RAW_URI` or `REQUEST_URI`), because `acme%2Feu` is one segment and
`PATH_INFO` no longer knows. Faults that end a connection are raised as `BrokenConnectionError`:
the server of `__main__` and the adapter of `mount` enact them, another server hangs up.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import orjson

from cyclr_api.simulator.api import answering
from cyclr_api.simulator.http import Reply, Request
from cyclr_api.simulator.pages import oauth, start_page
from cyclr_api.simulator.server import control
from cyclr_api.simulator.state.errors import DENIED
from cyclr_api.simulator.state.fault import (
    GATEWAY_PAGE,
    LOGIN_PAGE,
    PAUSES,
    DroppedError,
    Fault,
    Hold,
    NoAnswerError,
    NotConnectedError,
    TooMany,
    retry_after,
)
from cyclr_api.simulator.state.request_log import Call, masked_body, masked_path
from cyclr_api.simulator.state.state import CyclrState
from cyclr_api.simulator.state.values import encode

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

WAIT = "cyclr_api.simulator.wait"
"""environ key of the function that waits; it raises TimeoutError when the caller gives up."""

PATIENCE = "cyclr_api.simulator.patience"
"""environ key of how many seconds the caller bears to be held; without it, for ever."""

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

BODILESS = (204, 304)

ABSOLUTE_FORM = re.compile("[a-z][a-z0-9+.-]*://(?:[^/?]*@)?([^/?]*)", re.IGNORECASE)
"""The beginning of a request target as a proxy would get it, with the host."""

ASCII = "".join(map(chr, range(128)))

Wait = Callable[[float], None]


def application(state: CyclrState) -> "WSGIApplication":
    """The WSGI callable of a state."""

    def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        request = _read(environ)
        wait: Wait = environ.get(WAIT) or state.sleep
        reply, body = _carry_out(state, request, wait, environ.get(PATIENCE))
        always = {
            "Date": format_datetime(state.clock().astimezone(UTC), usegmt=True),
            "X-Content-Type-Options": "nosniff",
            "Content-Length": str(len(reply.body)),
        }
        headers = _overlaid(always, reply.headers)
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
    if not raw.isascii():
        raw = quote(raw.encode("latin-1"), safe=ASCII)
    absolute = ABSOLUTE_FORM.match(raw)
    path, _, query = raw[absolute.end() if absolute else 0 :].partition("?")
    headers = {
        key[5:].replace("_", "-").lower(): str(value).encode("latin-1").decode("utf-8", "replace")
        for key, value in environ.items()
        if key.startswith("HTTP_")
    }
    headers["content-type"] = str(environ.get("CONTENT_TYPE") or "")
    length = environ.get("CONTENT_LENGTH") or "0"
    size = int(length) if length.isascii() and length.isdigit() else 0
    return Request(
        method=str(environ["REQUEST_METHOD"]).upper(),
        raw_path=path or "/",
        raw_query=query,
        host=(absolute[1] if absolute else headers.get("host", "")).lower(),
        headers=headers,
        body=environ["wsgi.input"].read(min(size, LARGEST_BODY)) if size else b"",
        peer=str(environ.get("REMOTE_ADDR", "")),
    )


# -- faults --------------------------------------------------------------------------------------


def _carry_out(
    state: CyclrState, request: Request, wait: Wait, patience: float | None
) -> tuple[Reply, Iterable[bytes]]:
    """The reply and the body as it is to be sent, which a fault may keep from matching."""
    state.settle()
    if request.segments[:1] == [control.PREFIX]:
        return _whole(control.answer(state, request))
    if request.raw_path in ("/", "/favicon.ico"):
        return _whole(_own_page(state, request))
    too_many = state.faults.admit() if _is_api_call(request) else None
    if too_many is not None:
        reply = _refused_for_now(state, too_many)
        _log(state, request, reply.status, [too_many.fault])
        return _whole(reply)
    hit = state.faults.meet(request.method, request.raw_path)
    holds = [one for one in hit if isinstance(one, Hold)]
    fault = next((one for one in hit if one.kind not in PAUSES), None)
    pause = state.latency + sum(one["seconds"] for one in hit if one.kind == "delay")
    if fault is not None and fault.kind == "unreachable":
        _log(state, request, None, hit)
        raise NotConnectedError(fault["how"])
    if pause:
        try:
            wait(pause)
        except TimeoutError:
            # Nobody waits any more; Cyclr does not know and carries on.
            state.later(pause, lambda: _ignore(answer(state, request)))
            _log(state, request, None, hit)
            raise NoAnswerError from None
    for hold in holds:
        if not hold["after_effect"] and not _stays(hold, wait, patience):
            hold.leave(lambda: _ignore(answer(state, request)))
            _log(state, request, None, hit)
            raise NoAnswerError
    answered = _answered(state, request, fault, wait, hit)
    for hold in holds:
        if hold["after_effect"] and not _stays(hold, wait, patience):
            raise NoAnswerError
    return answered


def _stays(hold: Hold, wait: Wait, patience: float | None) -> bool:
    """Wait with a held call until its release; False when the caller gives up before."""
    try:
        hold.stay(lambda: wait(0), patience)
    except TimeoutError:
        return False
    return True


def _answered(
    state: CyclrState, request: Request, fault: Fault | None, wait: Wait, hit: list[Fault]
) -> tuple[Reply, Iterable[bytes]]:
    if fault is None:
        reply = answer(state, request)
        _log(state, request, reply.status, hit)
        return _whole(reply)
    return _with_fault(state, request, fault, wait, hit)


def _own_page(state: CyclrState, request: Request) -> Reply:
    if request.raw_path != "/":
        return Reply(404)
    if request.method not in ("GET", "HEAD"):
        return Reply(405)
    with state.lock:
        return start_page.start(state, request)


def _is_api_call(request: Request) -> bool:
    """Whether a program asks, not a browser on Cyclr's pages."""
    return request.raw_path.casefold().startswith((f"/{answering.PREFIX}/", "/oauth/"))


def _with_fault(
    state: CyclrState, request: Request, fault: Fault, wait: Wait, hit: list[Fault]
) -> tuple[Reply, Iterable[bytes]]:
    match fault.kind:
        case "drop_before_effect":
            _log(state, request, None, hit)
            raise DroppedError
        case "drop_after_effect":
            answer(state, request)
            _log(state, request, None, hit)
            raise DroppedError
        case "commit_late":
            state.later(fault["seconds"], lambda: _ignore(answer(state, request)))
            _log(state, request, None, hit)
            raise NoAnswerError
        case "respond" | "html" | "rate_limit":
            if fault.settings.get("after_effect"):
                answer(state, request)
            reply = _instead(state, fault)
            _log(state, request, reply.status, hit)
            return _whole(reply)
        case "flood":
            reply = Reply.encoded(b"")
            reply.headers["Content-Length"] = str(fault["size"] + 2)
            _log(state, request, reply.status, hit)
            return reply, _flood(fault["size"])
    reply = answer(state, request)
    _log(state, request, reply.status, hit)
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


def _instead(state: CyclrState, fault: Fault) -> Reply:
    """The answer of a fault that answers in Cyclr's place."""
    match fault.kind:
        case "html":
            return _page(fault["status"])
        case "rate_limit":
            after = fault["retry_after"]
            if isinstance(after, int):
                after = retry_after(after, state.clock(), as_date=fault["as_date"])
            return _too_many(after)
    status, body = fault["status"], fault["body"]
    reply = Reply.encoded(b"" if status in BODILESS else _as_bytes(status, body), status)
    reply.headers = _overlaid(reply.headers, fault["headers"])
    return reply


def _as_bytes(status: int, body: Any) -> bytes:
    if isinstance(body, str):
        return body.encode("utf-8", "surrogatepass")
    if isinstance(body, bytes):
        return body
    if body is None:
        body = {"Message": DENIED if status == 401 else "An error has occurred."}
    return encode(body)


def _page(status: int) -> Reply:
    """As a caller gets it who was sent to a login, or who met a gateway instead of Cyclr."""
    if status < 400:
        return Reply.html(LOGIN_PAGE, status)
    reason = REASONS.get(status, "Error")
    return Reply.html(GATEWAY_PAGE.format(status=status, reason=reason), status)


def _refused_for_now(state: CyclrState, too_many: TooMany) -> Reply:
    as_date = too_many.fault["as_date"]
    return _too_many(retry_after(too_many.seconds, state.clock(), as_date=as_date))


def _too_many(after: str | None) -> Reply:
    reply = Reply.json({"Message": "API calls quota exceeded."}, 429)
    if after is not None:
        reply.headers["Retry-After"] = after
    return reply


def _overlaid(headers: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """The headers with the given ones instead of those of the same name."""
    names = {name.lower() for name in given}
    return {name: value for name, value in headers.items() if name.lower() not in names} | dict(
        given
    )


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


def _log(state: CyclrState, request: Request, status: int | None, hit: list[Fault]) -> None:
    """Write one request into the state's log, without what it must not remember."""
    body = request.body
    state.requests.append(
        Call(
            method=request.method,
            path=masked_path(request.raw_path, request.raw_query),
            status=status,
            account=request.headers.get("x-cyclr-account"),
            time=state.clock(),
            fault="+".join(fault.kind for fault in hit) or None,
            body=masked_body(body, request.headers["content-type"]) if body else None,
            size=len(body),
        )
    )


# -- sites ---------------------------------------------------------------------------------------


def answer(state: CyclrState, request: Request) -> Reply:
    """Cyclr's, or the third party's, answer; effects happen here."""
    with state.lock:
        state.settle()
        return (
            _on_provider(state, request)
            if _is_provider(state, request)
            else _on_cyclr(state, request)
        )


def _is_provider(state: CyclrState, request: Request) -> bool:
    provider = urlsplit(state.provider_url).netloc
    others = (urlsplit(state.api_url).netloc, urlsplit(state.service_url).netloc)
    return request.host == provider and provider not in others


def _on_provider(state: CyclrState, request: Request) -> Reply:
    if request.segments == oauth.CONSENT_PATH and request.method in ("GET", "HEAD", "POST"):
        return oauth.consent(state, request)
    return Reply(404)


def _on_cyclr(state: CyclrState, request: Request) -> Reply:
    segments = [segment.casefold() for segment in request.segments]
    if segments[:1] == [answering.PREFIX]:
        return answering.answer(state, request)
    if segments == ["oauth", "token"]:
        return answering.access_token(state, request)
    if request.host == urlsplit(state.api_url).netloc != urlsplit(state.service_url).netloc:
        return Reply(404)
    page = {
        tuple(oauth.OAUTH_PATH): oauth.authenticate,
        tuple(oauth.CALLBACK_PATH): oauth.callback,
        tuple(oauth.SIGN_IN_PATH): oauth.sign_in,
    }.get(tuple(segments))
    if page is None:
        return Reply(404)
    if request.method not in ("GET", "HEAD"):
        return Reply(405)
    return page(state, request)
