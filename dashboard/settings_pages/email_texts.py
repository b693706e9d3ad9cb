"""Saving a console's own words in messages to its customers."""

from __future__ import annotations

import hashlib
import logging
from urllib.parse import urlencode

from django.db import transaction
from django.urls import reverse

from dashboard.audit import services as audit
from dashboard.audit.models import Actor
from dashboard.consoles.models import Console
from dashboard.links.mail.own_texts import CustomerMessage, Texts
from dashboard.links.models import EmailText

logger = logging.getLogger(__name__)


class ChangedMeanwhileError(Exception):
    """Somebody else saved other words since the page was opened."""


def version_of(texts: Texts) -> str:
    """A digest of what is stored, to tell whether somebody else changed it meanwhile."""
    stored = f"{texts.subject}\0{texts.opening}"
    return hashlib.sha256(stored.encode("utf-8", "replace")).hexdigest()[:16]


def save_texts(
    actor: Actor,
    console: Console,
    message: CustomerMessage,
    language: str,
    texts: Texts,
    version: str,
) -> bool:
    """Put the words in place; empty ones are ours again. Says whether anything changed.

    `version`: of what the person saw. Raises `ChangedMeanwhileError`.
    """
    with transaction.atomic():
        rows = EmailText.objects.select_for_update()
        row, _ = rows.get_or_create(console=console, message=message.name, language=language)
        before = Texts(row.subject, row.opening)
        if version != version_of(before):
            raise ChangedMeanwhileError
        row.subject, row.opening = texts.subject, texts.opening
        if texts == Texts():
            row.delete()
        elif texts != before:
            row.save()
        if texts == before:
            return False
        audit.record(
            actor,
            "settings.email_text",
            console=console,
            target=f"{message.label} ({language})",
            target_url=address_of(console, message, language),
            changed=[
                name
                for name in ("subject", "opening")
                if getattr(before, name) != getattr(texts, name)
            ],
            is_ours=texts == Texts(),
        )
    logger.info("e-mail text changed console=%d message=%s", console.pk, message.name)
    return True


def address_of(
    console: Console, message: CustomerMessage, language: str, view: str = "email_text_edit"
) -> str:
    """The page about one message in one language."""
    asked = {"console": console.pk, "message": message.name, "language": language}
    return f"{reverse(view)}?{urlencode(asked)}"
