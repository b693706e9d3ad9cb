"""The kinds of values in a world file, each refused in one sentence that names its place."""

from collections.abc import Collection
from typing import Any, NoReturn

from cyclr_api.simulator.state.errors import WorldFileError
from cyclr_api.simulator.state.values import JSON, OWN, read_time

LARGEST_ID = 10**18


def entries_of(document: JSON, name: str, before: str = "") -> list[tuple[str, JSON]]:
    """The objects of a list with their places; none for what is absent or null."""
    listed = document.get(name)
    if listed is None:
        return []
    if not isinstance(listed, list):
        refuse(f"{before}{name}", "a list is wanted")
    places = (f"{before}{name}[{index}]" for index in range(len(listed)))
    return [(place, object_at(one, place)) for place, one in zip(places, listed, strict=True)]


def own_of(entry: JSON, place: str) -> JSON:
    return object_at(entry.get(OWN) or {}, f"{place}.{OWN}")


def object_at(value: Any, place: str) -> JSON:
    if isinstance(value, dict):
        return value
    refuse(place, "an object is wanted")


def text_at(value: Any, place: str) -> str:
    if isinstance(value, str):
        return value
    refuse(place, "a text is missing" if value is None else "a text is wanted")


def texts_at(value: Any, place: str) -> None:
    if value is not None and not isinstance(value, list):
        refuse(place, "a list is wanted")
    for index, one in enumerate(value or []):
        text_at(one, f"{place}[{index}]")


def whole_at(value: Any, place: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    refuse(place, "a number is missing" if value is None else "a whole number is wanted")


def number_at(value: Any, place: str) -> int:
    """An id."""
    if 0 <= whole_at(value, place) < LARGEST_ID:
        return int(value)
    refuse(place, f"a number from 0 to {LARGEST_ID - 1} is wanted")


def check_flag(entry: JSON, name: str, place: str) -> None:
    if not isinstance(entry.get(name) or False, bool):
        refuse(f"{place}.{name}", "true or false is wanted")


def check_known(value: Any, known: Collection[int | str], key: str, place: str) -> None:
    """What stands under `key` of `Simulator` must be listed elsewhere in the file."""
    if value is None:
        raise WorldFileError(f"{place}.{OWN}.{key} is missing.")
    if isinstance(value, list | dict) or value not in known:
        what = key.removesuffix("Id").lower()
        refuse(place, f"{what} {value!r} is not in this file")


def check_one_of(value: Any, allowed: tuple[str, ...], place: str) -> None:
    if value not in allowed:
        refuse(place, f"one of {', '.join(allowed)} is wanted")


def check_moment(value: Any, place: str) -> None:
    try:
        read_time(text_at(value, place))
    except (ValueError, OverflowError) as error:
        if isinstance(error, WorldFileError):
            raise
        refuse(place, "a moment is wanted, like 2024-05-01T09:30:00.0000000Z")


def refuse(place: str, why: str) -> NoReturn:
    raise WorldFileError(f"{place}: {why}.")
