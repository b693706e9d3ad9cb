"""Reconnect campaigns: one link for each account over the connectors that were chosen.

A campaign is a bulk run of the kind `links.create`: a preview, then one operation for each account.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce

from dashboard.audit.models import Actor
from dashboard.bulk import services as bulk
from dashboard.bulk.input import RowInput
from dashboard.bulk.models import BulkRun
from dashboard.bulk.services import RunRequest, Target
from dashboard.campaigns.choosing import selection_of
from dashboard.campaigns.rows import Chosen, ChosenAccount
from dashboard.common.chunks import chunks
from dashboard.common.prepared import prepared
from dashboard.common.untrusted_text import display_text
from dashboard.consoles.models import Console
from dashboard.links.eligibility import AUTHENTICATED, LINKED, linked_already, why_not
from dashboard.links.models import Link
from dashboard.mirror.models import Account, AccountConnector

KIND = "links.create"

Connector = Chosen | AccountConnector
"""As pages choose them by the thousand, or whole."""


@dataclass(slots=True)
class Plan:
    """What a campaign is to do in one account. `email`, `name`: of whom it was sent to last."""

    account: ChosenAccount | Account
    connectors: list[Connector] = field(default_factory=list)
    left_out: list[tuple[Connector, str]] = field(default_factory=list)
    email: str = ""
    name: str = ""
    doubt: str = ""
    """What a person must confirm first, by line of the table."""

    @property
    def is_possible(self) -> bool:
        """Whether anything of it could be put on a link, if that is wanted."""
        return bool(self.connectors) or any(
            why in {AUTHENTICATED, LINKED} for _, why in self.left_out
        )

    @property
    def every(self) -> list[Connector]:
        """All that was chosen in the account."""
        return [*self.connectors, *(one for one, _ in self.left_out)]

    @property
    def names(self) -> str:
        """The connectors that go on the link."""
        return ", ".join(display_text(one) for one in self.connectors)

    @property
    def reasons(self) -> str:
        """Which connectors stay off the link and why; empty for none."""
        message = [f"{display_text(one)} {why}" for one, why in self.left_out]
        return f"{'; '.join(message)}." if message else ""


def plan(
    connectors: Sequence[Connector],
    *,
    skips_authenticated: bool = True,
    skips_linked: bool = True,
) -> list[Plan]:
    """One entry for each account, in the order of `connectors`; a few queries for all."""
    linked = linked_already([one.pk for one in connectors]) if skips_linked else set()
    plans: dict[int, Plan] = {}
    for one in connectors:
        entry = plans.setdefault(one.account_id, Plan(one.account))
        why = why_not(one, skips_authenticated=skips_authenticated, linked=linked)
        if why:
            entry.left_out.append((one, why))
        else:
            entry.connectors.append(one)
    for pk, (email, name) in last_recipients(list(plans)).items():
        plans[pk].email, plans[pk].name = email, name
    return list(plans.values())


def last_recipients(account_ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """By account: e-mail address and name of whom its latest addressed link was for."""
    found: dict[int, tuple[str, str]] = {}
    latest = Link.objects.filter(account=OuterRef("pk")).exclude(recipient_email="")
    latest = latest.order_by("-created_at", "-pk")
    for some in chunks(account_ids):
        written_to = {account for (account,) in _written_to(some)}
        if not written_to:
            continue
        accounts = Account.objects.filter(pk__in=written_to).order_by()
        last = accounts.values_list(Subquery(latest.values("pk")[:1]), flat=True)
        pks = [pk for pk in last if pk]
        rows = Link.objects.filter(pk__in=pks)
        for pk, email, name in rows.values_list("account", "recipient_email", "recipient_name"):
            found[pk] = (email, name)
    return found


@prepared
def _written_to(account_ids: Sequence[int]) -> QuerySet[Any, Any]:
    links = Link.objects.filter(account__in=account_ids).exclude(recipient_email="")
    return links.order_by().values_list("account_id").distinct()


# ---- making ----


@dataclass(frozen=True, slots=True)
class Wishes:
    """What all links of a campaign share; `lifetime` counts from when each is made."""

    lifetime: timedelta
    message: str = ""
    language: str = ""
    ticket_url: str = ""
    has_reminders: bool = False
    mails: bool = False
    skips_authenticated: bool = True
    skips_linked: bool = True

    def shared_values(self) -> dict[str, Any]:
        """As the operations of the run have them, encrypted."""
        return {
            "lifetime": int(self.lifetime.total_seconds()),
            "message": self.message,
            "language": self.language,
            "ticket_url": self.ticket_url,
            "has_reminders": self.has_reminders,
            "skips_authenticated": self.skips_authenticated,
            "skips_linked": self.skips_linked,
        }


def draft(
    actor: Actor,
    console: Console,
    plans: Sequence[Plan],
    wishes: Wishes,
    *,
    submission: uuid.UUID,
    entries: Sequence[tuple[str, str]] = (),
    passed_over: Sequence[tuple[int, str, str]] = (),
    notes: Sequence[str] = (),
) -> BulkRun:
    """Store a campaign as a preview; the same submission again gives the same one.

    `plans` carry the recipients to write to. `entries`: what all share, for people.
    `passed_over`: lines of the table of which nothing is done, with the account as it was written
    and why; `notes`: how the table was read. Raises `bulk.OtherRunError` for a used submission
    with other input.
    """
    shown = {
        "entries": [list(entry) for entry in entries],
        "selection": selection_of(one for entry in plans for one in entry.every),
        "passed_over": [list(one) for one in passed_over],
        "notes": list(notes),
        "wishes": wishes.shared_values() | {"mails": wishes.mails},
    }
    requested = RunRequest(
        kind=KIND,
        title=title_of(plans),
        actor=actor,
        console=console,
        submission=submission,
        targets=list(_targets(plans, wishes)),
        shown=shown,
    )
    return bulk.draft(requested)


def counted(run: BulkRun) -> dict[str, int]:
    """What the start of a preview makes, as far as it is confirmed by now."""
    of_row = Coalesce(Cast(KeyTextTransform("connectors", "display_input"), IntegerField()), 1)
    going = run.rows.filter(problem="").alias(email=KeyTextTransform("email", "display_input"))
    counts = going.aggregate(
        links=Count("pk"),
        connectors=Sum(of_row, default=0),
        addressless=Count("pk", filter=Q(email="")),
    )
    mailed = counts["links"] - counts["addressless"]
    return counts | {"mails": mailed if run.display_input["wishes"]["mails"] else 0}


def drafted_recipients(run: BulkRun) -> dict[int, tuple[str, str]]:
    """By account: whom a preview would write to."""
    rows = run.rows.filter(problem="").values_list("account", "display_input")
    return {account: (shown["email"], shown["name"]) for account, shown in rows}


def title_of(plans: Iterable[Plan]) -> str:
    """`Reconnect HubSpot`; of several kinds of connectors, `Reconnect connectors`."""
    names = {one.connector_name for entry in plans for one in entry.connectors}
    kinds = set(map(display_text, names))
    only = kinds.pop() if len(kinds) == 1 else ""
    return f"Reconnect {only[:100] or 'connectors'}"


def _targets(plans: Sequence[Plan], wishes: Wishes) -> Iterator[Target]:
    shared = wishes.shared_values()
    for number, entry in enumerate(plans, 1):
        label = display_text(entry.account)[:300]
        if not entry.connectors:
            yield Target(number, label, entry.account, problem=entry.reasons[:500])
            continue
        own = {
            "connectors": [one.pk for one in entry.connectors],
            "recipient_email": entry.email,
            "recipient_name": entry.name,
            "mails": wishes.mails and bool(entry.email),
        }
        entries = [["Connectors", entry.names[:500]], ["Recipient", entry.email or "not given"]]
        if entry.left_out:
            entries.append(["Left out", entry.reasons[:500]])
        yield Target(
            number,
            label,
            entry.account,
            RowInput(
                values=shared | own,
                shown={"entries": entries},
                exclusivity_key=f"{KIND}:{entry.account.pk}",
            ),
            shown={
                "entries": entries,
                "email": entry.email,
                "name": entry.name,
                "connectors": len(entry.connectors),
            },
            doubt=entry.doubt,
        )
