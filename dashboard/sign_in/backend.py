"""Who a password belongs to."""

from __future__ import annotations

from django.contrib.auth.backends import ModelBackend


class PasswordBackend(ModelBackend):
    """E-mail and password as Django checks them: an unknown address costs a hash too.

    Not allauth's backend: that looks the typed address up in lower case and exactly, which finds
    nobody whose address was stored otherwise.
    """
