"""What is written of the settings elsewhere, made of `names`."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

from dashboard.environment.groups import ALL, GROUPS
from dashboard.environment.names import ROOT
from dashboard.environment.setting import Setting

BEGIN, END = "<!-- settings: made by `python -m dashboard.environment` -->", "<!-- /settings -->"


def example_file() -> str:
    """`.env.example`: every line may be uncommented as it stands."""
    lines = [
        "# Settings of Cyclr Desk. ./run needs none of them. Copy what you need to .env and remove",
        "# the # in front of it. Made by `python -m dashboard.environment`; see docs/settings.md.",
    ]
    for group in GROUPS:
        lines += ["", f"# ---- {group.title} ----", f"# {group.help}"]
        for setting in group.settings:
            lines += ["", *_comment(setting), f"#{setting.name}={_quoted(setting.example)}"]
    return "\n".join(lines) + "\n"


def _comment(setting: Setting[Any]) -> list[str]:
    said = f"{setting.help} {_without_it(setting)}".replace("`", "").rstrip()
    return textwrap.wrap(
        said, 98, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False
    )


def _quoted(text: str) -> str:
    return f"'{text}'" if any(letter in text for letter in ' #"') else text


def _without_it(setting: Setting[Any]) -> str:
    """What holds without it, as a sentence or nothing."""
    if setting.or_else:
        return f"Default: {setting.or_else}."
    default = setting.default
    if isinstance(default, bool):
        return f"Default: `{str(default).lower()}`."
    if isinstance(default, float):
        return f"Default: {default:g}."
    return f"Default: `{default}`." if default not in ("", [], {}) else ""


def whole_table() -> str:
    """The tables of `docs/settings.md`, between its two marks."""
    parts = []
    for group in GROUPS:
        rows = [
            f"| `{one.name}` | {f'{one.help} {_without_it(one)}'.strip()} | {_kind(one)} |"
            for one in group.settings
        ]
        head = ["| Setting | Meaning | Takes |", "|---|---|---|"]
        parts += [f"## {group.title}", group.help, "\n".join([*head, *rows])]
    return "\n\n".join(parts)


def _kind(setting: Setting[Any]) -> str:
    return setting.kind.words + (" (secret)" if setting.is_secret else "")


def short_table() -> str:
    """The README's part between its two marks."""
    rows = [
        f"| `{one.name}` | {f'{one.help} {_without_it(one)}'.strip()} |"
        for one in ALL.values()
        if one.is_main
    ]
    return "\n".join(["| Setting | Meaning |", "|---|---|", *rows])


def documents() -> dict[Path, str]:
    """Every file that is made, or has a part that is, and what it has to hold."""
    return {
        ROOT / ".env.example": example_file(),
        **_with_part(ROOT / "docs" / "settings.md", whole_table()),
        **_with_part(ROOT / "README.md", short_table()),
    }


def _with_part(path: Path, part: str) -> dict[Path, str]:
    before, _, rest = path.read_text().partition(BEGIN)
    return {path: f"{before}{BEGIN}\n\n{part}\n\n{END}{rest.partition(END)[2]}"}
