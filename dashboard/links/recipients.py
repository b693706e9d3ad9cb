"""Whom a table of recipients names: its columns and its cells."""

from __future__ import annotations

from collections.abc import Mapping

from dashboard.bulk.tables import Table, is_account_name, squeezed
from dashboard.common.damage import unprotected
from dashboard.common.searching import squeeze
from dashboard.common.tables import TableError
from dashboard.common.untrusted_text import storable
from dashboard.environment.email_address import EmailAddressError, TwoReadingsError, parse_address

EMAIL_HEADINGS = squeezed(
    [
        *("e-mail", "mail", "e-mail address", "mail address", "recipient e-mail"),
        *("contact e-mail", "customer e-mail", "recipient e-mail address", "work e-mail"),
        *("e-mail-adresse", "mailadresse", "e-mail des empfängers", "empfänger-e-mail"),
        *("adresse e-mail", "adresse mail", "courriel", "adresse électronique", "adresse courriel"),
        *("correo", "correo electrónico", "dirección de correo", "dirección de e-mail"),
        "dirección de correo electrónico",
    ]
)

NAME_HEADINGS = squeezed(
    [
        *("name", "recipient name", "name of the recipient", "contact", "contact name"),
        *("recipient", "contact person", "full name"),
        *("empfänger", "name des empfängers", "ansprechpartner", "kontakt", "kontaktperson"),
        *("nom", "nom du destinataire", "destinataire", "interlocuteur", "nom complet"),
        *("nombre", "nombre del destinatario", "destinatario", "contacto", "nombre completo"),
    ]
)

PASSED_OVER = ("connectors", "")
"""Columns that are there for the reader's sake."""


def places_in(table: Table) -> Mapping[str, int]:
    """Which cell is the e-mail address, which its owner's name and which the account's."""
    found: dict[str, int] = {}
    for place, heading in enumerate(table.columns):
        what = meaning(heading)
        if not what:
            if squeeze(heading) in PASSED_OVER:
                continue
            shown = storable(heading[:60])
            raise TableError(f"No column is called “{shown}”. Known are: Account id, E-mail, Name.")
        if what in found:
            raise TableError(f"Two columns are called “{storable(heading[:60])}”.")
        found[what] = place
    if "email" not in found:
        raise TableError("The table has no column “E-mail”.")
    return found


def meaning(heading: str) -> str:
    key = squeeze(heading)
    if key in EMAIL_HEADINGS:
        return "email"
    if key in NAME_HEADINGS:
        return "name"
    return "account" if is_account_name(heading) else ""


def bare(cell: str) -> str:
    """A cell without the apostrophe that keeps spreadsheets from changing it."""
    return unprotected(cell.strip())


def is_line(text: str) -> bool:
    """Whether it can stand in a mail's header: one line, no control characters."""
    return not any(ord(letter) < 32 or ord(letter) == 127 for letter in text)


def address_of(cell: str) -> tuple[str, str]:
    """The address in a cell, and what is wrong with it, in words; empty if nothing is."""
    try:
        return (parse_address(cell) if cell else "", "")
    except TwoReadingsError as error:
        return "", str(error)
    except EmailAddressError as error:
        return "", f"“{cell[:80]}” is no e-mail address. {error}"


def why_not(name: str) -> str:
    """What is wrong with a recipient's name, in words; empty if nothing is."""
    if len(name) > 200:
        return "The name is too long."
    return "" if is_line(name) else "A name is one line of text."
