"""Passwords that are long and yet guessed at once. The list of common ones is Django's, offline."""

from __future__ import annotations

import re
from typing import Any

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError

from dashboard.common.searching import nfkc_casefold

LONGEST = 1000
FEWEST_LETTERS = 5
LEFT_AT_LEAST = 8
ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "0123456789",
    "1234567890",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
)
OURS = ("cyclr", "desk")


class GuessableValidator:
    """Refuses repetitions, rows of the keyboard, dressed-up common words, and one's own name."""

    def __init__(self) -> None:
        self.common: set[str] = CommonPasswordValidator().passwords

    def validate(self, password: str, user: Any = None) -> None:
        """Raise `ValidationError` with what to do instead."""
        if len(password) > LONGEST:
            raise ValidationError(f"It has {LONGEST} characters at most.")
        text = nfkc_casefold(password).strip()
        if len(set(text)) < FEWEST_LETTERS:
            raise ValidationError("It needs more different characters.")
        if _is_repetition(text):
            raise ValidationError("It repeats itself. Use words that do not.")
        if _is_row(text):
            raise ValidationError("It is a row of the alphabet or keyboard. Use several words.")
        if self._is_common(text):
            raise ValidationError("It is a common password with something added.")
        if user is not None and len(_without_own(text, user)) < LEFT_AT_LEAST:
            raise ValidationError("It is mostly your name or e-mail address.")

    def get_help_text(self) -> str:
        """What forms say."""
        return "Several words that do not belong together are good."

    def _is_common(self, text: str) -> bool:
        core = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", text)
        return core in self.common and len(text) - len(core) < LEFT_AT_LEAST


def _is_repetition(text: str) -> bool:
    """Whether it is one short piece again and again, the last time cut off perhaps."""
    return any(
        (text[:size] * (len(text) // size + 1))[: len(text)] == text
        for size in range(1, len(text) // 2 + 1)
    )


def _is_row(text: str) -> bool:
    return any(text in both or text in both[::-1] for both in (row * 2 for row in ROWS))


def _without_own(text: str, user: Any) -> str:
    """The text without the person's name, address and their parts, and without our name."""
    email = nfkc_casefold(user.email)
    parts = {email, *re.split(r"[\W_]+", f"{email} {nfkc_casefold(user.name)}"), *OURS}
    for part in sorted(parts, key=len, reverse=True):
        if len(part) > 2:
            text = text.replace(part, "")
    return text
