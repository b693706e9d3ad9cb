"""The bell in the shell around every staff page."""

from __future__ import annotations

import logging
from functools import cached_property
from typing import Any

from django.db import DatabaseError
from django.http import HttpRequest

from dashboard.common.polling import version_of
from dashboard.notifications.services import Unseen, unseen
from dashboard.people.models import User

logger = logging.getLogger(__name__)


class Bell:
    """Read when a template asks, in one query. Never raises: no page fails for its bell."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def unseen(self) -> Unseen:
        """What the person has not seen."""
        try:
            user = self._request.user
            return unseen(user) if isinstance(user, User) else Unseen(0, 0)
        except (AttributeError, DatabaseError) as error:
            logger.warning("bell without count error=%s", type(error).__name__)
            return Unseen(0, 0)

    @property
    def version(self) -> str:
        """Changes when what the bell shows does."""
        return version_of(self.unseen)


def bell(request: HttpRequest) -> dict[str, Any]:
    """The context processor."""
    return {"bell": Bell(request)}
