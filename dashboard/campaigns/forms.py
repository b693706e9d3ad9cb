"""The form of a reconnect campaign: what all links share, and whom each is for."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from dashboard.bulk.tables import TOO_LONG, Accounts, Meant, quoted, table_of, upload_of
from dashboard.campaigns.planning import Plan, Wishes
from dashboard.common.damage import damage_of
from dashboard.common.email_field import EmailField, EmailInput
from dashboard.common.inputs import DrawnInput
from dashboard.common.searching import squeeze
from dashboard.common.tables import TableError
from dashboard.common.untrusted_text import display_text, storable
from dashboard.links.forms import EXPIRES, LANGUAGES, check_ticket_url
from dashboard.links.recipients import address_of, bare, is_line, places_in, why_not
from dashboard.operations.submissions import SubmissionField

LINES = 100
"""Accounts whose recipient can be typed on the page; for more there is the table."""
WRONG_SHOWN = 5
"""Lines of the table of which it is said what is wrong with them."""


class CampaignForm(forms.Form):
    """Shared wishes, a recipient for each account shown, and a table that wins over them."""

    submission = SubmissionField()
    message = forms.CharField(
        label="Message",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Each customer reads it on their page.",
    )
    language = forms.ChoiceField(label="Language", choices=LANGUAGES, required=False)
    expires = forms.ChoiceField(label="Expires", choices=EXPIRES, initial="604800")
    ticket_url = forms.URLField(
        label="Ticket address",
        required=False,
        max_length=500,
        assume_scheme="https",
        help_text="Only your colleagues see it.",
    )
    mails = forms.BooleanField(
        label="Send e-mails now",
        required=False,
        initial=True,
        help_text="As each link is created. Links for accounts without an address are "
        "created but not sent.",
    )
    has_reminders = forms.BooleanField(
        label="Send reminders",
        required=False,
        help_text="After 1, 3 and 6 days, until it is done.",
    )
    skips_linked = forms.BooleanField(
        label="Leave out connectors that already have an open link",
        required=False,
        initial=True,
    )
    skips_authenticated = forms.BooleanField(
        label="Leave out connectors that Cyclr says are authenticated",
        required=False,
        initial=True,
    )
    table = forms.CharField(
        label="Recipients as a table",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text="With a heading line: “Account id”, “E-mail”, “Name”. A filled cell wins over "
        "the lines below; accounts that are not in this campaign are passed over.",
    )
    file = forms.FileField(
        label="Or a CSV file",
        required=False,
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv"}),
        help_text="UTF-8, at most 2 MB and 5,000 lines.",
    )

    def __init__(
        self,
        plans: Sequence[Plan],
        data: Any = None,
        files: Any = None,
        *,
        wishes: Mapping[str, Any] | None = None,
    ) -> None:
        """`wishes`: what was entered before, as a preview keeps it."""
        before = dict(wishes or {})
        if before:
            before["expires"] = str(before.pop("lifetime"))
        super().__init__(data, files, initial=before | {"submission": uuid.uuid4()})
        for name in ("table", "file"):
            self.fields[name].is_alternative = True  # type: ignore[attr-defined]
        possible = [plan for plan in plans if plan.is_possible]
        # What nobody has typed yet comes first.
        self.plans = sorted(possible, key=lambda plan: bool(plan.email))
        for plan in self.plans[:LINES]:
            about = f"for {display_text(plan.account)[:200]}"
            self.fields[f"email-{plan.account.pk}"] = EmailField(
                label=f"E-mail {about}",
                required=False,
                initial=plan.email,
                widget=EmailInput(attrs=_bare_attrs(f"E-mail {about}", "E-mail")),
            )
            self.fields[f"name-{plan.account.pk}"] = forms.CharField(
                label=f"Name {about}",
                required=False,
                max_length=200,
                initial=plan.name,
                widget=DrawnInput(attrs=_bare_attrs(f"Name {about}", "Name")),
            )
        self.passed_over: list[tuple[int, str, str]] = []
        """Lines of the table of which nothing is done: number, account as written, why."""
        self.notes: tuple[str, ...] = ()
        """How the table was read."""
        self.doubts: dict[int, str] = {}
        """By account: what of its line must be confirmed before its link is made."""
        self.every = plans

    @property
    def lines(self) -> list[tuple[Plan, forms.BoundField, forms.BoundField]]:
        """The accounts shown, each with its two fields."""
        found = []
        for plan in self.plans[:LINES]:
            email, name = self[f"email-{plan.account.pk}"], self[f"name-{plan.account.pk}"]
            for bound in (email, name):
                if bound.errors:
                    bound.field.widget.attrs["aria-describedby"] = f"{bound.auto_id}-error"
            found.append((plan, email, name))
        return found

    @property
    def hidden_lines(self) -> int:
        """Accounts that are not shown, since they are too many."""
        return max(0, len(self.plans) - LINES)

    # ---- checking ----

    def clean_message(self) -> str:
        """Text that every database can hold."""
        return str(storable(self.cleaned_data["message"]))

    def clean_ticket_url(self) -> str:
        """An address of the web, which shows where it leads."""
        return check_ticket_url(self.cleaned_data["ticket_url"])

    def clean(self) -> dict[str, Any]:
        """Read the table, and note whom each account's link is for."""
        values: dict[str, Any] = super().clean() or {}
        recipients = {plan.account.pk: (plan.email, plan.name) for plan in self.plans}
        for plan in self.plans[:LINES]:
            pk = plan.account.pk
            if f"name-{pk}" in values and not is_line(values[f"name-{pk}"]):
                self.add_error(f"name-{pk}", "A name is one line of text.")
            email, name = values.get(f"email-{pk}", ""), values.get(f"name-{pk}", "")
            recipients[pk] = (email, str(storable(name)))
        try:
            recipients |= self._from_table()
        except TableError as error:
            self.add_error("table" if upload_of(self) is None else "file", error)
        self.recipients: dict[int, tuple[str, str]] = recipients
        if self.errors and upload_of(self) is not None and "file" not in self.errors:
            self.add_error("file", "Choose the file again: no browser keeps it.")
        return values

    def _from_table(self) -> dict[int, tuple[str, str]]:
        is_given = upload_of(self) is not None or str(self.data.get("table", "")).strip()
        if not self.every or not is_given:
            return {}
        accounts = Accounts(self.every[0].account.console)
        besides = "the table above"
        table = table_of(self, besides=besides, is_account=accounts.is_account)
        if table is None:
            return {}
        self.notes = table.notes
        places = places_in(table)
        chosen = {plan.account.pk: plan for plan in self.every}
        found: dict[int, tuple[str, str]] = {}
        lines: dict[int, int] = {}
        wrong = [f"Line {number}: {message}" for number, message in table.problems.items()]
        for number, written, cells in table.lines:
            said, name, email = (
                str(storable(bare(cells[places[what]]))) if what in places else ""
                for what in ("account", "name", "email")
            )
            meant = accounts.meant(written, said)
            why = meant.why or meant.problem
            plan = chosen.get(meant.account.pk) if meant.account else None
            if not why and (plan is None or not plan.is_possible):
                why = (plan and plan.reasons) or "This account is not in this campaign."
            if why or plan is None:
                label = str(storable(written))[:300] or "(no account id)"
                self.passed_over.append((number, label, why))
                continue
            pk = plan.account.pk
            email, why = address_of(email)
            why = TOO_LONG if number in table.too_long else why or why_not(name)
            if not why and email and found.setdefault(pk, (email, name)) != (email, name):
                why = f"This account is on line {lines[pk]} already, with another recipient."
            if why:
                wrong.append(f"Line {number}: {why}")
            if doubt := self._doubt(number, meant, name):
                self.doubts.setdefault(pk, doubt)
            lines.setdefault(pk, number)
        if wrong:
            more = len(wrong) - WRONG_SHOWN
            raise TableError(
                wrong[:WRONG_SHOWN] + ([f"And {more} more lines like that."] if more > 0 else [])
            )
        return found

    @staticmethod
    def _doubt(number: int, meant: Meant, name: str) -> str:
        """What may be meant otherwise in a line: its account, or a name like a ruined number."""
        damage = damage_of(name)
        ruined = f"The name {quoted(name)} {damage}." if damage else ""
        message = " ".join(filter(None, [meant.doubt, ruined]))
        return f"Line {number}: {message}" if message else ""

    # ---- what comes of it ----

    def wishes(self) -> Wishes:
        """What all links share."""
        values = self.cleaned_data
        return Wishes(
            lifetime=timedelta(seconds=int(values["expires"])),
            message=values["message"],
            language=values["language"],
            ticket_url=values["ticket_url"],
            has_reminders=values["has_reminders"],
            mails=values["mails"],
            skips_authenticated=values["skips_authenticated"],
            skips_linked=values["skips_linked"],
        )

    def entries(self) -> list[tuple[str, str]]:
        """The same for people, without what was left empty."""
        values = self.cleaned_data
        every = [
            ("Message", values["message"]),
            ("Language", dict(LANGUAGES)[values["language"]]),
            ("Expires", f"{dict(EXPIRES)[values['expires']]}, from when it is made"),
            ("Ticket address", values["ticket_url"]),
            ("E-mails", "Sent as each link is created" if values["mails"] else "Not sent"),
            ("Reminders", "After 1, 3 and 6 days" if values["has_reminders"] else "None"),
        ]
        return [(label, value) for label, value in every if value]


class ExtendForm(forms.Form):
    """How long all unfinished links of a campaign work from now."""

    expires = forms.ChoiceField(label="Works from now", choices=EXPIRES, initial="604800")

    def lifetime(self) -> timedelta:
        """As a length of time."""
        return timedelta(seconds=int(self.cleaned_data["expires"]))


class SendAgainForm(forms.Form):
    """Nothing to fill in; sent twice it writes to nobody twice."""

    submission = SubmissionField()


class RevokeForm(forms.Form):
    """The word that must be typed before links stop working for good."""

    word = forms.CharField(
        label="Type “revoke”",
        max_length=50,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Type the word “revoke”."},
    )

    def clean_word(self) -> str:
        """Whatever the case, blanks and quotation marks around it."""
        word: str = self.cleaned_data["word"]
        if squeeze(word) != "revoke":
            raise ValidationError("Type the word “revoke”.")
        return word


def _bare_attrs(name: str, shown: str) -> dict[str, str]:
    """Of a field without a label of its own: its name for those who hear it, and for the eye."""
    return {
        "class": "form-control",
        "aria-label": name,
        "placeholder": shown,
        "autocomplete": "off",
    }
