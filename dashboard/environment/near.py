"""Names that are none of the settings' but were probably meant to be one."""

from __future__ import annotations

from collections.abc import Collection

from dashboard.environment.setting import PREFIXES


def near_to(name: str, known: Collection[str]) -> str:
    """The known name that this one was probably meant to be; empty if none is near."""
    upper = name.upper().replace("-", "_").replace(".", "_")
    upper = "_".join(part for part in upper.split("_") if part)
    if upper in known:
        return upper
    ranked = sorted((_distance(upper, one), one) for one in known)
    for distance, one in ranked:
        if distance <= _allowed(one) or (distance == 1 and sorted(one) == sorted(upper)):
            return one
    return _of_the_same_words(upper, known)


def _allowed(name: str) -> int:
    """So many typing errors. Of short names every other word is near."""
    return 2 if len(name) >= 10 else 1 if len(name) >= 8 else 0


def _of_the_same_words(name: str, known: Collection[str]) -> str:
    """`CYCLR_SECRET` for `CYCLR_CLIENT_SECRET`, `URL_CYCLR_API` for `CYCLR_API_URL`."""
    words = set(name.split("_"))
    if len(words) < 2 or not any(prefix.strip("_") in words for prefix in PREFIXES):
        return ""
    similar = [one for one in known if words <= set(one.split("_")) or words >= set(one.split("_"))]
    similar = [one for one in similar if "_" in one]
    return min(similar, key=lambda one: (len(set(one.split("_")) ^ words), one), default="")


def _distance(one: str, other: str) -> int:
    """Letters added, left out, replaced or swapped with their neighbour (Damerau, Levenshtein)."""
    if abs(len(one) - len(other)) > 2:
        return 3
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, wanted in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]
