"""A pytest plugin: slipcover takes its marks out of the code seldom, also beside pytest-xdist.

To take out those that were reached it looks through all functions of all modules, a third of a
second here. After 50 runs of a line, its own measure, that was a quarter of the processor time of
the dashboard's tests; a mark that stays costs far less. `--threshold` is not told to
pytest-xdist's processes (`findings/slipcover-threshold-with-xdist.sh`).

It must be there before Django imports what is counted: `PYTEST_PLUGINS` names it.
"""

from __future__ import annotations

from slipcover import pytest_plugin  # type: ignore[import-untyped]  # it has no types

RUNS = 5000
"""So often does a line that was reached run before its mark goes."""

if pytest_plugin._slipcover_instance is not None:
    pytest_plugin._slipcover_instance.d_miss_threshold = RUNS
