"""What is different between two releases, in words."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from cyclr_api import AuthMethod, Parameter
from dashboard.methods.inputs import FIELD, PARAMETER, MethodInput
from dashboard.methods.models import Method
from dashboard.releases.comparing import (
    compare_authentication,
    compare_methods,
    compare_settings,
    settings_of,
)


def setting(target: str, **values: Any) -> Parameter:
    return Parameter(id=1, **{"name": target, "target_name": target} | values)


def method(key: str, *inputs: MethodInput, **values: Any) -> Method:
    made_up = {"name": key, "inputs": [asdict(one) for one in inputs]}
    return Method(key=key, **made_up | values)


def takes(target: str, group: str = PARAMETER, **values: Any) -> MethodInput:
    return MethodInput(group, id=1, name=target, target=target, **values)


def test_settings_are_known_by_what_cyclr_calls_them() -> None:
    before = [
        setting("Url", name="Address"),
        setting("Region", values=("EU", "US")),
        setting("Old"),
    ]
    now = [
        setting("Region", values=("EU", "AP"), is_optional=True),
        setting("Url", name="Host", is_sensitive=True, data_type="Integer"),
        setting("New"),
    ]

    found = compare_settings(settings_of(before), settings_of(now))

    assert [one.target for one in found.added] == ["New"]
    assert [one.target for one in found.removed] == ["Old"]
    assert {one.now.target: one.differences for one in found.changed} == {
        "Region": ("optional now", "new choices: AP", "choices gone: US"),
        "Url": (
            "secret now",
            "Whole number, before Text",
            "called “Host”, before “Address”",
        ),
    }
    assert found.summary == "1 added, 1 removed, 2 changed"
    assert found.added[0].traits == "Required"


def test_other_ids_and_another_order_are_no_difference() -> None:
    before = [setting("A"), setting("B")]
    now = [Parameter(id=77, name="B", target_name="B"), setting("A"), setting("A", name="twice")]

    found = compare_settings(settings_of(before), settings_of(now))

    assert found.is_empty
    assert found.same == 2
    assert found.summary == ""


def test_what_became_easier_is_told_too() -> None:
    before = [setting("A", is_sensitive=True, is_optional=True)]

    [change] = compare_settings(settings_of(before), settings_of([setting("A")])).changed

    assert change.differences == ("required now", "no longer secret")


def test_many_choices_are_counted() -> None:
    now = setting("A", values=tuple(str(n) for n in range(20)))

    [change] = compare_settings(settings_of([setting("A")]), settings_of([now])).changed

    assert change.differences == ("new choices: 0, 1, 2, 3, 4 and 15 more",)


def test_authentication_is_known_by_kind_and_name() -> None:
    key = AuthMethod("1", "Key", type="ApiKey", scheme="Authorization")
    same = AuthMethod("2", "key", type="apikey", scheme="Authorization")
    sign_in = AuthMethod("3", "OAuth 2", type="OAuth2", oauth2_type="AuthorisationCode")

    assert compare_authentication([key], [same]).is_empty
    found = compare_authentication([key], [sign_in])
    assert found.added == ["OAuth 2"]
    assert found.removed == ["API key “Key”"]


def test_methods_are_known_by_their_unique_ids() -> None:
    before = [
        method("a", takes("limit"), takes("gone"), name="List Things", endpoint="/v1"),
        method("b"),
        method("c", takes("x", FIELD)),
    ]
    now = [
        method(
            "a",
            takes("limit", is_required=True),
            takes("since", is_required=True),
            takes("order"),
            name="List All Things",
            kind="Webhook",
            endpoint="/v2",
        ),
        method("c", takes("x", FIELD)),
        method("d"),
    ]

    found = compare_methods(before, now)

    assert [one.key for one in found.added] == ["d"]
    assert [one.key for one in found.removed] == ["b"]
    assert found.same == 1
    [change] = found.changed
    assert change.differences == (
        "called “List All Things”, before “List Things”",
        "Webhook, before no type",
        "another address at the third party",
        "asks in addition: since",
        "may be given too: order",
        "takes no longer: gone",
        "limit: required now",
    )


def test_a_parameter_and_a_field_of_one_name_are_two_things() -> None:
    [change] = compare_methods([method("a", takes("x"))], [method("a", takes("x", FIELD))]).changed

    assert change.differences == ("may be given too: x", "takes no longer: x")


def test_of_many_changes_the_first_are_named() -> None:
    before = [method("a", *(takes(f"f{n}") for n in range(8)))]
    now = [method("a", *(takes(f"f{n}", is_required=True) for n in range(8)))]

    [change] = compare_methods(before, now).changed

    assert len(change.differences) == 6
    assert change.differences[-1] == "3 more changed"
