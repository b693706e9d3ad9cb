"""The embedded broker goes on with the server that made its files, or starts afresh and says so."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard.launcher.broker import RECORD, broker_executable, server_at, server_for

pytestmark = pytest.mark.processes


@pytest.fixture
def short() -> Iterator[Path]:
    """A directory whose path is short enough for a socket."""
    path = Path(tempfile.mkdtemp(prefix="desk-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def bin_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Comes first on PATH."""
    path = tmp_path / "bin"
    path.mkdir()
    monkeypatch.setenv("PATH", f"{path}:/usr/bin:/bin")
    return path


def put_server(directory: Path, version: str, *, reads_files: bool = True) -> str:
    """A real server under another version's name; `reads_files`: also those of others."""
    real = broker_executable()
    script = directory / "valkey-server"
    refuse = "" if reads_files else '[ ! -e "$dir/appendonlydir" ] || exit 1'
    script.write_text(
        f"""#!/bin/sh
[ "$1" = --version ] && echo "{version}" && exit
for word; do [ "$last" = --dir ] && dir=$word; last=$word; done
{refuse}
exec {real} "$@"
"""
    )
    script.chmod(0o755)
    return str(script)


def test_the_server_that_made_the_files_goes_on_whatever_comes_first_on_path(
    bin_directory: Path, tmp_path: Path, short: Path
) -> None:
    broker = tmp_path / "broker"
    broker.mkdir()
    first, _ = server_for(broker, short / "s")
    (broker / "appendonlydir").mkdir()
    put_server(bin_directory, "Another 7.0", reads_files=False)

    again, sentence = server_for(broker, short / "s")

    assert (again, sentence) == (first, "")
    assert (broker / "appendonlydir").exists()


@pytest.mark.parametrize("is_recorded", [True, False])
def test_files_that_no_server_here_reads_are_dropped_with_a_word(
    is_recorded: bool, bin_directory: Path, tmp_path: Path, short: Path
) -> None:
    broker = tmp_path / "broker"
    (broker / "appendonlydir").mkdir(parents=True)
    if is_recorded:
        (broker / RECORD).write_text('{"path": "/gone/valkey-server", "version": "Valkey 9.1"}')
    path = put_server(bin_directory, "Another 7.0", reads_files=False)

    server, sentence = server_for(broker, short / "s")

    assert (server.path, server.version) == (path, "Another 7.0")
    maker = "Valkey 9.1" if is_recorded else "another server"
    assert f"made by {maker} and cannot be read by Another 7.0: it starts afresh" in sentence
    assert not (broker / "appendonlydir").exists()
    assert server_for(broker, short / "s") == (server, "")


def test_another_server_that_reads_the_files_takes_them_over(
    bin_directory: Path, tmp_path: Path, short: Path
) -> None:
    broker = tmp_path / "broker"
    (broker / "appendonlydir").mkdir(parents=True)
    put_server(bin_directory, "Another 9.2")

    server, sentence = server_for(broker, short / "s")

    assert (server.version, sentence) == ("Another 9.2", "")
    assert (broker / "appendonlydir").exists() and not (short / "s").exists()


def test_what_is_no_server_is_none(tmp_path: Path) -> None:
    assert server_at(str(tmp_path / "nothing")) is None
    assert server_at("/bin/false") is None
