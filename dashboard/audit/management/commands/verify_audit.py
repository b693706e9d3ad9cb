"""Check the whole audit trail from the command line, also against heads from outside."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from dashboard.audit import heads, verification
from dashboard.audit.models import AuditChain
from dashboard.consoles.models import Console


class Command(BaseCommand):
    """Answers one line a chain; the exit status is 1 if one of them is not as it was written."""

    help = "Check every chain of the audit trail, and the heads that were kept outside."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where heads from outside are."""
        parser.add_argument(
            "--heads",
            metavar="FILE",
            help="A message with heads, lines of a log, or a head file: does the trail still hold"
            " them? - reads what is typed or piped in.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Check all of them, whatever the first says."""
        outside = _read(options["heads"]) if options["heads"] else []
        names = dict(Console.objects.values_list("pk", "name"))
        bad = 0
        for number in sorted({*verification.numbers(), *(head.chain for head in outside)}):
            name = names.get(number, f"console {number}") if number else "no console"
            mine = [head for head in outside if head.chain == number]
            checked = verification.check(number, outside=mine)
            if checked.fault:
                bad += 1
                self.stdout.write(f"DAMAGED  {name}: {checked.fault}")
            else:
                self.stdout.write(f"ok       {name}: {checked.place.sequence:,} entries")
                self._tell_of(name, mine)
        if fault := verification.unplaced():
            bad += 1
            self.stdout.write(f"DAMAGED  {fault}")
        if bad:
            raise CommandError("The audit trail is not as it was written.")

    def _tell_of(self, name: str, outside: list[heads.Head]) -> None:
        """A chain that is well holds each head, unless the retention took out its entry."""
        for number in {head.chain for head in outside}:
            gone = AuditChain.objects.get(pk=number).pruned_sequence
            for head in sorted(outside, key=lambda one: one.sequence):
                place = f"{name}: head No. {head.sequence:,}"
                if head.sequence < gone:
                    self.stdout.write(
                        f"-        {place} cannot be compared: the retention has deleted all"
                        f" before No. {gone:,}"
                    )
                else:
                    self.stdout.write(f"ok       {place} is in the trail")


def _read(source: str) -> list[heads.Head]:
    """The heads in a file, or in what is piped in."""
    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text("utf-8", "replace")
    except OSError as error:
        raise CommandError(f"{source} cannot be read: {error.strerror}.") from None
    found = heads.find(text)
    if not found:
        raise CommandError(
            "There is no head in it: lines such as “audit head chain=0 sequence=12 digest=…”."
        )
    return found
