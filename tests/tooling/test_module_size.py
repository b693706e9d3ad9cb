"""A module can be read at one sitting: none of the dashboard's is longer than a few screens."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
MOST_LINES = 350


def test_no_module_of_the_dashboard_is_too_long() -> None:
    lengths = {
        path.relative_to(ROOT): len(path.read_text().splitlines())
        for path in (ROOT / "dashboard").rglob("*.py")
        if "migrations" not in path.parts
    }

    assert len(lengths) > 200
    assert {path: lines for path, lines in lengths.items() if lines > MOST_LINES} == {}
