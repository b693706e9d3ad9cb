"""Secrets do not show: neither the values that hold them nor what Cyclr says about them."""

from __future__ import annotations

import copy
import json
import pickle
import time

import pytest

from cyclr_api import Secret
from cyclr_api.secret import masked, texts_in


def test_a_secret_shows_three_stars_wherever_it_is_written() -> None:
    secret = Secret("client-secret-canary")

    assert (str(secret), repr(secret), f"{secret}") == ("***", "'***'", "***")
    assert repr([secret]) == "['***']"
    assert secret.reveal() == Secret(secret).reveal() == "client-secret-canary"
    assert secret and not Secret("")


@pytest.mark.parametrize("leave", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_secret_does_not_leave_its_process(leave: object) -> None:
    with pytest.raises(TypeError) as caught:
        leave(Secret("client-secret-canary"))  # type: ignore[operator]

    assert str(caught.value) == "A Secret is not pickled: seal its text instead"


def test_a_secret_has_no_other_attributes() -> None:
    with pytest.raises(TypeError):
        vars(Secret("client-secret-canary"))
    with pytest.raises(TypeError):
        json.dumps(Secret("client-secret-canary"))


@pytest.mark.parametrize(
    ("text", "secret", "shown"),
    [
        ("key abcd is bad", "abcd", "key *** is bad"),
        ("key abc is bad", "abc", "key abc is bad"),
        ("key abcdefgh is bad", "abcdefgh", "key *** is bad"),
        ("abcd", "abcd", "***"),
        ("abcdabcd.abcd", "abcd", "***.***"),
        ("aaaaa", "aaaa", "***"),
        ("aaaaaaaaaaaaa", "aaaaaaaaa", "***"),
        ("", "abcd", ""),
        ("ab", "abcd", "ab"),
        ("abcd", "", "abcd"),
        ("nothing of it", "abcdefghijkl", "nothing of it"),
    ],
)
def test_a_secret_becomes_three_stars(text: str, secret: str, shown: str) -> None:
    assert masked(text, [secret]) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("it ends in 6789abcd.", "it ends in ***."),
        ("it ends in 789abcd.", "it ends in 789abcd."),
        ("it begins with 01234567…", "it begins with ***…"),
        ("in between is 3456789a1234", "in between is ***1234"),
        ("-3456789abc-", "-***-"),
    ],
)
def test_eight_characters_of_a_longer_secret_are_a_secret(text: str, shown: str) -> None:
    assert masked(text, ["0123456789abcd"]) == shown


def test_several_secrets_are_masked_where_they_overlap_too() -> None:
    assert masked("<abcdefgh>", ["abcdef", "efgh"]) == "<***>"
    assert masked("abcdXefgh", ["abcd", "efgh"]) == "***X***"


@pytest.mark.parametrize(
    "quoted",
    [
        'pä"ss/w\nrd&<',
        '"pä\\"ss/w\\nrd&<"',
        '"p\\u00e4\\"ss/w\\nrd&<"',
        "p%C3%A4%22ss%2Fw%0Ard%26%3C",
        "pä&quot;ss/w\nrd&amp;&lt;",
    ],
)
def test_a_secret_is_masked_as_it_is_quoted_in_json_addresses_and_html(quoted: str) -> None:
    text = masked(f"refused: {quoted}!", ['pä"ss/w\nrd&<'])

    assert text.replace('"', "") == "refused: ***!"


@pytest.mark.parametrize(("secret", "quoted"), [("aa\\bb", '"aa\\\\bb"'), ("ü/ü/", "%C3%BC%2F")])
def test_short_secrets_are_masked_as_they_are_quoted(secret: str, quoted: str) -> None:
    assert "***" in masked(f"<{quoted * 2}>", [secret])


def test_a_secret_that_is_no_text_is_no_error() -> None:
    assert masked("<%3Fabcdefgh>", ["\ud800abcdefgh"]) == "<***>"


def test_long_runs_of_one_character_take_no_time() -> None:
    started = time.thread_time()
    text = masked("=" * 60_000, ["=" * 60_000, "-" * 60_000])

    assert text == "***"
    assert time.thread_time() - started < 5


def test_the_texts_in_a_value_are_its_values_without_its_names() -> None:
    value = {"Name": "a", "List": ["b", 5, 1.5, None, True, {"Inner": ("c", "")}], "No": False}

    assert list(texts_in(value)) == ["a", "b", "5", "1.5", "c", ""]
    assert list(texts_in("bare")) == ["bare"]
    assert list(texts_in(None)) == []
