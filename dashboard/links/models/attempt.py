"""What workers do for a customer's start: the sign-in token, and the checks afterwards."""

from __future__ import annotations

import base64
import secrets
from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, Min, OuterRef, Q, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop

from dashboard.common.prepared import prepared
from dashboard.jobs.models import Job, JobQuerySet
from dashboard.jobs.policy import Backoff, Policy
from dashboard.links.models.item import LinkItem
from dashboard.mirror.models import Account


def new_attempt_id() -> str:
    """160 random bits for the address of one attempt's wait and return pages."""
    return base64.b32encode(secrets.token_bytes(20)).decode().lower()


LATE = gettext_noop("The sign-in could not be prepared in time.")


class AttemptState(models.TextChoices):
    """Where an attempt is."""

    WAITING = "waiting"
    READY = "ready"
    USED = "used"
    FAILED = "failed"
    OVER = "over"


class AttemptQuerySet(JobQuerySet):
    """Attempts, found and ended."""

    def unused(self) -> Self:
        """Those that may still lead to Cyclr."""
        return self.filter(state__in=[AttemptState.WAITING, AttemptState.READY])

    def end(self) -> int:
        """Have those that were not used lead nowhere; how many."""
        ended_at = Coalesce(F("finished_at"), Value(timezone.now()))
        rows = self.unused()
        return rows.update(state=AttemptState.OVER, encrypted_url="", finished_at=ended_at)

    def end_old(self) -> int:
        """The same for those whose encrypted address nobody fetched in time."""
        limit = timezone.now() - timedelta(seconds=settings.ATTEMPT_LIVES_FOR)
        return self.filter(
            Q(state=AttemptState.READY, ready_at__lt=limit)
            | Q(state=AttemptState.WAITING, created_at__lt=limit)
        ).end()


class Attempt(Job):
    """One start: a token of Cyclr's on its way into one redirect.

    The finished address is encrypted, bound to this row, decrypted once by the redirect, and wiped.
    As a job it has ended when the address is there.
    """

    public_id = models.CharField(max_length=32, unique=True, default=new_attempt_id)
    state = models.CharField(
        max_length=10, choices=AttemptState.choices, default=AttemptState.WAITING
    )
    encrypted_url = models.TextField(blank=True, default="")
    shown_at = models.DateTimeField(null=True, blank=True, help_text="Its wait page was drawn.")
    ready_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)

    objects = AttemptQuerySet.as_manager()

    class Meta(Job.Meta):
        abstract = True
        ordering = ["-created_at", "-pk"]

    @property
    def is_over(self) -> bool:
        """Whether it can no longer lead anywhere."""
        if self.state in {AttemptState.USED, AttemptState.FAILED, AttemptState.OVER}:
            return True
        start: datetime = self.ready_at or self.created_at
        return (timezone.now() - start).total_seconds() > settings.ATTEMPT_LIVES_FOR

    @property
    def is_in_vain(self) -> bool:
        """Whether it ended without having led anywhere."""
        return self.used_at is None and self.is_over

    @property
    def why(self) -> str:
        """Why it led nowhere, for the customer and in their language."""
        return gettext(self.last_error or LATE)


class ConnectAttempt(Attempt):
    """One start with one installed connector on a link: the token of a sign-in page."""

    policy = Policy(
        task="dashboard.links.tasks.request_sign_in_token",
        queue="interactive",
        lease=timedelta(seconds=15),
        is_renewed=True,
        retries=Backoff(first=3, most=6),
        most_tries=30,
        give_up_after="ATTEMPT_LIVES_FOR",
        related=(
            *("item__link__account__console", "item__link__console", "item__account_connector"),
        ),
    )

    item = models.ForeignKey(LinkItem, on_delete=models.CASCADE, related_name="attempts")
    encrypted_url = models.TextField(db_column="sealed_url", blank=True, default="")
    returned_at = models.DateTimeField(null=True, blank=True)

    class Meta(Attempt.Meta):
        db_table = "links_mint"  # its name in the database, and those below, are data
        constraints = [
            models.CheckConstraint(
                name="mint_finished_unless_waiting",
                condition=Q(state="waiting", finished_at=None)
                | (~Q(state="waiting") & Q(finished_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="mint_sealed_only_when_ready", condition=Q(state="ready") | Q(encrypted_url="")
            ),
        ]
        indexes = [
            *Job.Meta.indexes,
            models.Index(fields=["item", "-created_at"], name="mint_of_item"),
            models.Index(fields=["state", "created_at"], name="mint_by_state"),
        ]

    def __str__(self) -> str:
        return f"attempt {self.pk} of {self.item_id}"

    @classmethod
    def ready(cls, moment: datetime) -> Q:
        """A console that is out of use is asked nothing."""
        return Q(item__link__console__retired_at=None)

    @property
    def associated_data(self) -> str:
        """What its encrypted address is bound to."""
        return f"links.mint:{self.public_id}:url"


CHECKS_AT_ONCE = 100


@prepared
def _any_due(moment: datetime) -> models.QuerySet[Any, Any]:
    """Asked each second; hardly ever is there one."""
    due = LinkItem.objects.filter(connected_at=None, next_check_at__lte=moment)
    return due.order_by().values_list("pk")[:1]


class AccountCheckQuerySet(JobQuerySet):
    """Checks of accounts, begun."""

    def begin(self, account_pk: int | None = None) -> None:
        """Begin that of each account that has items due and none under way; or of this one."""
        moment = timezone.now()
        if not _any_due(moment):
            return
        open_checks = self.open().filter(pk=OuterRef("link__account"))
        due = LinkItem.objects.filter(
            ~Exists(open_checks),
            connected_at=None,
            next_check_at__lte=moment,
            link__console__retired_at=None,
        )
        if account_pk is not None:
            due = due.filter(link__account=account_pk)
        accounts = due.order_by().values("link__account_id").annotate(since=Min("next_check_at"))
        longest = accounts.order_by("since").values_list("link__account_id", "since")
        for pk, since in longest[:CHECKS_AT_ONCE]:
            fresh = {"created_at": moment, "not_before": since, "finished_at": None, "tries": 0}
            fresh |= {"leased_until": None, "published_at": None, "last_error": ""}
            if not self.filter(pk=pk).exclude(finished_at=None).update(**fresh):
                self.get_or_create(pk=pk, defaults=fresh)


class AccountCheck(Job):
    """One listing of an account at Cyclr, for all its started items: did the customer finish?

    It is begun whenever items are due (`LinkItem.next_check_at`), and ends with the listing.
    """

    policy = Policy(
        task="dashboard.links.tasks.check_account",
        queue="checks",
        lease=timedelta(seconds=70),
        retries=Backoff(first=5, most=60),
        most_tries=5,
        give_up_after=timedelta(minutes=20),
        related=("account__console",),
    )

    account = models.OneToOneField(
        Account, on_delete=models.CASCADE, primary_key=True, related_name="+"
    )

    objects = AccountCheckQuerySet.as_manager()

    def __str__(self) -> str:
        return f"check of {self.account}"
