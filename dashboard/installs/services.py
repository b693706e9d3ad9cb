"""Asking for an install: the request that the engine carries out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Q
from django.utils import timezone

from dashboard.audit.models import Actor
from dashboard.installs.form import InstallForm
from dashboard.mirror.keys import key_of
from dashboard.mirror.models import Account, CatalogueConnector, InstallRefusal
from dashboard.operations.submitting import OperationRequest

KIND = "installs.install"
LONGEST_KEY = 500
"""Letters."""

NOT_OFFERED = "Cyclr does not offer it to this account."
DRAFT = "It is a draft in Cyclr, which cannot be installed."


def record_refusal(
    connector: CatalogueConnector, account: Account | None, release_id: int, why: str
) -> None:
    """Remember that Cyclr refused to install a release; `account`: None for everywhere."""
    InstallRefusal.objects.update_or_create(
        connector=connector,
        account=account,
        defaults={"release_id": release_id, "why": why, "at": timezone.now()},
    )


def refused_in(account: Account, connectors: Iterable[CatalogueConnector]) -> dict[int, str]:
    """By connector: why Cyclr refused to install it in this account; only those it did refuse.

    A release that is live since is tried anew.
    """
    rows = InstallRefusal.objects.current().filter(connector__in=[one.pk for one in connectors])
    here = rows.filter(Q(account=account) | Q(account=None))
    return {pk: str(why) for pk, why in here.values_list("connector", "why")}


def refused_accounts(connector: CatalogueConnector) -> dict[int | None, str]:
    """By account: why Cyclr refused to install the connector in it; None stands for everywhere."""
    rows = InstallRefusal.objects.current().filter(connector=connector)
    return dict(rows.values_list("account", "why"))


def exclusivity_key(account: Account, connector: CatalogueConnector) -> str:
    """One install of a connector into an account at a time.

    Names are as long as Cyclr sends them; the key is in an index that takes no long ones.
    """
    key = f"install:{account.pk}:{connector.name}:{connector.version}"
    return key if len(key) <= LONGEST_KEY else f"install:{account.pk}:{key_of(key)}"


def follow_up(form: InstallForm, account: Account) -> dict[str, Any] | None:
    """What comes after the install: a link for the customer, if it is wanted."""
    if not form.wants_link():
        return None
    requested: dict[str, Any] = {"kind": "links.create", "title": f"Create link for {account}"}
    recipient = form.link_for()
    return requested | {"values": recipient} if recipient else requested


def install_request(
    actor: Actor, account: Account, connector: CatalogueConnector, form: InstallForm
) -> OperationRequest:
    """What a valid form asks for."""
    return OperationRequest(
        kind=KIND,
        title=f"Install {connector.name}",
        actor=actor,
        console=account.console,
        submission=form.cleaned_data["submission"],
        account=account,
        connector=connector,
        values=form.install_values(),
        shown=form.display_input(),
        exclusivity_key=exclusivity_key(account, connector),
        follow_up=follow_up(form, account),
    )
