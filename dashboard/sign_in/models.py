"""Mail about passwords, as jobs: known and unknown addresses cost the page the same."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models

from dashboard.jobs.models import Job, JobQuerySet
from dashboard.jobs.policy import Backoff, Policy


class PasswordMail(Job):
    """A link for a new password, asked for on the sign-in page. `user` is empty for nobody's.

    The link itself is made by the worker that mails it; it is kept nowhere.
    """

    policy = Policy(
        task="dashboard.sign_in.tasks.mail_password_link",
        queue="interactive",
        lease=timedelta(seconds=70),
        retries=Backoff(first=2, most=30),
        most_tries=5,
        give_up_after=timedelta(minutes=15),
        related=("user",),
    )

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+"
    )

    objects = JobQuerySet.as_manager()

    class Meta:
        indexes = [*Job.Meta.indexes]

    def __str__(self) -> str:
        return f"Link for a new password, asked for at {self.created_at:%Y-%m-%d %H:%M}"


class SecurityMail(Job):
    """Tells somebody that their sign-in was changed. It holds nothing that opens anything."""

    policy = Policy(
        task="dashboard.sign_in.tasks.mail_security_notice",
        queue="interactive",
        lease=timedelta(seconds=70),
        retries=Backoff(first=5, most=1800),
        most_tries=60,
        give_up_after=timedelta(days=1),
        related=("user",),
    )

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    action = models.CharField(max_length=60, help_text="As the audit trail has it.")
    to = models.EmailField(max_length=254)

    objects = JobQuerySet.as_manager()

    class Meta:
        indexes = [*Job.Meta.indexes]

    def __str__(self) -> str:
        return f"{self.user}: {self.action}"
