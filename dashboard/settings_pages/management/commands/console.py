"""Say which console the settings mean, where that is not clear: the same as before, or another."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from cyclr_api import CyclrError
from dashboard.audit.models import Actor
from dashboard.consoles import changes
from dashboard.consoles.models import Console, ConsoleChange
from dashboard.consoles.services import trouble_message
from dashboard.mirror import adopting
from dashboard.settings_pages.console_messages import comparison_message


class Command(BaseCommand):
    """Without a word it shows the consoles and what is to be decided."""

    help = "Show the consoles, or decide which one the settings mean: adopt, or add."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to do, and with which console."""
        parser.add_argument("decision", nargs="?", default="show", choices=["show", "adopt", "add"])
        parser.add_argument(
            "--console",
            type=int,
            help="Its number; without it, the one that is to be decided about.",
        )
        parser.add_argument(
            "--unseen", action="store_true", help="Adopt it although Cyclr could not be asked."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Show, or decide and say so."""
        changes.ensure_environment_console()
        if options["decision"] == "adopt":
            self._adopt(options["console"], is_unseen=options["unseen"])
        elif options["decision"] == "add":
            self._add()
        self._show()

    def _adopt(self, number: int | None, *, is_unseen: bool) -> None:
        change = ConsoleChange.objects.select_related("console").first()
        console = change.console if change else None
        if number:
            console = Console.objects.filter(is_from_environment=True, pk=number).first()
        if console is None:
            raise CommandError(
                "There is nothing to decide. Another console: adopt --console NUMBER."
            )
        if not is_unseen:
            self._compare(console)
        try:
            adopting.adopt(console, Actor.system())
        except changes.NothingToDecideError:
            self.stdout.write("It is the console of the settings already.")

    def _compare(self, console: Console) -> None:
        """Say how many of its accounts are at the settings' address; it was asked for by name."""
        there = ConsoleChange(
            console=console,
            api_url=settings.CYCLR_API_URL,
            client_id=settings.CYCLR_CLIENT_ID,
        )
        try:
            adopting.count(there)
        except CyclrError as error:
            raise CommandError(
                f"{trouble_message(error)} So nobody knows whose accounts are there: try again,"
                " or add --unseen."
            ) from None
        self.stdout.write(comparison_message(there))

    def _add(self) -> None:
        change = ConsoleChange.objects.select_related("console").first()
        if change is None:
            raise CommandError("There is nothing to decide.")
        adopting.add(change, Actor.system())

    def _show(self) -> None:
        for console in Console.objects.order_by("pk"):
            state = "ended" if console.retired_at else "in use"
            state = "undecided" if console.undecided_since else state
            self.stdout.write(
                f"{console.pk}  {console.name}  {console.api_url}  {console.client_id}  {state}"
            )
        for change in ConsoleChange.objects.select_related("console"):
            self.stdout.write(f"{changes.UNDECIDED} {comparison_message(change)}")
            self.stdout.write("The same console: manage.py console adopt")
            self.stdout.write(
                f"Another one, so that {change.console}'s links end: manage.py console add"
            )
