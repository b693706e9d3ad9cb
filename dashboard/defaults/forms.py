"""The form of a default connector: the install form, without what differs between accounts."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from dashboard.installs.fields import ChoiceOrAnother
from dashboard.installs.form import InstallForm
from dashboard.installs.naming import By, ways_of
from dashboard.mirror.models import CatalogueConnector

OURS = {"by_customer", "wants_link"}
"""Fields of an install for what an account's own people enter, or get."""


class DefaultForm(InstallForm):
    """What every new account's install of a connector has in common; no credentials, no secret.

    Nothing must be filled in: what is missing is set up in each account, as after an install.
    """

    takes_recipient = False

    def __init__(
        self, connector: CatalogueConnector, data: Any = None, *, method: str = ""
    ) -> None:
        ways = ways_of(connector)
        super().__init__(connector, None, data, method=method, ways=ways)
        for name in [one for one in self.fields if one in OURS or self.is_secret(one)]:
            del self.fields[name]
        for name, field in self.fields.items():
            if name.startswith("parameter-"):
                field.required = False
        self.fields["name"].label = "Name in each account"
        self.initial["installs_by"] = next(
            (way for way in (By.VERSION, By.NAME) if way in ways), By.ID
        )

    @property
    def left_to_accounts(self) -> list[str]:
        """The settings that are secret, so that each account's own people enter them."""
        return [
            one.name or one.target_name
            for place, one in enumerate(self.parameters)
            if f"parameter-{place}" not in self.fields
        ]

    @property
    def method_choice(self) -> forms.BoundField | None:
        """The choice among several authentication methods."""
        return self["method"] if "method" in self.fields else None

    def auth_value(self) -> str | None:
        """Each account is authenticated later."""
        return None

    def columns(self) -> dict[str, Any]:
        """The columns of a `DefaultConnector`."""
        values = self.cleaned_data
        return {
            "installs_by": values.get("installs_by") or By.ID,
            "release_id": self.connector.release_id,
            "connector_name": self.connector.name,
            "connector_version": self.connector.version,
            "name": values["name"],
            "description": values["description"],
            "method": self.method_key if len(self.methods) > 1 else "",
            "is_native": values["is_native"],
            "values": {
                self.parameters[place].target_name: value
                for place in range(len(self.parameters))
                if (value := values.get(f"parameter-{place}")) not in (None, "")
            },
        }

    def fill(self, columns: dict[str, Any]) -> list[str]:
        """Begin with what was kept; answers the settings that this release asks no longer."""
        names = ("name", "description", "is_native", "installs_by")
        self.initial.update({name: columns[name] for name in names if name in self.fields})
        kept = dict(columns["values"])
        for place, one in enumerate(self.parameters):
            if f"parameter-{place}" in self.fields and one.target_name in kept:
                self.initial[f"parameter-{place}"] = kept.pop(one.target_name)
        return sorted(kept)

    def take_kept(self) -> list[str]:
        """Have what it begins with as its entries, as if it were sent; answers what is wrong."""
        drawn = {name: self.initial.get(name) for name in self.fields}
        flags = {"description": drawn["description"] or "", "is_native": bool(drawn["is_native"])}
        self.cleaned_data = {**drawn, **flags}
        problems = []
        for name in [one for one in self.fields if one.startswith("parameter-")]:
            try:
                self.cleaned_data[name] = self._read(name)
            except ValidationError as error:
                self.cleaned_data[name] = ""
                problems.append(f"{self.fields[name].label}: {' '.join(error.messages)}")
        return problems

    def _read(self, name: str) -> Any:
        field, value = self.fields[name], self.initial.get(name) or ""
        if isinstance(field, ChoiceOrAnother):
            return field.read(value) if value else ""
        return field.clean(value)
