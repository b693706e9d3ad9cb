"""What is kept of calls: what was sent and answered for a day, that they were made for a month."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from dashboard.common import encryption
from dashboard.methods.inputs import CallInput, Given
from dashboard.methods.models import MethodCall

logger = logging.getLogger(__name__)

KEPT, LISTED = timedelta(hours=24), timedelta(days=30)


def wipe(moment: datetime) -> None:
    """Wipe what was sent and answered a day after the end, and forget old calls."""
    ended = MethodCall.objects.filter(finished_at__lt=moment - KEPT)
    ended.exclude(encrypted_input="", encrypted_answer="").update(
        encrypted_input="", encrypted_answer=""
    )
    old = MethodCall.objects.filter(finished_at__lt=moment - LISTED)
    MethodCall.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:1000])).delete()


def given_of(call: MethodCall) -> tuple[list[Given], int] | None:
    """What it was called with, and the length of its own body; None once that was wiped."""
    try:
        sends = CallInput.of(call)
    except encryption.DecryptionError:
        logger.warning("call's input cannot be opened id=%d", call.pk)
        return None
    return None if sends is None else (list(sends.given), len(sends.body))
