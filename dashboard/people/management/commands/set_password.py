"""Give a colleague a new password from the command line."""

from __future__ import annotations

import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from dashboard.people.models import User
from dashboard.people.services import set_password
from dashboard.people.signals import password_set


class Command(BaseCommand):
    """Reads the password from a prompt or, without a terminal, from the first line of stdin."""

    help = "Set a colleague's password, read from a prompt or from standard input."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose password."""
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        """Set it, and say so."""
        user = User.objects.with_email(options["email"]).first()
        if user is None:
            raise CommandError("Nobody signs in with this e-mail address.")
        try:
            set_password(user, _read_password())
            password_set.send(sender=type(self), user=user)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        self.stdout.write("The password is set. Sessions opened with the old one have ended.")


def _read_password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass("New password: ")
    if getpass.getpass("Again: ") != first:
        raise CommandError("The two passwords differ.")
    return first
