"""The forms of the team's pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from dashboard.common.email_field import EmailField
from dashboard.common.untrusted_text import storable
from dashboard.consoles.models import Console
from dashboard.environment.email_address import LONGEST
from dashboard.people.models import Role

EVERYWHERE, NO_ROLE = "all", "none"
ROLE_HELP = {
    Role.VIEWER: "sees everything except secrets and answers of methods",
    Role.AGENT: "also installs, edits, sends links, tests",
    Role.LEAD: "also accounts, bulk runs, deleting, exports",
    Role.ADMIN: "also consoles, people, settings",
}
ROLE_CHOICES = [(str(role.value), f"{role.label}: {ROLE_HELP[role]}") for role in Role]


def place_choices(places: list[Console | None]) -> list[tuple[str, str]]:
    """Consoles to choose from."""
    return [(str(one.pk), one.name) if one else (EVERYWHERE, "All consoles") for one in places]


class NameField(forms.CharField):
    """What colleagues read."""

    def __init__(self, **options: Any) -> None:
        usual: dict[str, Any] = {
            "label": "Name",
            "max_length": 200,
            "widget": forms.TextInput(attrs={"autocomplete": "name"}),
        }
        super().__init__(**usual | options)

    def clean(self, value: Any) -> str:
        """One line that can be stored."""
        return " ".join(str(storable(super().clean(value))).split())


class PlaceForm(forms.Form):
    """A form that says which console is meant, of those in which the person may decide."""

    console = forms.ChoiceField(label="Where")

    def __init__(self, places: list[Console | None], data: Any = None, **options: Any) -> None:
        super().__init__(data, **options)
        self._places = {str(one.pk) if one else EVERYWHERE: one for one in places}
        field = self.fields["console"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = place_choices(places)

    def place(self) -> Console | None:
        """The console that was chosen; `None` is all of them."""
        return self._places[self.cleaned_data["console"]]


class InviteForm(PlaceForm):
    """Whom to invite, and as what."""

    email = EmailField(label="Email", max_length=LONGEST)
    role = forms.TypedChoiceField(
        label="Role",
        choices=ROLE_CHOICES,
        coerce=lambda value: Role(int(value)),
        widget=forms.RadioSelect,
        initial=str(Role.AGENT.value),
    )
    field_order = ("email", "role", "console")


class RoleForm(PlaceForm):
    """One role of a person; `was` is what the page showed."""

    role = forms.ChoiceField(
        label="Role", choices=[*((str(one.value), one.label) for one in Role), (NO_ROLE, "No role")]
    )
    was = forms.ChoiceField(
        choices=[*((str(one.value), "") for one in Role), (NO_ROLE, "")],
        widget=forms.HiddenInput,
    )

    def role_of(self, name: str) -> Role | None:
        """The role in this field, `None` for none."""
        value = self.cleaned_data[name]
        return None if value == NO_ROLE else Role(int(value))


class AcceptForm(forms.Form):
    """Becoming a colleague: a name, and a password twice."""

    name = NameField()
    password = forms.CharField(
        label="Password",
        max_length=4096,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Twelve characters at least. A few words that do not belong together are best.",
    )
    again = forms.CharField(
        label="Password again",
        max_length=4096,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_again(self) -> str:
        """Both must be the same."""
        again = str(self.cleaned_data["again"])
        if self.cleaned_data.get("password") not in (None, again):
            raise ValidationError("The two passwords differ.")
        return again


class ProfileForm(forms.Form):
    """What a person says of themselves."""

    name = NameField()
