"""Help somebody who lost their second factors."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from dashboard.audit import services
from dashboard.audit.models import Actor
from dashboard.people.models import User
from dashboard.sign_in import notices


class Command(BaseCommand):
    """The password alone signs in again; a Lead or Admin adds a new factor."""

    help = "Remove a colleague's passkeys, authenticator app and recovery codes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose."""
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        """Remove them, and say so."""
        user = User.objects.with_email(options["email"]).first()
        if user is None:
            raise CommandError("Nobody signs in with this e-mail address.")
        with transaction.atomic():
            for one in Authenticator.objects.filter(user=user):
                one.delete()
            services.record(
                Actor.system(),
                "removed all second factors at the command line",
                target=user.display_name,
            )
            notices.tell(user, "removed all second factors")
        self.stdout.write("They are removed. The password alone signs in again.")
