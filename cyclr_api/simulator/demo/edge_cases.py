"""Connectors that test what a client takes for granted. All of them are invented."""

from collections.abc import Callable
from typing import Any

from cyclr_api.simulator.demo import icons
from cyclr_api.simulator.state.values import JSON, OWN

PEM_HELP = "Paste the whole key,\nwith its first and last line."

WAREHOUSES = [
    {"Name": "Main warehouse", "Value": "wh-1"},
    {"Name": "Returns", "Value": "wh-2"},
    {"Name": "Overflow (north)", "Value": "wh-3"},
]

Number = Callable[[], int]
"""The next id of a parameter."""


def parameter(number: Number, name: str, **values: Any) -> JSON:
    """A connector's parameter as the API shows it."""
    return {
        "IsAccountConnectorProperty": True,
        "TargetType": "MergeField",
        "TargetName": name,
        "IsSensitive": False,
        "Id": number(),
        "Name": name,
        "Description": None,
        "IsOptional": False,
        "DataType": "Text",
        "TriggerName": None,
        "Values": [],
    } | values


def method(guid: str, auth_type: str, grant: str = "Unknown", **values: Any) -> JSON:
    """A way to authenticate as the API shows it."""
    return {
        "Id": guid,
        "AuthName": {"ApiKey": "API Key", "OAuth2": "OAuth 2.0"}.get(auth_type, auth_type),
        "AuthDescription": None,
        "AuthType": auth_type,
        "OAuth2Type": grant,
        "AuthScheme": "Authorization" if auth_type == "ApiKey" else None,
    } | values


def connector(number: int, name: str, methods: list[JSON], **values: Any) -> JSON:
    """A release as the API shows it; the legacy attributes repeat the first method."""
    first = methods[0] if methods else {}
    return {
        "Id": number,
        "Name": name,
        "Description": None,
        "Status": "Approved",
        "Version": None,
        "Icon": icons.png_icon(name),
        "Categories": ["Miscellaneous"],
        "AuthDescription": first.get("AuthDescription"),
        "AuthType": first.get("AuthType"),
        "OAuth2Type": first.get("OAuth2Type"),
        "AuthScheme": first.get("AuthScheme"),
        "Authentication": methods,
        "Parameters": [],
        "Triggers": [],
        "IsSystemConnector": False,
    } | values


def edge_case_connectors(guid: Callable[[], str], number: Number) -> list[JSON]:
    """Ids 19000 to 19099. The order of names and ids never changes: tests know them."""

    def p(name: str, **values: Any) -> JSON:
        return parameter(number, name, **values)

    def key() -> JSON:
        return method(guid(), "ApiKey")

    def code() -> JSON:
        return method(guid(), "OAuth2", "AuthorisationCode")

    second = code()
    every_type = [
        "Text",
        "Integer",
        "Float",
        "Decimal",
        "Boolean",
        "DateTime",
        "File",
        "Undefined",
    ]
    targets = ["HttpHeader", "MergeField", "QueryString", "FilterField", "ResponseField"]
    found = [
        connector(
            19000,
            "Parcel Desk",
            [code(), method(guid(), "ApiKey", AuthDescription="Create a key under Settings.")],
            Version="2.0",
            Description="Ship and track parcels.",
            Categories=["Ecommerce"],
            Parameters=[
                p("Region", Description="Where the shop is hosted.", Values=["eu", "us"]),
                p(
                    "isSandbox",
                    Name="Is Sandbox?",
                    IsOptional=True,
                    TargetType="Script",
                    Values=["true", "false"],
                ),
                p("SigningKey", Name="Signing Key", IsSensitive=True, TargetType="HttpHeader"),
                p("apiVersion", Name="API Version", IsAccountConnectorProperty=False),
            ],
            Triggers=[{"TriggerId": 4410, "Name": "List warehouses", OWN: {"Values": WAREHOUSES}}],
        ),
        connector(19001, "Till Cloud", [method(guid(), "Basic")], Categories=["POS", "Sales"]),
        connector(
            19002,
            "Every Type",
            [key()],
            Description="One setting of every data type.",
            Parameters=[
                p(f"the{kind}", Name=f"{kind} setting", DataType=kind, Description=f"A {kind}.")
                for kind in every_type
            ],
        ),
        connector(
            19003,
            "Every Type, Optional",
            [key()],
            Parameters=[
                p(f"may{kind}", Name=kind, DataType=kind, IsOptional=True) for kind in every_type
            ],
        ),
        connector(
            19004,
            "Every Target",
            [key()],
            Parameters=[
                p(f"in{kind}", TargetType=kind) for kind in [*targets, "Script", "Index", "Odd"]
            ],
        ),
        connector(
            19005,
            "Three Doors",
            [key(), method(guid(), "Basic"), code()],
            Description="Three ways to authenticate.",
        ),
        connector(
            19006,
            "Second Door First",
            [key(), second],
            Description="The second method is the default one.",
            **{OWN: {"DefaultAuthenticationId": second["Id"]}},
        ),
        connector(19007, "Same Door Twice", [key(), method(guid(), "ApiKey", AuthName="Old key")]),
        connector(
            19008,
            "Sixty Questions",
            [key()],
            Description="Sixty settings.",
            Parameters=[
                p(f"q{n}", Name=f"Question {n}", IsOptional=n % 3 == 0, IsSensitive=n % 10 == 0)
                for n in range(1, 61)
            ],
        ),
        connector(19009, "One Question", [key()], Parameters=[p("Only")]),
        connector(19010, "No Question At All", [method(guid(), "None", AuthName="None")]),
        connector(
            19011,
            "Twins",
            [key()],
            Description="Two settings share one technical name.",
            Parameters=[
                p("Region", Name="Region for reading"),
                p("Region", Name="Region for writing", IsOptional=True),
            ],
        ),
        connector(
            19012,
            "Borrowed Names",
            [key()],
            Parameters=[
                p(name)
                for name in (
                    "Name",
                    "Description",
                    "csrfmiddlewaretoken",
                    "AuthValue",
                    "AuthenticationId",
                    "submission",
                    "__proto__",
                    "id",
                    "parameter-1",
                )
            ],
        ),
        connector(
            19013,
            "Partly Ours",
            [key()],
            Description="Some settings are not the account's.",
            Parameters=[
                p("Mine"),
                p("Theirs", IsAccountConnectorProperty=False),
                p("TheirSecret", IsAccountConnectorProperty=False, IsSensitive=True),
                p("OptionalMine", IsOptional=True),
            ],
        ),
        connector(
            19014,
            "Hidden Things",
            [key()],
            Parameters=[
                p("Shown"),
                p("NotShown", IsHidden=True, IsOptional=True, DefaultValue="preset"),
                p("Preset", DefaultValue="42", DataType="Integer", IsOptional=True),
            ],
        ),
        connector(
            19015,
            "Long Secret",
            [key()],
            Parameters=[
                p(
                    "PrivateKey",
                    Name="Private Key",
                    IsSensitive=True,
                    IsMultiLine=True,
                    Description=PEM_HELP,
                ),
                p("Note", IsMultiLine=True, IsOptional=True),
            ],
        ),
        connector(
            19016,
            "Looks Things Up",
            [key()],
            Parameters=[
                p("Site"),
                p("Warehouse", TriggerName="List warehouses", IsOptional=True),
            ],
            Triggers=[
                {"TriggerId": 4411, "Name": "List warehouses", OWN: {"Values": WAREHOUSES}},
                {"TriggerId": 4412, "Name": "List labels", OWN: {"Values": ["", "<b>Fragile</b>"]}},
                {"TriggerId": 4413, "Name": "List depots", OWN: {"Values": []}},
                {"TriggerId": 4414, "Name": "List carriers"},
            ],
        ),
        connector(
            19017,
            "Choices",
            [key()],
            Parameters=[
                p("Size", Values=["S", "M", "L"]),
                p("Nullable", Values=None, IsOptional=True),
                p("Lonely", Values=["only one"]),
                p("Odd", Values=["", " ", "a,b", "<b>bold</b>", "ünï"], IsOptional=True),
                p("Many", Values=[f"Choice {n}" for n in range(1, 301)], IsOptional=True),
            ],
        ),
        connector(
            19018,
            "Helpful Markup",
            [
                method(
                    guid(),
                    "ApiKey",
                    AuthDescription='Read <a href="https://docs.example/key">this page</a>.<br>',
                )
            ],
            Description=(
                "<p>Connects to <b>Markup</b>.</p><script>alert('description')</script>"
                '<a href="javascript:alert(1)">more</a>'
            ),
            Parameters=[
                p(
                    "Site",
                    Name="<b>Site</b>",
                    Description='See <a href="https://docs.example">docs</a> <img src=x onerror=1>',
                ),
            ],
        ),
        connector(
            19019,
            'Hostile <img src=x onerror="alert(1)">',
            [key()],
            Categories=["<script>alert('category')</script>", "=1+1"],
            Icon=icons.svg_icon(icons.SVG_HOSTILE),
            Version='"><svg onload=alert(1)>',
        ),
        connector(19020, "Null Words", [key()], Version="null", Description="null", Icon="null"),
        connector(19021, "No Version", [key()], Version=None, Icon=None),
        connector(19022, "Versions/And Slashes", [key()], Version="1.0/beta 2"),
        connector(19023, "Draft Desk", [key()], Version="3.0", ReleaseStatus="Draft")
        | {OWN: {"Release": "Draft", "Custom": True}},
        connector(19024, "Cyclr Utilities", [method(guid(), "None")], IsSystemConnector=True),
        connector(19025, "Cyclr Scheduler", [method(guid(), "None")], IsSystemConnector=True),
        connector(19026, "Kerberos Vault", [method(guid(), "Kerberos", AuthName="Kerberos")]),
        connector(
            19027,
            "Body Fields",
            [method(guid(), "AuthFields")],
            Parameters=[p("login"), p("pin", IsSensitive=True)],
        ),
        connector(
            19028,
            "Own App Only",
            [code()],
            Description="OAuth without an app at partner level: the customer brings one.",
        ),
        connector(
            19029,
            "Own App Asked",
            [code()],
            Parameters=[
                p("ClientId", Name="Client ID"),
                p("ClientSecret", Name="Client Secret", IsSensitive=True),
                p("Host"),
            ],
        ),
        connector(
            19030,
            "Machine to Machine",
            [method(guid(), "OAuth2", "ClientCredentials")],
            Parameters=[
                p("ClientId", Name="Client ID"),
                p("ClientSecret", Name="Client Secret", IsSensitive=True),
                p("Tenant"),
            ],
        ),
        connector(
            19031,
            "Password Grant",
            [method(guid(), "OAuth2", "PasswordCredentials")],
            Parameters=[
                p("Domain"),
                p("Username"),
                p("Password", IsSensitive=True),
            ],
        ),
        connector(
            19032,
            "Old Handshake",
            [method(guid(), "OAuth1")],
            Parameters=[p("Site")],
            Icon=icons.GIF,
        ),
        connector(
            19033, "Unknown Grant", [method(guid(), "OAuth2", "DeviceCode")], Icon=icons.WEBP
        ),
        connector(19034, "Planned Thing", [key()], Status="Planned", Icon=icons.plain_png(1, 1)),
        connector(19035, "Beta Thing", [key()], Status="Beta", Icon=icons.plain_png(5000, 5000)),
        connector(
            19036, "Status Unknown", [key()], Status="Unknown", Icon=icons.plain_png(160, 40)
        ),
        connector(19037, "Icon Broken", [key()], Icon=icons.BROKEN_PNG),
        connector(19038, "Icon Not Base64", [key()], Icon=icons.NOT_BASE64),
        connector(19039, "Icon Elsewhere", [key()], Icon=icons.TRACKER),
        connector(19040, "Icon Drawn", [key()], Icon=icons.svg_icon(icons.SVG_PLAIN)),
        connector(19041, "حساب الشحن", [key()], Description="من اليمين إلى اليسار"),
        connector(19042, "Override \u202egnp.exe", [key()]),
        connector(19043, "C" * 255, [key()], Description="D" * 10_000),
        connector(
            19044,
            "12345",
            [key()],
            Description="A name of digits only.",
            Icon=icons.plain_png(48, 48, is_blank=True),
        ),
        connector(
            19045,
            "Bare Minimum",
            [],
            Description="Only what every connector has.",
        ),
        connector(
            19046,
            "Private to Harbour",
            [key()],
            Version="1.0",
            **{OWN: {"AccountId": "shop-1042.example"}},
        ),
        connector(19047, "Partner Product", [key()], Description="The partner's own product."),
    ]
    bare = found[45]
    assert bare["Name"] == "Bare Minimum"
    for missing in ("Authentication", "Parameters", "Triggers", "Icon", "Categories", "Version"):
        del bare[missing]
    bare["AuthType"] = "ApiKey"
    legacy = connector(19048, "Legacy Only", [], AuthType="Basic", OAuth2Type="Unknown")
    del legacy["Authentication"]
    text = connector(
        19049, "Text Instead", [key()], Status=None, Categories=None, Parameters=None, Triggers=None
    )
    return [*found, legacy, text]
