"""Add a colleague, or give one that is here a role in another console, from the command line."""

from __future__ import annotations

import secrets
import sys
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError
from django.db.models import Q

from dashboard.audit.models import Actor
from dashboard.consoles.models import Console
from dashboard.environment.email_address import EmailAddressError, parse_address
from dashboard.people.models import Role, User
from dashboard.settings_pages.services import add_person
from dashboard.team.roles import HasRoleError, give


class Command(BaseCommand):
    """Takes the password from the first line of standard input; without one it makes one.

    What it makes is printed once and stored nowhere.
    """

    help = "Add a colleague with a role in one console, or in all of them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Who, with which role, where."""
        parser.add_argument("email")
        parser.add_argument("--name", default="", help="As colleagues read it.")
        parser.add_argument("--role", required=True, choices=[role.name.lower() for role in Role])
        parser.add_argument("--console", default="", help="Its name or number; without it, all.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Add the person, and say so."""
        try:
            email = parse_address(str(options["email"]))
        except EmailAddressError as error:
            raise CommandError(f"{options['email']!r} is not an e-mail address. {error}") from None
        role = Role[options["role"].upper()]
        console = _console(options["console"])
        where = f"in {console}" if console else "in all consoles"
        user = User.objects.with_email(email).first()
        if user is not None:
            try:
                give(user, role, console, Actor.system())
            except HasRoleError as error:
                raise CommandError(
                    f"{user.email} is here already, as {error.membership}."
                ) from None
            self.stdout.write(
                f"{user.email} is {role.label} {where} now; the password is as it was."
            )
            return
        given = _given_password()
        password = given or secrets.token_urlsafe(12)
        try:
            validate_password(password, User(email=email, name=options["name"]))
            add_person(email, password, name=options["name"].strip(), role=role, console=console)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        except IntegrityError:
            raise CommandError(f"{email} was added by somebody else just now.") from None
        self.stdout.write(f"{email} is {role.label} {where} now.")
        if not given:
            self.stdout.write(f"Password, shown only once: {password}")


def _console(asked: str) -> Console | None:
    """The current console of this name or number."""
    if not asked:
        return None
    matching = Q(name=asked) | (Q(pk=int(asked)) if asked.isdecimal() else Q())
    found = list(Console.objects.current().filter(matching))
    if len(found) != 1:
        names = ", ".join(f"{one.pk} ({one.name})" for one in Console.objects.current())
        raise CommandError(f"Choose one console by its number: {names or 'there is none'}.")
    return found[0]


def _given_password() -> str:
    """The first line of standard input, unless somebody sits at a terminal."""
    if sys.stdin is None or sys.stdin.isatty():
        return ""
    return sys.stdin.readline().rstrip("\r\n")
