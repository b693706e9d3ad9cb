"""Each package names its own kinds of operation, acts and notifications; no table names all."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from dashboard.audit import labels
from dashboard.audit.descriptions import line_of
from dashboard.audit.models import Actor, AuditEntry
from dashboard.bulk.pages import PAGES
from dashboard.notifications import kinds
from dashboard.notifications.kinds import KINDS, NotificationKind, all_kinds, register
from dashboard.operations import handlers

ROOT = Path(__file__).resolve().parent.parent
CODE = ROOT / "dashboard"
DOTTED = re.compile(r"[a-z]+\.[a-z_]+")


@cache
def trees() -> dict[Path, ast.Module]:
    """Every module, but for migrations."""
    paths = [path for path in CODE.rglob("*.py") if "migrations" not in path.parts]
    return {path: ast.parse(path.read_text()) for path in paths}


def package_of(path: Path) -> str:
    """The package that a module stands in."""
    return path.relative_to(CODE).parts[0]


def calls(name: str) -> Iterator[tuple[Path, ast.Call]]:
    """Every call of something whose name ends like this."""
    for path, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(name):
                yield path, node


def constants(tree: ast.Module) -> dict[str, str]:
    """The texts that a module gives names to."""
    return {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name) and isinstance(node.value.value, str)
    }


def text_in(node: ast.expr | None, names: dict[str, str]) -> str:
    """The text that an expression stands for, or as what it ends: `ENTER`, `CreateLink.kind`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return names.get(node.id, "") if isinstance(node, ast.Name) else ""


def owners() -> dict[str, str]:
    """Every kind of operation and every action of the audit trail, and the package it is of."""
    found = {}
    for path, call in calls("labels.register"):
        for action in call.args[0].keys if isinstance(call.args[0], ast.Dict) else ():
            if text := text_in(action, {}):
                found[text] = package_of(path)
    for path, call in calls("NotificationKind"):
        found[text_in(call.args[0], {})] = package_of(path)
    for kind in handlers.kinds():
        found[kind] = type(handlers.handler_for(kind)).__module__.split(".")[1]
    return found


def test_every_kind_of_operation_has_a_label() -> None:
    assert handlers.kinds()
    for kind in handlers.kinds():
        assert handlers.handler_for(kind).label, kind


def test_every_kind_that_is_asked_for_has_a_handler() -> None:
    asked = set()
    for tree in trees().values():
        names = constants(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Dict):
                pairs = [
                    (text_in(key, {}), value)
                    for key, value in zip(node.keys, node.values, strict=True)
                ]
            elif isinstance(node, ast.Call):
                pairs = [(keyword.arg or "", keyword.value) for keyword in node.keywords]
            else:
                continue
            asked |= {text_in(value, names) for key, value in pairs if key == "kind"}
    asked = {kind for kind in asked if DOTTED.fullmatch(kind)}

    assert "installs.install" in asked
    assert asked <= set(handlers.kinds())


def test_every_kind_of_bulk_runs_with_a_page_of_its_own_has_a_handler() -> None:
    assert set(PAGES) <= set(handlers.kinds())


def test_every_act_that_is_recorded_has_a_label() -> None:
    """Those that are put together count by what they look like; others when a test does them."""
    patterns = set()
    for _, call in calls("record"):
        for argument in call.args:
            if isinstance(argument, ast.JoinedStr):
                parts = [
                    re.escape(str(part.value)) if isinstance(part, ast.Constant) else "[a-z_]+"
                    for part in argument.values
                ]
                patterns.add("".join(parts))
            elif text := text_in(argument, {}):
                patterns.add(re.escape(text))
    dotted = {pattern for pattern in patterns if re.fullmatch(r"[a-z]+\\\..*", pattern)}

    assert len(dotted) > 15
    for pattern in dotted:
        assert any(re.fullmatch(pattern, action) for action in labels.LABELS), pattern


def test_no_table_names_what_belongs_to_another_package() -> None:
    owner_of = owners()
    assert set(KINDS) <= set(owner_of)
    assert {"installs", "links", "campaigns", "operations", "notifications"} <= set(
        owner_of.values()
    )
    for path, tree in trees().items():
        names = constants(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Dict):
                named = {text_in(key, names) for key in node.keys} & set(owner_of)
                others = {text for text in named if owner_of[text] != package_of(path)}
                assert not others, f"{path}: {others}"


def test_every_kind_of_notification_has_a_label_and_a_place_of_its_own() -> None:
    assert all(kind.label and kind.shape for kind in KINDS.values())
    assert len({kind.order for kind in KINDS.values()}) == len(KINDS)


def test_kinds_of_notifications_are_stored_as_they_always_were() -> None:
    assert [str(kind) for kind in all_kinds()] == [
        "many-broke",
        "connection-broke",
        "connection-mended",
        "link-connected",
        "app-connected",
        "starts-failed",
        "entry-refused",
        "link-expires",
        "new-link-asked",
        "mail-bounced",
        "other-account",
        "mail-refused",
        "webhook-off",
        "connector-gone",
        "onboarded",
        "onboarding-halted",
    ]


def test_a_kind_of_notifications_is_registered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "KINDS", {})
    register(NotificationKind("quota", "Quota used up", shape="failed", order=1))

    with pytest.raises(ImproperlyConfigured, match="quota is registered twice"):
        register(NotificationKind("quota", "Quota nearly used up", shape="failed", order=2))


def test_a_kind_that_no_column_can_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "KINDS", {})

    with pytest.raises(ImproperlyConfigured, match="longer than 20 characters"):
        register(NotificationKind("x" * 21, "Too long", shape="failed", order=1))


def test_an_action_cannot_have_two_labels() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"links\.revoke has two labels"):
        labels.register({"links.revoke": "Recalled"})


@pytest.mark.parametrize(
    ("action", "target", "details", "did"),
    [
        ("links.revoke", "Link 7", {}, "Revoked"),
        ("consoles.adopt", "Main", {}, "Changed the address of console"),
        ("signed in", "", {}, "Signed in"),
        ("installs.install", "Install HubSpot", {"operation": "op1"}, ""),
        ("links.create", "Link for Shop", {"operation": "op1"}, "Created"),
        ("operations.retry", "Install HubSpot", {"operation": "op1"}, "Retried"),
        ("later.release", "Something", {}, "Later release"),
    ],
)
def test_an_entry_is_said_with_the_label_of_its_action(
    action: str, target: str, details: dict[str, str], did: str
) -> None:
    entry = AuditEntry(action=action, target=target, details=details)
    entry.actor = Actor.system()

    assert line_of(entry).did == did
