"""JSON as Cyclr reads it: everything that is JSON, and some that is not."""

from __future__ import annotations

import json
import math
import time
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyclr_api.simulator.state import tolerant_json

NUMBERS = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)

SCRAPS = st.lists(
    st.sampled_from(
        [*"{}[]:,'\"\\ \n-+.eE0179", "\\u", "d83d", "true", "null", "key", "é", "\ud800"]
    )
).map("".join)


def spelled(value: Any, *, is_ascii: bool, indent: int | None) -> bytes:
    return json.dumps(value, ensure_ascii=is_ascii, indent=indent).encode("utf-8", "surrogatepass")


def same(one: Any, other: Any) -> bool:
    """Equal to the type: 1, 1.0 and true are three values."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float):
        return one == other and math.copysign(1, one) == math.copysign(1, other)
    return bool(one == other)


@given(value=VALUES, is_ascii=st.booleans(), indent=st.none() | st.integers(0, 3))
def test_what_is_json_means_what_it_always_meant(
    value: Any, is_ascii: bool, indent: int | None
) -> None:
    body = spelled(value, is_ascii=is_ascii, indent=indent)

    assert same(tolerant_json.loads(body), orjson.loads(body))


@given(
    body=st.text().map(str.encode)
    | st.binary()
    | SCRAPS.map(lambda s: s.encode("utf-8", "replace"))
)
def test_whatever_arrives_is_read_or_refused(body: bytes) -> None:
    try:
        strict = orjson.loads(body)
    except ValueError:
        strict = None
    try:
        value = tolerant_json.loads(body)
    except ValueError:
        assert strict is None
    else:
        assert strict is None or same(value, strict)
        json.dumps(value, allow_nan=False)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ("{'a': 'b'}", {"a": "b"}),
        ("{a: 1, $b: true, c_d: null}", {"a": 1, "$b": True, "c_d": None}),
        ('{a: \'it\\\'s "so"\', "b": "it\'s"}', {"a": 'it\'s "so"', "b": "it's"}),
        ("[1, 2,]", [1, 2]),
        ("{'a': 1,}", {"a": 1}),
        ("{'a': 1, 'a': 2}", {"a": 2}),
        ("['\\ud83e\\udd8a', '\\ud83e', '\\\\u0041', '\\u0041']", ["🦊", "\ud83e", "\\u0041", "A"]),
        ("[+1, 007, 1E2]", [1, 7, 100.0]),
        ("[18446744073709551615, 18446744073709551616]", [2**64 - 1, float(2**64)]),
        ("[-9223372036854775808, -9223372036854775809]", [-(2**63), -float(2**63)]),
        ("''", ""),
    ],
)
def test_what_cyclr_also_reads(body: str, value: Any) -> None:
    assert same(tolerant_json.loads(body.encode()), value)


@pytest.mark.parametrize(
    "body",
    [
        *("", " ", "{", "[", "}", "'", '"', "{'a'}", "{'a':}", "{a b: 1}", "[1 2]", "1 2", "{,}"),
        *("nothing", "True", "NaN", "Infinity", "-", "1.", ".5", "1e", "0x10", "٣", "1e400"),
        "1" * 400,
        "[" * 202 + "]" * 202,
        "\ufeff{}",
    ],
)
def test_what_not_even_cyclr_reads(body: str) -> None:
    with pytest.raises(ValueError, match="."):
        tolerant_json.loads(body.encode())


@pytest.mark.parametrize(
    "piece",
    [
        "'",
        '"',
        "\\",
        "'a",
        '"\\',
        "'\\a",
        "[",
        "{a:",
        "[1,",
        "{'a':'b',",
        "1",
        "+",
        " ",
        "\n",
        "a:",
    ],
)
def test_a_long_body_is_no_burden(piece: str) -> None:
    bodies = [
        (piece * (size // len(piece))).encode() for size in (tolerant_json.LONGEST, 30_000_000)
    ]
    started = time.process_time()

    for body in bodies:
        for end in (b"", b"'", b'"'):
            with pytest.raises(ValueError, match="."):
                tolerant_json.loads((b"[" + body)[: len(body) - 1] + end)

    assert time.process_time() - started < 20


def test_a_text_as_long_as_may_be_is_read() -> None:
    body = b"'" + b"\\'" * (tolerant_json.LONGEST // 2 - 1) + b"'"

    assert tolerant_json.loads(body) == "'" * (tolerant_json.LONGEST // 2 - 1)
