"""Switching features off and on: who did it is recorded with it."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.urls import reverse

from dashboard.audit import services as audit
from dashboard.audit.models import Actor
from dashboard.consoles.models import Console
from dashboard.features.models import SwitchedOff
from dashboard.features.registry import Feature


@transaction.atomic
def switch(
    actor: Actor, console: Console | None, *, on: Iterable[Feature], off: Iterable[Feature]
) -> int:
    """Switch these on and those off, in this console or, without one, in all; how many changed.

    What stands that way already, as when two administrators press at once, is no change.
    """
    changed = 0
    for feature in on:
        gone, _ = SwitchedOff.objects.filter(feature=feature.key, console=console).delete()
        if gone:
            _record(actor, "features.switch_on", feature, console)
            changed += 1
    for feature in off:
        _, is_new = SwitchedOff.objects.get_or_create(feature=feature.key, console=console)
        if is_new:
            _record(actor, "features.switch_off", feature, console)
            changed += 1
    return changed


def _record(actor: Actor, action: str, feature: Feature, console: Console | None) -> None:
    url = reverse("settings_features")
    audit.record(
        actor,
        action,
        console=console,
        target=f"{feature.label}{'' if console else ' in all consoles'}",
        target_url=f"{url}?console={console.pk}" if console else url,
        feature=feature.key,
    )
