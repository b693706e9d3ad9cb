"""What must be there before the processes start: console, first administrator, all keys."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from dashboard.consoles.changes import UNDECIDED, ensure_environment_console
from dashboard.consoles.models import ConsoleChange
from dashboard.mirror.adopting import adopt_empty
from dashboard.people.models import User
from dashboard.people.services import administrators, ensure_administrator
from dashboard.settings_pages.keys import dropped_keys


class Command(BaseCommand):
    """Run before every start; a second run changes nothing. Answers with one line of JSON."""

    help = "Make the console of the environment and the first administrator; check the keys."

    def handle(self, *args: Any, **options: Any) -> None:
        """Refuse first, then make."""
        if dropped := dropped_keys():
            raise CommandError(
                "CREDENTIAL_KEYS lacks a key that is still in use: "
                f"{'; '.join(str(key) for key in dropped)}. Put it back behind the new one; it can "
                "go when what needs it has ended."
            )
        console = ensure_environment_console() or adopt_empty()
        administrator = "exists" if User.objects.exists() else "none"
        try:
            if ensure_administrator(settings.DESK_ADMIN_EMAIL, settings.DESK_ADMIN_PASSWORD):
                administrator = "made"
        except ValidationError as error:
            raise CommandError(
                f"DESK_ADMIN_PASSWORD cannot be used. {' '.join(error.messages)}"
            ) from None
        answer: dict[str, Any] = {
            "first_administrator": administrator,
            "administrators": administrators(),
            "console": console.name if console else None,
        }
        if ConsoleChange.objects.exists():
            answer["undecided"] = (
                f"{UNDECIDED} An administrator decides in Settings, or manage.py console says more."
            )
        self.stdout.write(json.dumps(answer))
