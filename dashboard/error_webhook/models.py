"""Where Cyclr tells us that a cycle failed, and which accounts it named."""

from __future__ import annotations

import secrets
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from dashboard.common import encryption
from dashboard.consoles.models import Console
from dashboard.error_webhook.tokens import make_token
from dashboard.mirror.models import Account


def new_public_id() -> str:
    """Eight bytes as hex: names an address, and is no secret."""
    return secrets.token_hex(8)


class ErrorWebhookQuerySet(models.QuerySet["ErrorWebhook"]):
    """Addresses, found."""

    def answering(self, public_id: str) -> Self:
        """The one that answers by this id: its own, or for a while the one before."""
        is_old = Q(previous_id=public_id, previous_until__gt=timezone.now())
        here = self.filter(Q(public_id=public_id) | is_old)
        return here.filter(console__in=Console.objects.current())


class ErrorWebhook(models.Model):
    """The address at which a console's Cyclr tells of errors. It is derived, as links' are.

    After a rotation the address before answers until `previous_until`.
    """

    console = models.OneToOneField(Console, on_delete=models.CASCADE, related_name="error_webhook")
    public_id = models.CharField(max_length=16, unique=True, default=new_public_id)
    key_id = models.CharField(max_length=8, default=encryption.current_key_id)
    previous_id = models.CharField(max_length=16, blank=True, default="")
    previous_key_id = models.CharField(max_length=8, blank=True, default="")
    previous_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    heard_at = models.DateTimeField(
        null=True, blank=True, help_text="When a post last named an account of the console."
    )

    objects = ErrorWebhookQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["previous_id"],
                name="error_webhook_previous",
                condition=~Q(previous_id=""),
            ),
        ]

    def __str__(self) -> str:
        return f"Error webhook of {self.console}"

    def url(self) -> str:
        """The whole address. DecryptionError when its key was dropped from `CREDENTIAL_KEYS`."""
        return _url(self.public_id, self.key_id)

    def previous_url(self) -> str:
        """The address before, as long as it answers; else empty."""
        until = self.previous_until
        if not self.previous_id or until is None or until <= timezone.now():
            return ""
        return _url(self.previous_id, self.previous_key_id)


def _url(public_id: str, key_id: str) -> str:
    token = make_token(public_id, key_id)
    return f"{settings.PUBLIC_URL}{reverse('error_webhook_post', args=[token])}"


class AccountHint(models.Model):
    """An account that a post named: it is read soon, and not again within ten seconds."""

    account = models.OneToOneField(Account, on_delete=models.CASCADE, related_name="error_hint")
    heard_at = models.DateTimeField(db_index=True)
    asked_at = models.DateTimeField(null=True, blank=True, help_text="When it was asked for last.")

    def __str__(self) -> str:
        return f"{self.account}, {self.heard_at:%H:%M:%S}"
