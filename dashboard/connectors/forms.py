"""The form of *Finish set-up*: dynamic settings, with the choices that were looked up."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from cyclr_api import Parameter
from dashboard.common.untrusted_text import storable
from dashboard.connectors.models import TestEvery
from dashboard.installs.fields import ChoiceOrAnother, field_for, looks_secret
from dashboard.mirror.keys import key_of
from dashboard.mirror.models import AccountConnector
from dashboard.operations.submissions import SubmissionField

JSON = dict[str, Any]

KEEPS = "It already has a value. Leave this empty to keep it."
SETTINGS_CHANGED = (
    "A new release of the connector came out while the form was open, and its settings have "
    "changed. Check them and save again."
)


def _let_keep(field: forms.Field) -> None:
    """Say that the setting has a value, which stays if nothing is chosen or typed."""
    field.initial = None
    first = field.widget.widgets[0] if isinstance(field, ChoiceOrAnother) else field.widget
    if isinstance(first, forms.Select):
        first.choices = [("", "Keep its value"), *list(first.choices)[1:]]
    else:
        field.help_text = f"{field.help_text} {KEEPS}".strip()


class SetupForm(forms.Form):
    """One field for each dynamic setting: a choice where there are choices, else as it is typed.

    An empty field keeps what the setting has; its value is not known here.
    """

    submission = SubmissionField()
    layout = forms.CharField(widget=forms.HiddenInput, required=False)
    """A digest of which settings stand where."""

    def __init__(
        self,
        connector: AccountConnector,
        parameters: Sequence[Parameter],
        found: Mapping[str, JSON],
        data: Any = None,
    ) -> None:
        """`found`: what the look-up says of each setting, by its technical name."""
        self.parameters = list(parameters)
        self.layout_now = key_of(*(one.target_name for one in self.parameters))
        super().__init__(data, initial={"submission": uuid.uuid4(), "layout": self.layout_now})
        filled = set(connector.filled)
        for place, parameter in enumerate(self.parameters):
            name = f"setting-{place}"
            pairs = found.get(parameter.target_name, {}).get("choices") or []
            field = self._field(name, parameter, [(str(v), str(n)) for v, n in pairs])
            has_value = parameter.target_name in filled
            field.required = not parameter.is_optional and not has_value
            if has_value:
                _let_keep(field)
            self.fields[name] = field

    def _field(
        self, name: str, parameter: Parameter, pairs: Sequence[tuple[str, str]]
    ) -> forms.Field:
        values = [value for value, _ in pairs]
        if self.is_bound:
            # As it was drawn then: choices may have come or gone since, and nothing typed is lost.
            was_choice = f"{name}_other" in self.data
            posted = str(self.data.get(name) or "")
            if not was_choice and posted not in values:
                return field_for(parameter)
            values += [posted] if posted and posted not in values else []
        if not values:
            return field_for(parameter)
        return ChoiceOrAnother(
            values=tuple(values),
            labels=dict(pairs),
            is_sensitive=looks_secret(parameter),
            label=parameter.name or parameter.target_name,
            help_text=parameter.description or "",
            required=False,
        )

    @property
    def settings(self) -> list[forms.BoundField]:
        """The fields, in the connector's order."""
        return [self[f"setting-{place}"] for place in range(len(self.parameters))]

    def clean(self) -> dict[str, Any]:
        """Something must be there to save, and for the settings that the form was drawn with."""
        super().clean()
        if self.cleaned_data.get("layout") != self.layout_now:
            raise ValidationError(SETTINGS_CHANGED)
        if not self.errors and not self.properties():
            raise ValidationError("Nothing is filled in, so there is nothing to save.")
        return self.cleaned_data

    def properties(self) -> list[dict[str, str]]:
        """What is to be saved: technical names and values."""
        return [
            {"Name": parameter.target_name, "Value": str(value)}
            for place, parameter in enumerate(self.parameters)
            if (value := self.cleaned_data.get(f"setting-{place}")) not in (None, "")
        ]

    def entries(self) -> list[list[str]]:
        """What was entered, for people: secrets masked."""
        given = {item["Name"]: item["Value"] for item in self.properties()}
        shown = [
            [
                parameter.name or parameter.target_name,
                "set" if looks_secret(parameter) else given[parameter.target_name],
            ]
            for parameter in self.parameters
            if parameter.target_name in given
        ]
        listed: list[list[str]] = storable(shown)
        return listed


class ScheduleForm(forms.Form):
    """How often connectors are tested by themselves."""

    every_hours = forms.TypedChoiceField(
        label="Test by itself", choices=TestEvery.choices, coerce=int
    )


class OwnScheduleForm(forms.Form):
    """How often one connector is tested by itself: as its kind, or otherwise."""

    every_hours = forms.TypedChoiceField(
        label="Test by itself", coerce=int, empty_value=None, required=False
    )

    def __init__(self, of_kind: str, data: Any = None, *, own: int | None = None) -> None:
        """`of_kind`: how often its kind is tested, in words; `own`: its own schedule."""
        super().__init__(data, initial={"every_hours": "" if own is None else own})
        field = self.fields["every_hours"]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = [("", f"As its kind: {of_kind.lower()}"), *TestEvery.choices]
