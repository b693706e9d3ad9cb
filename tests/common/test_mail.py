"""How a message leaves: whom a refusal is about, and lines that keep an address whole."""

from __future__ import annotations

import re
from typing import Any

import pytest

from dashboard.common import mail
from dashboard.common.mail_answers import Blame, Command, blame
from tests.links.postbox import part, read_raw, smtp_server

ANA = "ana@customer.example"
ADDRESS = f"https://connect.example.com/c/{'k7' * 32}"


@pytest.mark.parametrize(
    ("command", "code", "text", "whom"),
    [
        (Command.RCPT, 550, "5.1.1 no such user", Blame.MAILBOX),
        (Command.RCPT, 550, "5.1.1 The email account\n5.1.1 does not exist", Blame.MAILBOX),
        (Command.RCPT, 550, "5.1.10 null MX", Blame.MAILBOX),
        (Command.RCPT, 550, "5.2.1 mailbox disabled", Blame.MAILBOX),
        (Command.RCPT, 552, "5.2.2 mailbox full", Blame.MAILBOX),
        (Command.DATA, 552, "5.2.2 mailbox full", Blame.MAILBOX),
        (Command.RCPT, 550, "#5.1.0 Address rejected ana@customer.example", Blame.MAILBOX),
        (Command.RCPT, 550, "5.1.0 sender rejected", Blame.US),
        (Command.RCPT, 550, "5.1.7 bad sender", Blame.US),
        (Command.RCPT, 553, "5.1.8 sender’s domain not found", Blame.US),
        (Command.DATA, 554, "5.2.252 SendAsDenied", Blame.US),
        (Command.RCPT, 550, "5.2.20 not a code of mailboxes", Blame.US),
        (Command.RCPT, 554, "5.7.1 <ana@x>: Relay access denied", Blame.US),
        (Command.RCPT, 550, "5.4.1 access denied", Blame.US),
        (Command.RCPT, 550, "5.7.1 blocked, see 5.1.1.9", Blame.US),
        (Command.RCPT, 550, "client 5.1.1.9 is on a blocklist", Blame.US),
        (Command.DATA, 552, "5.3.4 message too big", Blame.US),
        (Command.DATA, 554, "5.5.0 quota of this relay is used up", Blame.US),
        (Command.MAIL, 550, "5.1.1 sender unknown", Blame.US),
        (Command.MAIL, 550, "who are you", Blame.US),
        (Command.HELLO, 554, "no service for you", Blame.US),
        (Command.RCPT, 550, "No such user here", Blame.MAILBOX),
        (Command.RCPT, 550, "Requested action not taken: mailbox unavailable", Blame.MAILBOX),
        (Command.RCPT, 550, "<ana@x>: Recipient address rejected: User unknown", Blame.MAILBOX),
        (Command.RCPT, 550, "User unknown in relay recipient table", Blame.MAILBOX),
        (Command.RCPT, 552, "Mailbox full", Blame.MAILBOX),
        (Command.RCPT, 550, "relay not permitted for unknown user", Blame.US),
        (Command.RCPT, 550, "administrative prohibition", Blame.US),
        (Command.RCPT, 554, "no such user", Blame.US),
        (Command.DATA, 554, "looks like spam", Blame.US),
        (Command.RCPT, 450, "4.2.1 mailbox busy", Blame.LATER),
        (Command.RCPT, 452, "4.2.2 mailbox full", Blame.LATER),
        (Command.RCPT, 550, "4.2.2 mailbox full", Blame.LATER),
        (Command.MAIL, 451, "5.7.1 odd", Blame.LATER),
        (Command.DATA, 421, "shutting down", Blame.LATER),
    ],
)
def test_only_what_is_about_the_mailbox_is_the_recipient_s(
    command: Command, code: int, text: str, whom: Blame
) -> None:
    assert blame(command, code, text) == whom


@pytest.fixture
def handed(settings: Any) -> Any:
    """Hands a message to a server that answers as told; the server afterwards."""

    def hand(message: mail.Message, **answers: str) -> Any:
        with smtp_server(**answers) as server:
            settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
            settings.EMAIL_HOST, settings.EMAIL_PORT = server.server_address
            mail.hand_over(message)
        return server

    return hand


@pytest.mark.parametrize(
    ("answers", "error", "words"),
    [
        ({"HELLO": "554 5.7.1 not from there"}, mail.OurFaultError, "refuses us: 554"),
        ({"HELLO": "421 busy"}, mail.PutOffError, "does not answer"),
        ({"EHLO": "554 no", "HELO": "554 no"}, mail.OurFaultError, "refuses us: 554 no"),
        ({"MAIL": "553 5.7.1 not yours"}, mail.OurFaultError, "the sender’s address: 553"),
        ({"RCPT": "550-5.1.1 no such\r\n550 5.1.1 user"}, mail.MailboxError, "5.1.1 no such"),
        ({"RCPT": "554 5.7.1 relay"}, mail.OurFaultError, "refuses to send this from us"),
        ({"DATA": "554 5.7.1 no"}, mail.OurFaultError, "refuses what we send: 554"),
        ({"END": "554 5.2.252 SendAsDenied"}, mail.OurFaultError, "5.2.252 SendAsDenied"),
        ({"END": "452 4.3.1 disk full"}, mail.PutOffError, "puts it off: 452"),
    ],
)
def test_a_refusal_at_any_step_is_told_apart(
    handed: Any, answers: dict[str, str], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=re.escape(words)):
        handed(mail.compose(to=ANA, subject="Hello", text="Hello\n"), **answers)


# ---- addresses on the wire ----


@pytest.mark.parametrize(
    ("to", "rcpt"),
    [
        ("info@faß.de", "info@xn--fa-hia.de"),
        ("info@straße.example", "info@xn--strae-oqa.example"),
        ("ana@bücher.example", "ana@xn--bcher-kva.example"),
    ],
)
def test_the_domain_leaves_by_idna_2008(handed: Any, to: str, rcpt: str) -> None:
    server = handed(mail.compose(to=to, subject="Hello", text="Hello\n"))

    assert server.recipients == [f"rcpt TO:<{rcpt}>"]
    assert read_raw(server.bodies[0])["To"] == rcpt


@pytest.mark.parametrize(
    ("setting", "address", "name"),
    [
        ("Acme, Inc. <connect@acme.example>", "connect@acme.example", "Acme, Inc."),
        ("Acme <connect@faß.de>", "connect@xn--fa-hia.de", "Acme"),
        ("Läden <desk@bücher.example>", "desk@xn--bcher-kva.example", "Läden"),
        ("desk@acme.example", "desk@acme.example", ""),
    ],
)
def test_the_sender_is_the_setting_s_address(
    settings: Any, setting: str, address: str, name: str
) -> None:
    settings.DEFAULT_FROM_EMAIL = setting
    message = mail.compose(to=ANA, subject="x", text="x", headers={"From": mail.sender()})
    read = read_raw(message.message().as_string())

    assert message.from_email == address
    assert (read["From"].addresses[0].addr_spec, read["From"].addresses[0].display_name) == (
        address,
        name,
    )


def test_letters_before_the_at_sign_leave_as_they_are_where_the_server_takes_them(
    handed: Any,
) -> None:
    message = mail.compose(to="jürgen@faß.de", subject="Hello", text="Hello\n")
    server = handed(message, EHLO="250-ready\r\n250-8BITMIME\r\n250 SMTPUTF8")

    assert server.recipients == ["rcpt TO:<jürgen@xn--fa-hia.de>"]
    head = server.bodies[0].encode("utf-8", "surrogateescape").decode().split("\n\n")[0]
    assert "To: jürgen@xn--fa-hia.de" in head and "=?" not in head


def test_where_it_does_not_they_are_refused_in_words_and_never_encoded(handed: Any) -> None:
    message = mail.compose(to="jürgen@x.example", subject="Hello", text="Hello\n")

    with pytest.raises(mail.UnwritableError, match="jürgen@x.example"):
        handed(message)


def test_an_address_to_answer_to_that_the_server_cannot_take_is_left_away(handed: Any) -> None:
    message = mail.compose(to=ANA, subject="Hello", text="Hello\n", reply_to="jörg@x.example")
    server = handed(message)

    assert read_raw(server.bodies[0])["Reply-To"] is None


# ---- lines ----


@pytest.mark.parametrize(
    "text",
    [
        f"Hello\n\n{ADDRESS}\n\n> {'please connect the shop again, ' * 40}\n",
        f"Grüße\n\n{ADDRESS}\n\n> {'bitte noch einmal verbinden, Grüße. ' * 40}\n",
        f"{ADDRESS}\n{'请再次连接商店' * 300}\n",
        f"{ADDRESS}\n{'x' * 3000}\n",
    ],
)
def test_an_address_stays_whole_in_the_source_however_long_a_message_is(
    handed: Any, text: str
) -> None:
    html = f'<p><a href="{ADDRESS}">Open</a></p><p>{text}</p>'
    server = handed(mail.compose(to=ANA, subject="Hello", text=text, html=html))

    source = server.bodies[0]
    assert source.count(ADDRESS) == 3
    assert "quoted-printable" not in source and "base64" not in source
    lines = source.encode("utf-8", "surrogateescape").splitlines()
    assert max(len(line) for line in lines) <= 998
    message = read_raw(source)
    assert _letters(part(message, "plain")) == _letters(text)


def _letters(text: str) -> str:
    return "".join(text.replace("> ", "").split())


def test_the_formatted_part_is_ascii_and_shows_the_same_letters() -> None:
    html = f"<p>{'Größe 请 ' * 300}</p>"
    short = mail.short_html(html)

    assert short.isascii()
    assert re.sub(r"\s", "", short) == re.sub(
        r"\s", "", html.encode("ascii", "xmlcharrefreplace").decode()
    )


def test_a_quoted_paragraph_stays_quoted_when_it_is_wrapped() -> None:
    lines = mail.short_lines(f"> {'word ' * 400}").split("\n")

    assert len(lines) > 20 and all(line.startswith("> ") for line in lines)
