"""Drafts: what was typed survives a closed tab, secrets never do (they are not even sent here)."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from dashboard.common.untrusted_text import storable
from dashboard.installs.fields import LONGEST_VALUE
from dashboard.installs.form import InstallForm
from dashboard.installs.models import Draft
from dashboard.mirror.models import Account, CatalogueConnector
from dashboard.people.models import User

NEVER_KEPT = {"submission", "release", "layout", "another"}


def kept_fields(form: InstallForm) -> list[str]:
    """The fields whose entries a draft may hold: no credentials, nothing that looks secret."""
    return [name for name in form.fields if name not in NEVER_KEPT and not form.is_secret(name)]


def save(user: User, form: InstallForm, account: Account) -> None:
    """Keep what was typed into a bound form, checked or not; nothing typed leaves no draft."""
    values = {}
    for name in kept_fields(form):
        bound = form[name]
        value, blank = bound.data, form.get_initial_for_field(bound.field, name)
        if isinstance(value, str | bool | list) and (value or None) != (blank or None):
            values[name] = _short(value)
    drafts = Draft.objects.filter(user=user, account=account, connector=form.connector)
    if not values:
        drafts.delete()
        return
    Draft.objects.update_or_create(
        user=user,
        account=account,
        connector=form.connector,
        defaults={
            "values": storable({**values, "layout": form.layout_now}),
            "method": form.method_key,
            "saved_at": timezone.now(),
        },
    )


def _short(value: Any) -> Any:
    if isinstance(value, list):
        return [_short(part) for part in value]
    return value[:LONGEST_VALUE] if isinstance(value, str) else value


def find(user: User, account: Account, connector: CatalogueConnector) -> Draft | None:
    """The person's draft for this form, if there is one."""
    found: Draft | None = Draft.objects.filter(
        user=user, account=account, connector=connector
    ).first()
    return found


def discard(user: User, account: Account, connector: CatalogueConnector) -> None:
    """Forget it: it was sent, or is not wanted."""
    Draft.objects.filter(user=user, account=account, connector=connector).delete()
