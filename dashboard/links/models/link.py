"""A connection link: a durable address with which a customer connects installed connectors."""

from __future__ import annotations

from datetime import timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify

from dashboard.bulk.models import BulkRow, BulkRun
from dashboard.common import encryption
from dashboard.common.page_addresses import page_address
from dashboard.common.polling import NO_POLL, POLL_1S, POLL_5S
from dashboard.common.searching import SearchField
from dashboard.consoles.models import Console
from dashboard.links.models.customer_link import (
    CustomerLink,
    CustomerLinkQuerySet,
)
from dashboard.mirror.models import Account

PURPOSE = "link"
"""What the code in an address is for; data."""

LIVELY_FOR = timedelta(minutes=20)
"""After an event on a link its pages look every second for so long, then every few."""


class LinkState(models.TextChoices):
    """How far a link has come; expired and revoked are told by their times."""

    CREATED = "created", "Created"
    SENT = "sent", "Sent"
    OPENED = "opened", "Opened"
    STARTED = "started", "Started"
    RETURNED = "returned", "Returned"
    PARTLY = "partly-connected", "Partly connected"
    CONNECTED = "connected", "Connected"


SENT_TO_A_FILE = "Sent to a file"
"""What is shown instead of *Sent* while no mail server is set."""

ORDER = [LinkState.CREATED, LinkState.SENT, LinkState.OPENED, LinkState.STARTED, LinkState.RETURNED]


class LinkQuerySet(CustomerLinkQuerySet):
    """Links, found."""

    def open(self) -> Self:
        """Those a customer can still use."""
        return self.filter(
            revoked_at=None,
            connected_at=None,
            emptied_at=None,
            expires_at__gt=timezone.now(),
            console__retired_at=None,
        )


class Link(CustomerLink):
    """One link: for one account, over one or more of its installed connectors.

    The address is derived from `public_id` and a key that is not in the database.
    """

    submission = models.UUIDField(unique=True, null=True, blank=True)
    console = models.ForeignKey(Console, on_delete=models.PROTECT, related_name="links")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="links")
    recipient_email = models.EmailField(blank=True, default="")
    recipient_name = models.CharField(max_length=200, blank=True, default="")
    search_text = SearchField(of=["recipient_email", "recipient_name"])
    language = models.CharField(
        max_length=5, blank=True, default="", help_text="Empty: what the customer's browser asks."
    )
    has_reminders = models.BooleanField(default=False)
    reminders_ended_at = models.DateTimeField(
        null=True, blank=True, help_text="The customer wants no more of them."
    )
    run = models.ForeignKey(
        BulkRun,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="links",
        help_text="The campaign it belongs to.",
    )
    row = models.OneToOneField(
        BulkRow,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="link",
        help_text="The line of the campaign that it was made of.",
    )
    state = models.CharField(max_length=20, choices=LinkState.choices, default=LinkState.CREATED)
    sent_at = models.DateTimeField(null=True, blank=True, help_text="First copied or mailed.")
    connected_at = models.DateTimeField(null=True, blank=True)
    emptied_at = models.DateTimeField(
        null=True, blank=True, help_text="All that was left on it was deleted in Cyclr."
    )
    is_new_link_asked = models.BooleanField(default=False)
    is_only_file = models.BooleanField(
        default=False, help_text="Its message became a file: no mail server was set."
    )

    objects = LinkQuerySet.as_manager()

    class Meta(CustomerLink.Meta):
        indexes = [
            models.Index(fields=["account", "-created_at"], name="link_of_account"),
            models.Index(fields=["console", "-created_at"], name="link_newest"),
            models.Index(
                fields=["console", "expires_at"],
                name="link_open",
                condition=Q(revoked_at__isnull=True, connected_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"Link for {self.account}"

    def get_absolute_url(self) -> str:
        """The staff page about the link."""
        return page_address("link_detail", self.pk)

    @property
    def is_usable(self) -> bool:
        """Whether the customer can still start something with it."""
        return self.may_be_extended and not (self.is_expired or self.is_retired)

    @property
    def may_be_extended(self) -> bool:
        """Whether more time would help: there is something left to connect with it."""
        moments = (self.revoked_at, self.connected_at, self.emptied_at)
        return all(moment is None for moment in moments)

    @property
    def state_label(self) -> str:
        """The state's word on screen."""
        if self.state != LinkState.CONNECTED:
            if self.revoked_at is not None:
                return "Revoked"
            if self.emptied_at is not None:
                return "Gone"
            if self.is_expired:
                return "Expired"
        if self.state == LinkState.SENT and self.is_only_file:
            return SENT_TO_A_FILE
        return LinkState(self.state).label

    @property
    def shape(self) -> str:
        """The state by which its shape and colour go."""
        message = self.state_label
        return str(self.state) if message == SENT_TO_A_FILE else slugify(message)

    @property
    def poll_event(self) -> str:
        """How often its page looks again by itself: each second, every fifth, or not any more."""
        is_lively = timezone.now() - self.moved_at < LIVELY_FOR
        if self.state == LinkState.CONNECTED:
            # Whose account it is may be found out a moment later.
            return POLL_5S if timezone.now() - self.moved_at < TEST_TAKES else NO_POLL
        if self.is_usable:
            return POLL_1S if is_lively else POLL_5S
        # What was started in time may still be confirmed, and the customer may ask for a new link.
        may_move = self.revoked_at is None and not self.is_retired
        return POLL_5S if is_lively and may_move else NO_POLL

    def token(self) -> str:
        """The secret part of the address: 64 letters and digits. Made anew each time.

        DecryptionError when its key was dropped from `CREDENTIAL_KEYS`.
        """
        return encryption.token_for(self.public_id, purpose=PURPOSE, key=self.key_id)

    def url(self) -> str:
        """The whole address that is sent to the customer."""
        return settings.PUBLIC_URL + reverse("public_link", args=[self.token()])


TEST_TAKES = timedelta(minutes=1)
"""So long pages look by themselves for what a test says."""
