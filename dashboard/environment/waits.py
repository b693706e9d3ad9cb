"""The settings of how long things wait, all in seconds: declared like those in `names`."""

from __future__ import annotations

from dashboard.environment.kinds import number
from dashboard.environment.setting import Setting

A_DAY = 86400.0
A_YEAR = 365 * A_DAY


def _seconds(name: str, default: float, help: str) -> Setting[float]:
    kind = number(above=0, most=A_YEAR, of="seconds")
    return Setting(name, kind, default, help, f"{default:g}")


DESK_LEASE_FOR = _seconds(
    "DESK_LEASE_FOR", 30.0, "How long a worker that is not heard of keeps an operation."
)
DESK_FIRST_LOOK_AFTER = _seconds(
    "DESK_FIRST_LOOK_AFTER",
    120.0,
    "How long after an unclear call a look that finds nothing counts.",
)
DESK_LOOK_GAP = _seconds("DESK_LOOK_GAP", 30.0, "How far such looks are apart.")
DESK_SILENT_AFTER = _seconds(
    "DESK_SILENT_AFTER",
    40.0,
    "How long a worker may show no progress before ./run starts another one.",
)
DESK_SYNC_EVERY = _seconds("DESK_SYNC_EVERY", 900.0, "How often everything is read from Cyclr.")
DESK_STALE_AFTER = _seconds(
    "DESK_STALE_AFTER", 120.0, "Data older than this is read again when somebody opens its page."
)
DESK_VERIFY_FOR = _seconds(
    "DESK_VERIFY_FOR", 900.0, "How long Cyclr is asked whether a customer's start succeeded."
)
DESK_KEEP_GONE_FOR = _seconds(
    "DESK_KEEP_GONE_FOR", 86400.0, "How long what is gone in Cyclr stays in the lists."
)
DESK_KEEP_SEALED_FOR = _seconds(
    "DESK_KEEP_SEALED_FOR", 86400.0, "How long what was typed is kept, encrypted, for another try."
)
DESK_MINT_LIVES_FOR = _seconds(
    "DESK_MINT_LIVES_FOR", 45.0, "How long a sign-in token for a customer waits for its redirect."
)
DESK_SESSION_IDLE_AFTER = Setting(
    "DESK_SESSION_IDLE_AFTER",
    number(above=0, most=A_DAY, of="seconds"),
    1800.0,
    "How long staff may do nothing before they are signed out.",
    "1800",
)
DESK_SESSION_ENDS_AFTER = Setting(
    "DESK_SESSION_ENDS_AFTER",
    number(above=0, most=30 * A_DAY, of="seconds"),
    28800.0,
    "How long after signing in staff have to sign in again, whatever they do.",
    "28800",
)
