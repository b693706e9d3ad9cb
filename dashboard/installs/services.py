"""Asking for an install: the order that the engine carries out."""

from __future__ import annotations

from typing import Any

from dashboard.audit.models import Actor
from dashboard.installs.forms import InstallForm
from dashboard.mirror.models import Account, CatalogueConnector
from dashboard.operations.submitting import Order

KIND = "installs.install"


def exclusive_key(account: Account, connector: CatalogueConnector) -> str:
    """One install of a connector into an account at a time."""
    return f"install:{account.pk}:{connector.name}:{connector.version}"


def follow_up(form: InstallForm, account: Account) -> dict[str, Any] | None:
    """What comes after the install: a link for the customer, if it is wanted."""
    if not form.wants_link():
        return None
    return {"kind": "links.create", "title": f"Create link for {account}"}


def install_order(
    actor: Actor, account: Account, connector: CatalogueConnector, form: InstallForm
) -> Order:
    """What a valid form asks for."""
    return Order(
        kind=KIND,
        title=f"Install {connector.name}",
        actor=actor,
        console=account.console,
        submission=form.cleaned_data["submission"],
        account=account,
        connector=connector,
        values=form.install_values(),
        shown=form.shown_input(),
        exclusive_key=exclusive_key(account, connector),
        follow_up=follow_up(form, account),
    )
