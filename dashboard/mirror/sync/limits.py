"""How much is read and written at once, and how long Cyclr is waited for."""

from __future__ import annotations

BATCH = 250
"""Rows that are locked and written in one transaction."""

THREADS = 8

MAX_WAIT = 20.0
"""Seconds that one page of a list waits for its turn among the console's paced calls."""
