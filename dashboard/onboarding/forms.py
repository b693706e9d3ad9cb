"""The forms of a plan: what a connector is installed with, and what the customer gets."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.http import QueryDict

from dashboard.common import timing
from dashboard.common.text_fields import UntrustedText
from dashboard.cycles.forms import ScheduleForm
from dashboard.installs.form import InstallForm
from dashboard.installs.naming import By, ways_of
from dashboard.links.forms import EXPIRES, LANGUAGES, DetailsForm
from dashboard.mirror.models import Account, CatalogueConnector
from dashboard.onboarding.display import planned_schedule
from dashboard.onboarding.input import Entries, Wishes

JSON = dict[str, Any]


class ConnectorForm(InstallForm):
    """An install within a run: the link for the customer is the run's, for all connectors."""

    takes_recipient = False

    def __init__(
        self,
        connector: CatalogueConnector,
        account: Account | None,
        data: Any = None,
        *,
        method: str = "",
        ways: Sequence[By] = (By.ID,),
    ) -> None:
        super().__init__(connector, account, data, method=method, ways=ways)
        self.fields.pop("wants_link", None)
        if self.offers_customer:
            self.initial["by_customer"] = True
            said = "What stays empty the customer types on the run’s link; you never see it."
            self.fields["by_customer"].help_text = said

    def entries(self) -> Entries:
        """What the worker needs, what people may see, and what fills the form again."""
        has_secrets = any(
            self.cleaned_data.get(name) for name in self.fields if self.is_secret(name)
        )
        shown = self.display_input()
        initial = {name: self.cleaned_data.get(name) for name in shown["initial"]}
        typed = {"initial": initial, "method": self.method_key, "layout": self.layout_now}
        return Entries(self.install_values(), shown, typed, has_secrets)


def auto_entries(connector: CatalogueConnector) -> Entries:
    """An install in which the customer enters all that is asked."""
    ways = ways_of(connector)
    blank = ConnectorForm(connector, None, ways=ways)
    data = QueryDict(mutable=True)
    for name in ("release", "layout", "name", "method"):
        data[name] = str(blank.initial.get(name) or "")
    data["submission"] = str(uuid.uuid4())
    data["by_customer"] = "on"
    if "installs_by" in blank.fields:
        data["installs_by"] = By.ID
    form = ConnectorForm(connector, None, data, ways=ways)
    if not form.is_valid():
        raise ValueError(f"connector {connector.pk} cannot be planned: {list(form.errors)}")
    return form.entries()


class PlanForm(DetailsForm, ScheduleForm):
    """Whom the link is for, and how the cycles run."""

    makes_link = forms.BooleanField(
        label="Create a connection link",
        required=False,
        help_text="Over all that the customer has to connect or to type.",
    )
    mails = forms.BooleanField(
        label="E-mail it as soon as it is created",
        required=False,
        help_text="Else you copy its address from the run’s page.",
    )
    expires = forms.ChoiceField(label="Expires", choices=EXPIRES)
    activates = forms.BooleanField(
        label="Activate the cycles when nothing is lacking",
        required=False,
        help_text="Right after the customer has connected everything, or whenever the last thing "
        "that Cyclr says is lacking is there.",
    )

    def __init__(
        self, zone_name: str, data: Any = None, *, initial: JSON, for_many: bool = False
    ) -> None:
        super().__init__(zone_name, data, initial=initial)
        self.before = initial
        if for_many:
            del self.fields["recipient_email"], self.fields["recipient_name"]
            self.fields["mails"].help_text = "To the address of each line of the table."
            self.fields["start_at"].help_text = "Empty: at once. By each account’s own clock."
        else:
            self.fields[
                "start_at"
            ].help_text += " If that is over when nothing is lacking any more, it starts at once."

    def clean(self) -> JSON:
        """What is mailed goes somewhere."""
        values = super().clean()
        if values.get("mails") and values.get("makes_link") and values.get("recipient_email") == "":
            self.add_error("recipient_email", "The link is to be e-mailed: enter an address.")
        return values

    def recipient(self) -> JSON:
        """Whom the link is for; what is wrong with it stays as it was."""
        return {name: self.cleaned_data.get(name, self.before[name]) for name in RECIPIENT}

    def wishes(self) -> Wishes:
        """The rest, likewise."""
        values = self.before | self.cleaned_data
        start = values["start_at"]
        if isinstance(start, datetime):
            start = local_text(start, self.zone_name)
        return Wishes(
            makes_link=values["makes_link"],
            mails=values["mails"],
            lifetime=int(values["expires"]),
            message=values["message"],
            language=values["language"],
            ticket_url=values["ticket_url"],
            has_reminders=values["has_reminders"],
            activates=values["activates"],
            interval=values["interval"],
            start_at=start or "",
            run_once=values["run_once"],
        )


RECIPIENT = ("recipient_email", "recipient_name")


def initial_of(wished: Wishes, recipient: JSON) -> JSON:
    """What the form of a plan is filled with."""
    return {**wished.kept(), **recipient, "expires": str(wished.lifetime)}


def entries_of(wished: Wishes) -> list[tuple[str, str]]:
    """What is wished, for people."""
    if not wished.makes_link:
        link = "None is created"
    else:
        link = dict(EXPIRES).get(str(wished.lifetime), "").lower()
        link = f"Expires {link}" if link else "Is created"
        link += ", sent by e-mail" if wished.mails else ", sent by you"
    every = [
        ("Link", link),
        ("Language", dict(LANGUAGES)[wished.language] if wished.language else ""),
        ("Message", wished.message),
        ("Reminders", "After 1, 3 and 6 days" if wished.has_reminders else ""),
        ("Ticket", wished.ticket_url),
        ("Activation", planned_schedule(wished)),
    ]
    return [(label, said) for label, said in every if said]


class RunScheduleForm(ScheduleForm):
    """How the cycles of a run that was started are to run."""

    def __init__(self, zone_name: str, data: Any = None, *, wished: Wishes) -> None:
        super().__init__(zone_name, data, initial=wished.kept())
        self.wished = wished

    def wishes(self) -> Wishes:
        """What was wished, with another schedule."""
        values = self.cleaned_data
        start_at = local_text(values["start_at"], self.zone_name)
        return replace(
            self.wished,
            interval=values["interval"],
            start_at=start_at,
            run_once=values["run_once"],
        )


def local_text(moment: datetime | None, zone_name: str) -> str:
    """A moment by the clock of a zone, as wishes keep it; empty for none."""
    there = timing.zone(zone_name) or UTC
    return f"{moment.astimezone(there):%Y-%m-%dT%H:%M}" if moment else ""


class CycleNameForm(forms.Form):
    """What the cycle of a template is called."""

    name = UntrustedText(
        max_length=200,
        label="Name of the cycle",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
