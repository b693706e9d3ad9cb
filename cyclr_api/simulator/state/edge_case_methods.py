"""Methods that test what a client takes for granted, of two of the invented connectors."""

from cyclr_api.simulator.state.method_shapes import field, parameter
from cyclr_api.simulator.state.values import JSON, OWN

MEGABYTE = 1_000_000

SCRIPT = "<script>alert('method')</script>"

EVERY_TYPE = ["Text", "Integer", "Float", "Decimal", "Boolean", "DateTime", "File", "Undefined"]

HOSTILE: list[JSON] = [
    {
        "Name": '<img src=x onerror="alert(1)">',
        "Description": f"<b>bold</b>{SCRIPT}",
        "Category": "=1+1",
        "MethodType": "Action",
        "EndPoint": "javascript:alert(document.domain)",
        "Parameters": [
            parameter("__proto__", Name='"><svg onload=alert(1)>', IsOptional=True),
            parameter("csrfmiddlewaretoken", Description=SCRIPT, IsOptional=True),
            parameter("Twice", IsOptional=True),
            parameter("Twice", IsOptional=True, Values=["", " ", "<b>a</b>", "{{7*7}}"]),
        ],
        "RequestFields": [
            field("constructor.[prototype].__proto__", Name=SCRIPT),
            field("a..b.[].c", Name=""),
        ],
        "ResponseFields": [field("[rows].html"), field("[rows].__proto__")],
        OWN: {
            "Answer": {
                "__proto__": {"isAdmin": True},
                "rows": [{"html": SCRIPT}, {"html": "{{7*7}} {% debug %}"}, {"html": "\x00\u202e"}],
            }
        },
    },
    {"Name": "Delete \u202egnihtyreve", "Category": SCRIPT, "MethodType": "Action"},
    {"Name": "List " + "L" * 250, "Category": "", "MethodType": "Action"},
    {"Name": "", "Description": "A method without a name.", "MethodType": "Action"},
    {"Name": None, "Category": None, "MethodType": "Unheard of", "Parameters": None},
    {"Name": "List 雪", "MethodType": "Action", OWN: {"Answer": {"雪": "bücher \ud83d\udce6"}}},
    {"Name": "Get /../a%2Fb?c#d", "MethodType": "Action", "EndPoint": "/../a%2Fb?c#d"},
]

UNUSUAL: list[JSON] = [
    {
        "Name": "List everything",
        "Description": "Five megabytes.",
        "Category": "Sizes",
        "MethodType": "Action",
        "EndPoint": "/everything",
        "ResponseFields": [field("id"), field("email"), field("total", "Decimal"), field("body")],
        OWN: {"AnswerBytes": 5 * MEGABYTE},
    },
    {"Name": "List nobody", "Category": "Sizes", "MethodType": "Action", OWN: {"Answer": []}},
    {"Name": "Count things", "Category": "Shapes", "MethodType": "Action", OWN: {"Answer": 42}},
    {"Name": "Get text", "Category": "Shapes", "MethodType": "Action", OWN: {"Answer": "<ok/>"}},
    {"Name": "Get nothing", "Category": "Shapes", "MethodType": "Action", OWN: {"Answer": None}},
    {
        "Name": "Get a refusal",
        "Category": "Refusals",
        "MethodType": "Action",
        OWN: {"Answer": {"error": "The key has been revoked."}, "Status": 401},
    },
    {
        "Name": "Get an accident",
        "Category": "Refusals",
        "MethodType": "Action",
        OWN: {"Answer": "Bad Gateway", "Status": 502},
    },
    {
        "Name": "Get rid of everything",
        "Description": "Sounds like reading, and writes.",
        "Category": "Surprises",
        "MethodType": "Action",
        OWN: {"Answer": {"deleted": 12}, "Writes": True},
    },
    {
        "Name": "Add one of every type",
        "Category": "Shapes",
        "MethodType": "Action",
        "EndPoint": "/types",
        "Parameters": [
            parameter(f"the{kind}", "QueryString", DataType=kind, IsOptional=True)
            for kind in EVERY_TYPE
        ],
        "RequestFields": [field(f"nested.[lines].the{kind}", kind) for kind in EVERY_TYPE],
        "ResponseFields": [field(f"nested.[lines].the{kind}", kind) for kind in EVERY_TYPE],
    },
    {"Name": "Reply", "MethodType": "WebhookResponse", "EndPoint": None},
    {"Name": "Find with a script", "MethodType": "Script", "EndPoint": None},
]

EDGE_CASE_METHODS: dict[str, list[JSON]] = {
    'Hostile <img src=x onerror="alert(1)">': HOSTILE,
    "Every Type": UNUSUAL,
}
"""By the connector's name."""
