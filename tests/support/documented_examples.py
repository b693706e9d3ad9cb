"""What the documentation shows: connectors, methods, a template, a third party's answer."""

from __future__ import annotations

from typing import Any

JSON = dict[str, Any]

OAUTH = "6f0d3b52-7c1e-4b8a-9e55-0b6a3c1f2d10"
API_KEY = "1b9e7a44-2f35-4d0c-8a71-5c2de9a04f33"
TEMPLATE = "5a1e7f60-3c0b-4e7e-9f3d-52d1c2f3aa10"
LIST_METHOD = "c0ffee35-3c57-4f7d-9f62-2f4a4c6b7f88"
METHOD = "0d9c3c35-3c57-4f7d-9f62-2f4a4c6b7f88"
THIRD_PARTYS_ANSWER = b'{"parcel": {"id": "p-77",  "state": "posted", "n": 12345678901234567890}}'


def parameter(number: int, target: str, name: str, **values: Any) -> JSON:
    """One as the connector's example has it."""
    return {
        "IsAccountConnectorProperty": True,
        "TargetType": "MergeField",
        "TargetName": target,
        "IsSensitive": False,
        "Id": number,
        "Name": name,
        "Description": "",
        "IsOptional": False,
        "DataType": "Text",
        "TriggerName": None,
        "Values": [],
    } | values


PARCEL_DESK: JSON = {
    "Id": 17301,
    "Name": "Parcel Desk",
    "Description": "Ship and track parcels.",
    "Status": "Approved",
    "Version": "2.0",
    "Icon": None,
    "Categories": ["Ecommerce"],
    "AuthDescription": None,
    "AuthType": "OAuth2",
    "OAuth2Type": "AuthorisationCode",
    "AuthScheme": None,
    "Parameters": [
        parameter(880101, "Region", "Region", Values=["eu", "us"]),
        parameter(880102, "isSandbox", "Is Sandbox?", IsOptional=True, Values=["true", "false"]),
        parameter(880103, "SigningKey", "Signing Key", IsSensitive=True, TargetType="HttpHeader"),
        parameter(880104, "apiVersion", "API Version", IsAccountConnectorProperty=False),
    ],
    "Authentication": [
        {
            "Id": OAUTH,
            "AuthName": "OAuth 2.0",
            "AuthDescription": None,
            "AuthType": "OAuth2",
            "OAuth2Type": "AuthorisationCode",
            "AuthScheme": None,
        },
        {
            "Id": API_KEY,
            "AuthName": "API Key",
            "AuthDescription": "Create a key under Settings > API.",
            "AuthType": "ApiKey",
            "OAuth2Type": "Unknown",
            "AuthScheme": "Authorization",
        },
    ],
    "Triggers": [{"TriggerId": 4410, "Name": "List warehouses"}],
}
TILL_CLOUD: JSON = {
    **{"Id": 17120, "Name": "Till Cloud", "Description": None, "Status": "Approved"},
    **{"Version": None, "Icon": None, "Categories": ["POS", "Sales"], "AuthDescription": None},
    **{"AuthType": "Basic", "OAuth2Type": "Unknown", "AuthScheme": None, "Parameters": []},
    "Authentication": [
        {
            "Id": "c0a4d0de-58c8-4d3b-b6b2-9a6f0e7d4417",
            "AuthName": "Basic",
            "AuthDescription": None,
            "AuthType": "Basic",
            "OAuth2Type": "Unknown",
            "AuthScheme": None,
        }
    ],
    "Triggers": [],
}
METHODS: list[JSON] = [
    {
        "Id": 61001,
        "MethodUniqueIdentifier": METHOD,
        "Name": "Get Parcel",
        "Description": "One parcel.",
        "Category": "Parcels",
        "MethodType": "Action",
        "EndPoint": "/parcels/{id}",
        "Parameters": [parameter(881500, "id", "Parcel", IsAccountConnectorProperty=False)],
        "RequestFields": [
            {
                "Id": 7120044,
                "Name": "Note",
                "ConnectorField": "note",
                "DataType": "Text",
                "IsOptional": True,
            }
        ],
        "ResponseFields": [],
    },
    {
        "Id": 61002,
        "MethodUniqueIdentifier": LIST_METHOD,
        "Name": "List Tills",
        "Description": None,
        "Category": None,
        "MethodType": "Action",
        "EndPoint": None,
        **{"Parameters": [], "RequestFields": [], "ResponseFields": []},
    },
]
