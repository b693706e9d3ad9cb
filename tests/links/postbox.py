"""Mail servers for tests: one that answers as it is told, one that speaks SMTP on loopback."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, ClassVar

from django.core import mail
from django.core.mail.backends.locmem import EmailBackend

BACKEND = f"{__name__}.Faulty"


class Faulty(EmailBackend):
    """Raises what is in `errors`, one for each message; then delivers into `mail.outbox`."""

    errors: ClassVar[list[Exception]] = []

    def send_messages(self, messages: Any) -> int:
        """Fail as told, else deliver."""
        if self.errors:
            raise self.errors.pop(0)
        return int(super().send_messages(messages))


def outbox() -> list[Any]:
    """What was delivered."""
    return list(getattr(mail, "outbox", []))


def read(message: Any) -> EmailMessage:
    """A delivered message as a mail program reads it."""
    raw = message.message().as_bytes().decode("ascii", "surrogateescape")
    return read_raw(raw)


def read_raw(raw: str) -> EmailMessage:
    """The same from what went over the wire."""
    sent = raw.encode("utf-8", "surrogateescape")
    parsed = message_from_bytes(sent, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def part(message: EmailMessage, kind: str) -> str:
    """The message's `plain` or `html` part."""
    body = message.get_body(preferencelist=(kind,))
    assert body is not None
    return str(body.get_content())


class Session(socketserver.StreamRequestHandler):
    """One SMTP conversation."""

    def handle(self) -> None:
        """Answer as the server was told; keep what was delivered."""
        server: Any = self.server
        self.say(server.answers.get("HELLO", "220 ready"))
        while line := self.rfile.readline().decode().rstrip("\r\n"):
            verb = line.split(":")[0].split(" ")[0].upper()
            if verb == "RCPT":
                server.recipients.append(line)
            self.say(server.answers.get(verb, "250 fine"))
            if verb == "DATA":
                server.bodies.append(self.body())
                self.say(server.answers.get("END", "250 taken"))
            if verb == "QUIT":
                return

    def say(self, line: str) -> None:
        """One line of answer."""
        self.wfile.write(f"{line}\r\n".encode())

    def body(self) -> str:
        """What follows DATA, to the line with a point."""
        lines = []
        while (line := self.rfile.readline().decode("utf-8", "surrogateescape")) != ".\r\n":
            assert line, "cut off"
            lines.append(line.removeprefix(".") if line.startswith("..") else line)
        return "".join(lines)


@contextmanager
def smtp_server(**answers: str) -> Iterator[Any]:
    """A server that gives these answers to verbs (`RCPT="550 nobody"`), and a yes to others."""
    server: Any = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session)
    server.daemon_threads = True
    server.answers = {"DATA": "354 go on", "QUIT": "221 bye"} | answers
    server.recipients, server.bodies = [], []
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
