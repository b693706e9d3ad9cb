"""What third parties answer: made from a method's response fields, the same every time."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from cyclr_api.simulator.state.values import JSON, OWN, encode

ROWS = 3
"""The records of a list."""

DEEPEST = 20
"""Field paths go no deeper."""

PEOPLE = [("Robin", "Alder"), ("Sam", "Birch"), ("Kim", "Cedar")]

TEXTS = {
    "address": ["1 Harbour Row", "22 Mill Lane", "7 Station Yard"],
    "body": ["Thank you for the quick help.", "Where is my parcel?", "All good now."],
    "branch": ["main", "release", "next"],
    "city": ["Tidewater", "Mossgrove", "Copperline"],
    "companyName": ["Alder & Sons", "Birch Bakery", "Cedar Cycles"],
    "currency": ["GBP", "EUR", "USD"],
    "phone": ["+44 1632 960001", "+44 1632 960002", "+44 1632 960003"],
    "priority": ["low", "normal", "high"],
    "sku": ["HB-1001", "HB-1002", "HB-1003"],
    "stage": ["new", "qualified", "won"],
    "status": ["open", "pending", "closed"],
    "subject": ["Parcel is late", "Wrong size", "A question about an invoice"],
    "title": ["Spring", "Stock count", "Welcome"],
    "topic": ["Everything about parcels", "Returns", "News"],
}
"""Values of text fields by the last part of their path."""

TYPED: dict[str, list[Any]] = {
    "Integer": [12, 3, 40],
    "Float": [0.5, 1.25, 2.75],
    "Decimal": [19.99, 120.5, 7.0],
    "Boolean": [True, False, True],
    "DateTime": ["2026-02-02T09:30:00Z", "2026-02-03T14:05:00Z", "2026-02-04T08:15:00Z"],
    "File": ["report-1.csv", "report-2.csv", "report-3.csv"],
}

Tree = dict[str, Any]
"""Part of a path (`[name]` for an array) -> what is below, or the DataType of a value."""


def answer_from(fields: Iterable[JSON]) -> Any:
    """A document with all of the fields; `[lines].sku` is an array of objects, `[].id` a list."""
    return _rendered(_tree(fields), 0)


def pieces_of(fields: Iterable[JSON], size: int) -> Iterator[bytes]:
    """A JSON array of records, one after the other, until it has `size` bytes at least."""
    tree = _tree(fields)
    yield b"["
    row = 0
    while size > 0:
        piece = encode(_rendered(tree, row))
        yield b"," + piece if row else piece
        size -= len(piece) + 1
        row += 1
    yield b"]"


def trigger_values(trigger: JSON) -> list[JSON]:
    """`[{Name, Value}]`: those the world file lists, else three that are made up."""
    listed = (trigger.get(OWN) or {}).get("Values")
    if isinstance(listed, list):
        return [one if isinstance(one, dict) else _choice(one) for one in listed]
    noun = str(trigger.get("Name") or "Value").removeprefix("List ").removeprefix("Get ")
    noun = noun.removesuffix("s").capitalize()
    key = "-".join(noun.lower().split())
    return [{"Name": f"{noun} {row}", "Value": f"{key}-{row}"} for row in range(1, ROWS + 1)]


def _choice(value: Any) -> JSON:
    return {"Name": str(value), "Value": str(value)}


def _tree(fields: Iterable[JSON]) -> Tree:
    tree: Tree = {}
    for field in fields:
        path = str(field.get("ConnectorField") or field.get("Name") or "value")
        *above, last = path.split(".")[:DEEPEST]
        _put(tree, above, last, str(field.get("DataType") or "Text"))
    return tree


def _put(tree: Tree, above: Sequence[str], last: str, data_type: str) -> None:
    """Add a value; what contradicts an earlier field is left out."""
    for part in above:
        below = tree.setdefault(part, {})
        if not isinstance(below, dict):
            return
        tree = below
    tree.setdefault(last, data_type)


def _rendered(tree: Tree, row: int) -> Any:
    document: JSON = {}
    for part, below in tree.items():
        is_array = part.startswith("[") and part.endswith("]")
        name = part[1:-1] if is_array else part
        rows = range(ROWS) if is_array else [row]
        values = [
            _rendered(below, n) if isinstance(below, dict) else _value(name, below, n) for n in rows
        ]
        if is_array and not name:
            return values
        document[name] = values if is_array else values[0]
    return document


def _value(name: str, data_type: str, row: int) -> Any:
    at = row % ROWS
    if data_type in TYPED:
        return TYPED[data_type][at]
    first, last = PEOPLE[at]
    if name in TEXTS:
        return TEXTS[name][at]
    match name:
        case "id":
            return str(1001 + row)
        case "firstName":
            return first
        case "lastName":
            return last
        case "email":
            return f"{first}.{last}@customer.example".lower()
    if name.endswith("Id"):
        return str(2001 + row)
    if name.lower().endswith("url"):
        return f"https://files.example/{row + 1}"
    return f"{name} {row + 1}"
