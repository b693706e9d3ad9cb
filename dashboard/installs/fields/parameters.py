"""The field for a Parameter: which widget, which check, which text Cyclr gets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cyclr_api import Parameter
from dashboard.installs.fields.choices import ChoiceOrAnother, Flag, listed_value
from dashboard.installs.fields.text import (
    Fraction,
    Moment,
    PemTextarea,
    SecretInput,
    SecretTextarea,
    UntrustedText,
    WholeNumber,
)
from dashboard.mirror.catalogue import looks_secret


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
        return UntrustedText(
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
                return UntrustedText(widget=PemTextarea(), **common)
            if parameter.is_multiline:
                return UntrustedText(widget=forms.Textarea(attrs={"rows": 3}), **common)
            return UntrustedText(**common)


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
