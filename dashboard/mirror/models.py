"""The mirror: what Cyclr last told us. Pages read this and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from cyclr_api import AuthMethod, Parameter
from dashboard.common.searching import words_in
from dashboard.consoles.models import Console
from dashboard.jobs.models import Job, JobQuerySet
from dashboard.jobs.policy import Backoff, Policy
from dashboard.mirror.catalogue import (
    asks_words,
    is_by_customer,
    is_by_visit,
    methods_words,
    ways_of,
)
from dashboard.mirror.keys import KeyField
from dashboard.people.access import consoles_for

if TYPE_CHECKING:
    from dashboard.people.models import Role, User


class MirrorQuerySet(models.QuerySet[Any]):
    """What every mirrored thing can be asked."""

    console_path = "console"

    def visible_to(self, user: User, at_least: Role | None = None) -> Self:
        """Those in current consoles in which the person has a role (at least this one)."""
        consoles = consoles_for(user) if at_least is None else consoles_for(user, at_least)
        return self.filter(**{f"{self.console_path}__in": consoles})

    def there(self) -> Self:
        """Those that Cyclr still has."""
        return self.filter(gone_at=None)


class Mirrored(models.Model):
    """Columns of every row that a sync fills.

    `seen_at`: when the newest listing that was merged into it began; an older one keeps off.
    `changed_at`: when something here changed it last; a sync that began before keeps off.
    `missed`: complete listings in a row without it; two of them, or a 404, mean gone.
    `missed_at`: when the last of them was merged; one that overlaps it does not count again.
    """

    seen_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)
    missed = models.PositiveSmallIntegerField(default=0)
    missed_at = models.DateTimeField(null=True, blank=True)
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


class AccountQuerySet(MirrorQuerySet):
    """Accounts, found."""

    def search(self, text: str) -> Self:
        """Accounts whose name or id has every word of the text, as people type them."""
        return self.filter(words_in(text, "search_text"))


class Account(Mirrored):
    """One end customer's Cyclr account."""

    console = models.ForeignKey(Console, on_delete=models.PROTECT, related_name="accounts")
    cyclr_id = models.TextField()
    cyclr_id_key = KeyField(of=["cyclr_id"])
    name = models.TextField(blank=True, default="")
    description = models.TextField(blank=True, default="")
    timezone = models.TextField(blank=True, default="")
    parent_id = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(null=True, blank=True)
    attributes = models.JSONField(default=dict, blank=True)
    search_text = models.TextField(blank=True, default="")
    sort_name = models.CharField(max_length=100, blank=True, default="")

    connector_count = models.PositiveIntegerField(default=0)
    unauthenticated_count = models.PositiveIntegerField(default=0)
    not_working_count = models.PositiveIntegerField(
        default=0, help_text="Authenticated, says Cyclr, and their newest test failed."
    )
    read_at = models.DateTimeField(
        null=True, blank=True, help_text="When the newest reading of its connectors began."
    )
    viewed_at = models.DateTimeField(null=True, blank=True)
    refresh_asked_at = models.DateTimeField(null=True, blank=True)
    refresh_error = models.TextField(blank=True, default="")
    refresh_failed_run = models.BigIntegerField(default=0, help_text="The run it failed in.")
    active_at = models.DateTimeField(null=True, blank=True, help_text="Something last changed.")
    own_library_read_at = models.DateTimeField(
        null=True, blank=True, help_text="When its own custom connectors were listed last."
    )
    sub_accounts_read_at = models.DateTimeField(
        null=True, blank=True, help_text="When its sub-accounts were listed last."
    )

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["sort_name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["console", "cyclr_id_key"], name="account_unique"),
        ]
        indexes = [
            models.Index(fields=["console", "sort_name", "id"], name="account_by_name"),
            models.Index(fields=["console", "-active_at", "id"], name="account_by_activity"),
            models.Index(
                fields=["console", "-unauthenticated_count", "id"], name="account_by_attention"
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.cyclr_id

    def get_absolute_url(self) -> str:
        """The account's page."""
        return reverse("account_detail", args=[self.pk])

    @property
    def is_refreshing(self) -> bool:
        """Whether a refresh was asked for that has not ended; one begun earlier does not count."""
        asked = self.refresh_asked_at
        if asked is None or (timezone.now() - asked).total_seconds() > 120:
            return False
        return self.read_at is None or self.read_at < asked


class CatalogueConnectorQuerySet(MirrorQuerySet):
    """Connectors of the library, found."""

    def search(self, text: str) -> Self:
        """Connectors whose name or categories have every word of the text."""
        return self.filter(words_in(text, "search_text"))

    def categories(self) -> list[str]:
        """All categories that occur, in alphabetical order."""
        names = self.values_list("categories", flat=True)
        return sorted({str(name) for some in names for name in some if name}, key=str.casefold)

    def light(self) -> Self:
        """Without the bulky columns, for filtering by what not every database can search."""
        return self.defer("parameters", "description")

    def installable(self) -> Self:
        """Those that may be picked: no drafts, none of Cyclr's built-in ones."""
        return self.there().filter(is_draft=False, is_system=False)

    def for_account(self, account: Account) -> Self:
        """The console's library, and the account's own custom connectors."""
        return self.filter(console=account.console).filter(Q(account=None) | Q(account=account))


class CatalogueConnector(Mirrored):
    """A connector that can be installed, known by name and version.

    `release_id` is Cyclr's numeric id of the release that is live now; it changes.
    """

    console = models.ForeignKey(Console, on_delete=models.PROTECT, related_name="library")
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, null=True, blank=True, related_name="custom_connectors"
    )
    name = models.TextField()
    version = models.TextField(blank=True, default="", help_text="Empty where Cyclr has null.")
    kind_key = KeyField(of=["name", "version"])
    release_id = models.BigIntegerField()
    description = models.TextField(blank=True, default="")
    status = models.TextField(blank=True, default="")
    is_draft = models.BooleanField(default=False)
    is_system = models.BooleanField(default=False)
    is_whole = models.BooleanField(default=True, help_text="Its parameters were read.")
    categories = models.JSONField(default=list, blank=True)
    authentication = models.JSONField(default=list, blank=True)
    parameters = models.JSONField(default=list, blank=True)
    search_text = models.TextField(blank=True, default="")
    sort_name = models.CharField(max_length=100, blank=True, default="")

    objects = CatalogueConnectorQuerySet.as_manager()

    class Meta:
        ordering = ["sort_name", "version", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["console", "account", "kind_key"],
                name="connector_unique",
                nulls_distinct=True,
            ),
            models.UniqueConstraint(
                fields=["console", "kind_key"],
                name="connector_unique_in_library",
                condition=Q(account=None),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The connector's page in the library."""
        return reverse("library_detail", args=[self.pk])

    @property
    def methods(self) -> list[AuthMethod]:
        """Its authentication methods, in Cyclr's order; empty when it needs none."""
        return [AuthMethod.from_json(method) for method in self.authentication]

    def is_among(self, *, category: str, way: str) -> bool:
        """Whether a list filtered so holds it; empty means any."""
        is_in_category = not category or category in self.categories
        return is_in_category and (not way or way in ways_of(self.methods))

    @property
    def method_words(self) -> str:
        """Its methods in a few words, such as “API key or OAuth 2”."""
        return methods_words(self.methods)

    @property
    def asks_words(self) -> str:
        """How much an install asks to type, in words."""
        return asks_words(self.methods, len(self.asked_parameters))

    @property
    def asked_parameters(self) -> list[Parameter]:
        """The parameters an install asks for, in order; hidden ones left out."""
        every = [Parameter.from_json(parameter) for parameter in self.parameters]
        asked = [p for p in every if p.is_account_property and not p.is_hidden and p.target_name]
        return sorted(asked, key=lambda p: (p.display_order is None, p.display_order or 0))


class InstallRefusalQuerySet(models.QuerySet[Any]):
    """Refusals, found."""

    def current(self) -> Self:
        """Those of the release that is live now: a newer one is tried anew."""
        return self.filter(release_id=F("connector__release_id"))


class InstallRefusal(models.Model):
    """Cyclr refused to install a release, in an account or everywhere: it is not offered again.

    What a listing shows does not prove that everybody may install it.
    """

    connector = models.ForeignKey(
        CatalogueConnector, on_delete=models.CASCADE, related_name="refusals"
    )
    account = models.ForeignKey(
        Account,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text="None: it can be installed nowhere, such as a draft.",
    )
    release_id = models.BigIntegerField()
    why = models.TextField(blank=True, default="")
    at = models.DateTimeField(default=timezone.now)

    objects = InstallRefusalQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["connector", "account"], name="refusal_unique", nulls_distinct=True
            ),
            models.UniqueConstraint(
                fields=["connector"], name="refusal_unique_everywhere", condition=Q(account=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.connector} in {self.account or 'any account'}: {self.why}"


NOT_WORKING = Q(authenticated=True, test_failed_at__isnull=False)
"""Installed connectors that Cyclr calls authenticated and whose newest test failed."""


class AccountConnectorQuerySet(MirrorQuerySet):
    """Installed connectors, found."""

    console_path = "account__console"

    def search(self, text: str) -> Self:
        """Those of which name, connector and account together have every word of the text."""
        return self.filter(words_in(text, "search_text", "account__search_text"))


class AccountConnector(Mirrored):
    """A connector installed in an account. Neither `AuthValue` nor property values are kept."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="connectors")
    cyclr_id = models.BigIntegerField()
    name = models.TextField(blank=True, default="")
    description = models.TextField(blank=True, default="")
    connector_name = models.TextField(blank=True, default="")
    connector_version = models.TextField(blank=True, default="")
    release_id = models.BigIntegerField(null=True, blank=True)
    authentication = models.JSONField(default=list, blank=True)
    authentication_id = models.TextField(blank=True, default="", help_text="As installed by us.")
    authenticated = models.BooleanField(null=True, blank=True)
    authenticated_since = models.DateTimeField(null=True, blank=True)
    is_native = models.BooleanField(default=False)
    filled = models.JSONField(
        default=list, blank=True, help_text="Names of the settings that have a value."
    )
    proven_at = models.DateTimeField(null=True, blank=True)
    test_failed_at = models.DateTimeField(
        null=True, blank=True, help_text="Its newest test failed then; empty if it did not fail."
    )
    test_failure = models.TextField(blank=True, default="", help_text="Why, for staff.")
    identity = models.TextField(
        blank=True, default="", help_text="Whose account at the third party it is, when told."
    )
    identity_at = models.DateTimeField(null=True, blank=True)
    left_mark = models.CharField(
        max_length=60,
        blank=True,
        default="",
        help_text="The mark of an install that is still in its description in Cyclr.",
    )
    tidy_tries = models.PositiveSmallIntegerField(default=0)
    tidy_not_before = models.DateTimeField(null=True, blank=True)
    search_text = models.TextField(blank=True, default="")
    sort_name = models.CharField(max_length=100, blank=True, default="", db_default="")

    objects = AccountConnectorQuerySet.as_manager()

    class Meta:
        ordering = [
            F("authenticated").asc(nulls_first=True),
            F("test_failed_at").desc(nulls_last=True),
            "sort_name",
            "pk",
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "cyclr_id"], name="account_connector_unique"
            ),
        ]
        indexes = [
            models.Index(
                fields=["authenticated"],
                name="account_connector_broken",
                condition=Q(authenticated=False, gone_at=None),
            ),
            models.Index(
                fields=["test_failed_at"],
                name="account_connector_not_working",
                condition=Q(authenticated=True, gone_at=None, test_failed_at__isnull=False),
            ),
            models.Index(
                fields=["tidy_not_before"],
                name="account_connector_untidy",
                condition=~Q(left_mark=""),
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.connector_name or str(self.cyclr_id)

    def get_absolute_url(self) -> str:
        """The installed connector's page."""
        return reverse("connector_detail", args=[self.pk])

    @property
    def console(self) -> Console:
        """The console of its account."""
        return self.account.console

    @property
    def state(self) -> str:
        """The state's word on screen, wherever it is named."""
        return "Not working" if self.is_not_working else self.state_in_cyclr

    @property
    def state_in_cyclr(self) -> str:
        """What Cyclr says alone: a test that failed is another fact."""
        if self.gone_at:
            return "Gone"
        return "Authenticated" if self.authenticated else "Not authenticated"

    @property
    def is_not_working(self) -> bool:
        """Whether Cyclr calls it authenticated and its newest test failed."""
        is_held = bool(self.authenticated) and self.gone_at is None
        return is_held and self.test_failed_at is not None

    @property
    def needs_somebody(self) -> bool:
        """Whether it has to be authenticated, for the first time or again."""
        return self.gone_at is None and (not self.authenticated or self.is_not_working)

    @property
    def methods(self) -> list[AuthMethod]:
        """How it may be authenticated: the method it was installed with, else all it knows."""
        every = [AuthMethod.from_json(method) for method in self.authentication]
        chosen = [m for m in every if self.authentication_id and m.id == self.authentication_id]
        return chosen or every

    @property
    def method_words(self) -> str:
        """Its methods in a few words, such as “OAuth 2”."""
        return methods_words(self.methods)

    @property
    def is_connected_by_link(self) -> bool:
        """Whether a customer can authenticate it on a connection link."""
        return any(is_by_customer(method) for method in self.methods)

    @property
    def is_connected_by_visit(self) -> bool:
        """Whether a customer can authenticate it by signing in, rather than by typing."""
        return any(is_by_visit(method) for method in self.methods)


class SyncRun(Job):
    """One complete reading of a console: accounts, library, then every account's connectors.

    It goes in steps, each a message of its own that carries the number in `attempt`. Claiming the
    step raises the number, so a message that comes twice or too late does nothing. It is given up
    when it has not got on for a while.
    """

    policy = Policy(
        task="dashboard.mirror.tasks.run_sync",
        queue="sync",
        lease=timedelta(seconds=175),
        retries=Backoff(first=5, most=60),
        most_tries=5,
        give_up_after=timedelta(minutes=10),
        age_from="touched_at",
        sends_attempt=True,
        related=("console",),
        every=5,
        republish_after=timedelta(seconds=90),
    )

    console = models.ForeignKey(Console, on_delete=models.CASCADE, related_name="sync_runs")
    touched_at = models.DateTimeField(default=timezone.now, help_text="It got on.")
    accounts_at = models.DateTimeField(null=True, blank=True, help_text="Accounts were listed.")
    is_asked = models.BooleanField(default=False, help_text="A person asked for it.")
    listed_at = models.DateTimeField(null=True, blank=True, help_text="So was the library.")
    accounts_found = models.PositiveIntegerField(default=0)
    accounts_read = models.PositiveIntegerField(default=0)
    accounts_failed = models.PositiveIntegerField(default=0)
    connectors_found = models.PositiveIntegerField(default=0)
    gone = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0, help_text="Elements that were unreadable.")
    library_error = models.TextField(
        blank=True, default="", help_text="Why the library was not read; the rest was."
    )

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [*Job.Meta.indexes]
        constraints = [
            models.UniqueConstraint(
                fields=["console"], name="sync_run_one_at_a_time", condition=Q(finished_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"sync of {self.console} at {self.created_at:%Y-%m-%d %H:%M}"


class DailyFigure(models.Model):
    """How many installed connectors were authenticated, once a day, for the trend."""

    console = models.ForeignKey(Console, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    authenticated = models.PositiveIntegerField()
    unauthenticated = models.PositiveIntegerField()

    class Meta:
        ordering = ["day"]
        constraints = [models.UniqueConstraint(fields=["console", "day"], name="figure_a_day")]

    def __str__(self) -> str:
        return f"{self.day}: {self.unauthenticated} not authenticated"
