"""The mirror's columns from what Cyclr said."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

import cyclr_api
from dashboard.common.untrusted_text import storable
from dashboard.mirror.catalogue import looks_secret, method_json, parameter_json
from dashboard.mirror.keys import key_of

MARK = re.compile(r"\s*\[desk:op[a-z0-9]{1,20}\]$")
"""What an install leaves at the end of a description while it is under way, or where it could
not be taken out again: ours, and nobody's business."""


def account_columns(found: cyclr_api.Account) -> dict[str, Any]:
    """An account's columns from what Cyclr said."""
    columns = {
        "name": found.name,
        "description": found.description,
        "timezone": found.timezone,
        "created_at": found.created_at,
    }
    if found.parent_id:
        columns["parent_id"] = found.parent_id  # what is not said overwrites nothing
    kept = {
        key: storable("" if value is None and key != "created_at" else value)
        for key, value in columns.items()
    }
    return kept | {"attributes": account_attributes(found)}


def account_attributes(found: cyclr_api.Account) -> dict[str, Any]:
    """What the form of an account edits beside its columns, by the client's names.

    Of the error webhook's URL only the host is kept: the rest may hold a secret. Of an address
    of ours a digest tells which one it is (`error_webhook_key`).
    """
    url = found.error_webhook_url or ""
    is_ours = url.startswith(f"{settings.PUBLIC_URL}/hooks/cyclr/")
    return ({"error_webhook_key": key_of(url)} if is_ours else {}) | {
        "success_retention_hours": found.success_retention_hours,
        "errored_retention_hours": found.errored_retention_hours,
        "is_error_webhook_enabled": bool(found.is_error_webhook_enabled),
        "error_webhook_host": storable(host_of(url)),
        "error_webhook_includes_warnings": bool(found.error_webhook_includes_warnings),
        "audit_info": storable(found.audit_info or ""),
        "task_audit_info": storable(found.task_audit_info or ""),
    }


def host_of(url: str) -> str:
    """The host in a URL, and nothing of the rest of it; `unreadable` where there is none.

    >>> host_of("https://user:pw@hooks.example/T0/secret"), host_of("")
    ('hooks.example', '')
    """
    try:
        return urlsplit(url).hostname or ("unreadable" if url else "")
    except ValueError:
        return "unreadable"


def connector_columns(found: cyclr_api.Connector) -> dict[str, Any]:
    """A catalogue connector's columns. Parameters and methods stay as Cyclr names their keys."""
    columns = {
        "release_id": found.id,
        "description": storable(found.description or ""),
        "status": storable(found.status or ""),
        "is_draft": found.is_draft,
        "is_system": bool(found.is_system),
        "categories": storable(list(found.categories)),
        "is_whole": not found.is_partial,
        "authentication": storable([method_json(method) for method in found.authentication]),
        "parameters": storable([parameter_json(p) for p in found.parameters]),
        "icon_id": found.icon or None,
    }
    if found.is_partial and not found.icon:
        columns.pop("icon_id")
    if found.is_partial:
        columns.pop("parameters")  # what is not said overwrites nothing
        if not found.authentication:
            columns.pop("authentication")
    return columns


def template_columns(found: cyclr_api.Template) -> dict[str, Any]:
    """A template's columns; which connectors it needs are rows of their own."""
    return {
        "name": storable(found.name),
        "description": storable(found.description or ""),
        "tags": storable(list(found.tags)),
    }


def cycle_columns(found: cyclr_api.Cycle) -> dict[str, Any]:
    """A cycle's columns; which connectors it needs are rows of their own."""
    return {
        "name": storable(found.name),
        "description": storable(found.description or ""),
        "status": storable(found.status),
        "is_active": found.is_active,
        "template_cyclr_id": storable(found.template_id or ""),
        "tags": storable(list(found.tags)),
        "error_count": found.error_count,
        "warning_count": found.warning_count,
        "in_progress_count": found.in_progress_count,
        "created_at": found.created_at,
        "last_successful_run_at": found.last_successful_run_at,
    }


def needed_columns(found: cyclr_api.CycleConnector | cyclr_api.TemplateConnector) -> dict[str, Any]:
    """The columns of a connector that a cycle or a template needs."""
    columns: dict[str, Any] = {
        "connector_name": storable(found.name),
        "connector_version": storable(found.version or ""),
        "release_id": found.id,
        "step_count": found.step_count,
    }
    if isinstance(found, cyclr_api.CycleConnector):
        columns["account_connector_cyclr_id"] = found.account_connector_id
    return columns


LONGEST_VALUE = 1000
"""Letters of a setting's value that is kept; longer ones only have a value."""

_HOLDS_SECRET = re.compile(r"-----BEGIN|://[^/\s]*@|\*{3}|\u2022{3}")
"""In a value: a key, a password in an address, or what Cyclr writes instead of a secret."""


def open_values(
    parameters: Iterable[cyclr_api.Parameter], properties: Iterable[cyclr_api.PropertyValue]
) -> dict[str, str]:
    """By technical name, the values that may be shown: of settings known to be no secrets.

    Two parameters may share a name: then none of them may be a secret.
    """
    every = [one for one in parameters if one.is_account_property and one.target_name]
    secret = {one.target_name for one in every if looks_secret(one) or one.is_hidden}
    known = {one.target_name for one in every} - secret
    return {
        str(storable(one.name)): str(storable(one.value))
        for one in properties
        if one.name in known
        and one.value
        and len(one.value) <= LONGEST_VALUE
        and not _HOLDS_SECRET.search(one.value)
    }


def account_connector_columns(found: cyclr_api.AccountConnector) -> dict[str, Any]:
    """An installed connector's columns; its secrets were left behind by the client.

    Listings may carry a reduced connector. What it lacks is no column, so that it does not
    overwrite what is known; `fill_methods` takes missing methods from the library.
    """
    connector = found.connector
    description = storable(found.description or "")
    columns: dict[str, Any] = {
        "name": storable(found.name),
        "description": MARK.sub("", description),
        "authenticated": found.authenticated,
        "is_native": bool(found.is_native),
    }
    if mark := MARK.search(description):
        columns["left_mark"] = mark.group().strip()
    if connector is not None or found.properties:
        # Only their names: most values are secrets, or may be.
        filled = {value.name for value in found.properties if value.value}
        columns["filled"] = storable(sorted(filled))
    if connector is not None and connector.parameters:
        columns["setting_values"] = open_values(connector.parameters, found.properties)
    if connector is not None:
        columns["release_id"] = connector.id
        if connector.name:
            columns["connector_name"] = storable(connector.name)
            columns["connector_version"] = storable(connector.version or "")
        if connector.authentication:
            methods = [method_json(method) for method in connector.authentication]
            columns["authentication"] = storable(methods)
    return columns
