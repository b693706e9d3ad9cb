"""The form that says how customers see the partner."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import URLValidator

from dashboard.common.email_field import EmailField
from dashboard.common.pictures import Picture, PictureError, check_length, picture_from
from dashboard.common.untrusted_text import storable
from dashboard.consoles.colours import as_hex
from dashboard.consoles.models import Branding

ADDRESS = "Enter an address that begins with https://."
FIELDS = ("partner_name", "support_email", "language", "colour", "privacy_url", "imprint_url")


class HttpsField(forms.CharField):
    """An address of a page of theirs; only https, and nobody's password in it."""

    def __init__(self, **options: Any) -> None:
        widget = forms.URLInput(attrs={"placeholder": "https://"})
        super().__init__(max_length=500, required=False, widget=widget, **options)
        self.validators.append(URLValidator(schemes=["https"], message=ADDRESS))

    def validate(self, value: Any) -> None:
        """Also nothing that reads like another host."""
        super().validate(value)
        try:
            parts = urlsplit(value)
            if value and (parts.username is not None or not parts.hostname):
                raise ValidationError(ADDRESS)
        except ValueError:
            raise ValidationError(ADDRESS) from None


class BrandForm(forms.Form):
    """Name, logo, colour, whom to ask, legal pages; what is left empty falls back."""

    version = forms.CharField(widget=forms.HiddenInput, required=False)
    partner_name = forms.CharField(label="Name", required=False, max_length=200)
    support_email = EmailField(
        label="Support email",
        required=False,
        help_text="Whom customers may write to. They see it on the pages and in messages.",
    )
    language = forms.ChoiceField(
        label="Language",
        required=False,
        choices=[("", "English"), *(pair for pair in settings.LANGUAGES if pair[0] != "en")],
        help_text="For customers whose link and browser do not ask for one of ours.",
    )
    colour = forms.CharField(
        label="Colour",
        required=False,
        max_length=20,
        widget=forms.TextInput(attrs={"class": "short", "spellcheck": "false"}),
        help_text="For buttons and links, such as #0f6b5c. It is adjusted if it would be "
        "hard to read.",
    )
    logo = forms.FileField(
        label="Logo",
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
        help_text="PNG, JPEG or WebP, 256 KB and 1,024 × 1,024 pixels at most.",
    )
    has_no_logo = forms.BooleanField(label="Remove the logo", required=False)
    privacy_url = HttpsField(label="Privacy page")
    imprint_url = HttpsField(label="Legal notice")

    def __init__(self, row: Branding, data: Any = None, files: Any = None) -> None:
        self.row = row
        initial: dict[str, Any] = {name: getattr(row, name) for name in FIELDS}
        super().__init__(data, files, initial=initial)
        name = self.fields["partner_name"]
        name.help_text = f"Who asks customers. Empty: {row.console.asks_as}."
        if not row.logo_digest:
            del self.fields["has_no_logo"]

    @property
    def version_now(self) -> str:
        """A digest of what is stored, to tell whether somebody else changed it meanwhile."""
        stored = [str(getattr(self.row, name)) for name in (*FIELDS, "logo_digest")]
        return hashlib.sha256("\0".join(stored).encode("utf-8", "replace")).hexdigest()[:16]

    def clean_partner_name(self) -> str:
        """One line: it stands in the headers of messages."""
        name: str = self.cleaned_data["partner_name"]
        if any(ord(letter) < 32 or ord(letter) == 127 for letter in name):
            raise ValidationError("A name is one line of text.")
        return str(storable(name))

    def clean_colour(self) -> str:
        """`#rrggbb` in small letters."""
        typed: str = self.cleaned_data["colour"]
        colour = as_hex(typed)
        if typed and not colour:
            raise ValidationError("Enter a colour as # and six digits or letters, like #0f6b5c.")
        return colour

    def clean_logo(self) -> Picture | None:
        """The uploaded picture, looked at; `None` if there is none."""
        upload = self.cleaned_data["logo"]
        if not isinstance(upload, UploadedFile):
            return None
        try:
            check_length(upload.size or 0)
            return picture_from(upload.read())
        except PictureError as error:
            raise ValidationError(str(error)) from None

    def clean(self) -> dict[str, Any]:
        """Nobody's changes are written over unseen; no picture is lost without a word."""
        values = super().clean() or self.cleaned_data
        is_stale = values.get("version") != self.version_now
        if values.get("logo") and (self.errors or is_stale):
            self.add_error("logo", "Choose the picture again: it was not kept.")
        if is_stale:
            raise ValidationError(
                "Somebody else changed this in the meantime. Your entries are below: save "
                "again to replace theirs.",
                code="stale",
            )
        return values

    def shown(self) -> Branding:
        """The branding as it would be, for the preview: what is wrong stays as it is stored."""
        self.is_valid()
        values = {name: getattr(self.row, name) for name in FIELDS}
        values |= {name: self.cleaned_data[name] for name in FIELDS if name in self.cleaned_data}
        has_logo = self.row.logo_digest and not self.cleaned_data.get("has_no_logo")
        logo_digest = self.row.logo_digest if has_logo else ""
        return Branding(console=self.row.console, logo_digest=logo_digest, **values)
