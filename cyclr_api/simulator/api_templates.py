"""Templates (partner level) and installing them (account level)."""

from typing import Any

from cyclr_api.simulator import template_files
from cyclr_api.simulator.refusals import RefusalError
from cyclr_api.simulator.routing import Reply, Request, Routes, document_field, is_guid, page_of
from cyclr_api.simulator.templates import Template
from cyclr_api.simulator.values import JSON, encode
from cyclr_api.simulator.world import World

routes = Routes()


@routes.add("GET", "/templates", level="console")
def template_list(world: World, request: Request) -> Reply:
    """Sim: lookupCustomFields, includePrerequisites and includeOptional change nothing."""
    found = [
        one
        for one in world.templates.listed()
        if has_tag(request, one.document) and has_connector(request, one.connectors)
    ]
    return page_of(
        world,
        request,
        found,
        field_of=_field,
        encoded=lambda one: encode(_shown(world, request, one)),
    )


@routes.add("POST", "/templates/import", level="console")
def template_import(world: World, request: Request) -> Reply:
    """The folder is looked at first. Sim: an empty folder id is none; the answer."""
    folder_id = request.query.get("folderid") or None
    if folder_id is not None and not is_guid(folder_id):
        raise RefusalError(400, "Folder ID is invalid.")
    if folder_id is not None and not world.templates.has_folder(folder_id.lower()):
        raise RefusalError(400, "Folder with provided ID could not be found.")
    try:
        document, own = template_files.read(request.json_or_empty())
    except RefusalError:
        raise RefusalError(400, "Failed to import template.") from None
    template = world.templates.load(document, {**own, "FolderId": folder_id})
    return Reply.json(_shown(world, request, template))


@routes.add("GET", "/templates/{id}", level="console")
def template_detail(world: World, request: Request) -> Reply:
    return Reply.json(_shown(world, request, _one(world, request)))


@routes.add("GET", "/templates/{id}/export", level="console")
def template_export(world: World, request: Request) -> Reply:
    return Reply.json(world.templates.exported(_one(world, request)))


@routes.add("POST", "/templates/{id}/install", level="account")
def template_install(world: World, request: Request) -> Reply:
    name = request.json_or_empty().text("Name")
    cycle = world.templates.install(request.account, _one(world, request), name)
    return Reply.json(world.cycles.shown(cycle, has_icons=wants_icons(request)))


def _one(world: World, request: Request) -> Template:
    return world.templates.one(request.guid("id"))


def _shown(world: World, request: Request, template: Template) -> JSON:
    return world.templates.shown(template, has_icons=wants_icons(request))


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
