"""Addresses of rows' pages, by their name: `reverse` finds each of them anew, a list asks often."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from django.conf import settings
from django.urls import NoReverseMatch, get_script_prefix, reverse

KEY = "0"
"""Stands for a key while the address around it is looked up: number and slug alike."""


def page_address(url_name: str, *keys: int | str) -> str:
    """The path of a page, as `reverse(url_name, args=keys)` has it.

    For keys of ours: ids and references, in which there is nothing to quote.
    """
    parts = _parts(url_name, len(keys))
    between = zip(keys, parts[1:], strict=True)
    return parts[0] + "".join(f"{key}{part}" for key, part in between)


def page_addresses(url_name: str, keys: Iterable[int | str]) -> list[str]:
    """The same of many rows, each with one key."""
    before, after = _parts(url_name, 1)
    return [f"{before}{key}{after}" for key in keys]


def _parts(url_name: str, count: int) -> tuple[str, ...]:
    return _around_keys(url_name, count, settings.ROOT_URLCONF, get_script_prefix())


@cache
def _around_keys(url_name: str, count: int, urlconf: str, prefix: str) -> tuple[str, ...]:
    """What stands before, between and after the keys."""
    parts = tuple(reverse(url_name, urlconf, args=[KEY] * count).split(KEY))
    if len(parts) != count + 1:
        raise NoReverseMatch(f"{url_name} has a {KEY} of its own, or does not take {count} keys.")
    return parts
