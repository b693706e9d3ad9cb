"""The structure is as `docs/architecture.md` says: what the import linter cannot see."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import models
from django.forms import BaseForm
from django.urls import URLPattern, URLResolver, get_resolver

ROOT = Path(__file__).resolve().parent.parent
CODE = ROOT / "dashboard"


@cache
def layers() -> list[set[str]]:
    """The packages, highest first, from the import linter's contract."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contract = config["tool"]["importlinter"]["contracts"][0]
    return [
        {package.strip() for package in re.split(r"[|:]", layer)} for layer in contract["layers"]
    ]


def height(package: str) -> int:
    """How high a package stands; the lowest is 0."""
    rows = layers()
    return len(rows) - 1 - next(n for n, packages in enumerate(rows) if package in packages)


def test_every_package_is_in_the_plan() -> None:
    packages = {path.parent.name for path in CODE.glob("*/__init__.py")}
    packages |= {path.stem for path in CODE.glob("*.py") if path.stem != "__init__"}

    assert packages == set().union(*layers())


def test_foreign_keys_point_downwards() -> None:
    packages = {
        config.label: config.name.removeprefix("dashboard.")
        for config in apps.get_app_configs()
        if config.name.startswith("dashboard.")
    }
    for model in apps.get_models():
        package = packages.get(model._meta.app_label)
        if package is None:
            continue
        for field in model._meta.get_fields():
            if not isinstance(field, models.ForeignKey | models.ManyToManyField):
                continue
            target = field.related_model
            assert isinstance(target, type)
            other = packages.get(target._meta.app_label, package)
            if other != package:
                assert height(other) < height(package), f"{model.__name__}.{field.name} points up"


def sources_of_pages() -> set[Path]:
    """The modules of all views that the URL conf names, of all forms, and of the addresses."""
    modules = {pattern.callback.__module__ for pattern in addresses(get_resolver())}
    modules |= {form.__module__ for form in below(BaseForm)}  # imported with the views
    ours = {name for name in modules if name.startswith("dashboard.")}
    paths = {ROOT / f"{name.replace('.', '/')}.py" for name in ours}
    return paths | set(CODE.glob("**/urls.py"))


def addresses(resolver: URLResolver) -> Iterator[URLPattern]:
    """Every address below this one."""
    for one in resolver.url_patterns:
        if isinstance(one, URLResolver):
            yield from addresses(one)
        else:
            yield one


def below(kind: type[Any]) -> Iterator[type[Any]]:
    """Every class made of this one."""
    for one in kind.__subclasses__():
        yield one
        yield from below(one)


def test_views_and_forms_cannot_reach_cyclr() -> None:
    pages = sources_of_pages()
    assert {CODE / "installs/many/views.py", CODE / "links/forms.py"} <= pages
    wrong = re.compile(
        r"cyclr_api import [^#\n]*\bClient\b|consoles\.services|import requests|"
        r"links\.tasks|mirror\.sync\b|operations\.engine import run\b|engine\.run\("
    )
    for path in pages:
        assert not wrong.search(path.read_text()), path


def test_only_the_client_imports_requests() -> None:
    for path in CODE.rglob("*.py"):
        assert not re.search(r"^\s*(from|import) requests\b", path.read_text(), re.MULTILINE), path


def test_only_settings_and_the_launchers_read_the_environment() -> None:
    may = {CODE / name for name in ("settings.py", "celery.py", "wsgi.py", "web/__main__.py")}
    may |= set((CODE / "launcher").glob("*.py"))
    reads = {"environ", "environb", "getenv", "getenvb"}
    for path in CODE.rglob("*.py"):
        if path not in may:
            for node in ast.walk(ast.parse(path.read_text())):
                named = {ast.Attribute: "attr", ast.alias: "name"}.get(type(node))
                assert not named or getattr(node, named) not in reads, path


def test_no_untrusted_text_is_trusted_as_markup() -> None:
    wrong = re.compile(r"\|\s*safe\b|autoescape off|mark_safe|safestring\.mark")
    for path in [*CODE.rglob("*.py"), *(ROOT / "templates").rglob("*.html")]:
        assert not wrong.search(path.read_text()), path


def test_every_browser_of_a_test_is_patient_and_is_closed() -> None:
    """One that Playwright opens by itself waits 30 s, and stays open when its test fails."""
    opening = re.compile(r"\.new_context\(")
    found = [path for path in Path("tests").rglob("*.py") if opening.search(path.read_text())]

    assert [str(path) for path in found] == ["tests/support/browsers.py"]


def test_whoever_locks_rows_does_it_in_a_transaction() -> None:
    """Outside of one PostgreSQL refuses; tests, which run in one, and SQLite would not tell."""
    wrong = []
    for path in sorted(Path("dashboard").rglob("*.py")):
        for function in ast.walk(ast.parse(path.read_text())):
            if not isinstance(function, ast.FunctionDef):
                continue
            text, said = ast.unparse(function), ast.get_docstring(function) or ""
            if ".select_for_update(" in text and "transaction" not in text + said:
                wrong.append(f"{path}: {function.name}")

    assert wrong == []
