"""The form that makes an API token."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from dashboard.api.scopes import NEEDS, Scope
from dashboard.api.switches import API
from dashboard.common.untrusted_text import storable
from dashboard.consoles.models import Console
from dashboard.features import services as features
from dashboard.people.models import Role, User

LIFETIMES = [("7", "7 days"), ("30", "30 days"), ("90", "90 days"), ("365", "1 year")]
ALL = "all"


class TokenForm(forms.Form):
    """What a token is for, where, with which role, how long."""

    name = forms.CharField(
        label="Name",
        max_length=100,
        help_text="What will use it, such as “Ticket system”.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        label="What it may do",
        choices=Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one."},
    )
    role = forms.TypedChoiceField(label="Role", coerce=lambda value: Role(int(value)))
    console = forms.ChoiceField(label="Console")
    days = forms.ChoiceField(label="Expires in", choices=LIFETIMES, initial="90")

    def __init__(self, owner: User, data: Any = None) -> None:
        highest = owner.highest_role or Role.VIEWER
        super().__init__(data, initial={"role": str(Role.VIEWER.value)})
        self.owner = owner
        self.consoles = {
            str(console.pk): console
            for console in owner.consoles
            if not features.is_off(API, console.pk, owner.switched_off)
        }
        may_all = owner.roles.get(None) is not None
        everywhere = [(ALL, "All consoles")] if may_all or not self.consoles else []
        self._choices("role", [(str(r.value), r.label) for r in Role if r <= highest])
        self.fields["scopes"].choice_help = {  # type: ignore[attr-defined]
            str(scope): f"Needs the role {NEEDS[scope].label}."
            for scope in Scope
            if NEEDS[scope] > Role.VIEWER
        }
        self._choices("console", everywhere + [(pk, one.name) for pk, one in self.consoles.items()])

    def _choices(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def clean_name(self) -> str:
        """A name that can be read, and kept."""
        name = str(storable(self.cleaned_data["name"]))
        if not any(letter.isprintable() and not letter.isspace() for letter in name):
            raise ValidationError("Enter a name that can be read.")
        return name

    def clean(self) -> dict[str, Any]:
        """The role is one that its owner holds there, and enough for what it is to do."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        role, asked = values.get("role"), values.get("console")
        if role is None or asked is None:
            return values
        held = self.owner.role_in(self.consoles.get(asked))
        if held is None or role > held:
            most = f"{held.label} at most" if held else "no role"
            self.add_error("role", f"There you hold {most}.")
        short = [scope for scope in values.get("scopes", []) if NEEDS[Scope(scope)] > role]
        if short:
            need, what = NEEDS[Scope(short[0])].label, Scope(short[0]).label
            self.add_error("role", f"“{what}” needs the role {need}.")
        return values

    def values(self) -> dict[str, Any]:
        """What `tokens.make` takes."""
        values = self.cleaned_data
        console: Console | None = self.consoles.get(values["console"])
        return {
            "name": values["name"],
            "scopes": [Scope(scope) for scope in values["scopes"]],
            "role": values["role"],
            "console": console,
            "lives_for": timedelta(days=int(values["days"])),
        }
