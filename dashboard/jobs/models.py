"""What every job has in common: when it is due, who has it, how often it failed, when it ended."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Self

from django.db import models, transaction
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone

from dashboard.jobs.leases import Lease
from dashboard.jobs.messages import Message
from dashboard.jobs.policy import Policy


def is_free(moment: datetime) -> Q:
    """Rows that no worker has: none took them, it let go of them, or its lease ran out."""
    return Q(leased_until=None) | Q(leased_until__lt=moment)


class JobQuerySet(models.QuerySet[Any]):
    """Jobs, found and taken."""

    def open(self) -> Self:
        """Those that have not ended."""
        return self.filter(finished_at=None)

    def due(self, moment: datetime) -> Self:
        """Those that a worker may take now, also to end what has become too old."""
        return self._due(moment, moment - self.model.policy.longest_age)

    def ready(self, moment: datetime) -> Self:
        """Those that are due and have nothing else to wait for."""
        return self._ready(moment, moment - self.model.policy.longest_age)

    def ask(self, *, defaults: dict[str, Any] | None = None, **about: Any) -> Any:
        """The open job about this, which serves everybody who asks; else a new one, which is sent.

        `defaults`: what else a new one is made of.
        """
        with transaction.atomic():
            running = self.open().filter(**about).first()
            if running is not None:
                return running
            moment = timezone.now()
            columns = {**about, **(defaults or {})}
            made = self.create(**columns, created_at=moment, published_at=moment)
            made.send_on_commit()
        return made

    def claim(self, pk: int, *, attempt: int | None = None) -> Lease[Any] | None:
        """Take one job for this worker; None if it has ended, is not due, or somebody has it.

        `attempt`: only if it has had so many. What is read with it (`select_related`) is the
        caller's choice.
        """
        moment = timezone.now()
        rows = self.model.objects.filter(pk=pk)
        if attempt is not None:
            rows = rows.filter(attempt=attempt)
        with transaction.atomic():
            # Own columns alone: PostgreSQL looks at them once more if another worker was quicker.
            if not rows.due(moment).update(**self._taking(moment)):
                return None
            return Lease(self.get(pk=pk))

    def claim_group(self, key: int) -> list[Lease[Any]]:
        """Take what is due of a group, in order; nothing while somebody has any of it."""
        policy: Policy = self.model.policy
        moment = timezone.now()
        rows = self.model.objects.filter(**{policy.key: key})
        with transaction.atomic():
            due = rows.ready(moment).select_for_update(of=("self",)).order_by(*policy.order)
            pks = [job.pk for job in due[: policy.most_at_once]]
            if not pks or rows.open().filter(leased_until__gte=moment).exists():
                return []
            taken = self.model.objects.filter(pk__in=pks)
            taken.update(**self._taking(moment))
            return [Lease(job) for job in self.filter(pk__in=pks).order_by(*policy.order)]

    def unsent(self, moment: datetime) -> Self:
        """Those of which no worker has heard lately."""
        return self._unsent(moment - self.model.policy.republish_after)

    def to_send(self, moment: datetime, born_before: datetime, sent_before: datetime) -> Self:
        """Those that are ready and unsent, where the moments that follow from this one are given.

        So it can be put into SQL once: see `dashboard.common.prepared`.
        """
        return self._ready(moment, born_before)._unsent(sent_before)

    def _due(self, moment: datetime, born_before: datetime) -> Self:
        is_time = Q(not_before__lte=moment) | self._overdue(born_before)
        return self.open().filter(is_free(moment), is_time)

    def _ready(self, moment: datetime, born_before: datetime) -> Self:
        due, ready = self._due(moment, born_before), self.model.ready(moment)
        return due.filter(self._overdue(born_before) | ready) if ready else due

    def _unsent(self, sent_before: datetime) -> Self:
        return self.filter(
            Q(published_at=None)
            | Q(published_at__lt=sent_before)
            | Q(published_at__lt=F("not_before"))
        )

    def _overdue(self, born_before: datetime) -> Q:
        policy: Policy = self.model.policy
        return Q(**{f"{policy.age_from}__lt": born_before})

    def _taking(self, moment: datetime) -> dict[str, Any]:
        """A lease that nobody gave back was lost, together with its worker: that counts."""
        lost = Case(When(leased_until__isnull=False, then=Value(1)), default=Value(0))
        return {
            "attempt": F("attempt") + 1,
            "tries": F("tries") + lost,
            "leased_until": moment + self.model.policy.lease_length,
        }


class Job(models.Model):
    """A row that is work for a worker. The row is the truth, a message only a hint.

    A class of jobs has a `policy`, `objects` made of a `JobQuerySet`, and a task that
    `jobs.working.works_on` makes of a function.
    `attempt` rises with each claim and fences what an earlier one still writes; `tries` counts
    failures and lost workers, `last_error` says why the last one failed.
    """

    policy: ClassVar[Policy]

    created_at = models.DateTimeField(default=timezone.now)
    not_before = models.DateTimeField(default=timezone.now)
    published_at = models.DateTimeField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    attempt = models.PositiveIntegerField(default=0)
    tries = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True, default="")

    class Meta:
        abstract = True
        indexes = [
            models.Index(fields=["not_before"], name="%(class)s_due", condition=Q(finished_at=None))
        ]

    @classmethod
    def ready(cls, moment: datetime) -> Q:
        """What else must hold before the dispatcher sends a job, or a group is taken."""
        return Q()

    @property
    def is_finished(self) -> bool:
        """Whether it has ended, one way or the other."""
        return self.finished_at is not None

    @property
    def ends_at(self) -> datetime:
        """When it is given up at the latest."""
        born: datetime = getattr(self, self.policy.age_from)
        return born + self.policy.longest_age

    @property
    def message(self) -> Message:
        """The message that has it carried out."""
        return self.policy.message

    @property
    def message_arguments(self) -> tuple[int, ...]:
        """What the message names."""
        key: int = getattr(self, self.policy.key)
        return (key, self.attempt) if self.policy.sends_attempt else (key,)

    def send(self) -> bool:
        """Send its message now; says whether it left."""
        return self.message.send(*self.message_arguments)

    def send_on_commit(self) -> None:
        """Send its message once its row can be seen by a worker."""
        self.message.send_on_commit(*self.message_arguments)


class Heartbeat(models.Model):
    """The last sign of life of one process on one host. Who ends in order takes it away."""

    process = models.CharField(max_length=40)
    host = models.CharField(max_length=255)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["process", "host"]
        constraints = [
            models.UniqueConstraint(fields=["process", "host"], name="heartbeat_of_a_process")
        ]

    def __str__(self) -> str:
        return f"{self.process} on {self.host} at {self.at:%H:%M:%S}"
