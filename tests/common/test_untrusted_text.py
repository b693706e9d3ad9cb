"""Text from outside: shown harmless, stored everywhere, found again."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.common.searching import nfkc_casefold
from dashboard.common.untrusted_text import (
    SHOWN_AT_MOST,
    avatar_letters,
    display_text,
    initials,
    is_blank,
    storable,
    visible,
)

anything = st.text(st.characters(codec=None), max_size=200)
HOSTILE = st.sampled_from(
    [chr(code) for code in (0, 1, 7, 0x1B, 0x7F, 0x9B, 0xAD, 0x61C, 0x180E, 0x2800, 0x3164)]
    + [chr(code) for code in range(0x200B, 0x2010)]
    + [chr(code) for code in (*range(0x2028, 0x202F), *range(0x2060, 0x2070), 0xFEFF, 0xD800)]
    + [chr(code) for code in (0xDFFF, 0xE0001, 0xE0041, 0x301, 0x1F469, 0x1F680, 0x627)]
)


@given(st.lists(st.one_of(HOSTILE, anything)).map("".join))
def test_nothing_that_hides_or_turns_text_is_left(text: str) -> None:
    shown = display_text(text)

    allowed = {"\t", "\n", "\r", "\u200c", "\u200d"}
    flag = "\U0001f3f4" in text
    bad = [
        letter
        for letter in shown
        if unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and letter not in allowed
    ]
    assert flag or bad == []
    shown.encode()  # no half of a surrogate pair is left


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Invoice\u202efdp.exe", "InvoiceU+202Efdp.exe"),
        ("a\x00b", "aU+0000b"),
        ("zero\u200bwidth", "zeroU+200Bwidth"),
        ("half\ud800", "halfU+D800"),
        ("\u3164", "U+3164"),
        ("a\u200db", "aU+200Db"),
        ("", ""),
        (None, ""),
        (17, "17"),
    ],
)
def test_tricks_become_letters(text: object, shown: str) -> None:
    assert display_text(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Harbour Books",
        "株式会社ひまわり",
        "مكتبة النخيل للكتب",
        "می‌خواهم",  # a joiner that Persian needs
        "क्‍ष",
        "👩‍🚀 Team",
        "👨🏽‍⚕️",
        "🏳️‍🌈",
        "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
        "Żółw",
        "two\nlines",
    ],
)
def test_honest_text_stays_as_it_is(text: str) -> None:
    assert [piece.text for piece in visible(text)] == [text]


def test_a_tower_of_marks_is_cut() -> None:
    shown = display_text("Z" + "\u0301" * 1000 + "algo")

    assert shown == "Z" + "\u0301" * 8 + "…" + "algo"


def test_an_endless_text_is_cut_quickly() -> None:
    shown = display_text("a\u202e" * 5_000_000)

    assert len(shown) < SHOWN_AT_MOST * 7
    assert shown.endswith("…")


@pytest.mark.parametrize("text", [None, "", " ", "\u00a0\n"])
def test_blank(text: object) -> None:
    assert is_blank(text)


json_like: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), anything),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(anything, inner)),
)


@given(json_like)
def test_what_is_stored_is_json_that_postgresql_takes(value: Any) -> None:
    text = json.dumps(storable(value), allow_nan=False, ensure_ascii=False)

    text.encode()
    assert "\\u0000" not in text


@given(st.one_of(st.integers(), st.text("abcé日"), st.lists(st.integers())))
def test_what_can_be_stored_is_not_touched(value: Any) -> None:
    assert storable(value) == value


def test_order_and_tuples() -> None:
    assert list(storable({"b": 1, "a": (1, float("nan")), "c\x00": "\ud800"})) == ["b", "a", "c�"]
    assert storable({"a": (1, float("inf"))}) == {"a": [1, None]}
    assert storable(float("-inf")) is None


def test_any_depth_is_stored() -> None:
    deep: Any = "\x00"
    for _ in range(100_000):
        deep = [deep]

    clean = storable(deep)

    for _ in range(100_000):
        clean = clean[0]
    assert clean == "�"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ACME", "acme"),
        ("Straße", "STRASSE"),
        ("ＡＣＭＥ", "acme"),
        ("Zoe\u0308", "Zoë"),
        ("  a \n b ", "a b"),
        ("ﬁx", "FIX"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
    ],
)
def test_search_does_not_mind(one: str, other: str) -> None:
    assert nfkc_casefold(one) == nfkc_casefold(other)


@given(anything)
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert nfkc_casefold(nfkc_casefold(text)) == nfkc_casefold(text)
    nfkc_casefold(text).encode()
    assert "\x00" not in nfkc_casefold(text)


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Mara Lindqvist", "ML"),
        ("mara", "MA"),
        ("Ana María de la Ó", "AÓ"),
        ("", "?"),
        (None, "?"),
        ("🌻 !", "?"),
        ("<b>", "B"),
    ],
)
def test_initials(name: object, letters: str) -> None:
    assert initials(name) == letters


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("HubSpot", "Hs"),
        ("Shopify", "Sh"),
        ("QuickBooks Online", "Qb"),
        ("Klaviyo", "Kl"),
        ("NetSuite", "Ns"),
        ("SAP", "Sa"),
        ("x", "X"),
        ("🌻 Sunny", "Su"),
        ("\u202e", "?"),
        (None, "?"),
    ],
)
def test_tiles(name: object, letters: str) -> None:
    assert avatar_letters(name) == letters


@given(anything)
def test_any_name_has_letters(name: str) -> None:
    assert 1 <= len(initials(name)) <= 6
    assert avatar_letters(name)
