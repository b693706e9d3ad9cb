"""What is written of the settings elsewhere is what is declared."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dashboard.environment import single_sign_on
from dashboard.environment.documents import documents, example_file
from dashboard.environment.groups import ALL
from dashboard.environment.reading import read

MADE = documents()


@pytest.mark.parametrize("path", MADE, ids=lambda path: path.name)
def test_the_documents_are_up_to_date(path: Path) -> None:
    assert path.read_text() == MADE[path], "run .venv/bin/python -m dashboard.environment"


def test_the_example_file_works_with_every_line_uncommented(tmp_path: Path) -> None:
    lines = re.sub(r"^#(?=[A-Z_]+=)", "", example_file(), flags=re.MULTILINE)
    lines = lines.replace("CLIENT_ID=", "CLIENT_ID=id").replace("_SECRET=", "_SECRET=secret")
    (tmp_path / "settings").write_text(lines)

    environment = read({"DESK_ENV_FILE": str(tmp_path / "settings")}, root=tmp_path)

    for setting in ALL.values():
        if setting.example:
            assert environment[setting] == setting.kind.read(setting.example)


def test_every_setting_of_django_is_read_from_the_declared_ones() -> None:
    text = Path("dashboard/settings.py").read_text()
    used = set(re.findall(r"(?:names|waits)\.([A-Z_]+)", text))
    assert "for setting in single_sign_on.ALL" in text
    used |= {setting.name for setting in single_sign_on.ALL}

    of_the_launchers = {"DESK_DEMO", "DESK_SILENT_AFTER", "WEB_CONCURRENCY"}
    of_the_launchers |= {"LOCAL_CYCLR_OPTIONS", "LOCAL_CYCLR_PORT"}
    assert set(ALL) - used == of_the_launchers
    # systemd's own variable is no setting of ours.
    assert re.findall(r"os\.environ\b.*", text) == [
        "os.environ)",
        'os.environ.get("NOTIFY_SOCKET", "")',
    ]
