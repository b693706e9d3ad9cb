"""Colleagues: who they are, and which role they hold in which console."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Lower
from django.db.models.lookups import Exact
from django.utils.crypto import salted_hmac

from dashboard.common.prepared import columns_of, instance_of, prepared
from dashboard.consoles.models import Console
from dashboard.environment.email_address import meant_address
from dashboard.features import services as features
from dashboard.features.registry import Feature
from dashboard.features.services import Off


class Role(models.IntegerChoices):
    """What somebody may do; each role may do all that the ones before it may."""

    VIEWER = 1, "Viewer"
    AGENT = 2, "Agent"
    LEAD = 3, "Lead"
    ADMIN = 4, "Admin"


class UserManager(BaseUserManager["User"]):
    """Colleagues, found and made."""

    def with_email(self, email: str) -> models.QuerySet[User]:
        """The one with this address, upper or lower case alike.

        As it is stored, or as it is read out of what a mail program or a phone's keyboard adds.
        """
        stored = self.filter(Exact(Lower("email"), Lower(Value(email.strip()))))
        if stored.exists():
            return stored
        return self.filter(Exact(Lower("email"), Lower(Value(meant_address(email)))))

    def get_by_natural_key(self, username: str | None) -> User:
        """What signing in looks up."""
        return self.with_email(username or "").get()

    def create_user(self, email: str, password: str | None = None, **values: Any) -> User:
        """A new colleague without any role yet."""
        user = self.model(email=email, **values)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A colleague. The e-mail address, as it was typed, is what they sign in with."""

    email = models.EmailField(unique=True, max_length=254)
    name = models.CharField(max_length=200, blank=True, default="")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    session_generation = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Raised, it ends every session there is."
    )
    has_single_keys = models.BooleanField(
        default=True, db_default=True, help_text="Single keys, such as “/”, are shortcuts."
    )
    has_second_factor = models.BooleanField(default=False, db_default=False)
    grace_began_at = models.DateTimeField(
        null=True, blank=True, help_text="From when on they have two weeks for a second factor."
    )

    asked_features: tuple[Feature, ...] = ()
    """What the page of this request takes: consoles in which that is off do not count for it."""
    reads_retired = False
    """Whether this request reads what a retired console had: then nothing more than a Viewer."""

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        ordering = ["name", "email"]
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_once_in_any_case"),
        ]

    def __str__(self) -> str:
        return self.display_name

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session must have been opened with: the password, and since the last leaving."""
        return salted_hmac(
            "dashboard.people.session",
            f"{self.session_generation}:{self.password}",
            secret=secret,
            algorithm="sha256",
        ).hexdigest()

    @property
    def display_name(self) -> str:
        """The name or, without one, the address."""
        return self.name.strip() or self.email

    @cached_property
    def roles(self) -> dict[int | None, Role]:
        """Role by console id, `None` for all consoles; read once per object, so per request."""
        if self._state.adding:
            return {}
        return {console_id: Role(role) for console_id, role in _roles_of(self.pk)}

    @property
    def is_admin_of_all(self) -> bool:
        """Whether the person administers everything, consoles to come too."""
        return self.roles.get(None) == Role.ADMIN

    def role_in(self, console: Console | int | None) -> Role | None:
        """The role in this console; of one held here and one held everywhere, the higher."""
        console_id = console.pk if isinstance(console, Console) else console
        held = [self.roles[key] for key in {console_id, None} if key in self.roles]
        if held and self.reads_retired and console_id in self._retired:
            return Role.VIEWER
        return max(held, default=None)

    @cached_property
    def _retired(self) -> set[int]:
        retired = Console.objects.exclude(retired_at=None)
        return set(retired.values_list("pk", flat=True))

    @cached_property
    def consoles(self) -> list[Console]:
        """The current consoles in which they hold a role; read once per object, so per request."""
        found = (
            _consoles()
            if None in self.roles
            else _consoles_among([key for key in self.roles if key])
        )
        return [instance_of(Console, values) for values in found]

    @cached_property
    def switched_off(self) -> Off:
        """The features that are off; read once per object, so per request."""
        return features.read()

    @property
    def highest_role(self) -> Role | None:
        """The highest role held anywhere; while a retired console is read, nothing is changed."""
        if self.reads_retired and self.roles:
            return Role.VIEWER
        return max(self.roles.values(), default=None)


class Membership(models.Model):
    """A role, held in one console or in all of them."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    console = models.ForeignKey(
        Console, on_delete=models.CASCADE, related_name="memberships", null=True, blank=True
    )
    role = models.PositiveSmallIntegerField(choices=Role.choices)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["user", "console"], name="membership_once_per_console"),
            models.UniqueConstraint(
                fields=["user"], condition=Q(console=None), name="membership_once_for_all_consoles"
            ),
            models.CheckConstraint(name="membership_role_known", condition=Q(role__in=Role.values)),
        ]

    def __str__(self) -> str:
        return f"{Role(self.role).label} in {self.console or 'all consoles'}"


@prepared
def _roles_of(user: int) -> models.QuerySet[Any, Any]:
    return Membership.objects.filter(user=user).order_by("pk").values_list("console_id", "role")


@prepared
def _consoles() -> models.QuerySet[Any, Any]:
    return Console.objects.current().values_list(*columns_of(Console))


@prepared
def _consoles_among(keys: list[int]) -> models.QuerySet[Any, Any]:
    current = Console.objects.current().filter(pk__in=keys)
    return current.values_list(*columns_of(Console))


class SignInFailure(models.Model):
    """A try to sign in that has not succeeded, kept for a day.

    Keys are keyed hashes: people type passwords into the wrong field. `browser_key`: of a browser
    that this person has signed in with before; empty for everybody else's.
    """

    email_key = models.CharField(max_length=64)
    address_key = models.CharField(max_length=64)
    browser_key = models.CharField(max_length=64, blank=True, default="", db_default="")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(fields=["email_key", "at"], name="sign_in_failure_email"),
            models.Index(fields=["address_key", "at"], name="sign_in_failure_address"),
            models.Index(fields=["browser_key", "at"], name="sign_in_failure_browser"),
        ]

    def __str__(self) -> str:
        return f"Failed sign-in at {self.at:%Y-%m-%d %H:%M}"
