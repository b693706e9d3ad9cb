"""Who looks for something in the docs finds it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCS = sorted((ROOT / "docs").rglob("*.md"))
PAGES = [*DOCS, *sorted(ROOT.glob("*.md"))]
SECTIONS = ["Added", "Changed", "Fixed", "Security"]


def links(page: Path) -> list[str]:
    """Where a page leads, without other sites and places within itself."""
    found = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())
    return [link for link in found if "://" not in link and not link.startswith("mailto:")]


def test_the_index_leads_to_every_document() -> None:
    index = ROOT / "docs" / "index.md"
    led_to = {(index.parent / link).resolve() for link in links(index)}

    assert [page for page in DOCS if page != index and page not in led_to] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_document_leads_nowhere(page: Path) -> None:
    assert [link for link in links(page) if not (page.parent / link).exists()] == []


def test_changes_are_told_by_version_and_kind() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text()
    versions = re.findall(r"^## (.+)$", changes, re.MULTILINE)

    assert versions[0] == "Unreleased"
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in versions[1:])
    assert set(re.findall(r"^### (.+)$", changes, re.MULTILINE)) <= set(SECTIONS)
