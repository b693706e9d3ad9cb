"""What is done when the machine's clock is set back.

Work remembers moments: not before, leased until, sent at. After a clock was set back they lie
ahead by the jump, and everything would rest, or pass for new, for as long. So the dispatcher
compares the clock with one that nobody sets, and takes those moments back by the same jump. A
clock set ahead needs nothing: pauses end early, and what looks lost is looked for.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta

from django.apps import apps
from django.db import models
from django.db.models import F, Max
from django.utils import timezone

from dashboard.jobs.models import Heartbeat
from dashboard.jobs.periodic import periodic

logger = logging.getLogger(__name__)

NOTICED, NOTICED_AT_START = timedelta(seconds=5), timedelta(seconds=60)
"""Jumps that are shorter are left alone; a process that starts knows of the past by the signs of
life that it finds, which may be another machine's."""

LONGEST_CLAIM = timedelta(minutes=5)
"""Claims that end later were made before the jump."""

CLAIMS = {"leased_until"}
PAUSES = {
    *("not_before", "due_at", "cool_down_until", "next_check_at", "check_until"),
    *("compare_at", "next_at", "snoozed_until"),
}
MARKS = {
    *("accounts_at", "active_at", "answered_at", "began_at", "checked_at", "compared_at"),
    *("last_seen_at",),
    *("created_at", "finished_at", "listed_at", "looked_at", "missed_at", "moved_at"),
    *("noticed_at", "own_library_read_at", "probed_at", "published_at", "queued_at", "read_at"),
    *("ready_at", "refresh_asked_at", "returned_at", "seen_at", "sent_at", "shown_at"),
    *("started_at", "sub_accounts_read_at", "touched_at", "viewed_at", "changed_at", "used_at"),
    *("cycles_asked_at", "cycles_read_at"),
    *("resumed_at", "saved_at", "failing_since", "trouble_since", "undecided_since"),
    *("asked_at", "heard_at", "newest_at", "opened_at"),
}
"""Moments that have been, from which some time is counted."""
DATES = {
    *(
        "at",
        "authenticated_since",
        "begins_at",
        "ends_at",
        "connected_at",
        "dismissed_at",
        "ended_at",
        "emptied_at",
    ),
    *(
        "accepted_at",
        "withdrawn_at",
        "expires_at",
        "gone_at",
        "grace_began_at",
        "identity_at",
        "last_login",
        "last_successful_run_at",
        "proven_at",
        "reminders_ended_at",
    ),
    *(
        "retired_at",
        "revoked_at",
        "withdrawn_at",
        "test_failed_at",
        "told_at",
        "owned_since",
        "previous_until",
    ),
    *("after", "until", "previous_secret_until", "sync_stopped_at"),
    *("connected_since", "due_from", "likely_at", "due_until"),
}
"""Moments that are told or agreed; nothing waits by them."""
COUNTED = {("people.SignInFailure", "at")}
"""Dates by another model's name from which time is counted all the same."""

_seen: tuple[datetime, float] | None = None


def fields() -> list[tuple[type[models.Model], str]]:
    """Every moment of ours that is kept, by model and field."""
    return [
        (model, field.name)
        for model in apps.get_models()
        if model.__module__.startswith("dashboard.")
        for field in model._meta.local_concrete_fields
        if isinstance(field, models.DateTimeField)
    ]


def take_back(jump: timedelta) -> int:
    """Take all of it that lies ahead back by the jump; how many values were changed."""
    now, count = timezone.now(), 0
    for model, name in fields():
        counted = name in MARKS or (model._meta.label, name) in COUNTED
        if not (counted or name in PAUSES or name in CLAIMS):
            continue
        ahead = now + LONGEST_CLAIM if name in CLAIMS else now
        rows = model._default_manager.filter(**{f"{name}__gt": ahead})
        count += rows.update(**{name: F(name) - jump})
    return count


def jump_back() -> timedelta:
    """How far the clock was set back since the last time; nothing if it was not."""
    global _seen  # noqa: PLW0603 - what this process saw last
    now, steady = timezone.now(), time.monotonic()
    before, _seen = _seen, (now, steady)
    if before is None:
        last = Heartbeat.objects.aggregate(last=Max("at"))["last"]
        behind = last - now if last else timedelta()
        return behind if behind > NOTICED_AT_START else timedelta()
    behind = before[0] + timedelta(seconds=steady - before[1]) - now
    return behind if behind > NOTICED else timedelta()


@periodic(every=2)
def notice_jumps() -> None:
    """Take back what lies ahead by the jump."""
    if jump := jump_back():
        count = take_back(jump)
        logger.warning("clock set back seconds=%d values=%d", jump.total_seconds(), count)
