"""Which release is installed, on the form: the one it was made from, or what is live by then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from dashboard.installs.naming import By
from dashboard.mirror.models import CatalogueConnector


def release_field(connector: CatalogueConnector, ways: Sequence[By]) -> forms.ChoiceField:
    """The choice by what Cyclr is asked for the connector."""
    field = forms.ChoiceField(
        label="Release",
        choices=[(str(way), release_label(connector, way)) for way in ways],
        widget=forms.RadioSelect,
        required=False,
    )
    field.is_alternative = True  # type: ignore[attr-defined]  # one is chosen anyway
    field.choice_help = {  # type: ignore[attr-defined]
        By.ID: "By its id: if a newer release replaces it first, Cyclr may refuse",
        By.VERSION: "By name and version: what is live when it is installed",
        By.NAME: "By name: what is live when it is installed, of whatever version",
    }
    return field


def release_label(connector: CatalogueConnector, by: str) -> str:
    """What is chosen, in words."""
    match by:
        case By.NAME:
            return f"The latest of {connector.name}"
        case By.VERSION:
            return f"The latest of version {connector.version}"
        case _:
            return f"This one, {connector.release_id}"


def asked_by(connector: CatalogueConnector, by: str) -> dict[str, Any]:
    """What the worker needs to know about it."""
    match by:
        case By.NAME:
            return {"connector_name": connector.name}
        case By.VERSION:
            return {"connector_name": connector.name, "connector_version": connector.version}
        case _:
            return {}
