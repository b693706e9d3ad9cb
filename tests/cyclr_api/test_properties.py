"""Promises of the client's core that hold for all values: decoding, paging, addresses, words."""

from __future__ import annotations

import dataclasses
import inspect
import json
import math
import re
import types
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any, Union, get_args, get_origin, get_type_hints
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import requests
from hypothesis import assume, given
from hypothesis import strategies as st

from cyclr_api import (
    Account,
    Client,
    Listing,
    PagingError,
    Token,
    UndecodableError,
    connect_url,
    models,
)
from cyclr_api.addresses import checked_account_id, checked_base, path
from cyclr_api.auth import LONGEST_LIFE
from cyclr_api.decoding import (
    LARGEST_ID,
    as_flag,
    as_moment,
    as_text,
    as_whole,
    decode_json,
    decode_readable,
)
from cyclr_api.errors import MESSAGE_LENGTH
from cyclr_api.paging import pages, readable
from cyclr_api.secret import SHORTEST, masked
from cyclr_api.simulator import empty_state, mount
from cyclr_api.transport import LONGEST_PAUSE, retry_after, shown, words_in
from tests.cyclr_api.documents import (
    KEYS,
    MODULES,
    bodies,
    documents,
    examples,
    json_values,
    numbers,
    scalars,
    spoilt,
    telling,
)
from tests.cyclr_api.raw_server import client_of, reply, serve

Decoder = Callable[[object], Any]

MODELS = [
    value
    for module in MODULES
    for value in vars(module).values()
    if inspect.isclass(value)
    and value.__module__ == module.__name__
    and hasattr(value, "from_json")
]
DECODERS: list[Decoder] = [
    *(model.from_json for model in MODELS),
    Token.from_json,
    Token.from_answer,
]
NAMES = [decode.__qualname__.removesuffix(".from_json") for decode in DECODERS]


DOCUMENTS = {name: documents(keys) for name, keys in KEYS.items()}


def is_of(value: object, hint: Any) -> bool:
    """Whether a value is what its annotation says, to the bottom; moments are aware, in UTC."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return True
    if origin in (Union, types.UnionType):
        return any(is_of(value, argument) for argument in arguments)
    if origin is tuple:
        return isinstance(value, tuple) and all(is_of(inner, arguments[0]) for inner in value)
    if origin is not None and issubclass(origin, Mapping):
        return isinstance(value, Mapping) and all(isinstance(key, str) for key in value)
    if hint is datetime:
        return isinstance(value, datetime) and value.utcoffset() == timedelta()
    if hint is int:
        return type(value) is int and abs(value) <= LARGEST_ID
    if dataclasses.is_dataclass(hint):
        return isinstance(value, hint) and is_whole(value)  # type: ignore[arg-type]
    return hint is type(None) and value is None or type(value) is hint


def is_whole(value: Any) -> bool:
    """Whether every field of a value is what its annotation says."""
    hints = get_type_hints(type(value))
    return all(
        is_of(getattr(value, each.name), hints[each.name]) for each in dataclasses.fields(value)
    )


# ---- decoding ----


@pytest.mark.parametrize("decode", DECODERS, ids=NAMES)
@examples(0.4)
@given(data=st.data())
def test_any_document_is_a_whole_value_or_undecodable(decode: Decoder, data: st.DataObject) -> None:
    document = data.draw(DOCUMENTS[decode.__self__.__module__])  # type: ignore[attr-defined]
    try:
        value = decode(document)
    except UndecodableError:
        return

    assert is_whole(value), value
    assert value == decode(document) or isinstance(value, Token | models.SignInToken)


@pytest.mark.parametrize("depth", [250, 300, 500, 1000])
@pytest.mark.parametrize("decode", DECODERS, ids=NAMES)
def test_a_field_of_any_depth_is_read_undecodable_or_too_deep(decode: Decoder, depth: int) -> None:
    deep = decode_json(b"[" * depth + b"]" * depth)
    for key in KEYS[decode.__self__.__module__]:  # type: ignore[attr-defined]
        document = {"Id": 7, "Token": "t", key: deep}
        try:
            decode(document)
        except (UndecodableError, RecursionError):
            continue  # the transport tells the second as an error of ours


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
@examples(0.2)
@given(data=st.data())
def test_the_case_of_keys_changes_nothing(model: Any, data: st.DataObject) -> None:
    keys = KEYS[model.__module__]
    document = data.draw(st.dictionaries(st.sampled_from(keys), scalars, max_size=12))
    spell = data.draw(st.sampled_from([str.lower, str.upper, str.swapcase]))
    assume(len({key.lower() for key in document}) == len(document))

    assert tried(model.from_json, {spell(k): v for k, v in document.items()}) == tried(
        model.from_json, document
    )


def tried(decode: Decoder, document: object) -> object:
    """The value, without what counts from now; or the error's words."""
    try:
        value = decode(document)
    except UndecodableError as error:
        return str(error)
    return value.token if isinstance(value, models.SignInToken) else value


@given(before=st.lists(st.text(max_size=5), max_size=3), data=st.data())
def test_what_looks_like_a_secret_is_in_no_extra_at_any_depth(
    before: list[str], data: st.DataObject
) -> None:
    word = data.draw(st.sampled_from(["Value", "password", "client_secret", "TOKEN", "api_key"]))
    key = data.draw(st.sampled_from(["", "X", "old_"])) + word
    planted: Any = {key: "canary-31b7"}
    for name in before:
        planted = data.draw(st.sampled_from([{name: planted}, [planted], {name: planted, "a": 1}]))
    account = Account.from_json({"Id": "a", "Unknown": planted})

    assert "canary-31b7" not in json.dumps(account.extra)
    assert "canary-31b7" not in repr(account)


@given(json_values, st.booleans())
def test_json_is_read_as_it_was_written(value: object, is_ascii: bool) -> None:
    body = json.dumps(value, ensure_ascii=is_ascii).encode()

    assert decode_json(body) == value
    assert decode_json(bytearray(b"\xef\xbb\xbf" + body)) == value


@given(json_values)
def test_a_lone_surrogate_changes_nothing_beside_it(value: object) -> None:
    body = b'["\\uD83d", %s]' % json.dumps(value).encode()

    assert decode_json(body) == ["\ufffd", value]


@given(bodies)
def test_any_body_is_plain_json_or_a_value_error(body: bytes) -> None:
    try:
        value = decode_json(body)
    except ValueError:
        return

    assert is_plain(value)


def is_plain(value: object) -> bool:
    """What a database and a strict encoder take: finite numbers of 64 bits, text that is text."""
    if isinstance(value, dict):
        return all(is_plain(key) and is_plain(inner) for key, inner in value.items())
    if isinstance(value, list):
        return all(is_plain(inner) for inner in value)
    if isinstance(value, str):
        return not re.search("[\ud800-\udfff]", value)
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, bool) or -(2**63) <= value < 2**64  # type: ignore[operator]


zones = st.builds(
    lambda minutes: timezone(timedelta(minutes=minutes)), st.integers(-14 * 60, 14 * 60)
)


@given(
    moment=st.datetimes(datetime(2, 1, 2), datetime(9999, 12, 30), timezones=zones),
    digits=st.integers(0, 9),
    between=st.sampled_from("Tt "),
    ending=st.sampled_from(["+hh:mm", "+hhmm", "Z", "z", ""]),
)
def test_a_moment_is_read_to_the_microsecond_whatever_its_zone(
    moment: datetime, digits: int, between: str, ending: str
) -> None:
    if not ending.startswith("+"):
        moment = moment.astimezone(UTC)
    fraction = f"{moment.microsecond:06}789"[:digits]
    zone = moment.strftime("%z") if ending == "+hhmm" else moment.strftime("%z")[:3] + ":00"
    if ending == "+hh:mm":
        zone = moment.strftime("%z")[:3] + ":" + moment.strftime("%z")[3:]
    text = (
        f"{moment.year:04}-{moment:%m-%d}{between}{moment:%H:%M:%S}"
        f"{'.' if digits else ''}{fraction}{zone if ending.startswith('+') else ending}"
    )
    kept = int(fraction[:6].ljust(6, "0"))

    found = as_moment(text)
    assert found == moment.replace(microsecond=kept)
    assert found.tzinfo is UTC


@given(scalars | st.lists(scalars, max_size=2))
def test_a_scalar_is_understood_or_none(value: object) -> None:
    text, whole, flag, moment = as_text(value), as_whole(value), as_flag(value), as_moment(value)

    assert text is None or isinstance(text, str)
    assert is_of(whole, int | None)
    assert flag in (True, False, None)
    assert is_of(moment, datetime | None)


@given(st.integers(-LARGEST_ID, LARGEST_ID))
def test_a_number_is_the_same_as_text(number: int) -> None:
    assert as_whole(str(number)) == as_whole(f" {number:+} ") == as_whole(number) == number
    assert as_whole(as_text(number)) == number


@given(st.lists(st.none() | st.integers(1, 5)))
def test_what_cannot_be_read_is_counted(elements: list[int | None]) -> None:
    found = decode_readable([{"Id": element} for element in elements], models.Connector.from_json)

    assert [connector.id for connector in found] == [each for each in elements if each]
    assert found.skipped == elements.count(None)


# ---- paging ----


def fetcher(sizes: list[int], rows: Iterable[Any]) -> Callable[[int], list[Any]]:
    """Serves the rows in pages of these sizes, the last size for ever."""
    waiting = list(rows)
    answers: list[list[Any]] = []
    while waiting:
        size = sizes[min(len(answers), len(sizes) - 1)]
        answers.append(waiting[:size])
        del waiting[:size]
    return lambda page: answers[page - 1] if page <= len(answers) else []


def through_pages(fetch: Callable[[int], list[int]]) -> list[int]:
    return list(pages("GET /things", fetch, lambda row: row))


def through_readable(fetch: Callable[[int], list[int]], at_once: int) -> list[int]:
    return readable(
        "GET /things", lambda page: Listing(fetch(page)), lambda row: row, at_once=at_once
    )


@given(
    total=st.integers(0, 400),
    sizes=st.lists(st.integers(1, 100), min_size=1, max_size=6).map(sorted),
    at_once=st.integers(1, 5),
)
def test_a_short_first_page_shortens_no_listing(total: int, sizes: list[int], at_once: int) -> None:
    fetch = fetcher(sizes, range(total))

    assert through_pages(fetch) == list(range(total))
    assert through_readable(fetch, at_once) == list(range(total))


@given(rows=st.lists(st.integers(1, 60), max_size=120), size=st.integers(1, 25))
def test_a_row_that_is_repeated_comes_once_or_the_listing_is_an_error(
    rows: list[int], size: int
) -> None:
    fetch = fetcher([size], rows)
    try:
        found = through_pages(fetch)
    except PagingError:
        return

    assert found == list(dict.fromkeys(rows))


@given(
    total=st.integers(0, 60),
    size=st.integers(1, 9),
    added=st.lists(st.tuples(st.integers(0, 15), st.integers(0, 80)), max_size=12),
)
def test_rows_that_move_on_while_they_are_read_come_once_and_none_is_lost(
    total: int, size: int, added: list[tuple[int, int]]
) -> None:
    rows = list(range(total))

    def fetch(page: int) -> list[int]:
        for at_page, at_row in added:
            if at_page == page:
                rows.insert(at_row, 1000 + len(rows))
        return rows[(page - 1) * size : page * size]

    try:
        found = through_pages(fetch)
    except PagingError:
        return
    assert len(set(found)) == len(found)
    assert set(range(total)) <= set(found) <= set(rows)


@given(
    total=st.integers(1, 60),
    size=st.integers(1, 9),
    removed=st.lists(st.tuples(st.integers(1, 15), st.integers(0, 60)), max_size=12),
)
def test_rows_that_vanish_while_they_are_read_make_no_other_come_twice(
    total: int, size: int, removed: list[tuple[int, int]]
) -> None:
    rows = list(range(total))
    missable = set()

    def fetch(page: int) -> list[int]:
        for at_page, at_row in removed:
            if at_page == page and at_row < len(rows):
                missable.add(rows.pop(at_row))
                # What moves up into pages that were read already is not seen any more.
                missable.update(rows[max(0, (page - 1) * size - 1) : (page - 1) * size])
        return rows[(page - 1) * size : page * size]

    found = through_pages(fetch)
    assert len(set(found)) == len(found)
    assert set(range(total)) - missable <= set(found) <= set(range(total))


@given(rows=st.integers(1, 100), at_once=st.integers(1, 5))
def test_a_server_that_ignores_the_page_is_never_believed(rows: int, at_once: int) -> None:
    with pytest.raises(PagingError):
        through_readable(lambda page: list(range(rows)), at_once)


@given(
    total=st.integers(1, 300),
    size=st.integers(1, 40),
    broken=st.integers(1, 8),
    at_once=st.integers(1, 5),
)
def test_a_page_that_fails_is_an_error_or_was_not_needed(
    total: int, size: int, broken: int, at_once: int
) -> None:
    whole = fetcher([size], range(total))

    def fetch(page: int) -> list[int]:
        if page == broken:
            raise ConnectionError
        return whole(page)

    try:
        found = through_readable(fetch, at_once)
    except ConnectionError:
        return
    assert found == list(range(total))
    assert broken > -(-total // size)


# ---- ids and addresses ----

texts = st.text(max_size=30)
odd_ids = st.sampled_from(
    [".", "..", "...", "a/../b", "%2e%2e", "a%2Fb", "\\..\\", "//evil", "a;b", "\u0085a", "a\u2028"]
)


@given(texts | odd_ids)
def test_an_account_id_is_refused_exactly_when_no_request_can_carry_it(account_id: str) -> None:
    try:
        is_accepted = checked_account_id(account_id) == account_id
    except ValueError:
        is_accepted = False

    is_bad = (
        account_id in ("", ".", "..")
        or account_id != account_id.strip(" ")
        or any(ord(c) < 32 or ord(c) == 127 or 0xD800 <= ord(c) <= 0xDFFF for c in account_id)
    )
    assert is_accepted is not is_bad


def accepted(account_id: str) -> str:
    """The id; the example does not count if it cannot be sent."""
    try:
        return checked_account_id(account_id)
    except ValueError:
        assume(False)
        raise


@pytest.fixture(scope="module")
def wire() -> Any:
    """A client and the server that it sends to."""
    with serve(reply(200, {"Id": 1})) as server, client_of(server) as client:
        yield client, server


@given(account_id=texts | odd_ids, name=texts | odd_ids)
def test_ids_and_names_arrive_over_the_wire_and_cannot_leave_their_segment(
    wire: Any, account_id: str, name: str
) -> None:
    client, server = wire
    account = client.account(accepted(account_id))
    assume(name not in ("", ".", ".."))
    assume(not any(0xD800 <= ord(c) <= 0xDFFF for c in name))
    server.requests.clear()

    account.get()
    account.connector(9).get()
    assert [found.id for found in account.library.named(name, account_id)] == [1]

    in_path, in_header, both = server.calls
    assert [unquote(part) for part in in_path.target.split("/")] == [
        *("", "v1.0", "accounts"),
        account_id,
    ]
    assert in_header.headers["x-cyclr-account"].decode() == account_id
    assert [unquote(part) for part in both.target.split("/")] == [
        *("", "v1.0", "connectors"),
        name,
        account_id,
    ]


@given(texts | odd_ids)
def test_an_account_of_any_id_that_is_accepted_is_found_at_the_simulator(account_id: str) -> None:
    accepted(account_id)
    state = empty_state()
    state.api_url = "https://cyclr.test"
    state.add_account(Id=account_id, Name="Harbour Books")
    session = requests.Session()
    mount(state, session)
    client_id, client_secret = state.credentials[0]
    client = Client(
        state.api_url, client_id=client_id, client_secret=client_secret, session=session
    )

    assert client.account(account_id).get().id == account_id
    assert client.account(account_id).connectors.all() == []


@given(st.lists(texts | odd_ids, min_size=1, max_size=4))
def test_a_path_has_as_many_segments_as_parts_even_after_it_was_normalized(
    parts: list[str],
) -> None:
    try:
        made = path(*parts)
    except ValueError:
        return
    sent = requests.Request("GET", "https://cyclr.test" + made).prepare().path_url

    assert [unquote(part) for part in sent.split("/")] == ["", *parts]


@given(
    number=st.integers(1, 2**63),
    token=st.text(st.characters(codec="utf-8"), min_size=1),
    target=st.text(st.characters(codec="utf-8"), min_size=1),
)
def test_a_connect_url_carries_its_values_and_nothing_else(
    number: int, token: str, target: str
) -> None:
    url = connect_url(
        "https://acme-h.cyclr.uk", account_connector_id=number, token=token, target_origin=target
    )
    parts = urlsplit(url)

    assert (parts.scheme, parts.netloc, parts.fragment) == ("https", "acme-h.cyclr.uk", "")
    assert parts.path == "/connectorauth/updateaccountconnectoroauth"
    assert parse_qs(parts.query, keep_blank_values=True, strict_parsing=True) == {
        "id": [str(number)],
        "token": [token],
        "targetOrigin": [target],
    }


addresses = st.one_of(
    st.text(max_size=30),
    st.builds(
        lambda *parts: "".join(parts),
        st.sampled_from(["https://", "http://", "HTTPS://", "ftp://", "//", "https:", ""]),
        st.sampled_from(["", "user@", "user:password@", "@"]),
        st.sampled_from(["api.cyclr.uk", "127.0.0.1", "localhost", "[::1]", "[::", "ex\u00e4mple"])
        | st.text(max_size=10),
        st.sampled_from(["", ":443", ":", ":99999", ":x"]),
        st.sampled_from(["", "/", "/base", "?a=b", "#x", "\\x", "/\n", "/a b"]),
    ),
)


@given(addresses)
def test_an_address_is_https_to_its_host_or_this_machine_or_refused(url: str) -> None:
    try:
        base = checked_base(url, "api_url")
    except ValueError:
        return
    parts = urlsplit(base + "/v1.0/accounts")

    assert parts.hostname
    assert parts.scheme == "https" or parts.hostname in ("127.0.0.1", "localhost", "::1")
    assert "@" not in parts.netloc
    assert parts.path.endswith("/v1.0/accounts")


# ---- pauses ----

dates = st.builds(
    format_datetime, st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=zones)
)
headers = st.one_of(
    st.none(),
    st.text(max_size=40),
    st.from_regex(r"[0-9]{0,30}\.?[0-9]{0,30}", fullmatch=True),
    dates,
    spoilt(dates.map(str.encode)).map(lambda piece: piece.decode("latin-1")),
    telling,
)


@given(status=st.integers(400, 599), pause=headers, date=headers)
def test_any_retry_after_is_a_pause_within_an_hour(
    status: int, pause: str | None, date: str | None
) -> None:
    given_headers = {"Retry-After": pause, "Date": date}
    seconds = retry_after(status, {k: v for k, v in given_headers.items() if v is not None})

    if seconds is not None:
        assert status == 429 or status >= 500
        assert pause is not None and 0 <= seconds <= LONGEST_PAUSE


@given(
    now=st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1), timezones=zones),
    seconds=st.integers(-4000, 4000),
)
def test_a_retry_after_date_counts_from_the_servers_own_clock(now: datetime, seconds: int) -> None:
    now = now.replace(microsecond=0)
    later = (now + timedelta(seconds=seconds)).astimezone(UTC)
    answer = {"Date": format_datetime(now), "Retry-After": format_datetime(later)}

    assert retry_after(429, answer) == min(max(seconds, 0), LONGEST_PAUSE)


# ---- words ----

plain = st.text(st.characters(codec="utf-8", exclude_characters="*"), max_size=40)
secrets = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="*"), min_size=SHORTEST, max_size=24),
    max_size=3,
)


def error_bodies(secret: str, text: str) -> st.SearchStrategy[bytes]:
    said = f"{text}{secret}{text}"
    shapes: list[Any] = [
        {"Message": said},
        {"message": text, "ModelState": {"a": [said, 1, None], "b": said}},
        {"error": text, "error_description": said},
        {"error": said},
        said,
        [said],
        {"Message": [said]},
    ]
    return st.sampled_from([json.dumps(shape).encode() for shape in shapes])


@given(data=st.data(), hidden=secrets, text=plain)
def test_cyclrs_words_are_short_plain_and_without_what_was_sent(
    data: st.DataObject, hidden: list[str], text: str
) -> None:
    secret = hidden[0] if hidden else ""
    body = data.draw(bodies | error_bodies(secret, text))
    words = shown(words_in(body), hidden)

    if words is not None:
        assert 0 < len(words) <= MESSAGE_LENGTH
        assert not [c for c in words if unicodedata.category(c) in ("Cc", "Cs")]
        assert all(each not in words for each in hidden)
        assert all(
            on_one_line(each) not in words for each in hidden if len(on_one_line(each)) >= SHORTEST
        )


def on_one_line(text: str) -> str:
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", text).split())


@given(before=plain, secret=secrets.filter(bool), after=plain)
def test_a_secret_is_masked_wherever_it_stands(before: str, secret: list[str], after: str) -> None:
    text = masked(before + secret[0] + after, secret)

    assert all(each not in text for each in secret)
    assert "***" in text


@given(text=plain, secret=secrets)
def test_a_text_without_secrets_stays_as_it_is(text: str, secret: list[str]) -> None:
    assume(not any(each[at : at + SHORTEST] in text for each in secret for at in range(len(each))))

    assert masked(text, secret) == text


# ---- tokens ----


@given(
    seconds=st.none() | numbers | telling | st.floats(),
    issued=headers,
    expires=headers,
    name=st.sampled_from(["expires_in", "EXPIRES_IN"]),
)
def test_a_token_lives_a_while_whatever_its_dates(
    seconds: object, issued: str | None, expires: str | None, name: str
) -> None:
    made = Token.from_answer(
        {"access_token": "a" * 64, name: seconds, ".issued": issued, ".expires": expires}
    )

    assert timedelta() < made.expires_at - made.issued_at <= LONGEST_LIFE
    assert abs(made.issued_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert not made.is_expired(made.issued_at)
    assert made.is_ageing(made.expires_at) and made.is_expired(made.expires_at)
    assert Token.from_json(json.loads(json.dumps(made.to_json()))) == made
