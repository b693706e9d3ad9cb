"""The forms of signing in and of passwords."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from dashboard.common.email_field import EmailInput
from dashboard.people.models import User
from dashboard.people.password_rules import LONGEST
from dashboard.sign_in import attempts


class SignInForm(forms.Form):
    """E-mail and password; every failure reads the same, so nothing here says what was wrong."""

    email = forms.CharField(
        label="Email",
        max_length=1000,
        widget=EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    password = forms.CharField(
        label="Password",
        max_length=4096,
        strip=False,  # a space may be part of it
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class ForgottenForm(forms.Form):
    """Whose password is forgotten."""

    email = forms.CharField(
        label="Email",
        max_length=1000,
        widget=EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )


class NewPasswordForm(forms.Form):
    """A new password, twice."""

    new = forms.CharField(
        label="New password",
        max_length=LONGEST,
        strip=False,
        help_text="At least 12 characters. Several words that do not belong together are good.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label="New password again",
        max_length=LONGEST,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, user: User, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.user = user

    def clean_new(self) -> str:
        """Refuse what is guessed at once."""
        password: str = self.cleaned_data["new"]
        validate_password(password, self.user)
        return password

    def clean(self) -> dict[str, Any]:
        """Both must be the same."""
        typed = self.cleaned_data
        if "new" in typed and "again" in typed and typed["new"] != typed["again"]:
            self.add_error("again", "It differs from the first one.")
        return typed


class ChangePasswordForm(NewPasswordForm):
    """One's own: the present one too."""

    current = forms.CharField(
        label="Present password",
        max_length=4096,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )
    field_order = ("current", "new", "again")

    def clean_current(self) -> str:
        """Somebody at an open desk does not know it."""
        password: str = self.cleaned_data["current"]
        if not attempts.is_own_password(self.user, password):
            raise ValidationError("This is not your password.")
        return password
