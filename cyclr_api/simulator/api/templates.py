"""Templates (partner level) and installing them (account level)."""

from typing import Any

from cyclr_api.simulator.api import template_files
from cyclr_api.simulator.api.routing import Routes, document_field, page_of
from cyclr_api.simulator.http import Reply, Request
from cyclr_api.simulator.state.errors import ApiError
from cyclr_api.simulator.state.state import CyclrState
from cyclr_api.simulator.state.templates import Template
from cyclr_api.simulator.state.values import JSON, encode, is_guid

routes = Routes()


@routes.add("GET", "/templates", level="console")
def template_list(state: CyclrState, request: Request) -> Reply:
    """Sim: lookupCustomFields, includePrerequisites and includeOptional change nothing."""
    found = [
        one
        for one in state.templates.listed()
        if has_tag(request, one.document) and has_connector(request, one.connectors)
    ]
    return page_of(
        state,
        request,
        found,
        field_of=_field,
        encoded=lambda one: encode(_shown(state, request, one)),
    )


@routes.add("POST", "/templates/import", level="console")
def template_import(state: CyclrState, request: Request) -> Reply:
    """The folder is looked at first. Sim: an empty folder id is none; the answer."""
    folder_id = request.query.get("folderid") or None
    if folder_id is not None and not is_guid(folder_id):
        raise ApiError(400, "Folder ID is invalid.")
    if folder_id is not None and not state.templates.has_folder(folder_id.lower()):
        raise ApiError(400, "Folder with provided ID could not be found.")
    try:
        document, own = template_files.read(request.json_or_empty())
    except ApiError:
        raise ApiError(400, "Failed to import template.") from None
    template = state.templates.load(document, {**own, "FolderId": folder_id})
    return Reply.json(_shown(state, request, template))


@routes.add("GET", "/templates/{id}", level="console")
def template_detail(state: CyclrState, request: Request) -> Reply:
    return Reply.json(_shown(state, request, _one(state, request)))


@routes.add("GET", "/templates/{id}/export", level="console")
def template_export(state: CyclrState, request: Request) -> Reply:
    return Reply.json(state.templates.exported(_one(state, request)))


@routes.add("POST", "/templates/{id}/install", level="account")
def template_install(state: CyclrState, request: Request) -> Reply:
    name = request.json_or_empty().text("Name")
    cycle = state.templates.install(request.account, _one(state, request), name)
    return Reply.json(state.cycles.shown(cycle, has_icons=wants_icons(request)))


def _one(state: CyclrState, request: Request) -> Template:
    return state.templates.one(request.guid("id"))


def _shown(state: CyclrState, request: Request, template: Template) -> JSON:
    return state.templates.shown(template, has_icons=wants_icons(request))


def _field(template: Template, name: str) -> Any:
    return document_field(template.document, name)


# -- what templates and cycles are asked for alike -----------------------------------------------


def wants_icons(request: Request) -> bool:
    """Sim: icons are shown unless they are refused."""
    return request.query.get("includeicons", "").casefold() != "false"


def has_tag(request: Request, document: JSON) -> bool:
    wanted = request.query.get("tag")
    return not wanted or wanted in (document.get("Tags") or [])


def has_connector(request: Request, rows: list[JSON]) -> bool:
    """Whether one of the connectors has both the name and the version that are asked for."""
    asked = {"Name": "connectorname", "Version": "connectorversion"}
    wanted = {key: request.query.get(name) for key, name in asked.items()}
    return any(
        all(not value or row.get(key) == value for key, value in wanted.items()) for row in rows
    ) or not any(wanted.values())
