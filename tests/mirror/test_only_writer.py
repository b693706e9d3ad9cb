"""The mirror's moments are set in `mirror/writing.py` and nowhere else."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import dashboard

ROOT = Path(dashboard.__file__).parent
WRITERS = {*(ROOT / "mirror").glob("writing*.py")}
MOMENTS = {
    *("seen_at", "changed_at", "missed", "missed_at", "gone_at"),
    *("active_at", "read_at", "sub_accounts_read_at", "own_library_read_at"),
    *("cycles_asked_at", "cycles_read_at"),
    *("authenticated_since", "proven_at", "test_failed_at", "failing_since", "identity_at"),
}
WRITES = {"update", "create", "acreate", "update_or_create", "get_or_create", "aupdate"}
MODELS = {"Account", "AccountConnector", "CatalogueConnector", "Cycle", "Template"}
OTHERS = {"LinkItem"}
"""A model with a moment of the same name; its writes begin with its name."""


def _root(node: ast.expr) -> str:
    """The name that a chain of calls and attributes begins with."""
    while not isinstance(node, ast.Name):
        match node:
            case ast.Call(func=inner) | ast.Attribute(value=inner) | ast.Subscript(value=inner):
                node = inner
            case _:
                return ""
    return node.id


def _assigned(target: ast.expr) -> Iterator[str]:
    match target:
        case ast.Tuple(elts=several) | ast.List(elts=several):
            for one in several:
                yield from _assigned(one)
        case ast.Attribute(attr=name):
            yield name


def _set_by(node: ast.AST) -> Iterator[str]:
    """The columns that a statement or an expression sets, as far as its own text says."""
    match node:
        case ast.Assign(targets=targets):
            for target in targets:
                yield from _assigned(target)
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target, value=ast.expr()):
            yield from _assigned(target)
        case ast.Call(func=ast.Name(id="setattr"), args=[_, ast.Constant(value=str(name)), *_]):
            yield name
        case ast.Call(func=ast.Attribute(attr=name) as called, keywords=keywords):
            if name in WRITES and _root(called) not in OTHERS:
                yield from (keyword.arg or "" for keyword in keywords)
        case ast.Call(func=ast.Name(id=name), keywords=keywords) if name in MODELS:
            yield from (keyword.arg or "" for keyword in keywords)
        case ast.Dict(keys=keys):  # defaults, or columns on their way to an update
            yield from (str(key.value) for key in keys if isinstance(key, ast.Constant))


def moments_set_in(source: str) -> list[str]:
    """Which moments a module sets, with their lines."""
    tree = ast.parse(source)
    return [
        f"line {getattr(node, 'lineno', 0)}: {name}"
        for node in ast.walk(tree)
        for name in _set_by(node)
        if name in MOMENTS
    ]


@pytest.mark.parametrize(
    "source",
    [
        "row.gone_at = moment",
        "row.seen_at, row.missed = began, 0",
        "row.missed += 1",
        "row.changed_at: datetime = moment",
        "setattr(row, 'gone_at', None)",
        "rows.exclude(pk=1).update(gone_at=None)",
        "AccountConnector.objects.update_or_create(pk=1, defaults={'seen_at': moment})",
        "Account(console=console, read_at=moment)",
        "columns = {'changed_at': moment}",
    ],
)
def test_each_way_of_setting_a_moment_is_seen(source: str) -> None:
    assert moments_set_in(source)


@pytest.mark.parametrize(
    "source",
    [
        "rows.filter(gone_at=None).update(name='x')",
        "LinkItem.objects.filter(pk=1).update(gone_at=moment)",
        "Reading(read_at=None)",
        "gone_at: models.DateTimeField",
        "row.name = row.gone_at",
    ],
)
def test_reading_one_or_setting_another_is_none(source: str) -> None:
    assert not moments_set_in(source)


ANSWERS = ROOT / "api" / "shapes.py"
"""Its dictionaries are what the API answers, and on their way to no column."""


def _of_console(path: Path, found: str) -> bool:
    """A console has a moment of the same name: since when Cyclr does not answer."""
    package = path.relative_to(ROOT).parts[0]
    return package in {"consoles", "console_setup"} and found.endswith(": failing_since")


def test_only_the_writer_sets_moments_of_the_mirror() -> None:
    found = {
        str(path.relative_to(ROOT)): lines
        for path in sorted(ROOT.rglob("*.py"))
        if path not in {*WRITERS, ANSWERS}
        and "migrations" not in path.parts
        and (
            lines := [one for one in moments_set_in(path.read_text()) if not _of_console(path, one)]
        )
    }

    assert not found
    assert all(moments_set_in(path.read_text()) for path in WRITERS)
