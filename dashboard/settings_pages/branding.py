"""Saving how customers see the partner."""

from __future__ import annotations

import hashlib
import logging
from typing import Any

from django.db import transaction
from django.urls import reverse

from dashboard.audit import services as audit
from dashboard.audit.models import Actor
from dashboard.common.pictures import Picture
from dashboard.consoles.models import Branding, Console
from dashboard.settings_pages.branding_forms import FIELDS

logger = logging.getLogger(__name__)


def branding_of(console: Console) -> Branding:
    """The console's branding, without the bytes of its logo; an empty one if there is none."""
    row = Branding.objects.defer("logo").filter(console=console).first()
    if row is None:
        return Branding(console=console)
    row.console = console
    return row


def save_branding(
    actor: Actor, console: Console, values: dict[str, Any], *, logo: Picture | None, drop_logo: bool
) -> list[str]:
    """Put the values in place; the names of those that changed, for the audit trail too.

    A new logo is stronger than dropping the old one.
    """
    with transaction.atomic():
        row, _ = Branding.objects.select_for_update().get_or_create(console=console)
        changed = [name for name in FIELDS if getattr(row, name) != values[name]]
        for name in FIELDS:
            setattr(row, name, values[name])
        if logo is not None:
            digest = hashlib.sha256(logo.content).hexdigest()
            changed += ["logo"] if digest != row.logo_digest else []
            row.logo, row.logo_type, row.logo_digest = logo.content, logo.type, digest
        elif drop_logo and row.logo_digest:
            changed.append("logo")
            row.logo, row.logo_type, row.logo_digest = None, "", ""
        if changed:
            row.save()
            audit.record(
                actor,
                "settings.brand",
                console=console,
                target=console.name,
                target_url=f"{reverse('brand_edit')}?console={console.pk}",
                changed=changed,
            )
            logger.info("branding changed console=%d fields=%d", console.pk, len(changed))
    return changed
