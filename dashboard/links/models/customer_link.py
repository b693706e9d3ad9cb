"""What connection links and launch links have in common: a durable address for one customer."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from typing import Self

from django.db import models
from django.utils import timezone
from django.utils.functional import cached_property

from dashboard.audit.models import Acted, ActorKind
from dashboard.common import encryption
from dashboard.consoles.branding import Brand, brand_of
from dashboard.consoles.models import Console
from dashboard.mirror.models import MirrorQuerySet


def new_public_id() -> str:
    """Eight random bytes as hex: names a link in its address, and is no secret by itself."""
    return secrets.token_hex(8)


class CustomerLinkQuerySet(MirrorQuerySet):
    """Links of one kind, found."""

    def with_public_ids(self, public_ids: Collection[str]) -> Self:
        """Those of these addresses, with what their pages need."""
        return self.filter(public_id__in=public_ids).select_related("console", "account__console")


class CustomerLink(Acted):
    """The address is derived from `public_id` and a key that is not in the database.

    A kind of link adds `console`, `account`, `state` and `recipient_email`.
    """

    public_id = models.CharField(max_length=16, unique=True, default=new_public_id)
    key_id = models.CharField(max_length=8, default=encryption.current_key_id)
    input_fingerprint = models.CharField(max_length=64, blank=True, default="")
    message = models.TextField(blank=True, default="")
    ticket_url = models.URLField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    moved_at = models.DateTimeField(default=timezone.now, help_text="Its last event.")

    console: models.ForeignKey[Console]

    class Meta(Acted.Meta):
        abstract = True
        ordering = ["-created_at", "-pk"]

    @property
    def is_expired(self) -> bool:
        """Whether its time is over."""
        return self.expires_at <= timezone.now()

    @property
    def is_retired(self) -> bool:
        """Whether its console is no longer in use: Cyclr is not asked for it any more."""
        return self.console.retired_at is not None

    @property
    def is_waiting(self) -> bool:
        """Whether it is not clear where its console is: the link works again when it is."""
        return self.console.undecided_since is not None

    @cached_property
    def brand(self) -> Brand:
        """How its customer sees the partner; looked up once for each link that was read."""
        return brand_of(self.console)

    @property
    def asked_by(self) -> str:
        """The colleague's name, for the customer; empty when that is nobody's or an address."""
        name = self.actor_name.strip()
        return name if self.actor_kind == ActorKind.STAFF and "@" not in name else ""
