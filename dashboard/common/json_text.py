"""JSON of ours, as text."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import orjson


def json_text(value: Any, *, is_sorted: bool = False) -> str:
    """The JSON of a value, ten times as quick as by `json.dumps`, and as it says; `is_sorted`: by
    key, at every depth. Moments are texts in ISO 8601.

    What is no JSON for everyone is left to that: halves of surrogate pairs, keys that are numbers,
    numbers of more than 64 bits. TypeError for what it cannot write either.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS if is_sorted else 0).decode()
    except orjson.JSONEncodeError:
        return json.dumps(value, sort_keys=is_sorted, default=_moment)


def _moment(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"A {type(value).__name__} is no JSON.")
