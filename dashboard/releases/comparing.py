"""What is different between two releases: settings, authentication, methods; in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from cyclr_api import AuthMethod, Parameter
from dashboard.common.untrusted_text import first_few
from dashboard.library.services import data_type_label
from dashboard.methods.inputs import inputs_of
from dashboard.methods.models import Method
from dashboard.mirror.catalogue import auth_type_of, label_of

T = TypeVar("T")
MOST_NAMED = 5
"""Choices and inputs that are named; of more it is said how many."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing that a release or a method asks for. `key` stays over releases."""

    key: str
    label: str
    target: str = ""
    is_required: bool = False
    is_sensitive: bool = False
    kind: str = ""
    choices: tuple[str, ...] = ()

    @property
    def traits(self) -> str:
        """What kind of thing it is: “Required, secret”."""
        differences = ["required" if self.is_required else "optional"]
        differences += ["secret"] if self.is_sensitive else []
        return ", ".join(differences).capitalize()


@dataclass(frozen=True, slots=True)
class Changed(Generic[T]):
    """Something that both releases have, and how it differs."""

    before: T
    now: T
    differences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference(Generic[T]):
    """What of a kind is new, gone, and different; `same` counts the rest."""

    added: list[T] = field(default_factory=list)
    removed: list[T] = field(default_factory=list)
    changed: list[Changed[T]] = field(default_factory=list)
    same: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether both have the same."""
        return not (self.added or self.removed or self.changed)

    @property
    def summary(self) -> str:
        """In a few words: “2 added, 1 changed”."""
        counts = {
            "added": len(self.added),
            "removed": len(self.removed),
            "changed": len(self.changed),
        }
        return ", ".join(f"{count} {word}" for word, count in counts.items() if count)


def settings_of(parameters: Iterable[Parameter]) -> list[Asked]:
    """The settings that an install asks for, as they are compared."""
    return [
        Asked(
            key=one.target_name,
            label=one.name or one.target_name,
            target=one.target_name,
            is_required=not one.is_optional,
            is_sensitive=one.is_sensitive,
            kind=data_type_label(one),
            choices=one.values,
        )
        for one in parameters
    ]


def compare_settings(before: Sequence[Asked], now: Sequence[Asked]) -> Difference[Asked]:
    """By what Cyclr calls them: labels and ids change."""
    old, new = _by_key(before), _by_key(now)
    changed = [
        Changed(old[key], one, differences)
        for key, one in new.items()
        if key in old and (differences := _changes(old[key], one))
    ]
    return Difference(
        added=[one for key, one in new.items() if key not in old],
        removed=[one for key, one in old.items() if key not in new],
        changed=changed,
        same=len(old.keys() & new.keys()) - len(changed),
    )


def compare_authentication(
    before: Sequence[AuthMethod], now: Sequence[AuthMethod]
) -> Difference[str]:
    """By kind and name: the ids of methods may belong to a release."""
    old, new = ({_auth_key(one): _auth_label(one) for one in some} for some in (before, now))
    return Difference(
        added=[label for key, label in new.items() if key not in old],
        removed=[label for key, label in old.items() if key not in new],
        same=len(old.keys() & new.keys()),
    )


def compare_methods(before: Sequence[Method], now: Sequence[Method]) -> Difference[Method]:
    """By their unique ids, which outlive releases; what was read needs its inputs."""
    old, new = ({one.key: one for one in some} for some in (before, now))
    changed = [
        Changed(old[key], one, differences)
        for key, one in new.items()
        if key in old and (differences := _method_changes(old[key], one))
    ]
    return Difference(
        added=[one for key, one in new.items() if key not in old],
        removed=[one for key, one in old.items() if key not in new],
        changed=changed,
        same=len(old.keys() & new.keys()) - len(changed),
    )


def inputs_asked(method: Method) -> list[Asked]:
    """What a method takes, as it is compared."""
    return [
        Asked(
            key=f"{one.group}:{one.target}",
            label=one.label,
            target=one.target,
            is_required=one.is_required,
            is_sensitive=one.is_sensitive,
            kind=one.data_type,
            choices=one.values,
        )
        for one in inputs_of(method)
    ]


def _by_key(asked: Iterable[Asked]) -> dict[str, Asked]:
    """Two with one name are one thing to Cyclr: the first counts."""
    found: dict[str, Asked] = {}
    for one in asked:
        found.setdefault(one.key, one)
    return found


def _changes(before: Asked, now: Asked) -> tuple[str, ...]:
    differences = []
    if before.is_required != now.is_required:
        differences.append("required now" if now.is_required else "optional now")
    if before.is_sensitive != now.is_sensitive:
        differences.append("secret now" if now.is_sensitive else "no longer secret")
    if before.kind != now.kind:
        differences.append(f"{now.kind or 'no type'}, before {before.kind or 'no type'}")
    differences += _choices_changed(before.choices, now.choices)
    if before.label != now.label:
        differences.append(f"called “{now.label[:80]}”, before “{before.label[:80]}”")
    return tuple(differences)


def _choices_changed(before: Sequence[str], now: Sequence[str]) -> list[str]:
    added = [one for one in now if one not in before]
    removed = [one for one in before if one not in now]
    differences = [f"new choices: {_named(added)}"] if added else []
    return differences + ([f"choices gone: {_named(removed)}"] if removed else [])


def _method_changes(before: Method, now: Method) -> tuple[str, ...]:
    differences = [f"called “{now.name[:80]}”, before “{before.name[:80]}”"] * (
        before.name != now.name
    )
    if before.kind != now.kind:
        differences.append(f"{now.kind or 'no type'}, before {before.kind or 'no type'}")
    if before.endpoint != now.endpoint:
        differences.append("another address at the third party")
    asked = compare_settings(inputs_asked(before), inputs_asked(now))
    must = [one.label for one in asked.added if one.is_required]
    may = [one.label for one in asked.added if not one.is_required]
    differences += [f"asks in addition: {_named(must)}"] if must else []
    differences += [f"may be given too: {_named(may)}"] if may else []
    gone = [one.label for one in asked.removed]
    differences += [f"takes no longer: {_named(gone)}"] if gone else []
    differences += [
        f"{one.now.label[:80]}: {', '.join(one.differences)}" for one in asked.changed[:MOST_NAMED]
    ]
    more = len(asked.changed) - MOST_NAMED
    return (*differences, f"{more} more changed") if more > 0 else tuple(differences)


def _named(names: Sequence[str]) -> str:
    return first_few((one[:80] for one in names), MOST_NAMED)


def _auth_key(method: AuthMethod) -> tuple[str, str, str]:
    return str(auth_type_of(method)), method.name.casefold(), method.scheme or ""


def _auth_label(method: AuthMethod) -> str:
    label = label_of(method)
    return label if not method.name or method.name == label else f"{label} “{method.name[:80]}”"
