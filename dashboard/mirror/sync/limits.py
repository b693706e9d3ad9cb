"""How much is read and written at once, and how long Cyclr is waited for."""

from __future__ import annotations

BATCH = 250
"""Rows that are locked and written in one transaction."""

THREADS = 8
"""Pages of one list that are fetched at a time."""

READERS = 32
"""Accounts that one process asks for at a time."""

WRITTEN_TOGETHER, WRITTEN_WITHIN = 80, 0.5
"""Accounts whose listings are written in one transaction; seconds that a listing waits for that."""

MAX_WAIT = 20.0
"""Seconds that one page of a list waits for its turn among the console's paced calls."""
