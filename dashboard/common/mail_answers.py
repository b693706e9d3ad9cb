"""What a mail server's answer is about: the recipient's mailbox, us, or the moment.

The basic code (550) says how final an answer is, the enhanced one (5.1.1, RFC 3463) what it is
about. Servers that give none are read by their words; what is not plainly about the mailbox is
about us, since somebody here can mend that, and a customer who is blamed wrongly is written off.
"""

from __future__ import annotations

import re
from enum import Enum


class Blame(Enum):
    """Whom an answer is about."""

    MAILBOX = "mailbox"
    """There is no such mailbox, or it takes nothing: another address is needed."""
    US = "us"
    """Our sender, our right to send, our message, our rate: somebody here can mend it."""
    LATER = "later"
    """Nobody: the server asks to come again."""


class Command(Enum):
    """To what the server answered."""

    HELLO = "hello"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"


MAILBOX_DETAILS = {(2, 1), (2, 2)}
"""Mailbox disabled, mailbox full; besides those of subject 1, which are about addresses."""
SENDER_DETAILS = {(1, 7), (1, 8)}
"""In subject 1, but about the sender's address."""

_ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?!\.?\d)")
"""Not within an address like 5.1.1.7, nor the beginning of a longer number."""
_MAILBOX_WORDS = re.compile(
    r"(user|mailbox|recipient|account|address)\b.{0,40}\b(unknown|unavailable|disabled|inactive|"
    r"invalid|full|not found|not known|does ?n[o']t exist|not exist)|"
    r"\b(no such|unknown|invalid|nonexistent|non-existent) "
    r"(local |virtual )?(user|mailbox|recipient|account|address|person|alias)|"
    r"\bno mailbox\b|\bover quota\b|\bquota exceeded\b|\bnobody here\b",
    re.IGNORECASE | re.DOTALL,
)
_OUR_WORDS = re.compile(
    r"relay(?! recipient)|sender|spam|policy|blocked|blacklist|blocklist|reputation|"
    r"authenticat|permi|not allowed|denied|rate limit|too many|\bspf\b|dkim|dmarc|content|virus",
    re.IGNORECASE,
)


def blame(command: Command, code: int, text: str) -> Blame:
    """Whom an answer that is no yes is about. `text` may have several lines."""
    enhanced = enhanced_code(code, text)
    is_final = code >= 500 if enhanced is None else code >= 500 and enhanced[0] == 5
    if not is_final:
        return Blame.LATER
    if command in {Command.HELLO, Command.MAIL}:
        return Blame.US
    return Blame.MAILBOX if _is_about_mailbox(command, code, text, enhanced) else Blame.US


def enhanced_code(code: int, text: str) -> tuple[int, int, int] | None:
    """The first enhanced status code of an answer that is of the basic code's kind."""
    found = [tuple(int(part) for part in match.groups()) for match in _ENHANCED.finditer(text)]
    kinds = {code // 100, 4} if code >= 500 else {code // 100}
    for kind, subject, detail in found:
        if kind in kinds:
            return (kind, subject, detail)
    return None


def _is_about_mailbox(
    command: Command, code: int, text: str, enhanced: tuple[int, int, int] | None
) -> bool:
    if enhanced is not None:
        about = enhanced[1:]
        if about == (1, 0):  # “other address status”: of whose address the words say
            return not re.search(r"sender|relay|return.path|mail from", text, re.IGNORECASE)
        return about in MAILBOX_DETAILS or (about[0] == 1 and about not in SENDER_DETAILS)
    is_rcpt = command == Command.RCPT and code in {550, 551, 552, 553}
    said = re.sub(r"<[^<>]*>", "", text)
    return is_rcpt and bool(_MAILBOX_WORDS.search(said)) and not _OUR_WORDS.search(said)
