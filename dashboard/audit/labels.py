"""What the trail calls an act. Each package registers its own; the stored actions never change."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import ImproperlyConfigured

LABELS: dict[str, str] = {}
"""By the stored action. An empty one: the target says by itself what was done."""


def register(labels: Mapping[str, str]) -> None:
    """Say what these actions are called."""
    for action, label in labels.items():
        if LABELS.setdefault(action, label) != label:
            raise ImproperlyConfigured(f"The audit action {action} has two labels.")


def has_label(action: str) -> bool:
    """Whether an action can be shown: it is registered, or recorded in plain words."""
    return action in LABELS or "." not in action
