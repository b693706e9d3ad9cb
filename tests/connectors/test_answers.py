"""Where in a third party's answer stands whose account it is, and which methods only read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyclr_api import Method
from dashboard.connectors.answers import hint, leaves, reads_by_name, value_at, why_not

ANSWER = {"data": {"user": {"email": "ann@shop.example", "id": 7}}, "list": [{"login": "ann"}, "b"]}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("data.user.email", "ann@shop.example"),
        ("$.data.user.id", "7"),
        (" Data.USER.Email ", "ann@shop.example"),
        ("list[0].login", "ann"),
        ("list.login", "ann"),
        ("list[1]", "b"),
        ("list[9].login", ""),
        ("data.user", ""),
        ("data.nobody.email", ""),
        ("", ""),
        ("[[]]..", ""),
    ],
)
def test_a_path_finds_its_value_or_nothing(path: str, found: str) -> None:
    assert value_at(ANSWER, path) == found


@pytest.mark.parametrize("answer", [None, 42, "text", [], True, {"email": True}, {"email": None}])
def test_odd_answers_tell_nobody(answer: Any) -> None:
    assert value_at(answer, "email") == ""


def test_a_list_may_stand_at_the_top() -> None:
    assert value_at([{"login": "ann"}], "[0].login") == "ann"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(JSON)
def test_every_place_that_is_offered_is_found_again_and_shown_mostly_hidden(answer: Any) -> None:
    for leaf in leaves(answer):
        value = value_at(answer, leaf.path)
        assert value
        assert len(leaf.hint) < 70


@given(JSON, st.text())
def test_no_path_and_no_answer_break_it(answer: Any, path: str) -> None:
    assert len(value_at(answer, path)) <= 200


def test_a_deep_and_a_wide_answer_end_soon() -> None:
    deep: Any = {"email": "x@y.example"}
    for _ in range(10_000):
        deep = {"a": deep}

    assert leaves(deep) == []
    assert len(leaves({f"k{n}": "value" for n in range(5000)})) == 200


def test_the_likeliest_places_come_first_and_values_are_hidden() -> None:
    found = leaves({"total": 3, "name": "Harbour Books", "owner": {"email": "ann@shop.example"}})

    assert [leaf.path for leaf in found] == ["owner.email", "name", "total"]
    assert [leaf.hint for leaf in found] == ["a…@shop.example", "Ha…", "a number"]
    assert "Harbour" not in json.dumps([leaf.hint for leaf in found])


def test_short_values_are_not_given_away() -> None:
    assert hint("1234") == "…"


@pytest.mark.parametrize(
    ("name", "reads"),
    [
        ("List Orders", True),
        ("Get current user", True),
        ("Who am I", True),
        ("whoami", True),
        ("GET /me", True),
        ("Me", True),
        ("Getaway", False),
        ("Add Contact", False),
        ("Meet", False),
        ("Delete Listing", False),
        ("", False),
    ],
)
def test_reading_is_told_by_the_name(name: str, reads: bool) -> None:
    assert reads_by_name(name) is reads


def method(**values: Any) -> Method:
    return Method.from_json({"Id": 1, "Name": "Get user", "MethodType": "Action"} | values)


def test_what_needs_a_value_cannot_prove_and_says_which() -> None:
    needs = {"Id": 2, "Name": "Contact ID", "IsOptional": False}

    assert why_not(method()) == ""
    assert why_not(method(Parameters=[{**needs, "IsOptional": True}])) == ""
    assert "Contact ID" in why_not(method(Parameters=[needs]))
    assert "Contact ID" in why_not(method(RequestFields=[needs]))
    assert "webhook" in why_not(method(MethodType="Webhook"))
