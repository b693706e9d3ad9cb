"""Check the whole audit trail from the command line."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from dashboard.audit import verification
from dashboard.consoles.models import Console


class Command(BaseCommand):
    """Answers one line a chain; the exit status is 1 if one of them is not as it was written."""

    help = "Check every chain of the audit trail, and the heads that were kept outside."

    def handle(self, *args: Any, **options: Any) -> None:
        """Check all of them, whatever the first says."""
        names = dict(Console.objects.values_list("pk", "name"))
        bad = 0
        for number in verification.numbers():
            name = names.get(number, f"console {number}") if number else "no console"
            checked = verification.check(number)
            if checked.fault:
                bad += 1
                self.stdout.write(f"DAMAGED  {name}: {checked.fault}")
            else:
                self.stdout.write(f"ok       {name}: {checked.place.sequence:,} entries")
        if fault := verification.unplaced():
            bad += 1
            self.stdout.write(f"DAMAGED  {fault}")
        if bad:
            raise CommandError("The audit trail is not as it was written.")
