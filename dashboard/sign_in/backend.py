"""Who a password belongs to."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.db.models import QuerySet

from dashboard.common.prepared import columns_of, instance_of, prepared
from dashboard.people.models import User


@prepared
def _columns_of_user(pk: int) -> QuerySet[Any, Any]:
    return User.objects.filter(pk=pk).order_by().values_list(*columns_of(User))


class PasswordBackend(ModelBackend):
    """E-mail and password as Django checks them: an unknown address costs a hash too.

    Not allauth's backend: that looks the typed address up in lower case and exactly, which finds
    nobody whose address was stored otherwise.
    """

    def get_user(self, user_id: int) -> User | None:
        """Who a session belongs to, as each request asks; nobody who was switched off."""
        found = _columns_of_user(user_id)
        user = instance_of(User, found[0]) if found else None
        return user if user is not None and self.user_can_authenticate(user) else None
