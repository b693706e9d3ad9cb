"""An answer as a tree: nothing is converted, nothing is lost, whatever a third party sends."""

from __future__ import annotations

import json

import pytest

from dashboard.methods import answers, tree


def shown(text: str, at: str = "", first: int = 0) -> list[tuple[str, str]]:
    """Labels and previews of what stands below a place."""
    return [(node.label, node.preview) for node in tree.branch_at(text, at, first).children]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1234567890123456789012345}', [("a", "1234567890123456789012345")]),
        ("[" + "9" * 5000 + "]", [("[0]", "9" * tree.SHOWN)]),
        ("[NaN, -Infinity, 1e999]", [("[0]", "NaN"), ("[1]", "-Infinity"), ("[2]", "1e999")]),
        ('{"a": 1, "a": 2}', [("a", "1"), ("a", "2")]),
        ('{"": {}, "b": []}', [("", "{}"), ("b", "[]")]),
        (' [ true , null ,\n"x" ] ', [("[0]", "true"), ("[1]", "null"), ("[2]", "x")]),
        ('["\\ud800"]', [("[0]", "\ud800")]),
        ('["<script>\\u003c"]', [("[0]", "<script><")]),
        ("[1.10]", [("[0]", "1.10")]),
        ('{"__proto__": 1, "constructor": "x"}', [("__proto__", "1"), ("constructor", "x")]),
    ],
)
def test_a_value_is_shown_as_it_was_sent(text: str, expected: list[tuple[str, str]]) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize("text", ["", "  ", "<ok/>", "[1", "{'a': 1}", "[1] [2]", "[1,]", '{"a"}'])
def test_what_is_no_json_is_said_to_be_none(text: str) -> None:
    assert not tree.is_document(text)


@pytest.mark.parametrize("text", ["42", '"x"', "null"])
def test_a_document_may_be_a_lone_value(text: str) -> None:
    branch = tree.branch_at(text, "")

    assert branch.children == [] and branch.node.preview == text.strip('"')


def test_a_list_comes_page_by_page() -> None:
    text = json.dumps(list(range(100_000)))
    first = tree.branch_at(text, "")
    last = tree.branch_at(text, "", 99_950)

    assert (len(first.children), first.next) == (100, 100)
    assert [node.preview for node in last.children][-1] == "99999" and last.next is None


@pytest.mark.parametrize("depth", [500, 100_000])
def test_depth_is_no_trouble(depth: int) -> None:
    text = '{"a":[' * (depth // 2) + "1" + "]}" * (depth // 2)

    assert tree.is_document(text)
    assert len(tree.branch_at(text, "").children) == 1
    assert len(tree.branch_at(text, ".".join("0" * 400)).children) == 1


def test_a_place_is_named_with_its_path() -> None:
    text = '{"rows": [{"odd key": {"x": [1, 2]}}]}'

    node = tree.branch_at(text, ".".join("0000")).children[1]

    assert node.path == '$.rows[0]["odd key"].x[1]' and node.at.endswith(".1")


@pytest.mark.parametrize("at", ["7", "0.0", "x", "-1", "0..1", "9999999999", "." * 50])
def test_a_place_that_is_not_there_is_no_place(at: str) -> None:
    with pytest.raises(LookupError):
        tree.branch_at('{"a": 1}', at)


def test_keys_and_values_are_found_however_json_spells_them() -> None:
    text = '{"Müller": {"x": 1}, "b": [{"name": "m\\u00fcller"}, {"name": "Other"}], "c": "MÜLLER"}'

    found, is_more = tree.find(text, "müller")

    assert [node.path for node in found] == ['$["M\\u00fcller"]', "$.b[0].name", "$.c"]
    assert not is_more


def test_a_search_in_a_great_answer_ends() -> None:
    text = json.dumps([{"email": f"person{n}@example.com"} for n in range(50_000)])

    found, is_more = tree.find(text, "@example.com")

    assert len(found) == tree.MOST_FOUND and is_more


@pytest.mark.parametrize(
    ("body", "text", "is_odd"),
    [
        (b'\xef\xbb\xbf{"a": 1}', '{"a": 1}', True),
        ('["ü"]'.encode("utf-16"), '["ü"]', True),
        (b'["\xff\xfe"]', '["\\xff\\xfe"]', True),
        ('["ü"]'.encode(), '["ü"]', False),
        (b"", "", False),
    ],
)
def test_bytes_of_every_kind_become_text(body: bytes, text: str, is_odd: bool) -> None:
    found = answers.text_of(body)

    assert found.text == text and bool(found.notes) is is_odd


def test_a_great_text_is_shown_in_parts() -> None:
    text = "x" * 50_000

    first = answers.raw_part(text, 0)
    last = answers.raw_part(text, 40_000)

    assert (first.next, first.previous) == (20_000, None)
    assert (last.next, last.previous, last.last) == (None, 20_000, 50_000)
    assert answers.raw_part(text, 10**9).text == "x"


def test_bytes_that_are_no_text_leave_a_tree() -> None:
    found = answers.text_of(b'{"a": "\xff"}')

    assert tree.is_document(found.tree_text) and shown(found.tree_text) == [("a", "\ufffd")]


def test_a_list_of_objects_is_a_table() -> None:
    text = '{"rows": [{"id": 1, "x": {}}, {"id": 2, "y": [1], "id": 3}]}'

    table = tree.table_at(text, "0")

    assert table is not None and table.columns == ["id", "x", "y"]
    cells = [[cell.preview if cell else None for cell in row] for _, row in table.rows]
    assert cells == [["1", "{}", None], ["3", None, ""]]


@pytest.mark.parametrize("text", ["[]", "[1]", "{}", '[{"a": 1}, 2]', '"x"'])
def test_anything_else_is_no_table(text: str) -> None:
    assert tree.table_at(text, "") is None
