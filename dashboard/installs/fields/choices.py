"""Fields for one of several values, however it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from dashboard.common.searching import squeeze
from dashboard.installs.fields.text import SecretInput, UntrustedText

ANOTHER = "*"
"""The choice that uncovers a text field for a value that is not in the list."""


class ChoiceOrAnotherWidget(forms.MultiWidget):
    """A select that ends with "Another value", and the text field that it uncovers."""

    def __init__(
        self,
        values: tuple[str, ...],
        *,
        is_required: bool,
        is_sensitive: bool,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        """`labels`: the names under which values are shown, where they have any."""
        self.values = values
        named = labels or {}
        choices: list[tuple[str, Any]] = [("", _("Choose…") if is_required else _("Not set"))]
        choices += [
            (value, named.get(value) or value) for value in values if value not in {"", ANOTHER}
        ]
        choices.append((ANOTHER, _("Another value")))
        other = SecretInput() if is_sensitive else forms.TextInput()
        super().__init__({"": forms.Select(choices=choices), "other": other})

    def decompress(self, value: Any) -> list[str]:
        """Which choice a value is, and the text if it is none of them."""
        if value in {None, ""}:
            return ["", ""]
        return [value, ""] if value in self.values and value != ANOTHER else [ANOTHER, value]


class ChoiceOrAnother(forms.MultiValueField):
    """One of Cyclr's Values, or another value typed in."""

    def __init__(
        self,
        *,
        values: tuple[str, ...],
        is_sensitive: bool = False,
        labels: Mapping[str, str] | None = None,
        **options: Any,
    ) -> None:
        widget = ChoiceOrAnotherWidget(
            values,
            is_required=options.get("required", True),
            is_sensitive=is_sensitive,
            labels=labels,
        )
        # Its text field is drawn without a note that it asked, so it does not ask.
        fields = (forms.CharField(required=False, strip=False), UntrustedText(required=False))
        super().__init__(fields, widget=widget, require_all_fields=False, **options)

        self.values = tuple(value for value in values if value not in {"", ANOTHER})
        self.labels = dict(labels or {})

    def compress(self, data_list: list[str]) -> str:
        """The chosen value, or the typed one; typed otherwise than listed it is the listed one."""
        chosen, other = (data_list + ["", ""])[:2]
        if chosen != ANOTHER:
            return chosen or ""
        if not other.strip():
            raise ValidationError(_("Type the other value, or choose one from the list."))
        return listed_value(other, self.values, self.labels) or other

    def read(self, text: str) -> str:
        """What a cell of a table says: a value of the list in its own words, or another one."""
        return str(self.clean([ANOTHER, text.strip()]))

    def has(self, value: str) -> bool:
        """Whether a value is one of the list."""
        return value in self.values


TRUE_WORDS = frozenset({"true", "wahr", "vrai", "verdadero", "yes", "ja", "oui", "si", "y", "1"})

FALSE_WORDS = frozenset({"false", "falsch", "faux", "falso", "no", "nein", "non", "n", "0"})
"""As people and spreadsheets write them in the languages of the customers' pages."""


def listed_value(text: str, values: Sequence[str], labels: Mapping[str, str] | None = None) -> str:
    """The value of a list that a text means, or empty: as it stands, in another case, by its name.

    A word for yes or no means the only one of the list that says the same.
    """
    typed, key = text.strip(), squeeze(text)
    named = labels or {}
    for found in (
        [value for value in values if value in {text, typed}],
        [value for value in values if value.strip().casefold() == typed.casefold()],
        [value for value in values if key and squeeze(value) == key],
        [value for value in values if key and squeeze(named.get(value, "")) == key],
        *(
            [value for value in values if squeeze(value) in words]
            for words in (TRUE_WORDS, FALSE_WORDS)
            if key in words and _is_yes_or_no(values)
        ),
    ):
        if len(found) == 1:
            return found[0]
    return ""


def _is_yes_or_no(values: Sequence[str]) -> bool:
    squeezed = {squeeze(value) for value in values}
    return bool(squeezed & TRUE_WORDS) and bool(squeezed & FALSE_WORDS)


class Flag(forms.ChoiceField):
    """Yes or no, sent as `true` or `false`; also as a spreadsheet or a person writes it."""

    def __init__(self, **options: Any) -> None:
        blank = _("Choose…") if options.get("required", True) else _("Not set")
        super().__init__(choices=[("", blank), *YES_OR_NO], **options)

    def to_python(self, value: Any) -> str:
        """`true` or `false`; what is neither is left for `validate` to refuse."""
        text = super().to_python(value)
        return listed_value(text, ("true", "false")) or text

    def validate(self, value: Any) -> None:
        """Say what is possible."""
        if value and value not in {"true", "false"}:
            raise ValidationError(_("Choose Yes or No, or write true or false."))
        super().validate(value)


YES_OR_NO = [("true", _("Yes")), ("false", _("No"))]
