"""The guide's examples run, in order and as one program, and give what the guide says.

The internet is the simulator: every requests session is mounted on its states.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from cyclr_api.simulator import CyclrState, demo_state, mount

GUIDE = Path(__file__).parents[2] / "docs" / "cyclr_api.md"

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)

EXPECTED = re.compile(r"  # -> (.+)$")
"""After an expression: its value, as `repr` or `str` writes it."""


@dataclass(frozen=True)
class Block:
    """A block of Python, padded with empty lines so that errors name the guide's own."""

    source: str

    def run(self, namespace: dict[str, Any]) -> int:
        """Carry it out; the number of values that were compared."""
        lines = self.source.splitlines()
        compared = 0
        for statement in ast.parse(self.source, str(GUIDE)).body:
            expected = EXPECTED.search(lines[(statement.end_lineno or 0) - 1])
            if expected is None:
                code = compile(ast.Module([statement], []), str(GUIDE), "exec")
                exec(code, namespace)  # noqa: S102
                continue
            assert isinstance(statement, ast.Expr), f"line {statement.lineno} has no value"
            code = compile(ast.Expression(statement.value), str(GUIDE), "eval")
            value = eval(code, namespace)  # noqa: S307
            assert expected[1] in (repr(value), str(value)), f"line {statement.lineno}"
            compared += 1
        return compared


def blocks_of(text: str) -> Iterator[Block]:
    for found in BLOCK.finditer(text):
        yield Block("\n" * text[: found.start(1)].count("\n") + found[1])


@pytest.fixture
def internet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Two consoles' states at Cyclr's addresses, and the environment that the guide reads."""
    states = [state_at("https://api.cyclr.uk", "uk"), state_at("https://api.eu.cyclr.com", "eu")]

    class Session(requests.Session):
        def __init__(self) -> None:
            super().__init__()
            for state in states:
                mount(state, self)

    monkeypatch.setattr(requests, "Session", Session)
    for name in ("uk", "eu"):
        monkeypatch.setenv(f"CYCLR_{name.upper()}_ID", f"{name}-id")
        monkeypatch.setenv(f"CYCLR_{name.upper()}_SECRET", f"{name}-secret")
    monkeypatch.chdir(tmp_path)


def state_at(api_url: str, name: str) -> CyclrState:
    """The default state at another address, so that the examples talk to Cyclr as it is."""
    state = demo_state()
    state.api_url = api_url
    state.credentials = [(f"{name}-id", f"{name}-secret")]
    return state


@pytest.mark.usefixtures("internet")
def test_the_examples_do_what_the_guide_says() -> None:
    namespace: dict[str, Any] = {"__name__": "guide"}

    blocks = list(blocks_of(GUIDE.read_text(encoding="utf-8")))
    compared = sum(block.run(namespace) for block in blocks)

    assert compared == sum(block.source.count("# ->") for block in blocks) >= 30
    assert GUIDE.read_text(encoding="utf-8").count("```python") == len(blocks)


@pytest.mark.parametrize("source", ["1 + 1  # -> 3", "x = 1  # -> 1", '"a"  # -> b'])
def test_an_example_that_says_something_else_is_found(source: str) -> None:
    (block,) = blocks_of(f"text\n\n```python\n{source}\n```\n")

    with pytest.raises(AssertionError, match="line 4"):
        block.run({})


def test_an_example_may_span_lines_and_compare_text() -> None:
    (block,) = blocks_of('```python\n[\n    "a",\n]  # -> [\'a\']\n"b"  # -> b\n```\n')

    assert block.run({}) == 2
