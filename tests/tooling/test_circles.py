"""No module imports itself over others: not as it is loaded, nor later, in a function."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
Graph = dict[str, set[str]]


def name_of(path: Path, root: Path) -> str:
    """The name by which a module is imported."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_in(node: ast.AST, package: str) -> Iterator[tuple[str, str]]:
    """What is imported, anywhere in it, as module and name; not what only types need."""
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.If(test=test, orelse=orelse) if "TYPE_CHECKING" in ast.unparse(test):
                yield from imported_in(ast.Module(orelse, []), package)
            case ast.Import(names=names):
                yield from ((alias.name, "") for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                above = package.split(".")[: 1 - level or None] if level else []
                whole = ".".join([*above, *([module] if module else [])])
                yield from ((whole, alias.name) for alias in names)
            case _:
                yield from imported_in(child, package)


def imports(root: Path, package: str) -> Graph:
    """Every module of a package, and which others of it each one imports."""
    paths = {name_of(path, root): path for path in (root / package).rglob("*.py")}
    graph: Graph = {}
    for name, path in paths.items():
        found = set()
        inside = name_of(path.parent / "__init__.py", root)
        for module, what in imported_in(ast.parse(path.read_text()), inside):
            found.add(inner if (inner := f"{module}.{what}") in paths else module)
        graph[name] = found & set(paths) - {name}
    return graph


def circles(graph: Graph) -> list[set[str]]:
    """The largest sets of modules of which each one reaches all others."""
    found: list[set[str]] = []
    reached = {name: _reached(graph, name) for name in graph}
    for name in sorted(graph):
        circle = {other for other in reached[name] if name in reached[other]}
        if circle and circle not in found:
            found.append(circle)
    return found


def _reached(graph: Graph, start: str) -> set[str]:
    seen: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += graph[name]
    return seen


@pytest.mark.parametrize("package", ["dashboard", "cyclr_api"])
def test_no_module_imports_itself_over_others(package: str) -> None:
    graph = imports(ROOT, package)

    assert len(graph) > 50
    assert circles(graph) == []


@pytest.mark.parametrize(
    "way_back",
    [
        "from rooms.first import begin",
        "from rooms import first",
        "from . import first",
        "from .first import begin",
        "import rooms.first",
        "def later():\n    from rooms import first",
        "class Late:\n    def later(self):\n        import rooms.first",
        "try:\n    import rooms.first\nexcept ImportError:\n    pass",
        "if TYPE_CHECKING:\n    ...\nelse:\n    import rooms.first",
    ],
)
def test_a_circle_is_found_however_it_is_closed(tmp_path: Path, way_back: str) -> None:
    texts = {
        "__init__": "",
        "first": "from rooms import second\n",
        "second": "def go():\n    import rooms.third\n",
        "third": way_back,
    }
    (tmp_path / "rooms").mkdir()
    for name, text in texts.items():
        (tmp_path / "rooms" / f"{name}.py").write_text(text)

    assert circles(imports(tmp_path, "rooms")) == [
        {"rooms.first", "rooms.second", "rooms.third"},
    ]


def test_what_only_types_need_closes_no_circle(tmp_path: Path) -> None:
    (tmp_path / "rooms").mkdir()
    (tmp_path / "rooms" / "first.py").write_text("from rooms import second\n")
    (tmp_path / "rooms" / "second.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from rooms import first\n"
    )

    assert circles(imports(tmp_path, "rooms")) == []
