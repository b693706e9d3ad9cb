"""Whether a feature is on."""

from __future__ import annotations

from collections.abc import Iterable

from dashboard.consoles.models import Console, name_of
from dashboard.features.models import everything_off
from dashboard.features.registry import Feature, SwitchedOffError

Off = frozenset[tuple[str, int | None]]
"""Key and console (`None`: all) of what is switched off."""


def read() -> Off:
    """What is switched off now."""
    return frozenset((str(key), console) for key, console in everything_off())


def is_off(feature: Feature, console_id: int | None, off: Off | None = None) -> bool:
    """Whether it is off in this console; `None`: in all of them."""
    found = read() if off is None else off
    return (feature.key, None) in found or (feature.key, console_id) in found


def first_off(
    features: Iterable[Feature], consoles: Iterable[Console], off: Off
) -> SwitchedOffError | None:
    """The first feature that is off in each of these consoles, as the error that says so."""
    if not off:
        return None
    among = list(consoles)
    for feature in features:
        if (feature.key, None) in off:
            return SwitchedOffError(feature)
        if among and all((feature.key, one.pk) in off for one in among):
            return SwitchedOffError(feature, " and ".join(one.name for one in among[:3]))
    return None


def require(feature: Feature, console: Console | int, off: Off) -> None:
    """Raise `SwitchedOffError` if it is off in this console."""
    console_id = console.pk if isinstance(console, Console) else console
    if is_off(feature, console_id, off):
        is_everywhere = (feature.key, None) in off
        raise SwitchedOffError(feature, "" if is_everywhere else name_of(console))
