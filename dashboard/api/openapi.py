"""The API as an OpenAPI 3.1 document, made of the same descriptions as the endpoints."""

from __future__ import annotations

from functools import cache
from typing import Any

from dashboard.api.resources import LEAST, MOST, RESOURCES, USUAL, Parameter, Resource
from dashboard.api.shapes import SCHEMAS
from dashboard.api.writing import FIELDS, LONGEST_KEY

JSON = dict[str, Any]
VERSION = "1.0"
REFUSALS = {
    401: "There is no token, or none that works.",
    403: "The token lacks the scope, or its owner the role.",
    404: "There is no such thing, or none that the token's owner may see.",
    405: "The address takes other methods.",
    406: "Answers are JSON alone.",
    429: "Too many calls: wait as long as Retry-After says.",
}
BODY_REFUSALS = {
    400: "The body is no JSON object, or there is no usable Idempotency-Key.",
    409: "The Idempotency-Key was used with other values.",
    413: "The body is too large.",
    415: "The body is not sent as JSON.",
    422: "A value is not possible; `errors` says which and why.",
}
PROBLEM: JSON = {
    "type": "object",
    "description": "An error, as RFC 9457 has it.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What happened and what to do, for people."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}


def object_of(properties: JSON) -> JSON:
    """The schema of an object with these keys, no more and no fewer."""
    return {
        "type": "object",
        "required": list(properties),
        "properties": properties,
        "additionalProperties": False,
    }


def list_of(one: JSON, next_type: str) -> JSON:
    """The schema of a page."""
    return object_of(
        {"items": {"type": "array", "items": one}, "next": {"type": [next_type, "null"]}}
    )


def made_link() -> JSON:
    """The schema of a link that was made: with its address."""
    address = {
        "type": ["string", "null"],
        "description": "The address for the customer: whoever has it can open the link.",
    }
    return object_of(SCHEMAS["Link"] | {"address": address})


def link_input() -> JSON:
    """The schema of what a link is made of."""
    return {
        "type": "object",
        "required": ["account"],
        "properties": FIELDS,
        "additionalProperties": False,
    }


@cache
def document() -> JSON:
    """The whole document."""
    paths: JSON = {}
    for one in RESOURCES:
        paths[f"/api/v1/{one.name}"] = {"get": _list(one)}
        paths[f"/api/v1/{one.name}/{{id}}"] = {"get": _one(one)}
    paths["/api/v1/links"]["post"] = _create()
    for name in ("accounts", "connectors"):
        one = next(resource for resource in RESOURCES if resource.name == name)
        paths[f"/api/v1/{name}/{{id}}/refresh"] = {"post": _refresh(one)}
    paths["/api/v1/openapi.json"] = {
        "get": {
            "summary": "This document.",
            "operationId": "document",
            "security": [],
            "responses": {"200": _answer("The document.", {"type": "object"})},
        }
    }
    schemas = {name: object_of(properties) for name, properties in SCHEMAS.items()}
    schemas |= {"MadeLink": made_link(), "NewLink": link_input(), "Problem": PROBLEM}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Cyclr Desk",
            "version": VERSION,
            "description": "What Cyclr Desk knows of accounts, connectors, alarms, links and "
            "operations. Tokens are made in Settings, Tokens.",
        },
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _list(one: Resource) -> JSON:
    page = list_of({"$ref": f"#/components/schemas/{one.one}"}, "string")
    order = "newest first" if one.is_newest_first else "in the order of their ids"
    return {
        "summary": f"{one.name.capitalize()}, {order}.",
        "description": f"Needs the scope `{one.scope}`. `next` is the address of the page after.",
        "operationId": f"list_{one.name}",
        "parameters": [_parameter(parameter) for parameter in one.every],
        "responses": {"200": _answer("A page.", page)} | _refusals([400, 401, 403, 405, 406, 429]),
    }


def _one(one: Resource) -> JSON:
    return {
        "summary": f"One {one.one.lower()}.",
        "description": f"Needs the scope `{one.scope}`.",
        "operationId": one.tool_one,
        "parameters": [_id(one)],
        "responses": {"200": _answer(one.one, {"$ref": f"#/components/schemas/{one.one}"})}
        | _refusals([401, 403, 404, 405, 406, 429]),
    }


def _refresh(one: Resource) -> JSON:
    schema = {"$ref": f"#/components/schemas/{one.one}"}
    return {
        "summary": f"Have one {one.one.lower()} read from Cyclr soon.",
        "description": "Needs the scope `refresh`. Its `read_at` says when that was done.",
        "operationId": f"refresh_{one.one.lower()}",
        "parameters": [_id(one)],
        "responses": {
            "202": _answer("It is asked for.", schema),
            "409": _problem("It is gone in Cyclr."),
        }
        | _refusals([401, 403, 404, 405, 406, 429]),
    }


def _create() -> JSON:
    made = {"$ref": "#/components/schemas/MadeLink"}
    return {
        "summary": "Make a link.",
        "description": "Needs the scope `links:create`, and its owner the role Agent. Nothing is "
        "mailed.",
        "operationId": "create_link",
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "description": "Another one for each link: sent twice, one link is made.",
                "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY},
            }
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/NewLink"}}},
        },
        "responses": {
            "201": _answer("The link.", made),
            "200": _answer("The link that the same call made before.", made),
        }
        | {str(status): _problem(words) for status, words in BODY_REFUSALS.items()}
        | _refusals([401, 403, 404, 405, 406, 429]),
    }


def _parameter(one: Parameter) -> JSON:
    schema = one.schema()
    if one.name == "limit":
        schema |= {"minimum": LEAST, "maximum": MOST, "default": USUAL}
    return {"name": one.name, "in": "query", "description": one.help, "schema": schema}


def _id(one: Resource) -> JSON:
    schema = {"type": "integer"} if one.lookup == "pk" else {"type": "string"}
    return {"name": "id", "in": "path", "required": True, "schema": schema}


def _answer(words: str, schema: JSON) -> JSON:
    return {"description": words, "content": {"application/json": {"schema": schema}}}


def _problem(words: str) -> JSON:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": words, "content": {"application/problem+json": {"schema": schema}}}


def _refusals(statuses: list[int]) -> JSON:
    words = REFUSALS | {400: "A parameter is not known, or its value is not possible."}
    return {str(status): _problem(words[status]) for status in statuses}
