"""What templates and style sheets name is there."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "static"
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
HOOKS = {"htmx-request", "htmx-indicator"}


def without_logic(text: str) -> str:
    return re.sub(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", " ", text, flags=re.S)


def classes_of_css() -> set[str]:
    found: set[str] = set(HOOKS)
    for sheet in [*STATIC.glob("css/*.css"), STATIC / "vendor/tabler.css"]:
        text = re.sub(r"url\([^)]*\)", "", sheet.read_text(encoding="utf-8"))
        found |= set(re.findall(r"\.(-?[a-zA-Z_][\w-]*)", text))
    return found


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.name))
def test_every_class_is_in_a_style_sheet(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    if "/mail/" in template.as_posix() or "style=" in text:
        pytest.skip("a mail carries its own style")
    used = {
        name
        for value in re.findall(r'\sclass="([^"]*)"', without_logic(text))
        for name in value.split()
    }

    assert used - classes_of_css() == set()


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.name))
def test_every_icon_is_in_the_sprite(template: Path) -> None:
    sprite = (STATIC / "img/sprite.svg").read_text(encoding="utf-8")
    there = set(re.findall(r'<symbol id="([^"]+)"', sprite))

    used = set(re.findall(r'\{% icon "([^"]+)"', template.read_text(encoding="utf-8")))

    assert used - there == set()


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.name))
def test_nothing_is_taken_for_safe_and_nothing_is_inline(template: Path) -> None:
    text = template.read_text(encoding="utf-8")

    assert "|safe" not in text
    assert "autoescape off" not in text
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    assert not re.search(r"<[a-z][^>]*\s(?:on[a-z]+|hx-on\S*)=", text)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.name))
def test_what_looks_again_by_itself_can_be_morphed(template: Path) -> None:
    """It is swapped whole, and its rows have ids, so that the one under a finger stays that one."""
    text = template.read_text(encoding="utf-8")
    asking = re.findall(r'<[a-z][^>]*hx-trigger="[^"]*(?:from:body|poll-10s)[^>]*>', text)
    rows = re.findall(r"\{% for [^%]*%\}\s*(?:\{% with [^%]*%\})?\s*(<(?:tr|li)\b[^>]*>)", text)

    assert [tag for tag in asking if 'hx-swap="outerHTML"' not in tag or ' id="' not in tag] == []
    assert not asking or [row for row in rows if ' id="' not in row] == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.name))
def test_a_red_button_asks_first(template: Path) -> None:
    """By `_ask_first.html`, or on a page of its own that says what will happen."""
    if template.name in {"_ask_first.html", "campaign_act.html", "person_deactivate.html"}:
        return
    red = re.findall(r"<button[^>]*\bdanger\b[^>]*>", template.read_text(encoding="utf-8"))

    assert red == []


SOURCES = [*TEMPLATES, *sorted(STATIC.glob("css/*.css"))]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.name))
def test_a_line_of_a_source_is_short_enough_to_read(source: Path) -> None:
    lines = source.read_text(encoding="utf-8").splitlines()

    assert [line for line in lines if len(line) > 120] == []


def test_every_style_sheet_is_part_of_one_that_is_sent() -> None:
    folder = STATIC / "css"
    imported = re.findall(r'^@import url\("([^"]+)"\);$', (folder / "desk.css").read_text(), re.M)

    assert {*imported, "desk.css", "guest.css"} == {sheet.name for sheet in folder.iterdir()}
    assert len(imported) == len(set(imported))


def test_what_is_sent_is_one_small_sheet(tmp_path: Path, settings: Any) -> None:
    """Collected twice, as at every start: what lies there from before is not taken for a source."""
    settings.STATIC_ROOT = str(tmp_path)
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "dashboard.common.static_storage.BuiltStaticFilesStorage"},
    }
    for _ in range(2):
        call_command("collectstatic", interactive=False, verbosity=0)
    (sheet,) = (file.read_text() for file in tmp_path.glob("css/desk.*.css"))

    assert "@import" not in sheet
    assert sheet.startswith("@font-face{")
    assert "--paper:light-dark(#fff,#121418)" in sheet.replace(", ", ",")
    assert len(sheet.splitlines()) == 1
    assert (STATIC / "vendor/tabler.css").read_bytes() == (
        tmp_path / "vendor/tabler.css"
    ).read_bytes()


def test_style_sheets_only_name_files_that_are_there() -> None:
    for sheet in STATIC.rglob("*.css"):
        for address in re.findall(r"url\(\"?([^)\"]+)\"?\)", sheet.read_text(encoding="utf-8")):
            if not address.startswith("data:"):
                assert (sheet.parent / address).exists(), f"{sheet.name}: {address}"


def test_vendored_files_are_the_ones_in_the_list() -> None:
    folder = STATIC / "vendor"
    listed = dict(
        re.findall(
            r"^\| `([^`]+)` .*`([0-9a-f]{64})` \|$", (folder / "README.md").read_text(), re.M
        )
    )
    there = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.iterdir()
        if file.suffix in {".css", ".js", ".woff2"}
    }

    assert listed == there


def test_every_vendored_thing_brings_its_licence() -> None:
    folder = STATIC / "vendor"

    named = set(re.findall(r"`([\w-]+\.LICENSE\.txt)`", (folder / "README.md").read_text()))

    assert named == {file.name for file in folder.glob("*.LICENSE.txt")}
