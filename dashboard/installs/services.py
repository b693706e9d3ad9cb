"""Asking for an install: the order that the engine carries out."""

from __future__ import annotations

from typing import Any

from dashboard.installs.forms import InstallForm
from dashboard.mirror.models import Account, CatalogueConnector

KIND = "installs.install"


def exclusive_key(account: Account, connector: CatalogueConnector) -> str:
    """One install of a connector into an account at a time."""
    return f"install:{account.pk}:{connector.name}:{connector.version}"


def follow_up(form: InstallForm, account: Account) -> dict[str, Any] | None:
    """What comes after the install: a link for the customer, if it is wanted."""
    if not form.wants_link():
        return None
    return {"kind": "links.create", "title": f"Create link for {account}"}
