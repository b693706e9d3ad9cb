"""What a notification can be about. Each package registers the kinds that it tells of."""

from __future__ import annotations

from typing import Self

from django.core.exceptions import ImproperlyConfigured

LONGEST = 20
"""Characters of a stored kind."""


class NotificationKind(str):
    """A kind is its stored text, which never changes, and what the pages say of it."""

    label: str
    shape: str
    """The state whose shape stands beside a notification."""
    order: int
    """Where it stands among the kinds that somebody can choose from."""
    help: str

    def __new__(cls, stored: str, label: str, *, shape: str, order: int, help: str = "") -> Self:  # noqa: A002
        """A kind; `help` is the sentence below it where e-mail is chosen."""
        kind = super().__new__(cls, stored)
        kind.label, kind.shape, kind.order, kind.help = label, shape, order, help
        return kind


KINDS: dict[str, NotificationKind] = {}


def register(kind: NotificationKind) -> NotificationKind:
    """Make a kind known."""
    if len(kind) > LONGEST:
        raise ImproperlyConfigured(
            f"The notification kind {kind} is longer than {LONGEST} characters."
        )
    if KINDS.setdefault(kind, kind) is not kind:
        raise ImproperlyConfigured(f"The notification kind {kind} is registered twice.")
    return kind


def all_kinds() -> list[NotificationKind]:
    """Every kind, in the order of the pages."""
    return sorted(KINDS.values(), key=lambda kind: kind.order)


def choices() -> list[tuple[str, str]]:
    """The kinds as choices of a field."""
    return [(str(kind), kind.label) for kind in all_kinds()]
