"""What is unique is unique on both databases, and what was not yet is put right."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db import connection, models

from dashboard.mirror.models import Account, CatalogueConnector, InstallRefusal


def declared(model: type[models.Model]) -> set[str]:
    """The names of the constraints that a model says it has."""
    return {one.name for one in model._meta.constraints if isinstance(one, models.UniqueConstraint)}


def found(model: type[models.Model]) -> set[str]:
    """The names that stand in what made its table. Django's own look at SQLite fails on checks."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            query = "SELECT sql FROM sqlite_master WHERE tbl_name = %s AND sql IS NOT NULL"
            cursor.execute(query, [model._meta.db_table])
            return set(re.findall(r'"(\w+)"', "\n".join(sql for (sql,) in cursor.fetchall())))
        every = connection.introspection.get_constraints(cursor, model._meta.db_table)
    return {name for name, one in every.items() if one["unique"]}


@pytest.mark.django_db
def test_every_unique_constraint_is_in_the_database() -> None:
    for model in apps.get_models():
        assert declared(model) <= found(model), model.__name__


@pytest.fixture
def as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """SQLite's tables without the constraints that were left out."""
    names = {CatalogueConnector: "connector_unique", InstallRefusal: "refusal_unique"}
    for model, name in names.items():
        others = [one for one in model._meta.constraints if one.name != name]
        with monkeypatch.context() as earlier, connection.schema_editor() as editor:
            earlier.setattr(model._meta, "constraints", others)
            editor._remake_table(model)  # type: ignore[attr-defined]
    yield
    for model in names:
        with connection.schema_editor() as editor:
            editor._remake_table(model)  # type: ignore[attr-defined]


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL always had them")
def test_doubles_of_an_earlier_version_go(harbour: Account, as_it_was: None) -> None:
    migration = importlib.import_module("dashboard.mirror.migrations.0013_unique_on_sqlite_too")
    for account in (harbour, harbour, None):
        CatalogueConnector.objects.create(
            console=harbour.console, account=account, name="Own", release_id=1
        )
    newest = CatalogueConnector.objects.filter(account=harbour).latest("pk")
    for account in (harbour, harbour, None):
        InstallRefusal.objects.create(connector=newest, account=account, release_id=1)

    with connection.schema_editor() as editor:
        migration.keep_the_newest(apps, editor)

    assert CatalogueConnector.objects.get(account=harbour, name="Own") == newest
    assert CatalogueConnector.objects.filter(account=None, name="Own").count() == 1
    assert InstallRefusal.objects.count() == 2
