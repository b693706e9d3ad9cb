"""What `docs/security.md` says of tests is true: they are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
TEXT = (ROOT / "docs" / "security.md").read_text()


def test_every_test_that_is_named_exists() -> None:
    named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", TEXT)

    missing = [
        f"{path}::{name}"
        for path, name in named
        if not (ROOT / "tests" / path).is_file()
        or f"def {name}(" not in (ROOT / "tests" / path).read_text()
    ]

    assert len(named) > 40
    assert missing == []


def test_every_control_names_a_test() -> None:
    rows = [line for line in TEXT.splitlines() if re.match(r"\| \d+ \|", line)]

    assert [row for row in rows if "::test_" not in row] == []
    assert [int(row.split("|")[1]) for row in rows] == list(range(1, len(rows) + 1))
