"""Settings: consoles, people and processes, to read. What changes them is told beside them."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass

import django
from django.conf import settings
from django.db import connection
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dashboard.common import mail
from dashboard.common.untrusted_text import display_line
from dashboard.consoles.models import Console
from dashboard.jobs.heartbeats import process_states
from dashboard.notifications import mail_trouble
from dashboard.people.access import StaffRequest, consoles_for, role_required
from dashboard.people.models import Membership, Role, User

DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@dataclass(frozen=True, slots=True)
class ShownConsole:
    """A console as the page shows it: whether it has a secret, never which."""

    console: Console
    has_secret: bool


@require_safe
@role_required(Role.VIEWER)
def settings_index(request: StaffRequest) -> HttpResponse:
    """What is set up, who may do what, and whether the processes live."""
    consoles = list(consoles_for(request.user))
    context = {
        "consoles": [ShownConsole(console, _has_secret(console)) for console in consoles],
        "people": list(_people(request.user, consoles)),
        "is_admin": request.user.highest_role == Role.ADMIN,
        "processes": process_states(),
        "facts": _facts(),
    }
    return render(request, "settings/settings_index.html", context)


def _has_secret(console: Console) -> bool:
    if console.is_from_environment:
        return bool(settings.CYCLR_CLIENT_SECRET)
    return bool(console.encrypted_client_secret)


def _people(user: User, consoles: Sequence[Console]) -> QuerySet[User]:
    """Everybody, for who holds a role in all consoles; else those with a role in theirs."""
    in_view = Membership.objects.select_related("console").order_by("console__name")
    people = User.objects.order_by("-is_active", "name", "email")
    if None not in user.roles:
        theirs = Q(console__in=consoles) | Q(console=None)
        in_view = in_view.filter(theirs)
        people = people.filter(pk__in=Membership.objects.filter(theirs).values("user"))
    return people.prefetch_related(
        Prefetch("memberships", queryset=in_view, to_attr="visible_roles")
    )


def _mail_facts() -> list[tuple[str, str]]:
    """Where messages to customers and colleagues go, and what stands in their way."""
    if not mail.is_delivered():
        message = "No mail server is set: messages are written to files and reach nobody"
        return [("Mail", f"{message}. Set EMAIL_URL.")]
    server = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    facts = [("Mail", f"Sent by {server} from {mail.sender_address() or 'no address'}")]
    trouble = mail_trouble.current()
    if trouble is not None:
        facts.append(
            (
                "Mail is refused",
                f"{display_line(trouble.message).rstrip('.')}."
                " Messages wait until it takes one again.",
            )
        )
    return facts


def _facts() -> list[tuple[str, str]]:
    """What this process runs on."""
    return [
        ("Python", platform.python_version()),
        ("Django", django.get_version()),
        ("Database", DATABASES.get(connection.vendor, connection.vendor)),
        ("Calls to Cyclr", f"{settings.CYCLR_CALLS_PER_SECOND:g} a second at most"),
        ("Full sync", f"every {settings.SYNC_EVERY / 60:g} min"),
        ("Quiet accounts", "of a large console in one full sync of four"),
        ("Link pages at", settings.PUBLIC_URL),
        *_mail_facts(),
    ]
