"""The one way in which a message leaves: written so that mail servers keep it whole, handed over.

Customers' messages and colleagues' go through here, each with one recipient. An address that a
message leads to stays in one piece in its source: no line is so long that it must be encoded.
"""

from __future__ import annotations

import contextlib
import logging
import re
import smtplib
import textwrap
from collections.abc import Mapping
from email.header import Header
from email.utils import formataddr
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from dashboard.common.mail_answers import Blame, Command, blame
from dashboard.common.untrusted_text import display_line, storable
from dashboard.environment.email_address import (
    EmailAddressError,
    meant_address,
    wire_address,
)

logger = logging.getLogger(__name__)

SAID_AT_MOST = 300
LONGEST_LINE = 900
"""Octets of a line; mail may have 998 at most, and what is longer would be encoded."""
WRAPPED_AT = 76


class DeliveryError(Exception):
    """The message was not handed over. The words are for staff, in a sentence."""


class PutOffError(DeliveryError):
    """The mail server did not take it now; later it may, without anybody doing anything."""


class OurFaultError(DeliveryError):
    """The mail server does not take it from us: somebody must mend that here. Then it may."""


class MailboxError(DeliveryError):
    """The recipient's address is refused for good. The message is what the server said."""


class UnwritableError(DeliveryError):
    """The message cannot be written or addressed; trying again would not help."""


class Message(EmailMultiAlternatives):
    """A message as Django sends it, with letters before an @ that are not ASCII as they are."""

    def message(self, **options: Any) -> Any:
        """Django would put such addresses into encoded words, which are other addresses."""
        made = super().message(**options)
        for name, addresses in (("To", self.to), ("Reply-To", self.reply_to)):
            plain = ", ".join(addresses)
            if addresses and not plain.isascii():
                raw = plain.encode("utf-8").decode("ascii", "surrogateescape")
                made.replace_header(name, raw)
        return made


def compose(
    *,
    to: str,
    subject: str,
    text: str,
    html: str = "",
    reply_to: str = "",
    headers: Mapping[str, str] | None = None,
) -> Message:
    """One message to one recipient, from the settings' address. Raises `UnwritableError`."""
    try:
        recipient = wire_address(to)
        answers = [wire_address(reply_to)] if reply_to else []
    except EmailAddressError as error:
        raise UnwritableError(str(error)) from None
    message = Message(
        subject=subject,
        body=short_lines(text),
        from_email=sender_address(),
        to=[recipient],
        reply_to=answers,
        headers=dict(headers or {}),
    )
    if html:
        message.attach_alternative(short_html(html), "text/html")
    return message


def sender_address() -> str:
    """The address that messages come from, without a name; empty if the settings hold none."""
    address = meant_address(settings.DEFAULT_FROM_EMAIL)
    try:
        return wire_address(address) if "@" in address else ""
    except EmailAddressError:
        return ""


def sender_domain() -> str:
    """What stands behind the @ of the sender's address."""
    return sender_address().rpartition("@")[2] or "localhost"


def sender() -> str:
    """The settings' sender as a header holds it: the name, if there is one, and the address."""
    name = settings.DEFAULT_FROM_EMAIL.partition("<")[0].strip().strip('"')
    return display_address("" if "@" in name else name, sender_address())


def display_address(name: str, address: str) -> str:
    """`Name <address>` in letters that a header may hold, on one line."""
    if name.isascii():
        return formataddr((name, address))
    coded = Header(name, "utf-8", maxlinelen=70).encode(linesep="")
    return f"{coded} <{address}>"


def is_delivered() -> bool:
    """Whether messages reach anybody: without a mail server they are files, or lines of a log."""
    backend: str = settings.EMAIL_BACKEND
    return not backend.endswith(
        ("filebased.EmailBackend", "console.EmailBackend", "dummy.EmailBackend")
    )


# ---- handing over ----


def hand_over(message: Message) -> None:
    """Give the message to the mail server. Raises a `DeliveryError` of one of its four kinds."""
    connection: Any = get_connection()
    has_time = True
    try:
        _open(connection)
        _send(connection, message)
    except SoftTimeLimitExceeded:
        has_time = False
        raise PutOffError("The mail server answers too slowly.") from None
    except smtplib.SMTPServerDisconnected as error:
        raise _away(error) from None
    except smtplib.SMTPException as error:
        raise _refusal(error) from None
    except ValueError as error:
        # Django refuses what no header may hold; its words would repeat it.
        logger.warning("mail not written error=%s", type(error).__name__)
        raise UnwritableError(
            "The message could not be written: look at the recipient's address and name."
        ) from None
    except OSError as error:  # sockets and TLS
        raise _away(error) from None
    finally:
        # Its good-bye does not matter: what was taken is taken.
        if has_time:
            with contextlib.suppress(OSError):
                connection.close()


def _open(connection: Any) -> None:
    try:
        connection.open()
    except UnicodeError:
        raise OurFaultError(
            "The user or password of EMAIL_URL holds letters that mail servers do not take."
        ) from None


def _send(connection: Any, message: Message) -> None:
    """One transaction; what needs SMTPUTF8 is refused in words where it is not offered."""
    smtp = getattr(connection, "connection", None)
    if not isinstance(smtp, smtplib.SMTP):
        connection.send_messages([message])
        return
    smtp.ehlo_or_helo_if_needed()
    may_be_utf8 = smtp.has_extn("smtputf8")
    (recipient,) = message.to
    if not recipient.isascii() and not may_be_utf8:
        raise UnwritableError(
            f"The mail server takes no address with letters like those of {recipient}: ask for "
            "another one."
        )
    if not may_be_utf8:  # better no address to answer to than another one
        message.reply_to = [address for address in message.reply_to if address.isascii()]
    options = ["BODY=8BITMIME"] if smtp.has_extn("8bitmime") else []
    if not all(address.isascii() for address in (recipient, *message.reply_to)):
        options.append("SMTPUTF8")
    raw = message.message().as_bytes(linesep="\r\n")
    smtp.sendmail(message.from_email, [recipient], raw, mail_options=options)


def _away(error: Exception) -> PutOffError:
    logger.warning("mail server away error=%s", type(error).__name__)
    return PutOffError("The mail server does not answer as it should.")


def _refusal(error: smtplib.SMTPException) -> DeliveryError:
    """The one judge of what a mail server answers."""
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return OurFaultError("The mail server refuses us: it offers no TLS, or no sign-in.")
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, said = next(iter(error.recipients.values()), (450, b""))
        return _judged(Command.RCPT, code, said)
    if not isinstance(error, smtplib.SMTPResponseException):
        return _away(error)
    code, answer = error.smtp_code, error.smtp_error
    if isinstance(error, smtplib.SMTPDataError):
        return _judged(Command.DATA, code, answer)
    if isinstance(error, smtplib.SMTPSenderRefused):
        return _judged(Command.MAIL, code, answer)
    if isinstance(error, smtplib.SMTPAuthenticationError) and code >= 500:
        # What it says may repeat the user.
        return OurFaultError("The mail server refuses the user or password of EMAIL_URL.")
    if code >= 500:
        return _judged(Command.HELLO, code, answer)
    return _away(error)


def _judged(command: Command, code: int, said: bytes | str) -> DeliveryError:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    words = str(storable(display_line(f"{code} {text}")))[:SAID_AT_MOST]
    match blame(command, code, text):
        case Blame.MAILBOX:
            return MailboxError(words)
        case Blame.LATER:
            return PutOffError(f"The mail server puts it off: {words}")
    what = {
        Command.MAIL: "the sender’s address",
        Command.RCPT: "to send this from us",
        Command.DATA: "what we send",
        Command.HELLO: "us",
    }
    return OurFaultError(f"The mail server refuses {what[command]}: {words}")


# ---- lines ----


def short_lines(text: str) -> str:
    """Plain text without lines that would have to be encoded; quoted ones stay quoted."""
    return "\n".join(piece for line in text.split("\n") for piece in _short(line))


def _short(line: str) -> list[str]:
    if _octets(line) <= LONGEST_LINE:
        return [line]
    quote = "> " if line.startswith("> ") else ""
    words = [piece for word in line.removeprefix(quote).split() for piece in _pieces(word)]
    wrapped = textwrap.wrap(
        " ".join(words), WRAPPED_AT, break_long_words=False, break_on_hyphens=False
    )
    return [quote + piece for piece in wrapped]


def _pieces(word: str) -> list[str]:
    """A word, cut where it is longer than a line may be: text without blanks, as in Chinese."""
    if _octets(word) <= LONGEST_LINE:
        return [word]
    return [word[start : start + WRAPPED_AT] for start in range(0, len(word), WRAPPED_AT)]


def _octets(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


_HTML_PIECES = re.compile(r"<[^<>]*>|&#?\w+;|\s+|[^<>&\s]+|.", re.DOTALL)


def short_html(html: str) -> str:
    """The same page as ASCII in short lines: broken at blanks or, in a long word, by `<wbr>`.

    As ASCII it passes each mail server as it is, whatever that can encode.
    """
    plain = html.encode("ascii", "xmlcharrefreplace").decode("ascii")
    found: list[str] = []
    length = 0
    for piece in (part for whole in _HTML_PIECES.findall(plain) for part in _cut(whole)):
        if piece.isspace():
            is_break = "\n" in piece or length > WRAPPED_AT
            found.append("\n" if is_break else piece)
            length = 0 if is_break else length + len(piece)
            continue
        if length and length + len(piece) > LONGEST_LINE:
            found.append("<wbr\n>")
            length = 1
        found.append(piece)
        length += len(piece)
    return "".join(found)


def _cut(piece: str) -> list[str]:
    """A run of letters in parts that fit on a line; tags stay whole."""
    size = len(piece) if piece.startswith("<") else LONGEST_LINE // 2
    return [piece[start : start + size] for start in range(0, len(piece), size)]
