"""One request out, a decoded answer or one of our errors back. Nothing else does HTTP here."""

import contextlib
import logging
import random
import re
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from http.client import HTTPException
from typing import TypeVar
from urllib.parse import quote, urlencode

import orjson
import requests
from urllib3.exceptions import ConnectTimeoutError, HTTPError

from .answers import RawAnswer
from .decoding import Record, UndecodableError, as_text, decode_json
from .errors import (
    MESSAGE_LENGTH,
    AccountIdInUseError,
    AddressRefusedError,
    ConflictError,
    CredentialsRefusedError,
    CyclrError,
    ForbiddenError,
    NameInUseError,
    NotFoundError,
    OutcomeUnknownError,
    PermanentError,
    RateLimitedError,
    RedirectedError,
    RefusedError,
    TemporaryError,
    UnexpectedAnswerError,
    UnreachableError,
    UnreadableError,
    UnsendableError,
)
from .pacing import Pacing
from .page_sizes import PageSizes
from .secret import masked
from .wire import Attempt, HostNotAllowedError, Resolve, prepare_session, under_way

logger = logging.getLogger(__name__)

T = TypeVar("T")

LONGEST_PAUSE = 3600.0
"""Seconds; a longer Retry-After is cut to this."""

MAX_WAIT_FOR_OTHERS = 1.0
"""Seconds that a call waits by itself for a third party's rate limit; longer ones are told."""

LARGEST_ERROR = 64 * 1024
"""Bytes of an error's body that are read for its message."""

CHUNK = 64 * 1024

NO_TEXT = "a value is not valid text and was not sent"

BROKEN = (requests.RequestException, HTTPError, HTTPException, OSError, ValueError)
"""What sending and reading raise; ValueError for numbers in rubbish, as of a chunk's length."""

_SPACES = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_random = random.SystemRandom()


class Effect(Enum):
    """What a call does at Cyclr, and so what a lost answer means."""

    READ = "read"
    """Nothing; repeated by itself."""
    HARMLESS = "harmless"
    """Something, but doing it twice does no harm; not repeated by itself, yet never unknown."""
    WRITE = "write"
    """Something that must not happen twice."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `connect`: for each address of the host. `read`: of silence.

    `total`: for one request with everything that belongs to it, repeats and their pauses too;
    renewing the token counts apart. Resolving the host's name is not limited.
    """

    connect: float = 3.0
    read: float = 20.0
    total: float = 30.0

    def __post_init__(self) -> None:
        if min(self.connect, self.read, self.total) <= 0:
            raise ValueError("Timeouts are seconds above zero")


@dataclass(frozen=True, slots=True)
class Retries:
    """How reads are repeated: at most `attempts` requests in all, with full jitter between.

    The pause before repeat n is random between 0 and min(longest, first · 2ⁿ⁻¹) seconds.
    """

    attempts: int = 3
    first: float = 1.0
    longest: float = 8.0

    def __post_init__(self) -> None:
        if self.attempts < 1 or self.first < 0 or self.longest < 0:
            raise ValueError("Retries need at least one attempt and no negative pauses")


@dataclass(frozen=True, slots=True)
class Call:
    """One request to make. `template` is the path with its values left out: it names the call.

    `account`: for the X-Cyclr-Account header. `concealed`: values sent in it that must not
    come back in an error's message. `may_be_empty`: an answer without a body counts as null.
    `through`: the id of the installed connector whose third party answers. `is_raw`: what comes
    back is decoded from a `RawAnswer`, whatever its body is.
    """

    method: str
    template: str
    path: str
    effect: Effect = Effect.READ
    account: str | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = field(default=None, repr=False)
    content_type: str = "application/json"
    concealed: tuple[str, ...] = field(default=(), repr=False)
    may_be_empty: bool = False
    through: int | None = None
    is_raw: bool = False

    @property
    def name(self) -> str:
        return f"{self.method} {self.template}"


def json_body(call: str, value: object) -> bytes:
    """`value` as JSON; UnsendableError for text that is none (lone surrogates)."""
    with contextlib.suppress(orjson.JSONEncodeError):
        return orjson.dumps(value)
    raise UnsendableError(call, reason=NO_TEXT)


def _query_text(call: Call) -> str:
    with contextlib.suppress(UnicodeEncodeError):
        return urlencode(call.query, quote_via=quote)
    raise UnsendableError(call.name, reason=NO_TEXT)


@dataclass(frozen=True, slots=True)
class _Reply:
    """A status and what came with it. `flaw`: why the body is not whole, or ""."""

    status: int
    headers: Mapping[str, str]
    body: bytearray = field(repr=False)
    flaw: str
    is_too_large: bool


@dataclass(frozen=True, slots=True)
class _NoReply:
    words: str
    is_sent: bool


class Transport:
    """Sends calls to one API host. Thread-safe; one per client."""

    def __init__(
        self,
        base_url: str,
        *,
        session: requests.Session | None,
        pacing: Pacing,
        timeouts: Timeouts,
        retries: Retries,
        max_bytes: int,
        connections: int,
        page_sizes: PageSizes | None = None,
        resolve: Resolve | None = None,
    ) -> None:
        if max_bytes < 1:
            raise ValueError("max_bytes must be above zero")
        requests.Request("GET", base_url + "/").prepare()  # a ValueError now, not at every call
        self.base_url = base_url
        self.session = prepare_session(session, connections)
        self.pacing = pacing
        self.page_sizes = PageSizes() if page_sizes is None else page_sizes
        self.timeouts = timeouts
        self.retries = retries
        self.max_bytes = max_bytes
        self.resolve = resolve

    def answer(self, call: Call, decode: Callable[[object], T], *, token: str | None = None) -> T:
        """Cyclr's answer to `call`, decoded. Any failure is a CyclrError.

        `decode` gets the JSON value and raises UndecodableError if it is not what it should
        be. Reads are repeated by themselves while the time lasts.
        """
        self.pacing.wait(call.name, through=call.through)
        deadline = time.monotonic() + self.timeouts.total
        attempt = 1
        while True:
            try:
                return self._once(call, decode, token, deadline)
            except TemporaryError as error:
                pause = self._pause(call, error, attempt, deadline)
                if pause is None:
                    raise
                failed = error
            logger.info(
                "cyclr call repeated call=%r attempt=%d status=%s pause=%.2f",
                call.name,
                attempt,
                failed.status,
                pause,
            )
            time.sleep(pause)
            self.pacing.wait(call.name, through=call.through)
            if time.monotonic() >= deadline:
                raise failed
            attempt += 1

    def _pause(
        self, call: Call, error: TemporaryError, attempt: int, deadline: float
    ) -> float | None:
        """Seconds to wait before the call is repeated; None if it is not."""
        if call.effect is not Effect.READ or isinstance(error, UnexpectedAnswerError):
            return None
        if attempt >= self.retries.attempts:
            return None
        if error.through is not None and (error.retry_after or 0.0) > MAX_WAIT_FOR_OTHERS:
            return None
        ceiling = min(self.retries.longest, self.retries.first * 2 ** (attempt - 1))
        pause = (error.retry_after or 0.0) + _random.uniform(0, ceiling)
        return pause if time.monotonic() + pause < deadline else None

    def _once(
        self, call: Call, decode: Callable[[object], T], token: str | None, deadline: float
    ) -> T:
        started = time.monotonic()
        outcome = self._exchange(call, token, deadline)
        logger.debug(
            "cyclr call call=%r status=%s bytes=%d ms=%d",
            call.name,
            outcome.status if isinstance(outcome, _Reply) else None,
            len(outcome.body) if isinstance(outcome, _Reply) else 0,
            (time.monotonic() - started) * 1000,
        )
        if isinstance(outcome, _NoReply):
            raise _error_without_reply(call, outcome)
        if not 200 <= outcome.status < 300:
            asked = retry_after(outcome.status, outcome.headers)
            pause = None
            if outcome.status == 429 or asked:
                pause = self.pacing.hold(asked, through=call.through)
            error = error_for(call, outcome.status, outcome.body, token, pause)
            error.answer = _raw(outcome) if call.is_raw else None
            raise error
        self.pacing.passed(through=call.through)
        return _decoded(call, outcome, decode)

    def _exchange(self, call: Call, token: str | None, deadline: float) -> _Reply | _NoReply:
        """Send once and read the answer; never raises for what the network does."""
        request = self._prepared(call, token)
        attempt = Attempt(deadline, self.resolve)
        left = max(attempt.remaining(), 0.001)
        limits = (min(self.timeouts.connect, left), min(self.timeouts.read, left))
        verify = self.session.verify if isinstance(self.session.verify, str) else True
        try:
            with under_way(attempt):
                # The adapter, not the session: the session would prepare redirects (and read
                # their bodies without a limit), keep cookies and run hooks.
                response = self.session.get_adapter(request.url or "").send(
                    request,
                    stream=True,
                    timeout=limits,
                    verify=verify,
                    cert=self.session.cert,
                    proxies={},
                )
        except BROKEN as error:
            return _NoReply(_words(error), _may_be_sent(attempt, error))
        try:
            return self._read(response, attempt, is_raw=call.is_raw)
        finally:
            response.close()

    def _prepared(self, call: Call, token: str | None) -> requests.PreparedRequest:
        headers: dict[str, str | bytes] = {
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": "cyclr_api",
        }
        if call.body is not None:
            headers["Content-Type"] = call.content_type
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if call.account is not None:
            headers["X-Cyclr-Account"] = call.account.encode()
        url = self.base_url + call.path
        if call.query:
            url += "?" + _query_text(call)
        return requests.Request(call.method, url, headers=headers, data=call.body).prepare()

    def _read(self, response: requests.Response, attempt: Attempt, *, is_raw: bool) -> _Reply:
        """The reply with as much of its body as is allowed, within the deadline."""
        is_good = is_raw or 200 <= response.status_code < 300
        limit = self.max_bytes if is_good else min(LARGEST_ERROR, self.max_bytes)
        body, flaw, is_too_large = bytearray(), "", False
        try:
            for chunk in response.iter_content(CHUNK):
                body += chunk
                if len(body) > limit:
                    flaw, is_too_large = f"the answer is larger than {limit} bytes", True
                    break
                if attempt.remaining() <= 0:  # for adapters that know no deadline
                    flaw = "the answer took too long"
                    break
        except BROKEN as error:
            flaw = f"the answer broke off ({_words(error)})"
        return _Reply(response.status_code, response.headers, body, flaw, is_too_large)


def _raw(reply: _Reply) -> RawAnswer:
    content_type = reply.headers.get("Content-Type", "")
    return RawAnswer(reply.status, bytes(reply.body), content_type, is_whole=not reply.flaw)


def _decoded(call: Call, reply: _Reply, decode: Callable[[object], T]) -> T:
    if call.is_raw and (call.effect is Effect.WRITE or not reply.flaw):
        # A write that was answered is done, also if the rest of its answer was lost.
        return decode(_raw(reply))
    flaw = reply.flaw
    kind: type[UnreadableError] = UnexpectedAnswerError if reply.is_too_large else UnreadableError
    if not flaw:
        is_empty = call.may_be_empty and not reply.body.strip()
        try:
            value = None if is_empty else decode_json(reply.body)
        except ValueError:
            flaw = "the answer is not JSON"
    if not flaw:
        try:
            return decode(value)
        except UndecodableError as error:
            flaw, kind = f"the answer has an unexpected shape ({error})", UnexpectedAnswerError
        except RecursionError:
            flaw, kind = "the answer is too deep", UnexpectedAnswerError
    if call.effect is Effect.WRITE:
        raise OutcomeUnknownError(call.name, reply.status, reason=flaw, through=call.through)
    raise kind(call.name, reply.status, reason=flaw, through=call.through)


def _error_without_reply(call: Call, failure: _NoReply) -> CyclrError:
    through = call.through if failure.is_sent else None
    if failure.is_sent and call.effect is Effect.WRITE:
        reason = f"sent, but no answer: {failure.words}"
        return OutcomeUnknownError(call.name, reason=reason, through=through)
    what = "no answer" if failure.is_sent else "not sent"
    return UnreachableError(call.name, reason=f"{what}: {failure.words}", through=through)


_KINDS: Mapping[int, type[PermanentError]] = {
    400: RefusedError,
    401: CredentialsRefusedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    422: RefusedError,
}


def error_for(
    call: Call,
    status: int,
    body: bytes | bytearray,
    token: str | None = None,
    pause: float | None = None,
) -> CyclrError:
    """The error for an answer that is not a success; `pause`: seconds that were asked for."""
    hidden = (*call.concealed, token) if token else call.concealed
    said = words_in(body)
    message = None if 300 <= status < 400 else shown(said, hidden)
    kind, reason = _failure(call, status, said)
    return kind(call.name, status, message, pause, reason=reason, through=call.through)


def _failure(call: Call, status: int, said: str) -> tuple[type[CyclrError], str]:
    """What kind of error an answer that is not a success is, and why in our words."""
    is_write = call.effect is Effect.WRITE
    if status == 429:
        who = "Cyclr" if call.through is None else "the third party"
        return RateLimitedError, f"{who} asks for a pause"
    if status >= 500 or status in (408, 425) or status < 200:
        if is_write:
            return OutcomeUnknownError, "sent, but the outcome is unknown"
        who = "Cyclr" if call.through is None else "Cyclr or the third party"
        return UnreachableError, f"{who} is in trouble"
    if status < 400:
        if is_write:
            return OutcomeUnknownError, "sent, and answered by a redirect"
        return RedirectedError, "answered by a redirect, not followed"
    return _kind(status, said), "refused"


def _kind(status: int, said: str) -> type[PermanentError]:
    """The error for a refusal; some are told apart by Cyclr's words alone."""
    kind = _KINDS.get(status, PermanentError)
    words = said.strip().lower()
    if kind is ForbiddenError and words.startswith("unknown client ip address"):
        return AddressRefusedError
    if kind is RefusedError or kind is ConflictError:
        if words.startswith("account connector name ") and words.endswith(" is in use."):
            return NameInUseError
        if words.rstrip(".") == "id already in use":
            return AccountIdInUseError
    return kind


def retry_after(status: int, headers: Mapping[str, str]) -> float | None:
    """Seconds to stay away, 0 to 3,600, as the answer says; None if it does not say, or nonsense.

    Only 429 and the statuses from 500 on can ask for a pause.
    """
    text = headers.get("Retry-After", "").strip()
    if status != 429 and status < 500:
        return None
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        return min(float(text[:20]), LONGEST_PAUSE)
    try:
        until = parsedate_to_datetime(text)
        # Against the server's own clock if it shows it: ours may be wrong.
        now = parsedate_to_datetime(headers["Date"]) if "Date" in headers else datetime.now(UTC)
        seconds = (_aware(until) - _aware(now)).total_seconds()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return min(max(seconds, 0.0), LONGEST_PAUSE)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def words_in(body: bytes | bytearray) -> str:
    """Cyclr's own words in an error's body; "" if there are none.

    `Message` [T] with the texts of `ModelState`, or `error_description` or `error` of the
    token endpoint; the IP rule's sentence also without the JSON around it [?].
    """
    try:
        return _words_in(decode_json(body))
    except ValueError:
        is_plain = body[:80].strip().lower().startswith(b"unknown client ip address")
        return body.decode(errors="replace") if is_plain else ""


def shown(words: str, concealed: Iterable[str] = ()) -> str | None:
    """The words on one line and shortened, None if there are none.

    Values in `concealed` become `***`, also when Cyclr quotes them back.
    """
    hidden = [form for secret in concealed for form in (secret, _on_one_line(secret))]
    text = masked(_on_one_line(words), hidden)
    if len(text) > MESSAGE_LENGTH:
        text = text[: MESSAGE_LENGTH - 1] + "…"
    return text or None


def _on_one_line(text: str) -> str:
    return _SPACES.sub(" ", text).strip()


def _words_in(value: object) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(value, dict):
        return ""
    record = Record(value, "error")
    words = record.text("Message") or ""
    details = record.value("ModelState")
    if isinstance(details, dict):
        lists = [d if isinstance(d, list) else [d] for d in details.values()]
        texts = [as_text(element) for elements in lists for element in elements]
        words = " ".join([words, *(text for text in texts if text)])
    return words or record.text("error_description", "error", "ExceptionMessage") or ""


def _chain(error: BaseException) -> list[BaseException]:
    """The error and everything it was made from, as requests and urllib3 nest them."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting and len(found) < 20:
        current = waiting.pop(0)
        if isinstance(current, BaseException) and current not in found:
            found.append(current)
            nested = (current.__cause__, current.__context__, getattr(current, "reason", None))
            waiting.extend((*current.args, *nested))
    return found


def _may_be_sent(attempt: Attempt, error: BaseException) -> bool:
    """Whether Cyclr may have got the request. In doubt, yes."""
    if attempt.is_watched:
        return attempt.is_sent
    never = (
        requests.ConnectTimeout,
        ConnectTimeoutError,  # refused and unknown hosts are its subclasses
        ssl.SSLCertVerificationError,
        ConnectionRefusedError,
    )
    return not any(isinstance(link, never) for link in _chain(error))


def _words(error: BaseException) -> str:
    """What happened, by the kinds of the errors alone: their texts may hold anything."""
    links = _chain(error)
    kinds = (
        ((HostNotAllowedError,), "its host is not allowed"),
        (ssl.SSLCertVerificationError, "the TLS certificate is not trusted"),
        ((ssl.SSLError, requests.exceptions.SSLError), "TLS failed"),
        ((requests.ConnectTimeout,), "connecting took too long"),
        ((TimeoutError, requests.Timeout), "it took too long"),
        ((ConnectionRefusedError,), "connection refused"),
        ((ConnectTimeoutError,), "cannot connect"),
        (
            (ConnectionError, requests.ConnectionError, requests.exceptions.ChunkedEncodingError),
            "the connection broke",
        ),
    )
    for kind, words in kinds:
        if any(isinstance(link, kind) for link in links):
            return words
    return type(error).__name__
