"""The sign-in form."""

from __future__ import annotations

from django import forms

from dashboard.common.email_field import EmailInput


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
