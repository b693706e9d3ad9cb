"""A console's own words in messages to customers: which messages there are, how they are filled.

Only the subject and the opening may be one's own; greeting, button, address, warning and footer
stay ours. Own words are plain text with `{placeholders}`: replaced once, never run as a template,
so that neither a text nor a name in it can be more than letters.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dashboard.common.untrusted_text import is_blank
from dashboard.consoles.models import Console
from dashboard.links.mail.written_email import EmailContent
from dashboard.links.models import EmailText

logger = logging.getLogger(__name__)

PLACEHOLDERS = {
    "customer": "the recipient’s name, or the account’s without one",
    "account": "the account’s name",
    "partner": "your name, as customers see it",
    "asked_by": "the colleague who asks, or your name without one",
    "connectors": "what is left to connect",
    "until": "when the link ends",
    "link": "the link’s address",
}
"""What may stand in braces, and what it becomes."""
NOT_IN_SUBJECTS = frozenset({"link"})
"""A subject is read by more people and machines than the message: no secret stands in it."""
_BRACES = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


class PlaceholderError(ValueError):
    """The text cannot be filled in; says why in words."""


@dataclass(frozen=True, slots=True)
class Texts:
    """A subject and an opening, as typed or filled in; of own ones each may be empty: ours."""

    subject: str = ""
    opening: str = ""


@dataclass(frozen=True, slots=True)
class CustomerMessage:
    """A message that customers get, as a package registers it.

    `ours` are our words in the active language, with placeholders; `sample` writes the message
    about a made-up link with these own words.
    """

    name: str
    label: str
    when: str
    placeholders: tuple[str, ...]
    ours: Callable[[], Texts]
    sample: Callable[[Any, Texts], EmailContent]


_messages: dict[str, CustomerMessage] = {}


def register(message: CustomerMessage) -> None:
    """Let the message have own words."""
    _messages[message.name] = message


def messages() -> list[CustomerMessage]:
    """All that customers get, in the order of their registration."""
    return list(_messages.values())


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with `{account}` and the like replaced, `{{` and `}}` being braces.

    What is put in is not looked at again. Raises `PlaceholderError`.
    """

    def replaced(found: re.Match[str]) -> str:
        whole, name = found.group(), found.group(1)
        if whole in {"{{", "}}"}:
            return whole[0]
        if name is None:
            raise PlaceholderError(_unpaired(whole))
        if name in values:
            return values[name]
        raise PlaceholderError(_unknown(name, values))

    return _BRACES.sub(replaced, text)


def check(text: str, allowed: Iterable[str]) -> None:
    """Raise `PlaceholderError` unless the text can be filled in with these placeholders."""
    fill(text, dict.fromkeys(allowed, ""))


def stored(console: Console, message: str, language: str) -> Texts:
    """The console's own words for the message in the language; empty ones where it has none."""
    rows = EmailText.objects.filter(console=console, message=message, language=language)
    row = rows.values_list("subject", "opening").first()
    return Texts(*row) if row else Texts()


def worded(own: Texts, ours: Texts, values: Mapping[str, str]) -> Texts:
    """The words of a message: own ones where they can be used, else ours; never an error."""
    in_subject = {name: value for name, value in values.items() if name not in NOT_IN_SUBJECTS}
    return Texts(
        subject=_usable(own.subject, in_subject) or ours.subject,
        opening=_usable(own.opening, values) or ours.opening,
    )


def paragraphs(text: str) -> list[str]:
    """The text's paragraphs: a blank line is between them."""
    return [part.strip() for part in re.split(r"\n[^\S\n]*\n", text) if part.strip()]


def _usable(text: str, values: Mapping[str, str]) -> str:
    try:
        made = fill(text, values)
    except PlaceholderError as error:
        logger.warning("own text of a message cannot be used, ours is: %s", error)
        return ""
    return "" if is_blank(made) else made


def _unpaired(brace: str) -> str:
    if brace == "{":
        return "A { is not closed by }. For the sign itself, write {{."
    return "A } has no { before it. For the sign itself, write }}."


def _unknown(name: str, known: Iterable[str]) -> str:
    if name in NOT_IN_SUBJECTS and name not in known:
        return f"{{{name}}} cannot be used here: whoever sees it could use the link."
    use = ", ".join(f"{{{one}}}" for one in known)
    shown = name if len(name) <= 30 else f"{name[:29]}…"
    return f"{{{shown}}} is no placeholder. Here are: {use}. For the sign itself, write {{{{."
