"""Settings of an installed connector: blank keeps, *Clear* clears, and one more can be added."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from cyclr_api import Parameter
from dashboard.common.pasted import is_mask
from dashboard.common.untrusted_text import display_line, storable
from dashboard.installs.fields import (
    ChoiceOrAnother,
    SecretInput,
    UntrustedText,
    field_among,
    looks_secret,
)
from dashboard.mirror.keys import key_of
from dashboard.mirror.models import AccountConnector
from dashboard.operations.forms import JSON, ChangeForm

LONGEST_NAME = 200
LONGEST_SHOWN = 120
"""Letters of a value that are shown beside its field."""
NOT_BOTH = "Enter a value or tick Clear, not both."
IS_MASK = (
    "This is what stands in place of a value, not a value. Enter the value itself, or leave this "
    "empty to keep it."
)
HAS_VALUE, NO_VALUE = "It has a value.", "It has no value yet."
NOTHING = "Nothing was entered, so there is nothing to save."


def other_parameters(connector: AccountConnector, asked: Sequence[Parameter]) -> list[Parameter]:
    """Properties that the connector has and its library entry does not know: maybe secret."""
    known = {parameter.target_name for parameter in asked}
    return [
        Parameter(id=0, name=name, target_name=name, is_optional=True, is_sensitive=True)
        for name in map(str, connector.filled)
        if name not in known
    ]


def let_keep(field: forms.Field, now: str) -> bool:
    """Have a choice begin with what keeps things as they are; False if it is none.

    `now`: what it has, in words; empty if it has no value.
    """
    first = field.widget.widgets[0] if isinstance(field, ChoiceOrAnother) else field.widget
    if not isinstance(first, forms.Select):
        return False
    kept = f"Keep it. {now}" if now else "Leave it without a value"
    first.choices = [("", kept), *list(first.choices)[1:]]
    return True


class PropertiesForm(ChangeForm):
    """A field for each property, named by a digest of what Cyclr calls it and whether it is secret.

    So what was typed for a secret never turns up in a field that shows it.
    """

    def __init__(
        self, connector: AccountConnector, parameters: Sequence[Parameter], data: Any = None
    ) -> None:
        self.connector = connector
        self.filled = frozenset(map(str, connector.filled))
        told = [f"{one.target_name}:{looks_secret(one)}" for one in parameters]
        super().__init__(data, seen=key_of(*told))
        self.parameters: dict[str, Parameter] = {}
        self.unknown: set[str] = set()
        """Names of fields for what the library does not know."""
        for parameter in parameters:
            self._add(parameter, parameters)

    def _add(self, parameter: Parameter, every: Sequence[Parameter]) -> None:
        told = f"{parameter.target_name}\0{looks_secret(parameter)}"
        name = f"setting-{hashlib.sha256(told.encode('utf-8', 'replace')).hexdigest()[:12]}"
        if name in self.fields:
            return  # two settings that go by one name are one property
        field = field_among(parameter, every)
        field.required, field.initial = False, None
        field.is_alternative = True  # type: ignore[attr-defined]
        is_filled = parameter.target_name in self.filled
        now = self._now(parameter, is_filled=is_filled)
        if not let_keep(field, now if is_filled else ""):
            field.help_text = f"{field.help_text} {now}".strip()
        self.parameters[name] = parameter
        self.fields[name] = field
        if is_filled:
            self._add_clear(name, parameter.name or parameter.target_name)

    def _now(self, parameter: Parameter, *, is_filled: bool) -> str:
        """What it has now, in words: its value, where that is no secret."""
        if not is_filled:
            return NO_VALUE
        value = self.connector.setting_values.get(parameter.target_name)
        if not value or looks_secret(parameter):
            return HAS_VALUE
        return f"Now “{display_line(value)[:LONGEST_SHOWN]}”."

    def _add_clear(self, name: str, label: str) -> None:
        self.fields[f"{name}-clear"] = forms.BooleanField(label=f"Clear {label}", required=False)

    # ---- as it is drawn ----

    def pair(self, name: str) -> tuple[forms.BoundField, forms.BoundField | None]:
        """A field and what clears it, if that can be."""
        clear = f"{name}-clear"
        return self[name], self[clear] if clear in self.fields else None

    @property
    def known(self) -> list[tuple[forms.BoundField, forms.BoundField | None]]:
        """The settings that the library knows."""
        return [self.pair(name) for name in self.parameters if name not in self.unknown]

    @property
    def others(self) -> list[tuple[forms.BoundField, forms.BoundField | None]]:
        """Properties that only this connector has."""
        return [self.pair(name) for name in self.parameters if name in self.unknown]

    # ---- cleaning ----

    def clean(self) -> JSON:
        """A value or *Clear*, no mask, and something to save."""
        super().clean()
        for name in list(self.fields):
            if self._clears(name) and self.cleaned_data.get(name):
                self.add_error(name, NOT_BOTH)
            elif self.may_be_secret(name) and is_mask(str(self.cleaned_data.get(name) or "")):
                self.add_error(name, IS_MASK)
        if not self.errors and self.is_empty():
            raise ValidationError(NOTHING)
        return self.cleaned_data

    def _clears(self, name: str) -> bool:
        return bool(self.cleaned_data.get(f"{name}-clear"))

    def may_be_secret(self, name: str) -> bool:
        """Whether a field takes what is not shown again."""
        parameter = self.parameters.get(name)
        return parameter is not None and looks_secret(parameter)

    def is_empty(self) -> bool:
        """Whether nothing was entered."""
        return not self.properties() and not self.removed()

    # ---- what comes of it ----

    def properties(self) -> list[JSON]:
        """The properties that get a value."""
        return [
            {"Name": one.target_name, "Value": str(value)}
            for name, one in self.parameters.items()
            if (value := self.cleaned_data.get(name)) not in (None, "")
        ]

    def removed(self) -> list[str]:
        """The properties that go."""
        return [one.target_name for name, one in self.parameters.items() if self._clears(name)]

    def values(self) -> JSON:
        """What is to be set and removed."""
        return {"properties": self.properties(), "removed": self.removed()}

    def entries(self) -> list[list[str]]:
        """Label by label; of secrets only that they were entered."""
        shown: list[list[str]] = []
        for name, one in self.parameters.items():
            label, value = one.name or one.target_name, self.cleaned_data.get(name)
            if self._clears(name):
                shown.append([label, "cleared"])
            elif value not in (None, ""):
                shown.append([label, "set" if self.may_be_secret(name) else str(value)])
        listed: list[list[str]] = storable(shown)
        return listed

    def kept(self) -> JSON:
        """What is no secret, by the names of the fields."""
        found: JSON = storable(
            {
                name: value
                for name in self.parameters
                if (value := self.cleaned_data.get(name)) and not self.may_be_secret(name)
            }
        )
        return found

    def field_about(self, about: str) -> str:
        """The field of a property."""
        target = about.removeprefix("property:")
        named = (name for name, one in self.parameters.items() if one.target_name == target)
        return next(named, super().field_about(about))


class SettingsForm(PropertiesForm):
    """The settings of the library's entry, what else the connector has, and one more."""

    def __init__(
        self, connector: AccountConnector, asked: Sequence[Parameter], data: Any = None
    ) -> None:
        others = other_parameters(connector, asked)
        super().__init__(connector, [*asked, *others], data)
        targets = {one.target_name for one in others}
        self.unknown = {name for name, one in self.parameters.items() if one.target_name in targets}
        self.fields["new-name"] = UntrustedText(
            label="Property name", max_length=LONGEST_NAME, strip=True, required=False
        )
        self.fields["new-value"] = UntrustedText(
            label="Value",
            help_text="Sent to Cyclr and never shown again.",
            widget=SecretInput(),
            required=False,
        )
        for bound in self.new:
            bound.field.is_alternative = True  # type: ignore[attr-defined]

    @property
    def new(self) -> list[forms.BoundField]:
        """What adds a property."""
        return [self["new-name"], self["new-value"]]

    @property
    def opens_new(self) -> bool:
        """Whether the fold is open: something in it was entered or is wrong."""
        return any(bound.errors or (self.is_bound and bound.data) for bound in self.new)

    def may_be_secret(self, name: str) -> bool:
        """Nobody knows what an added one holds."""
        return name == "new-value" or super().may_be_secret(name)

    def clean(self) -> JSON:
        """A property has both a name and a value, and is not there yet."""
        self._check_new()
        return super().clean()

    def _check_new(self) -> None:
        name, value = self.cleaned_data.get("new-name"), self.cleaned_data.get("new-value")
        if value and not name and "new-name" not in self.errors:
            self.add_error("new-name", "Enter a name for the value.")
        if name and not value and "new-value" not in self.errors:
            self.add_error("new-value", "Enter a value for the property.")
        if name in {one.target_name for one in self.parameters.values()}:
            self.add_error("new-name", "It is there already: change it above.")

    def properties(self) -> list[JSON]:
        """With the one that is added."""
        name = self.cleaned_data.get("new-name")
        added = [{"Name": name, "Value": self.cleaned_data["new-value"]}] if name else []
        return [*super().properties(), *added]

    def entries(self) -> list[list[str]]:
        """With the one that is added."""
        name = self.cleaned_data.get("new-name")
        return [*super().entries(), *([[str(storable(name)), "added"]] if name else [])]
