"""Names that are free in an account."""

from __future__ import annotations

from dashboard.common.searching import normalize_for_search

LONGEST_NAME = 200


def free_name(wanted: str, taken: set[str]) -> str:
    """`wanted`, or `wanted 2`, `wanted 3`, …: the first that is not taken, however written."""
    there = {normalize_for_search(name) for name in taken}
    name, number = wanted, 1
    while normalize_for_search(name) in there:
        number += 1
        name = f"{wanted[: LONGEST_NAME - len(f' {number}')]} {number}"
    return name
