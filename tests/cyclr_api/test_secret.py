"""Secrets do not show: neither the values that hold them nor what Cyclr says about them."""

from __future__ import annotations

import base64
import copy
import html
import json
import pickle
import time
from urllib.parse import quote, quote_plus

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

    assert str(caught.value) == "A Secret is not pickled: encrypt its text instead"


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


CANARY = "Pk/Live+ä'Canary 0123&9"
ENCODED = {
    "as it is": CANARY,
    "upper": CANARY.upper(),
    "lower": CANARY.lower(),
    "swapped": CANARY.swapcase(),
    "base64": base64.b64encode(CANARY.encode()).decode(),
    "base64 without padding": base64.b64encode(CANARY.encode()).decode().rstrip("="),
    "base64 for addresses": base64.urlsafe_b64encode(CANARY.encode()).decode(),
    "base64 in small letters": base64.b64encode(CANARY.encode()).decode().lower(),
    "base64 of a pair": base64.b64encode(f"user:{CANARY}".encode()).decode(),
    "base64 of a longer pair": base64.b64encode(f"users:{CANARY}:x".encode()).decode(),
    "base64 of the key as user": base64.b64encode(f"{CANARY}:".encode()).decode(),
    "percent": quote(CANARY, safe=""),
    "percent in small letters": quote(CANARY, safe="").lower(),
    "percent twice": quote(quote(CANARY, safe="")),
    "as in a form": quote_plus(CANARY),
    "JSON": json.dumps(CANARY)[1:-1],
    "JSON in capital escapes": json.dumps(CANARY)[1:-1].replace("\\u00e4", "\\u00E4"),
    "JSON with slashes": json.dumps(CANARY)[1:-1].replace("/", "\\/"),
    "HTML": html.escape(CANARY),
    "HTML, decimal": html.escape(CANARY).replace("&#x27;", "&#39;"),
    "hex": CANARY.encode().hex(),
    "capital hex": CANARY.encode().hex().upper(),
}


@pytest.mark.parametrize("form", ENCODED)
def test_a_secret_is_masked_in_every_case_and_encoding(form: str) -> None:
    said = f"Value '{ENCODED[form]}' was refused"
    shown = masked(said, [CANARY])

    left = shown.replace("Value '", "").replace("' was refused", "").replace("***", "")
    # What stands before and after it in an encoded pair is not its own.
    assert shown.startswith("Value '") and shown.endswith("' was refused")
    assert "***" in shown and len(left) <= (16 if "pair" in form else 4)


def test_letters_without_a_single_small_one_keep_their_places() -> None:
    assert masked("İİİ key-canary-1 İ", ["KEY-CANARY-1"]) == "İİİ *** İ"
