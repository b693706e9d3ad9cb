"""What the library says of a connector: its methods, what it asks for, where it is installed."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, QuerySet

from cyclr_api import AuthMethod, Parameter
from dashboard.mirror.catalogue import AuthType, auth_type_of
from dashboard.mirror.models import AccountConnector, CatalogueConnector


@dataclass(frozen=True, slots=True)
class Asked:
    """One field that an install asks for."""

    parameter: Parameter
    kind: str


def asked_of(connector: CatalogueConnector) -> list[Asked]:
    """The settings an install asks for, in the order of its form."""
    return [Asked(parameter, _kind_of(parameter)) for parameter in connector.asked_parameters]


def not_asked_of(connector: CatalogueConnector) -> list[Parameter]:
    """The parameters that an install does not ask for: the console has set them, or hides them."""
    asked = {one.target_name for one in connector.asked_parameters}
    every = [Parameter.from_json(one) for one in connector.parameters]
    return [one for one in every if one.target_name not in asked]


def _kind_of(parameter: Parameter) -> str:
    if parameter.is_sensitive:
        return "Secret"
    if parameter.trigger_name:
        return "Choice, once authenticated"
    if parameter.values:
        return f"Choice of {len(parameter.values)}"
    return data_type_label(parameter)


def data_type_label(parameter: Parameter) -> str:
    """What is typed into a setting, in words."""
    known = {
        "integer": "Whole number",
        "float": "Number",
        "decimal": "Number",
        "boolean": "Yes or no",
        "datetime": "Date and time",
    }
    kind = known.get((parameter.data_type or "").casefold(), "")
    return kind or ("Text, several lines" if parameter.is_multiline else "Text")


def fields_of(method: AuthMethod) -> str:
    """What a method asks for beside the settings."""
    match auth_type_of(method):
        case AuthType.API_KEY:
            return f"One secret, sent as {method.scheme}" if method.scheme else "One secret"
        case AuthType.BASIC:
            return "User name and password"
        case AuthType.SIGN_IN:
            return "Nothing: the customer signs in, by a connection link"
        case AuthType.CLIENT | AuthType.PASSWORD:
            return "Its credentials are among the settings"
        case AuthType.NOTHING:
            return "Nothing"
        case _:
            return "It has to be finished in Cyclr"


def why_not_installable(connector: CatalogueConnector) -> str:
    """In words why it cannot be picked; empty if it can."""
    if connector.gone_at:
        return "Cyclr does not list it any more."
    if connector.is_system:
        return "Built into Cyclr: it needs no install."
    if connector.is_draft:
        return "Draft: release it in the Cyclr console first."
    return ""


def installed(connector: CatalogueConnector) -> QuerySet[AccountConnector]:
    """Where this version of it is installed now."""
    rows = AccountConnector.objects.there().filter(
        account__console=connector.console_id,
        account__gone_at=None,
        connector_name=connector.name,
        connector_version=connector.version,
    )
    return rows.filter(account=connector.account_id) if connector.account_id else rows


@dataclass(frozen=True, slots=True)
class InstalledRelease:
    """A release that is installed, and in how many accounts."""

    release_id: int
    accounts: int
    is_live: bool


def releases_of(connector: CatalogueConnector) -> list[InstalledRelease]:
    """Which releases of this version are installed, the newest first; one query."""
    rows = installed(connector).exclude(release_id=None).order_by().values_list("release_id")
    counted = rows.annotate(accounts=Count("account", distinct=True)).order_by("-release_id")
    return [
        InstalledRelease(release, accounts, release == connector.release_id)
        for release, accounts in counted
    ]
