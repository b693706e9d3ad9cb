"""API tokens, and the writing calls that were made with them."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from dashboard.api.scopes import Scope
from dashboard.consoles.models import Console
from dashboard.links.models import Link
from dashboard.people.models import Role, User


class ApiToken(models.Model):
    """A key to the API and the MCP server. Of its 256 random bits only the SHA-256 is kept."""

    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="api_tokens")
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=8, help_text="The last letters, to tell tokens apart.")
    scopes = models.JSONField(default=list)
    role = models.PositiveSmallIntegerField(choices=Role.choices)
    console = models.ForeignKey(
        Console, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="api_token_role_known", condition=models.Q(role__in=Role.values)
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_usable(self) -> bool:
        """Whether it opens anything, as far as it says itself."""
        return self.revoked_at is None and self.expires_at > timezone.now()

    @property
    def state(self) -> str:
        """The state's word on screen."""
        if self.revoked_at is not None:
            return "Revoked"
        return "Active" if self.is_usable else "Expired"

    @property
    def scope_labels(self) -> list[str]:
        """What it may be used for, in words."""
        return [str(scope.label) for scope in Scope if scope in self.scopes]


class IdempotentCall(models.Model):
    """A writing call that was made under a key: the same again gives the same link."""

    token = models.ForeignKey(ApiToken, on_delete=models.CASCADE, related_name="calls")
    key = models.CharField(max_length=64, help_text="SHA-256 of the caller's key.")
    fingerprint = models.CharField(max_length=64)
    link = models.ForeignKey(Link, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["token", "key"], name="idempotent_call_once")
        ]

    def __str__(self) -> str:
        return f"{self.token}: {self.key[:8]}"
