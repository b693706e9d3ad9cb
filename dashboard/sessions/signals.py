"""Signing in begins a session anew, whoever carries it out."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from dashboard.sessions.store import SessionStore


@receiver(user_logged_in)
def on_sign_in(sender: object, request: HttpRequest, **_: Any) -> None:
    """Django keeps the key where the same person was signed in already; a known key must go."""
    if isinstance(request.session, SessionStore):
        request.session.begin_anew()
