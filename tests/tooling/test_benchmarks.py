"""What `./test bench` makes of the figures that benches record."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench import figures
from tests.bench.figures import Figure
from tests.support import benchmarks

SLOW = Figure("`/connectors/`, plain view", "90 ms", "30 ms", 3.0, 2)
FAST = Figure("one after the other", "400/s", "9/s", 44.4, 40, at_least=True)


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "benchmarks.md"
    monkeypatch.setattr(benchmarks, "PAGE", path)
    return path


def test_figures_are_handed_over_and_nothing_is_written_without_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "figures.jsonl"
    monkeypatch.delenv(figures.FILE, raising=False)
    figures.record(SLOW)
    assert figures.recorded(path) == []
    monkeypatch.setenv(figures.FILE, str(path))
    figures.record(SLOW)
    figures.record(FAST)
    assert figures.recorded(path) == [SLOW, FAST]


def test_a_line_says_what_was_wanted_and_whether_it_is_so() -> None:
    assert benchmarks.line(SLOW) == (
        "| `/connectors/`, plain view | 90 ms | 30 ms | 3.00 | ≤ 2 | **not met** |"
    )
    assert benchmarks.line(FAST) == "| one after the other | 400/s | 9/s | 44.40 | ≥ 40 | met |"


def test_a_bench_replaces_its_section_alone_and_keeps_the_order(page: Path) -> None:
    lists, cycles = benchmarks.BENCHES[:2]
    benchmarks.write(cycles, [FAST], 0.5)
    benchmarks.write(lists, [FAST], 0.5)
    benchmarks.write(lists, [SLOW], 7.0)
    text = page.read_text("utf-8")
    assert text.index(lists.title) < text.index(cycles.title)
    assert text.count("one after the other") == 1
    assert text.count("not met") == 1
    assert "load 7.0" in text


def test_an_unknown_bench_is_named_with_those_that_there_are(
    capsys: pytest.CaptureFixture[str], page: Path
) -> None:
    assert not benchmarks.main(["nothing"], {})
    said = capsys.readouterr().out
    assert "No such bench: nothing" in said
    assert "first_sync" in said
    assert not page.exists()


@pytest.mark.parametrize("bench", benchmarks.BENCHES, ids=lambda bench: bench.name)
def test_each_one_is_there_and_records(bench: benchmarks.Bench) -> None:
    path = benchmarks.ROOT / "tests" / "bench" / f"{bench.name}.py"
    source = path.read_text("utf-8")
    assert "record(" in source
    compile(source, str(path), "exec")
