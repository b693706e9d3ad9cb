"""JSON of ours says what the standard library's does."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from dashboard.common.json_text import json_text


@pytest.mark.parametrize(
    "value",
    [
        {"b": [1, None, True, 2.5], "a": {"d": "O’Brien \u2028 \x00", "c": ()}},
        "half of a pair: \ud800",
        {"many bits": 2**64},
        {7: "keys that are numbers", 3: "in their order"},
    ],
)
@pytest.mark.parametrize("is_sorted", [False, True])
def test_what_is_written_is_read_as_it_was_and_in_its_order(value: Any, is_sorted: bool) -> None:
    expected = json.dumps(value, sort_keys=is_sorted)

    text = json_text(value, is_sorted=is_sorted)

    assert json.dumps(json.loads(text)) == expected


@pytest.mark.parametrize("beside", [1, 2**64, "\ud800"])
def test_a_moment_is_the_same_whatever_stands_beside_it(beside: object) -> None:
    moment = datetime(2026, 11, 30, 8, 5, 1, 20, tzinfo=UTC)

    text = json_text({"at": moment, "beside": beside})

    assert json.loads(text) == {"at": moment.isoformat(), "beside": beside}


def test_what_is_no_json_is_an_error() -> None:
    with pytest.raises(TypeError):
        json_text({"a": object()})
