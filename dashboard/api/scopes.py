"""What a token may be used for, and the role that each use needs at least."""

from __future__ import annotations

from django.db import models

from dashboard.people.models import Role


class Scope(models.TextChoices):
    """One use of the API; the words are those of the settings page."""

    ACCOUNTS = "accounts:read", "Read accounts"
    CONNECTORS = "connectors:read", "Read installed connectors"
    ALARMS = "alarms:read", "Read alarms"
    LINKS = "links:read", "Read links"
    OPERATIONS = "operations:read", "Read operations"
    CREATE_LINK = "links:create", "Create links"
    REFRESH = "refresh", "Refresh accounts and connectors"


NEEDS = {scope: Role.AGENT if scope == Scope.CREATE_LINK else Role.VIEWER for scope in Scope}
"""The role that the token's owner must hold: what the same needs on the pages."""
WRITES = {Scope.CREATE_LINK, Scope.REFRESH}
