"""The pages on which an installed connector is changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from cyclr_api import AuthMethod
from dashboard.common.htmx import is_swap
from dashboard.common.polling import is_seen, nothing_new, version_of
from dashboard.connector_changes.forms import CredentialsForm, EditForm, LossForm, NativeForm
from dashboard.connector_changes.forms.settings import SettingsForm
from dashboard.connector_changes.handlers.editing import EDIT, SET_NATIVE
from dashboard.connector_changes.handlers.losing import DEAUTHENTICATE, DELETE
from dashboard.connector_changes.handlers.properties import CHANGE_SETTINGS, REPLACE_CREDENTIALS
from dashboard.connector_changes.pages import CONNECTORS, Change, is_there, respond
from dashboard.connectors.blast_radius import BlastRadius, blast_radius
from dashboard.connectors.services import dynamic_settings_of, library_entry
from dashboard.mirror.models import AccountConnector, CatalogueConnector
from dashboard.operations.live_updates import poll_event_of_connector
from dashboard.people.access import StaffRequest, get_for, role_required
from dashboard.people.models import Role

METHODS = ["GET", "HEAD", "POST"]
EDITING = Change(
    EDIT,
    "connector_changes/connector_edit.html",
    "Change name or description of",
    "The change is on its way to Cyclr.",
)
SETTING = Change(
    CHANGE_SETTINGS,
    "connector_changes/connector_settings.html",
    "Change settings of",
    "The settings are on their way to Cyclr.",
)
REPLACING = Change(
    REPLACE_CREDENTIALS,
    "connector_changes/connector_credentials.html",
    "Replace credentials of",
    "The credentials are on their way to Cyclr.",
)
MARKING = Change(
    SET_NATIVE,
    "connector_changes/connector_native.html",
    "Change the own-product mark of",
    "The change is on its way to Cyclr.",
)
DEAUTHENTICATING = Change(
    DEAUTHENTICATE,
    "connector_changes/connector_deauthenticate.html",
    "De-authenticate",
    "Cyclr is asked to take its credentials away.",
)
DELETING = Change(
    DELETE,
    "connector_changes/connector_delete.html",
    "Delete",
    "Cyclr is asked to delete it.",
)


@require_http_methods(METHODS)
@role_required(Role.AGENT)
def connector_edit(request: StaffRequest, pk: int) -> HttpResponse:
    """Name and description."""
    connector = get_for(request, CONNECTORS, Role.AGENT, pk=pk)
    return respond(request, connector, EDITING, lambda data: EditForm(connector, data))


@require_http_methods(METHODS)
@role_required(Role.AGENT)
def connector_settings(request: StaffRequest, pk: int) -> HttpResponse:
    """Set, add and remove properties."""
    connector = get_for(request, CONNECTORS, Role.AGENT, pk=pk)
    entry = library_entry(connector)
    asked = entry.asked_parameters if entry is not None else []
    return respond(
        request,
        connector,
        SETTING,
        lambda data: SettingsForm(connector, asked, data),
        library_entry=entry,
        has_dynamic=bool(entry is not None and dynamic_settings_of(entry)),
    )


@require_http_methods(METHODS)
@role_required(Role.AGENT)
def connector_credentials(request: StaffRequest, pk: int) -> HttpResponse:
    """New credentials, as the authentication method wants them."""
    connector = get_for(request, CONNECTORS, Role.AGENT, pk=pk)
    entry = library_entry(connector)
    methods = _methods(connector, entry)
    method = _chosen(request, methods)
    asked = entry.asked_parameters if entry is not None else []
    return respond(
        request,
        connector,
        REPLACING,
        lambda data: CredentialsForm(connector, method, asked, data),
        methods=list(enumerate(methods)),
        method=method,
        place=methods.index(method) if method is not None else 0,
    )


def _methods(connector: AccountConnector, entry: CatalogueConnector | None) -> list[AuthMethod]:
    return connector.methods or (entry.methods if entry is not None else [])


def _chosen(request: StaffRequest, methods: list[AuthMethod]) -> AuthMethod | None:
    """The method in the address: where it is not known which one it was installed with."""
    asked = request.GET.get("method", "")
    by_place = {str(place): method for place, method in enumerate(methods)}
    return by_place.get(asked, methods[0] if methods else None)


@require_http_methods(METHODS)
@role_required(Role.AGENT)
def connector_native(request: StaffRequest, pk: int) -> HttpResponse:
    """Mark it as the partner's own product, or take the mark away."""
    connector = get_for(request, CONNECTORS, Role.AGENT, pk=pk)
    return respond(request, connector, MARKING, lambda data: NativeForm(connector, data))


@require_http_methods(METHODS)
@role_required(Role.LEAD)
def connector_deauthenticate(request: StaffRequest, pk: int) -> HttpResponse:
    """Take its credentials away, after a look at what that stops."""
    return _losing(request, pk, DEAUTHENTICATING, "take its credentials away")


@require_http_methods(METHODS)
@role_required(Role.LEAD)
def connector_delete(request: StaffRequest, pk: int) -> HttpResponse:
    """Delete it, after a look at what that stops."""
    return _losing(request, pk, DELETING, "delete it")


LOOKED_AT_WITHIN = timedelta(minutes=1)
"""What stops is shown as it was a moment ago; older, the page has it read by itself."""


def _losing(request: StaffRequest, pk: int, change: Change, doing: str) -> HttpResponse:
    """The page, or its list of what stops, which is drawn anew while the account is read."""
    connector = get_for(request, CONNECTORS, Role.LEAD, pk=pk)
    radius = blast_radius(connector)
    cycles = [cycle.cyclr_id for cycle in radius.running]
    version = version_of(radius, connector.account.is_refreshing)

    def make(data: QueryDict | None) -> LossForm:
        return LossForm(connector, data, doing=doing, cycles=cycles)

    context: dict[str, Any] = {
        "radius": radius,
        "is_deleting": change is DELETING,
        "version": version,
        "poll_event": poll_event_of_connector(connector),
    }
    if is_swap(request):
        if is_seen(request, version):
            return nothing_new()
        context |= {"form": make(None), "connector": connector, "account": connector.account}
        return render(request, "connector_changes/_blast_radius.html", context)
    context |= {"asks_itself": _is_old(radius, connector), "back": request.get_full_path()}
    return respond(request, connector, change, make, **context)


def _is_old(radius: BlastRadius, connector: AccountConnector) -> bool:
    """Whether the account is to be read before anybody confirms."""
    account = connector.account
    if account.is_refreshing or not is_there(connector):
        return False
    read_at = radius.cycles_read_at
    return read_at is None or read_at < timezone.now() - LOOKED_AT_WITHIN
