"""Form fields for a connector's Parameters: which widget, which check, which text Cyclr gets."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from cyclr_api import Parameter
from dashboard.common.email_field import EmailField
from dashboard.common.foreign import is_blank, storable
from dashboard.common.pasted import doubt_about, name_of, tidied
from dashboard.common.searching import squeeze

LONGEST_VALUE = 100_000
ANOTHER = "*"
"""The choice that uncovers a text field for a value that is not in the list."""

_LOOKS_SECRET = re.compile(
    r"secret|passw|passphrase|signature|credential|\bpem\b|^token$|"
    r"(private|api|access|signing|encryption|license|security|integrator).?key|"
    r"(access|api|auth|refresh|bearer|security|personal|consumer|session).?token",
    re.IGNORECASE,
)


def looks_secret(parameter: Parameter) -> bool:
    """Whether a value should not be shown again although Cyclr did not call it sensitive."""
    return parameter.is_sensitive or _sounds_secret(f"{parameter.name} {parameter.target_name}")


@lru_cache(maxsize=10_000)
def _sounds_secret(names: str) -> bool:
    return bool(_LOOKS_SECRET.search(names))


class Typed(str):
    """What was typed into a field that can ask back; `is_asked`: it did, about this field."""

    is_asked = False

    @classmethod
    def of(cls, text: str, *, is_asked: bool) -> Typed:
        """The text, with whether the person was asked."""
        typed = cls(text)
        typed.is_asked = is_asked
        return typed


class SecretInput(forms.PasswordInput):
    """A secret of one line; never drawn with a value, not even after an error.

    What is in doubt about it is asked once: `note_of` is drawn beside it then.
    """

    def __init__(self) -> None:
        super().__init__(render_value=False, attrs={"autocomplete": "new-password"})

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """What was typed, and whether the person was asked about it."""
        value = super().value_from_datadict(data, files, name)
        return Typed.of(value, is_asked=f"{name}-asked" in data) if value else value

    def note_of(self, name: str, value: Any) -> SafeString:
        """What tells the next time that the person was asked; empty if nothing was in doubt."""
        if not isinstance(value, Typed) or not doubt_about(tidied(value, is_password=True)):
            return SafeString("")
        return format_html('<input type="hidden" name="{}-asked" value="1">', name)


class SecretTextarea(forms.Textarea):
    """A secret of many lines (a password input would drop the line ends of a PEM key)."""

    is_secret = True

    def __init__(self) -> None:
        super().__init__(attrs={"rows": 4, "class": "secret", "autocomplete": "off"})

    def format_value(self, value: Any) -> str | None:
        """Never drawn with a value."""
        return None


class PemTextarea(forms.Textarea):
    """A certificate or a public key: many lines, and no secret."""

    def __init__(self) -> None:
        attrs = {"rows": 4, "spellcheck": "false", "autocapitalize": "off", "autocomplete": "off"}
        super().__init__(attrs=attrs)


class ForeignText(forms.CharField):
    """Text that goes to Cyclr as it was meant: see `dashboard.common.pasted`.

    `is_password`: it may begin or end with a space, which is asked about once.
    """

    def __init__(self, *, is_password: bool = False, **options: Any) -> None:
        super().__init__(**{"max_length": LONGEST_VALUE, "strip": False} | options)
        self.is_password = is_password

    def to_python(self, value: Any) -> str:
        """What is never meant is taken off."""
        return tidied(str(super().to_python(value) or ""), is_password=self.is_password)

    def clean(self, value: Any) -> str:
        """Also ask about what may be meant or not, where somebody can answer."""
        text: str = super().clean(value)
        doubt = doubt_about(text) if isinstance(value, Typed) and not value.is_asked else ""
        if doubt == " ":
            raise ValidationError(
                _(
                    "It begins or ends with a space. Type it again: without the space, or with "
                    "it if it belongs to it."
                )
            )
        if doubt:
            raise ValidationError(
                _(
                    "It contains a character that cannot be seen (%(name)s). Type it again "
                    "without it, or with it if it belongs to it."
                )
                % {"name": name_of(doubt)}
            )
        return text

    def validate(self, value: Any) -> None:
        """Blanks are nothing; what no database or JSON could hold is refused."""
        if self.required and is_blank(value):
            raise ValidationError(self.error_messages["required"], code="required")
        if storable(value) != value:
            raise ValidationError(_("This contains characters that cannot be sent."))


class UserName(ForeignText):
    """A user name for Basic authentication, which ends it at the first colon."""

    def validate(self, value: Any) -> None:
        """Also no colon: what follows would go for the password."""
        super().validate(value)
        if ":" in value:
            raise ValidationError(
                _("A user name has no colon. Enter the password in its own field.")
            )


class WholeNumber(ForeignText):
    """A whole number, sent as text; of any size."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            **{"widget": forms.TextInput(attrs={"inputmode": "numeric", "class": "short"})}
            | options
        )

    def clean(self, value: Any) -> str:
        """The number's plain digits."""
        text = super().clean(value).strip()
        if text and not re.fullmatch(r"[+-]?[0-9]{1,40}", text):
            raise ValidationError(_("Enter a whole number, such as 25."))
        return str(text.removeprefix("+"))


class Fraction(ForeignText):
    """A number with or without a decimal point, sent as text."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            **{"widget": forms.TextInput(attrs={"inputmode": "decimal", "class": "short"})}
            | options
        )

    def clean(self, value: Any) -> str:
        """The number as it was typed, if it is one."""
        text = super().clean(value).strip()
        if not text:
            return ""
        if re.fullmatch(r"[+-]?[0-9]+,[0-9]+", text):
            raise ValidationError(
                _("Write a point where “%(number)s” has a comma, and nothing between thousands."),
                params={"number": text[:40]},
            )
        try:
            number = Decimal(text)
        except InvalidOperation:
            number = Decimal("NaN")
        # What no double holds would be infinite in Cyclr.
        if not math.isfinite(float(number)) or not re.fullmatch(
            r"[+-]?[0-9.]+([eE][+-]?[0-9]{1,3})?", text
        ):
            raise ValidationError(_("Enter a number, such as 2.5."))
        return str(text)


class Moment(ForeignText):
    """A date and time, sent as ISO 8601 in UTC."""

    def __init__(self, **options: Any) -> None:
        hint = forms.TextInput(attrs={"placeholder": "2026-03-01T09:00:00Z"})
        super().__init__(**{"widget": hint} | options)

    def clean(self, value: Any) -> str:
        """ISO 8601; a time without a zone is taken as UTC."""
        text = super().clean(value).strip()
        if not text:
            return ""
        try:
            moment = datetime.fromisoformat(text)
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            raise ValidationError(
                _("Enter a date and time, such as 2026-03-01T09:00:00Z.")
            ) from None
        return f"{moment.replace(tzinfo=None).isoformat(timespec='seconds')}Z"


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
        fields = (forms.CharField(required=False, strip=False), ForeignText(required=False))
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


def is_typed_otherwise(parameter: Parameter) -> bool:
    """Whether its type says that it is no secret, whatever its name looks like."""
    kind = (parameter.data_type or "").casefold()
    return not parameter.is_sensitive and kind in {
        "integer",
        "float",
        "decimal",
        "boolean",
        "datetime",
    }


def field_for(parameter: Parameter) -> forms.Field:
    """Hidden typing for secrets, suggestions for values, else what the type asks."""
    common: dict[str, Any] = {
        "label": parameter.name or parameter.target_name or _("Unnamed setting"),
        "help_text": parameter.description or "",
        "required": not parameter.is_optional,
    }
    if parameter.default is not None and not looks_secret(parameter):
        is_flag = (parameter.data_type or "").casefold() == "boolean" and not parameter.values
        common["initial"] = parameter.default
        if is_flag:
            common["initial"] = listed_value(parameter.default, ("true", "false"))
    values = tuple(dict.fromkeys(parameter.values))
    is_secret = looks_secret(parameter) and not is_typed_otherwise(parameter)
    if values:
        return ChoiceOrAnother(values=values, is_sensitive=is_secret, **common)
    if is_secret:
        is_long = parameter.is_multiline or _is_pem(parameter)
        return ForeignText(
            widget=SecretTextarea() if is_long else SecretInput(),
            is_password=not is_long and is_password(f"{parameter.name} {parameter.target_name}"),
            **common,
        )
    match (parameter.data_type or "").casefold():
        case "integer":
            return WholeNumber(**common)
        case "float" | "decimal":
            return Fraction(**common)
        case "boolean":
            return Flag(**common)
        case "datetime":
            return Moment(**common)
        case _:
            if _is_pem(parameter):
                return ForeignText(widget=PemTextarea(), **common)
            if parameter.is_multiline:
                return ForeignText(widget=forms.Textarea(attrs={"rows": 3}), **common)
            return ForeignText(**common)


def field_among(parameter: Parameter, all_of_them: Sequence[Parameter]) -> forms.Field:
    """The same; of several with one label each says what Cyclr calls it."""
    field = field_for(parameter)
    if sum(other.name == parameter.name for other in all_of_them) > 1:
        hint = _("Sent as “%(name)s”.") % {"name": parameter.target_name}
        field.help_text = f"{field.help_text} {hint}".strip()
    return field


_MAY_BE_PEM = re.compile(
    r"\bpem\b|certificate|\bcerts?\b|\bcsr\b|\bca[ _-]?(bundle|chain|file)|"
    r"(private|public|ssh|rsa|ecdsa|ed25519|ssl|tls|host)[ _-]?key|known[ _-]?hosts"
)
_NO_PEM = re.compile(r"certificate[ _-]?(id|name|number|alias|thumbprint|serial)|fingerprint")
_PASSWORD = re.compile(r"passw|passphrase|pass[ _-]?code|\bpwd\b", re.IGNORECASE)


def _is_pem(parameter: Parameter) -> bool:
    """Whether a key or certificate in lines may be pasted; need not be called secret."""
    text = f"{parameter.name} {parameter.target_name}".casefold()
    return bool(_MAY_BE_PEM.search(text)) and not _NO_PEM.search(text)


def is_password(names: str) -> bool:
    """Whether a person may have chosen it, with spaces at its ends; not so a key or a token."""
    return bool(_PASSWORD.search(names))


def recipient_fields() -> dict[str, forms.Field]:
    """Whom a link that follows an install is for."""
    one_line = RegexValidator(r"\A[^\x00-\x1f]*\Z", "A name is one line of text.")
    return {
        "recipient_email": EmailField(label="Recipient email", required=False),
        "recipient_name": ForeignText(
            label="Recipient name",
            max_length=200,
            strip=True,
            required=False,
            validators=[one_line],
        ),
    }
