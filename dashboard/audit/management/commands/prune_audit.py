"""Delete old entries of the audit trail, for whoever runs it with another database role."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from dashboard.audit import retention, verification


class Command(BaseCommand):
    """Where the dashboard's own role may only insert, this runs with one that may delete."""

    help = "Delete entries of the audit trail that are older than so many days."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How old."""
        parser.add_argument("--days", type=int, required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        """Chain by chain; a damaged one is left as it is, for it is evidence."""
        days = options["days"]
        if not retention.SHORTEST <= days <= retention.LONGEST:
            raise CommandError(f"Keep between {retention.SHORTEST} and {retention.LONGEST} days.")
        gone = 0
        for number in verification.numbers():
            if fault := verification.check(number).fault:
                raise CommandError(f"Chain {number} is damaged, nothing of it goes. {fault}")
            while some := retention.prune(number, days):
                gone += some
        self.stdout.write(f"{gone:,} entries are gone.")
