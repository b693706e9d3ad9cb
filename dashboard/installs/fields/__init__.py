"""Form fields for what a connector asks: text, choices, and which of them a Parameter gets."""

from dashboard.installs.fields.choices import ChoiceOrAnother, Flag, listed_value
from dashboard.installs.fields.parameters import field_among, field_for
from dashboard.installs.fields.recipient import recipient_fields
from dashboard.installs.fields.text import (
    LONGEST_VALUE,
    Fraction,
    Moment,
    PemTextarea,
    SecretInput,
    SecretTextarea,
    UntrustedText,
    UserName,
    WholeNumber,
)
from dashboard.mirror.catalogue import looks_secret

__all__ = [
    "LONGEST_VALUE",
    "ChoiceOrAnother",
    "Flag",
    "UntrustedText",
    "Fraction",
    "Moment",
    "PemTextarea",
    "SecretInput",
    "SecretTextarea",
    "UserName",
    "WholeNumber",
    "field_among",
    "field_for",
    "listed_value",
    "looks_secret",
    "recipient_fields",
]
