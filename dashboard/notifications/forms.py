"""The form in which somebody says what they want by e-mail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from dashboard.common.untrusted_text import display_text
from dashboard.consoles.models import Console
from dashboard.notifications.kinds import all_kinds, choices
from dashboard.notifications.preferences import Preference


class PreferencesForm(forms.Form):
    """Kinds of notifications for all consoles and, where there are several, for each one more."""

    def __init__(
        self, consoles: Sequence[Console], preferences: set[Preference], data: Any = None
    ) -> None:
        super().__init__(data)
        self.places: list[Console | None] = [None]
        if len(consoles) > 1:
            self.places += consoles
        for place in self.places:
            place_id = place.pk if place else None
            field = forms.MultipleChoiceField(
                label=_label(place, is_only=len(self.places) == 1),
                choices=choices(),
                widget=forms.CheckboxSelectMultiple,
                required=False,
                initial=[kind for console_id, kind in preferences if console_id == place_id],
            )
            helps = {str(kind): kind.help for kind in all_kinds() if kind.help}
            field.choice_help = {} if place else helps  # type: ignore[attr-defined]
            self.fields[_name(place)] = field

    def preferences(self) -> set[Preference]:
        """What was ticked."""
        return {
            (place.pk if place else None, kind)
            for place in self.places
            for kind in self.cleaned_data[_name(place)]
        }


def _name(place: Console | None) -> str:
    return f"console-{place.pk}" if place else "all"


def _label(place: Console | None, *, is_only: bool) -> str:
    if place is None:
        return "Send me" if is_only else "From every console, send me"
    return f"Of {display_text(place.name)}, also"
