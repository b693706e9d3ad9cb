"""Giving somebody access to an account, and taking it away."""

from __future__ import annotations

from typing import Any

from django import forms

from dashboard.common.confirming import ConfirmField, confirming_word
from dashboard.common.text_fields import UntrustedText
from dashboard.mirror.keys import key_of
from dashboard.operations.forms import JSON, ChangeForm

LONGEST_USERNAME = 200
LONGEST_PASSWORD = 200


class AddUserForm(ChangeForm):
    """A user's name and password."""

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        off = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}
        self.fields["username"] = UntrustedText(
            label="User name",
            max_length=LONGEST_USERNAME,
            widget=forms.TextInput(attrs=off),
            help_text="Mostly an e-mail address. A name that is new to Cyclr becomes a user.",
        )
        self.fields["password"] = UntrustedText(
            label="Password",
            max_length=LONGEST_PASSWORD,
            is_password=True,
            widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
            help_text="Sent to Cyclr once and never shown again. If the user is there already, "
            "Cyclr does not say whether their password changes.",
        )

    def values(self) -> JSON:
        """The worker's input."""
        return {name: self.cleaned_data[name] for name in ("username", "password")}

    def entries(self) -> list[list[str]]:
        """The name."""
        return [["User name", self.cleaned_data["username"]], ["Password", "set"]]

    def kept(self) -> JSON:
        """The name."""
        return {"username": self.cleaned_data["username"]}


class RemoveUserForm(ChangeForm):
    """The user's name is typed."""

    def __init__(self, username: str, data: Any = None) -> None:
        self.username = username
        super().__init__(data, seen=key_of(username))
        word = confirming_word(username, "remove")
        self.fields["confirm"] = ConfirmField(word, "take the access away")

    def values(self) -> JSON:
        """The worker's input."""
        return {"username": self.username}

    def entries(self) -> list[list[str]]:
        """The name."""
        return [["User name", self.username]]
