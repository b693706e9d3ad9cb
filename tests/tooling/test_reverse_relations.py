"""No package follows a relation up to rows of one above it: an import that no linter sees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache

import pytest
from django.apps import apps
from django.db.models.fields.reverse_related import ForeignObjectRel

from tests.test_architecture import CODE, height

ASKS = {
    *("filter", "exclude", "annotate", "aggregate", "order_by", "values", "values_list", "only"),
    *("defer", "select_related", "prefetch_related", "Prefetch", "F", "Q", "Count", "Max", "Min"),
    *("Sum", "Avg", "OuterRef", "Subquery", "Exists", "earliest", "latest", "distinct"),
}
"""Calls whose texts name relations; elsewhere a text may be anything."""


def package_of(model: type) -> str:
    """The package of ours that a model stands in, or nothing."""
    root, package, *_ = [*model.__module__.split("."), ""]
    return package if root == "dashboard" else ""


@cache
def upward() -> dict[str, int]:
    """Names of relations that lead to rows of a package above, and how high that stands."""
    found: dict[str, int] = {}
    for model in apps.get_models():
        for relation in model._meta.get_fields():
            if not isinstance(relation, ForeignObjectRel) or relation.hidden:
                continue
            owner, target = package_of(relation.related_model), package_of(model)
            if owner and target and height(owner) > height(target):
                for name in (relation.get_accessor_name(), relation.name):
                    found[name or ""] = min(height(owner), found.get(name or "", 99))
    return found


def names_in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """What may name a relation: attributes, keywords of calls, texts given to a queryset."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=name, lineno=line):
                yield line, name
            case ast.Call(func=ast.Attribute(attr=called) | ast.Name(id=called)) if called in ASKS:
                texts = [part.value for part in node.args if isinstance(part, ast.Constant)]
                texts += [keyword.arg for keyword in node.keywords]
                for text in texts:
                    names = str(text or "").lstrip("-").split("__")
                    yield from ((node.lineno, name) for name in names)


def followed_upward(source: str, package: str) -> list[tuple[int, str]]:
    """Where a module of this package follows a relation up."""
    above = {name for name, owner in upward().items() if owner > height(package)}
    return [(line, name) for line, name in names_in(ast.parse(source)) if name in above]


def test_no_package_follows_a_relation_upward() -> None:
    assert {"links", "link_items", "test_methods", "memberships"} <= set(upward())
    for path in CODE.rglob("*.py"):
        package = path.relative_to(CODE).parts[0].removesuffix(".py")
        if "migrations" in path.parts or package == "__init__":
            continue
        found = followed_upward(path.read_text(), package)
        assert not found, f"{path}: {found}"


@pytest.mark.parametrize(
    "source",
    [
        "count = account.links.count()",
        "rows = connectors.filter(link_items__connected_at=None)",
        "rows = connectors.annotate(n=Max('link_items__link'))",
        "rows = accounts.order_by('-links')",
        "rows = accounts.prefetch_related('links__items')",
        "rows = accounts.filter(Q(links__revoked_at=None) | Q(gone_at=None))",
    ],
)
def test_a_relation_that_is_followed_upward_is_found(source: str) -> None:
    assert followed_upward(source, "accounts")
    assert not followed_upward(source, "links")
