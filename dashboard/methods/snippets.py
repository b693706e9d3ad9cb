"""A call to take along: as cURL and as Python, without token, secret values or an own body."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from urllib.parse import quote

from dashboard.methods.inputs import FIELD, PARAMETER, Given
from dashboard.methods.models import MethodCall

SECRET, BODY = "SECRET", "BODY"
"""What stands where something is not handed out."""


def curl_of(call: MethodCall, given: Sequence[Given], *, has_body: bool) -> str:
    """A command for a shell, which takes the token from the environment."""
    connector = call.account_connector
    method = quote(str(call.callable_id), safe="")
    path = f"/v1.0/account/connectors/{connector.cyclr_id}/methods/{method}"
    values = {"Parameters": _values(given, PARAMETER), "Fields": _values(given, FIELD)}
    body: object = BODY if has_body else {name: part for name, part in values.items() if part}
    url = connector.account.console.api_url + path + ("/body" if has_body else "")
    lines = [
        f"curl -X POST {shlex.quote(url)}",
        '-H "Authorization: Bearer $CYCLR_TOKEN"',
        f"-H {shlex.quote(f'X-Cyclr-Account: {connector.account.cyclr_id}')}",
        "-H 'Content-Type: application/json'",
        f"-d {shlex.quote(json.dumps(body))}",
    ]
    return " \\\n  ".join(lines)


def python_of(call: MethodCall, given: Sequence[Given], *, has_body: bool) -> str:
    """The same with `cyclr_api`; the client's secret is taken from the environment."""
    connector = call.account_connector
    console = connector.account.console
    arguments = [repr(call.callable_id)]
    if has_body:
        arguments.append(repr(BODY))
    else:
        for name, group in (("parameters", PARAMETER), ("fields", FIELD)):
            if found := _values(given, group):
                numbered = {int(key): value for key, value in found.items()}
                arguments.append(f"{name}={numbered!r}")
    if not call.is_writing:
        arguments.append("is_read=True")
    verb = "call_with_body" if has_body else "call"
    return "\n".join(
        [
            "import os",
            "",
            "from cyclr_api import Client",
            "",
            "client = Client(",
            f"    {console.api_url!r},",
            f"    client_id={console.client_id!r},",
            '    client_secret=os.environ["CYCLR_CLIENT_SECRET"],',
            ")",
            f"connector = client.account({connector.account.cyclr_id!r})"
            f".connector({connector.cyclr_id})",
            f"print(connector.{verb}({', '.join(arguments)}))",
        ]
    )


def _values(given: Sequence[Given], group: str) -> dict[str, str | list[str]]:
    return {
        str(one.id): SECRET if one.is_secret else one.value for one in given if one.group == group
    }
