"""Invitations: who may become a colleague, with which role, and the message that says so."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from dashboard.consoles.models import Console
from dashboard.jobs.models import Job, JobQuerySet
from dashboard.jobs.policy import Policy
from dashboard.notifications.models import IS_FINISHED, SendState
from dashboard.notifications.retries import LEASE, MOST_TRIES, PAUSES, TRIES_FOR
from dashboard.people.models import Role, User

LASTS = timedelta(days=7)


def hash_of(token: str) -> str:
    """What is kept of an invitation's token, which has 256 random bits: no salt is needed."""
    return hashlib.sha256(f"desk invitation {token}".encode()).hexdigest()


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Invitations, found."""

    def waiting(self) -> Self:
        """Those that were neither accepted nor withdrawn; some may have expired."""
        return self.filter(accepted_at=None, withdrawn_at=None)

    def visible_to(self, user: User) -> Self:
        """Those into consoles of which the person is Admin."""
        held = {key for key, role in user.roles.items() if role == Role.ADMIN}
        return self if None in held else self.filter(console__in=[one for one in held if one])


class Invitation(models.Model):
    """Somebody was asked to join, with one role. It is used up by setting a password."""

    token_hash = models.CharField(max_length=64, unique=True)
    email = models.EmailField(max_length=254)
    role = models.PositiveSmallIntegerField(choices=Role.choices)
    console = models.ForeignKey(
        Console, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    invited_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    user = models.OneToOneField(
        User, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="invitation_one_waiting_per_email",
                condition=Q(accepted_at=None, withdrawn_at=None),
            ),
            models.CheckConstraint(name="invitation_role_known", condition=Q(role__in=Role.values)),
            models.CheckConstraint(
                name="invitation_accepted_by_somebody",
                condition=Q(accepted_at=None, user=None)
                | Q(accepted_at__isnull=False, user__isnull=False),
            ),
            models.CheckConstraint(
                name="invitation_accepted_or_withdrawn",
                condition=Q(accepted_at=None) | Q(withdrawn_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"Invitation of {self.email}"

    @property
    def is_expired(self) -> bool:
        """Whether its week is over."""
        return self.expires_at <= timezone.now()

    @property
    def is_open(self) -> bool:
        """Whether it can be accepted."""
        is_waiting = self.accepted_at is None and self.withdrawn_at is None
        return is_waiting and not self.is_expired


class InvitationMail(Job):
    """An invitation on its way. Its token is kept, encrypted, until it was sent."""

    policy = Policy(
        task="dashboard.team.tasks.send_invitation",
        queue="interactive",
        lease=LEASE,
        retries=PAUSES,
        most_tries=MOST_TRIES,
        give_up_after=TRIES_FOR,
        related=("invitation__console", "invitation__invited_by"),
    )

    invitation = models.ForeignKey(Invitation, on_delete=models.CASCADE, related_name="mails")
    token_hash = models.CharField(max_length=64, unique=True, help_text="Of the token it tells.")
    encrypted_token = models.TextField(blank=True, default="")
    state = models.CharField(max_length=10, choices=SendState.choices, default=SendState.WAITING)
    sent_at = models.DateTimeField(null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="invitation_mail_finished_unless_waiting", condition=IS_FINISHED
            ),
        ]
        indexes = [*Job.Meta.indexes]

    def __str__(self) -> str:
        return f"{self.invitation}, message {self.pk}"

    @property
    def associated_data(self) -> str:
        """What its token is bound to."""
        return f"team.invitation_mail:{self.token_hash}:token"
