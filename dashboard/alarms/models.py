"""Alarms: connections that broke without anybody here wanting it, and who sees to them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from dashboard.audit.models import Acted, Actor
from dashboard.common.page_addresses import page_address
from dashboard.common.timing import format_span
from dashboard.common.untrusted_text import is_blank
from dashboard.consoles.models import Console
from dashboard.mirror.keys import KeyField
from dashboard.mirror.models import AccountConnector, MirrorQuerySet, WhyBroken
from dashboard.people.models import User

LONGEST_NAME = 120


class Trouble(models.TextChoices):
    """How a connector is broken; the state's word on screen, as everywhere."""

    NOT_AUTHENTICATED = "not-authenticated", "Not authenticated"
    NOT_WORKING = "not-working", "Not working"


class End(models.TextChoices):
    """How it came that something is broken no longer."""

    RECOVERED = "recovered", "Works again"
    GONE = "gone", "Deleted in Cyclr"
    WANTED = "wanted", "De-authenticated by a colleague"
    MERGED = "merged", "Part of another alarm"


class AlarmQuerySet(MirrorQuerySet):
    """Alarms, found."""

    def open(self) -> Self:
        """Those of which something is still broken, snoozed or not."""
        return self.filter(ended_at=None)

    def shown(self) -> Self:
        """All but those that became part of another one."""
        return self.filter(merged_into=None)


class Alarm(models.Model):
    """One connection that broke, or many of one kind within ten minutes.

    It is open as long as one of its members is broken. `account_connector` is the only member;
    an alarm over many (`is_group`) has none. `newest_at`: when the last of its members broke.
    """

    console = models.ForeignKey(Console, on_delete=models.CASCADE, related_name="alarms")
    connector_name = models.TextField(blank=True, default="")
    kind_key = KeyField(of=["connector_name"])
    account_connector = models.ForeignKey(
        AccountConnector, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    is_group = models.BooleanField(default=False)
    began_at = models.DateTimeField(help_text="When the first of its members broke.")
    newest_at = models.DateTimeField(help_text="When the last of its members broke.")
    opened_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    end = models.CharField(max_length=10, choices=End.choices, blank=True, default="")
    merged_into = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="merged"
    )
    member_count = models.PositiveIntegerField(default=0)
    open_count = models.PositiveIntegerField(default=0, help_text="Members that are still broken.")
    account_count = models.PositiveIntegerField(default=0)
    owner = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    owned_since = models.DateTimeField(null=True, blank=True)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    told_at = models.DateTimeField(
        null=True, blank=True, help_text="When colleagues were notified of it."
    )

    objects = AlarmQuerySet.as_manager()

    class Meta:
        ordering = ["-newest_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="alarm_end_says_when_and_how",
                condition=Q(ended_at=None, end="") | (Q(ended_at__isnull=False) & ~Q(end="")),
            ),
            models.CheckConstraint(
                name="alarm_merged_is_ended",
                condition=Q(merged_into=None) & ~Q(end="merged")
                | Q(merged_into__isnull=False, end="merged"),
            ),
            models.CheckConstraint(
                name="alarm_owner_since_when",
                condition=Q(owner=None, owned_since=None)
                | Q(owner__isnull=False, owned_since__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["console", "-newest_at", "-id"], name="alarm_newest"),
            models.Index(
                fields=["console", "kind_key"],
                name="alarm_open_of_kind",
                condition=Q(ended_at=None),
            ),
        ]

    def __str__(self) -> str:
        """In a sentence: `Acme: HubSpot`, `Shopify: 12 accounts`."""
        installed = self.account_connector
        if installed is None:
            many = f"{self.account_count:,} accounts"
            one = f"{self.member_count:,} connections of one account"
            return f"{self.kind_name}: {many if self.is_of_many else one}"
        return f"{short(installed.account.name, installed.account.cyclr_id)}: {short(installed)}"

    def get_absolute_url(self) -> str:
        """The alarm's page; of one that became part of another, that one's."""
        return page_address("alarm_detail", self.merged_into_id or self.pk)

    @property
    def kind_name(self) -> str:
        """The connector's name in a sentence."""
        return short(self.connector_name)

    @property
    def is_of_many(self) -> bool:
        """Whether it is about several accounts, which hardly lost their connections by chance."""
        return self.is_group and self.account_count != 1

    @property
    def is_snoozed(self) -> bool:
        """Whether nobody wants to be reminded of it for a while."""
        until = self.snoozed_until
        return self.ended_at is None and until is not None and until > timezone.now()

    @property
    def state(self) -> str:
        """The state's word on screen."""
        if self.ended_at is not None:
            return "Closed"
        if self.is_snoozed:
            return "Snoozed"
        return "Taken" if self.owner_id else "Open"

    @property
    def lasted(self) -> timedelta:
        """From the first break until all was over, or until now."""
        return (self.ended_at or timezone.now()) - self.began_at

    @property
    def lasted_label(self) -> str:
        """That in words: `2 h`."""
        return format_span(self.lasted.total_seconds())

    def record(
        self, event: str, message: str, by: Actor | None = None, /, **details: Any
    ) -> AlarmEvent:
        """Add an event to its timeline; without `by` the dashboard did it by itself."""
        made = AlarmEvent(alarm=self, event=event, message=message, details=details)
        made.actor = by or Actor.system()
        made.save()
        return made


class AlarmMember(models.Model):
    """One connector of an alarm: when it broke, and when that was over.

    A connector is broken once at a time: one open row, whatever alarm it belongs to.
    """

    alarm = models.ForeignKey(Alarm, on_delete=models.CASCADE, related_name="members")
    account_connector = models.ForeignKey(
        AccountConnector, on_delete=models.CASCADE, related_name="breaks"
    )
    trouble = models.CharField(max_length=20, choices=Trouble.choices)
    why = models.CharField(max_length=20, choices=WhyBroken.choices, blank=True, default="")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    end = models.CharField(max_length=10, choices=End.choices, blank=True, default="")
    times = models.PositiveIntegerField(
        default=1, help_text="How often it broke: again soon after it recovered is the same break."
    )

    class Meta:
        ordering = [models.F("ended_at").desc(nulls_first=True), "-began_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["account_connector"],
                name="alarm_member_open_once",
                condition=Q(ended_at=None),
            ),
            models.CheckConstraint(
                name="alarm_member_end_says_how",
                condition=Q(ended_at=None, end="") | (Q(ended_at__isnull=False) & ~Q(end="")),
            ),
        ]
        indexes = [
            models.Index(fields=["account_connector", "-ended_at"], name="alarm_member_last"),
        ]

    def __str__(self) -> str:
        return f"{self.account_connector}, {self.get_trouble_display()}"

    @property
    def lasted_label(self) -> str:
        """How long it was broken, or is so far: `2 h`."""
        lasted = (self.ended_at or timezone.now()) - self.began_at
        return format_span(lasted.total_seconds())


MARKS = {
    "opened": "not-authenticated",
    "grouped": "failed",
    "joined": "not-authenticated",
    "again": "not-authenticated",
    "over": "done",
    "closed": "done",
    "taken": "taken",
    "snoozed": "snoozed",
}
"""The shapes of events; a point for those that are not listed."""


class AlarmEvent(Acted):
    """One line of an alarm's timeline."""

    alarm = models.ForeignKey(Alarm, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(default=timezone.now)
    event = models.CharField(max_length=20)
    message = models.TextField()
    details = models.JSONField(default=dict, blank=True)

    class Meta(Acted.Meta):
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return self.message

    @property
    def mark(self) -> str:
        """The shape beside it."""
        return MARKS.get(self.event, "quiet")

    @property
    def is_robot(self) -> bool:
        """No line of an alarm is about a mail scanner."""
        return False


def short(*names: object) -> str:
    """The first name that can be seen, in a sentence's length."""
    name = next((str(name) for name in names if not is_blank(name)), "No name")
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
