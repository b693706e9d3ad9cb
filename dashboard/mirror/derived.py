"""Columns that are made of others: what search compares, and what lists order by."""

from __future__ import annotations

from typing import Any

from dashboard.common.searching import search_text, sort_name
from dashboard.mirror.models import Account, CatalogueConnector, Cycle, Template

NAMES = ("name", "connector_name")


def derived(row: Any, values: dict[str, Any]) -> dict[str, Any]:
    """The columns that search and order go by."""
    match row:
        case Account():
            name = values["name"]
            words = search_text(name, row.cyclr_id)
        case CatalogueConnector():
            name = row.name
            words = search_text(name, *values["categories"])
        case Template():
            name = values["name"]
            words = search_text(name, *values["tags"])
        case Cycle():
            name = values["name"]
            words = search_text(name)
        case _:
            names = {column: values.get(column, getattr(row, column)) for column in NAMES}
            return derived_of_names(names)
    return {"search_text": words, "sort_name": sort_name(name)}


def derived_of_names(columns: dict[str, Any]) -> dict[str, str]:
    """What search compares of an installed connector, and what lists order it by."""
    name, connector_name = columns.get("name"), columns.get("connector_name")
    words = search_text(name, connector_name)
    return {"search_text": words, "sort_name": sort_name(name or connector_name or "")}
