"""What every page of staff says about a second factor that is still missing."""

from __future__ import annotations

from typing import Any

from django.db import DatabaseError
from django.http import HttpRequest
from django.utils.functional import cached_property

from dashboard.people.models import User
from dashboard.sign_in import factors, provider

WHERE_IT_IS_SET_UP = {"security", "app_add", "passkey_add", "recovery_codes"}


class FactorBanner:
    """Read when a template asks. Never raises."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def is_due(self) -> bool:
        """Whether to remind the person."""
        try:
            user = self._request.user
            match = self._request.resolver_match
            return (
                isinstance(user, User)
                and not (match and match.url_name in WHERE_IT_IS_SET_UP)
                and not user.has_second_factor
                and not self._request.session.get("factor-later")
                and factors.is_missing(user)
                and not provider.vouches_for(self._request)
            )
        except (AttributeError, DatabaseError):
            return False

    @property
    def days(self) -> int | None:
        """Days that are left; `None` if there is no end."""
        user = self._request.user
        return factors.days_left(user) if isinstance(user, User) else None


def factor_banner(request: HttpRequest) -> dict[str, Any]:
    """The context processor."""
    return {"factor_banner": FactorBanner(request)}
