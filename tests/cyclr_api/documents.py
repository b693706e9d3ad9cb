"""Strategies for what a server may send: JSON with the keys we know, and what is no JSON."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import pkgutil
import re
import types
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from cyclr_api import auth, models

MODULES = [
    importlib.import_module(f"{models.__name__}.{found.name}")
    for found in pkgutil.iter_modules(models.__path__)
]


def examples(share: float) -> settings:
    """So many examples of what the profile asks for, where there are many tests of a kind."""
    asked: int = settings.default.max_examples  # type: ignore[union-attr]
    return settings(max_examples=max(3, int(asked * share)))


def known_keys(module: types.ModuleType) -> list[str]:
    """Every word in quotes that may be the name of a JSON key."""
    constants = {
        node.value
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return sorted(word for word in constants if re.fullmatch(r"\.?[A-Za-z_]\w*", word))


KEYS = {module.__name__: known_keys(module) for module in [*MODULES, auth]}

telling = st.sampled_from(
    [
        *("", " ", "null", "None", "true", "FALSE", "0", "1", "54321", "-7", "1.5", "+9", "1e3"),
        *("9223372036854775808", "9" * 40, "\ud800", "a\udfffb", "\x00", "OAuth2", "bearer"),
        *("2017-12-06T15:54:06.6440352Z", "0001-01-01T00:00:00", "0001-01-01T00:00:00+14:00"),
        *("9999-12-31T23:59:59.9999999-14:00", "2016-12-31T23:59:60Z", "2024-02-30"),
        *("Thu, 02 Mar 2023 03:03:24 GMT", "Thu, 99 Mar 2023 03:03:24 +9999", "2024-01-01"),
    ]
)
numbers = st.one_of(
    st.integers(-(2**70), 2**70),
    st.sampled_from([-(10**18), -(2**63), 2**63 - 1, 2**63, 10**30, 10**4000]),
)
scalars = st.one_of(st.none(), st.booleans(), numbers, st.floats(), telling, st.text(max_size=12))

_IDS = ("id", "token", "access_token")
_GOOD_IDS = [7, "7", "a b", "6f0d3b52-7c1e-4b8a-9e55-0b6a3c1f2d10"]


def documents(keys: list[str]) -> st.SearchStrategy[Any]:
    """Objects with these keys, in any case, among others; ids are there more often than not."""
    spelling = st.sampled_from([str, str.lower, str.upper, str.swapcase])
    key = st.one_of(
        st.builds(lambda word, spell: spell(word), st.sampled_from(keys), spelling)
        if keys
        else st.nothing(),
        st.text(max_size=6),
    )
    value = st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(key, inner, max_size=5),
        max_leaves=8,
    )
    ids = {name: st.sampled_from(_GOOD_IDS) for name in keys if name.lower() in _IDS}
    whole = st.dictionaries(key, value, max_size=8)
    return st.one_of(value, whole, st.builds(lambda a, b: a | b, whole, st.fixed_dictionaries(ids)))


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


def spoilt(texts: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """The texts, cut somewhere, or with something in between."""
    cut = st.builds(lambda body, end: body[: end % (len(body) + 1)], texts, st.integers(0, 99))
    filled = st.builds(
        lambda body, at, byte: body[: at % (len(body) + 1)] + byte + body[at % (len(body) + 1) :],
        texts,
        st.integers(0, 99),
        st.binary(min_size=1, max_size=2),
    )
    return texts | cut | filled


bodies = st.one_of(
    st.binary(max_size=60),
    spoilt(st.builds(lambda value: json.dumps(value).encode(), json_values)),
    st.builds(lambda value: json.dumps(value).encode("utf-16"), json_values),
    st.sampled_from(
        [
            *(b"NaN", b"[1e400]", b'["\\ud800", 1e400]', b'["\\ud800", -Infinity]', b"-", b"1."),
            *(b'["\\ud800", %d]' % 10**25, b'["\\ud800", %s]' % (b"9" * 5000), b"9" * 5000),
            *(b"[" * 100_000, b'["\\ud800",' + b"[" * 100_000, b'{"a":' * 3000 + b'"\\ud800"'),
            *('["\\ud800"]'.encode("utf-16-le"), b'"\\ud800\xed\xa0\x80"', b'"\xed\xa0\x80"'),
            *(b'{"\\ud800": 1, "\\udfff": 2}', b"\xef\xbb\xbf\xef\xbb\xbf1", b'"\\ud83d\\ude80"'),
        ]
    ),
)
"""Bodies of an answer, whether JSON or not."""
