"""What spreadsheets do to texts that look like numbers, dates or words of theirs.

They drop leading zeros and digits after the fifteenth, write long numbers as `1.23457E+19`, and
make dates of what looks like one: when a file is opened already, before anybody has typed.
"""

from __future__ import annotations

import re
from decimal import Decimal, localcontext

from dashboard.common.spreadsheet import safe_cell

_MONTH = (
    r"(jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec|mär|mrz|mai|okt|dez|"
    r"janv|févr|avr|juin|juil|août|déc|ene|abr|ago|dic)[a-zä-ûé]{0,7}\.?"
)
_DATE = re.compile(rf"\d{{1,4}}[ .\-/]*{_MONTH}|{_MONTH}[ .\-/]*\d{{1,4}}", re.IGNORECASE)
_EXPONENT = re.compile(r"[+-]?\d(?:[.,]\d+)?E[+-]\d{1,3}", re.IGNORECASE)
_LONG = re.compile(r"\d{16,}")
_SIGNS = re.compile(r"[\d\s.,:/%€$£+\-eE()]*\d[\d\s.,:/%€$£+\-eE()]*")
_SAFE_NUMBER = re.compile(r"0|[1-9]\d{0,9}")
_FAULT = re.compile(
    r"#+|#(n/a|ref!|name\?|value!|div/0!|num!|null!|wert!|bezug!|nv|zahl!|valeur!|nom\?|"
    r"¡valor!|¿nombre\?|n/d)|err:\d{3}",
    re.IGNORECASE,
)
_WORDS = {"true", "false", "wahr", "falsch", "vrai", "faux", "verdadero", "falso"}
DIGITS_KEPT = 15


def damage_of(text: str) -> str:
    """What a spreadsheet seems to have done to the text, in words; empty for nothing."""
    bare = text.strip()
    if _EXPONENT.fullmatch(bare):
        return "looks like a number that a spreadsheet has shortened: digits are lost"
    if (
        _LONG.fullmatch(bare)
        and bare[:DIGITS_KEPT].strip("0")
        and not bare[DIGITS_KEPT:].strip("0")
    ):
        return "looks like a long number of which a spreadsheet kept 15 digits: the rest are zeros"
    if len(bare) > 1 and _FAULT.fullmatch(bare):
        return "looks like what a spreadsheet shows in place of a value"
    if _DATE.fullmatch(bare):
        return "looks like a date that a spreadsheet made of something else"
    return ""


def may_become(text: str, written: str) -> bool:
    """Whether a spreadsheet may have written `written` where `text` stood."""
    if text == written or not (text.isascii() and text.isdigit()):
        return False
    if re.fullmatch(r"\d+[.,]0+", written):
        written = re.split("[.,]", written)[0]
    if written.isascii() and written.isdigit() and written == text.lstrip("0"):
        return True
    if not (_EXPONENT.fullmatch(written) or _LONG.fullmatch(written)) or len(text) > 100:
        return False
    number = Decimal(written.replace(",", "."))
    digits = re.sub(r"\D", "", re.split("[eE]", written)[0])
    kept = DIGITS_KEPT if written.isdigit() else len(digits)
    # Most are ruled out by how they begin, which is quicker to see.
    if number.adjusted() + 1 - len(text) not in {0, 1} or not text.startswith(
        digits[: max(0, min(4, kept - 2))]
    ):
        return False
    with localcontext() as context:
        context.prec = kept
        rounded = +Decimal(text)
        context.rounding = "ROUND_DOWN"
        return number in {rounded, +Decimal(text)}


def is_at_risk(text: str) -> bool:
    """Whether a spreadsheet would change the text as soon as it opens the file."""
    bare = text.strip()
    if _SAFE_NUMBER.fullmatch(bare):
        return False
    looks = _SIGNS.fullmatch(bare) or _DATE.fullmatch(bare) or bare.casefold() in _WORDS
    return bool(looks)


def protected(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet would change it.

    >>> protected("0042")
    "'0042"
    """
    return f"'{text}" if text.startswith("'") or is_at_risk(text) else text


def unprotected(cell: str) -> str:
    """What was protected to become this; any other text as it is."""
    inner = cell.removeprefix("'")
    is_ours = inner != cell and cell in {protected(inner), safe_cell(inner)}
    return inner if is_ours else cell
