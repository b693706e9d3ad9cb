"""What is done about the API by itself."""

from __future__ import annotations

import logging

from dashboard.api import writing
from dashboard.jobs.periodic import periodic

logger = logging.getLogger(__name__)


@periodic(every=3600)
def forget_old_calls() -> None:
    """Keys of writing calls hold for thirty days."""
    if gone := writing.forget_old_calls():
        logger.info("api calls forgotten rows=%d", gone)
