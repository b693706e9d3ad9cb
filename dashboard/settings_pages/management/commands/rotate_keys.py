"""Encrypt every stored secret with the first of `CREDENTIAL_KEYS`, so that the others can go."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from dashboard.settings_pages.keys import rotate_keys


class Command(BaseCommand):
    """Run it after a new key was put first and everything was restarted."""

    help = "Encrypt stored secrets with the current key, and say what still needs an older one."

    def handle(self, *args: Any, **options: Any) -> None:
        """Re-encrypt, and say what came of it."""
        done = rotate_keys()
        self.stdout.write(f"{done.anew:,} re-encrypted with the current key.")
        if done.broken:
            self.stdout.write(f"{done.broken:,} could not be opened: their key is gone.")
        if done.waiting:
            self.stdout.write(
                f"{done.waiting:,} open links need an older key until they end: "
                "keep it until then, or revoke them."
            )
        else:
            self.stdout.write("No link needs an older key.")
