"""Whom a link that follows an install is for."""

from __future__ import annotations

from django import forms
from django.core.validators import RegexValidator

from dashboard.common.email_field import EmailField
from dashboard.installs.fields.text import UntrustedText


def recipient_fields() -> dict[str, forms.Field]:
    """Whom a link that follows an install is for."""
    one_line = RegexValidator(r"\A[^\x00-\x1f]*\Z", "A name is one line of text.")
    return {
        "recipient_email": EmailField(label="Recipient email", required=False),
        "recipient_name": UntrustedText(
            label="Recipient name",
            max_length=200,
            strip=True,
            required=False,
            validators=[one_line],
        ),
    }
