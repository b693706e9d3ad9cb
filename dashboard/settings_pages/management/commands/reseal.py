"""The former name of `rotate_keys`, which answers until the release after next."""

from __future__ import annotations

from typing import Any

from dashboard.settings_pages.management.commands import rotate_keys


class Command(rotate_keys.Command):
    """What release 0.1.0 called `rotate_keys`."""

    help = "The former name of rotate_keys."

    def handle(self, *args: Any, **options: Any) -> None:
        """Say the new name, and do the same."""
        self.stderr.write("reseal is now called rotate_keys.")
        super().handle(*args, **options)
