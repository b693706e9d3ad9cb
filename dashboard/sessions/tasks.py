"""What is done about sessions by itself."""

from __future__ import annotations

import logging

from django.contrib.sessions.models import Session as ClearSession

from dashboard.jobs.periodic import periodic
from dashboard.sessions.models import Session

logger = logging.getLogger(__name__)


@periodic(every=600)
def forget_ended_sessions() -> None:
    """Sessions that reached a limit go, and whatever a process of the release before wrote."""
    ended, _ = Session.objects.over().delete()
    ClearSession.objects.all().delete()
    if ended:
        logger.info("ended sessions forgotten rows=%d", ended)
