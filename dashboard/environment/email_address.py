"""E-mail addresses: the one that somebody means, and how it stands on the way out.

People paste what their mail program shows: names, brackets, semicolons, characters nobody sees.
What is unambiguous is taken; everything else is refused in a sentence.

Domains go by IDNA 2008 (UTS 46, non-transitional), where `faß.de` and `fass.de` are two domains of
two owners. Browsers and libraries of IDNA 2003 make them one, so a person is asked which is meant.
"""

from __future__ import annotations

import contextlib
import re
import unicodedata
from urllib.parse import quote, unquote

import idna

LONGEST = 254
LONGEST_LOCAL = 64
"""Octets before the @."""

JOINERS = "\u200c\u200d"
DEVIATIONS = frozenset("ßẞς" + JOINERS)
"""What IDNA 2003 turns into something else, or drops, and IDNA 2008 keeps."""

_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3002: ".", 0xFF61: "."}
"""Full-width letters, as Asian keyboards type them, and full stops of theirs."""
_EDGES = " <>\"'“”„‘’‚«»()[]{},;:|"
_MAILTO = re.compile(r"\s*mailto:", re.IGNORECASE)
_MARKDOWN = re.compile(r"\[([^\[\]]*)\]\(mailto:([^()]*)\)", re.IGNORECASE)
_NAMED = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>]*)>[\s,;.]*")
_COMMENTED = re.compile(r"(?P<address>[^\s()]+@[^\s()]+)\s*\((?P<name>[^()]*)\)[\s,;.]*")
_ADDRESSES = re.compile(r"[^\s<>()\[\],;:\"|]+@[^\s<>()\[\],;:\"|]+")
_ATOM = re.compile(r"[-!#$%&'*+/=?^_`{}|~0-9A-Za-z\u0080-\U0010ffff]+")
_QUOTED = re.compile(r'"(?:[ !#-\[\]-~]|\\[ -~])+"')


class EmailAddressError(ValueError):
    """A text that is not one address; the message says why, in a sentence."""


class TwoReadingsError(EmailAddressError):
    """The domain is one of two, of two owners; `readings` are both addresses, in ASCII."""

    def __init__(self, typed: str, readings: tuple[str, str]) -> None:
        domain = typed.rpartition("@")[2]
        kept, changed = readings
        super().__init__(
            f"{domain} can be read as two domains, perhaps of two owners. For {domain} as it is "
            f"written give {kept}, for the other one {changed}."
        )
        self.readings = readings


def parse_address(text: str) -> str:
    """The one address that a text means.

    Its domain is in readable letters, save where those could be read as another domain: there it
    is in ASCII. Raises `EmailAddressError` and, for a domain that only a person can tell,
    `TwoReadingsError`.
    """
    local, domain = _split(_pick(_cleaned(text)))
    if found := readings_of(local, domain):
        raise TwoReadingsError(f"{local}@{domain}", found)
    return _checked(local, domain)


def meant_address(text: str) -> str:
    """The same where nobody can be asked, as written: what it is compared with decides."""
    try:
        return parse_address(text)
    except TwoReadingsError as error:
        return error.readings[0]
    except EmailAddressError:
        return text.strip()


def wire_address(address: str) -> str:
    """A stored address as mail servers, headers and `mailto:` want it: the domain in ASCII.

    Letters before the @ stay: only servers that offer SMTPUTF8 take others than ASCII.
    """
    local, at, domain = address.rpartition("@")
    if not at or domain.isascii():
        return address
    return f"{local}@{ascii_domain(domain)}"


def mailto_address(address: str) -> str:
    """An address as it stands behind `mailto:` (RFC 6068): the @ as it is, and no end in it."""
    with contextlib.suppress(EmailAddressError):
        address = wire_address(address)
    return quote(address, safe="@!$'*+")


def ascii_domain(domain: str) -> str:
    """A host's name as it is looked up. Raises `EmailAddressError` for what can be none."""
    try:
        return idna.encode(domain, uts46=True, std3_rules=True).decode("ascii")
    except UnicodeError:  # idna's errors among them
        raise EmailAddressError(f"“{domain[:80]}” is no domain.") from None


def readings_of(local: str, domain: str) -> tuple[str, str] | None:
    """As IDNA 2008 and as IDNA 2003 read an address, in ASCII; None where both agree."""
    if not DEVIATIONS.intersection(domain):
        return None
    try:
        kept = ascii_domain(domain)
        old = domain.translate({ord("ß"): "ss", ord("ẞ"): "ss", ord("ς"): "σ"})
        changed = ascii_domain("".join(letter for letter in old if letter not in JOINERS))
    except EmailAddressError:
        return None  # one of them is no domain: there is no choice
    return (f"{local}@{kept}", f"{local}@{changed}")


def _cleaned(text: str) -> str:
    """Without what is never meant: invisible characters, wide letters, blanks of all kinds."""
    found = []
    for place, letter in enumerate(text):
        if letter in JOINERS:
            around = text[max(0, place - 1) : place] + text[place + 1 : place + 2]
            if len(around) == 2 and all(one.isalpha() and not one.isascii() for one in around):
                found.append(letter)
        elif letter.isspace() or unicodedata.category(letter) in {"Zs", "Zl", "Zp"}:
            found.append(" ")
        elif unicodedata.category(letter) in {"Cc", "Cs"}:
            raise EmailAddressError("The address holds a control character: type it by hand.")
        elif unicodedata.category(letter) != "Cf":
            found.append(letter)
    return unicodedata.normalize("NFC", "".join(found).translate(_WIDE)).strip()


def _pick(text: str) -> str:
    """The address within what a mail program puts around it."""
    if match := _MARKDOWN.fullmatch(text):
        text = f"{match.group(1)} <{match.group(2)}>" if "@" in match.group(1) else match.group(2)
    if _MAILTO.match(text):
        text = unquote(_MAILTO.sub("", text, count=1).partition("?")[0])
    for shape in (_NAMED, _COMMENTED):
        match = shape.fullmatch(text)
        if match and "@" in match["address"]:
            inner = _MAILTO.sub("", match["address"], count=1).strip()
            others = {one.casefold() for one in _ADDRESSES.findall(match["name"])}
            if not others - {inner.casefold()}:
                return inner
            raise EmailAddressError("These are two addresses: give one address.")
    bare = text if _QUOTED.match(text) else text.strip(_EDGES).rstrip(".")
    if " " in bare and not _QUOTED.match(bare) or bare.count("@") > 1:
        _refuse_crowd(bare)
    return bare


def _refuse_crowd(text: str) -> None:
    if len(_ADDRESSES.findall(text)) > 1 or text.count("@") > 1:
        raise EmailAddressError("These are several addresses: give one address.")
    if "@" in text:
        raise EmailAddressError(
            "Give only the address, without blanks: jane@customer.example, or the name and then "
            "the address between < and >."
        )


def _split(address: str) -> tuple[str, str]:
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain:
        raise EmailAddressError("Give an address like jane@customer.example.")
    return local, domain


def _checked(local: str, domain: str) -> str:
    """The address, if it can be one."""
    if len(local.encode("utf-8", "replace")) > LONGEST_LOCAL:
        raise EmailAddressError(f"Before the @ stand {LONGEST_LOCAL} letters at most.")
    is_local = all(_ATOM.fullmatch(piece) for piece in local.split("."))
    if not is_local and not _QUOTED.fullmatch(local):
        raise EmailAddressError("What stands before the @ cannot stand there.")
    address = f"{local}@{_checked_domain(domain)}"
    if len(address) > LONGEST or len(wire_address(address)) > LONGEST:
        raise EmailAddressError(f"An address has {LONGEST} letters at most.")
    return address


def _checked_domain(domain: str) -> str:
    wrong = EmailAddressError("What stands behind the @ is no domain.")
    domain = domain.removesuffix(".")
    try:
        code = ascii_domain(domain)
    except EmailAddressError:
        raise wrong from None
    last = code.rpartition(".")[2]
    if last.isdigit() or ("." not in code and code.lower() != "localhost"):
        raise wrong
    if domain.isascii():
        return domain
    readable = idna.decode(code)
    return code if DEVIATIONS.intersection(readable) else readable
