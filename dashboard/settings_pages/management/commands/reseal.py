"""Seal every stored secret with the first of `CREDENTIAL_KEYS`, so that the others can go."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from dashboard.settings_pages.keys import reseal


class Command(BaseCommand):
    """Run it after a new key was put first and everything was restarted."""

    help = "Seal stored secrets with the current key, and say what still needs an older one."

    def handle(self, *args: Any, **options: Any) -> None:
        """Seal anew, and say what came of it."""
        done = reseal()
        self.stdout.write(f"{done.anew:,} sealed anew with the current key.")
        if done.broken:
            self.stdout.write(f"{done.broken:,} could not be opened: their key is gone.")
        if done.waiting:
            self.stdout.write(
                f"{done.waiting:,} open links need an older key until they end: "
                "keep it until then, or revoke them."
            )
        else:
            self.stdout.write("No link needs an older key.")
