"""Connectors installed in accounts."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Self

from django.db import connections, models
from django.db.models import F, JSONField, Q, Value

from cyclr_api import AuthMethod
from dashboard.common.page_addresses import page_address
from dashboard.common.prepared import prepared
from dashboard.common.searching import ways_to_find, words_in
from dashboard.consoles.models import Console
from dashboard.mirror.catalogue import (
    chosen_methods,
    is_by_visit,
    is_connected_by_link,
    methods_label,
)
from dashboard.mirror.connector_state import ConnectorStateMixin, WhyBroken
from dashboard.mirror.models.accounts import Account
from dashboard.mirror.models.base import Mirrored, MirrorQuerySet

NOT_WORKING = Q(authenticated=True, test_failed_at__isnull=False)
"""Installed connectors that Cyclr calls authenticated and whose newest test or call failed."""


class AccountConnectorQuerySet(MirrorQuerySet):
    """Installed connectors, found."""

    console_path = "account__console"

    def search(self, text: str) -> Self:
        """Those of which name, connector and account together have every word of the text."""
        return self.filter(words_in(text, "search_text", "account__search_text"))

    def searches(self, text: str) -> list[Self]:
        """The same as disjoint queries, each of which PostgreSQL can answer from an index."""
        if connections[self.db].vendor != "postgresql":
            return [self.search(text)]
        return self._ways(text, in_accounts)

    def searches_among(self, text: str, accounts: Sequence[Sequence[int] | None]) -> list[Self]:
        """The same for `plain_words`, where `few_accounts_with` has answered for each."""
        answers = iter(accounts)

        def among(_: Q) -> Q | None:
            keys = next(answers)
            return None if keys is None else Q(account__in=keys)

        return self._ways(text, among)

    def _ways(self, text: str, of_accounts: Callable[[Q], Q | None]) -> list[Self]:
        ways = ways_to_find(text, "search_text", "account__search_text", of_owners=of_accounts)
        return [self.filter(way) for way in ways]


FEW_ACCOUNTS = 200
"""So many are named in a query; PostgreSQL guesses a hundred times as many for a rare word."""


def in_accounts(condition: Q) -> Q | None:
    """What is installed in the accounts that fulfil a condition; None if they are many.

    In an order that no index has: PostgreSQL would else read the table until it has found so many,
    which for a rare word is all of it, and leave the index of trigrams alone.
    """
    pks = [pk for (pk,) in _few_and_one(condition)]
    return Q(account__in=pks) if len(pks) <= FEW_ACCOUNTS else None


def few_accounts_with(word: str) -> list[int] | None:
    """The accounts that have one of `plain_words`, asked in the same way; None if they are many."""
    pks = [pk for (pk,) in _accounts_with(word)]
    return pks if len(pks) <= FEW_ACCOUNTS else None


@prepared
def _accounts_with(word: str) -> models.QuerySet[Any, Any]:
    return _few_and_one(Q(search_text__contains=word))


def _few_and_one(condition: Q) -> models.QuerySet[Any, Any]:
    found = Account.objects.filter(condition).order_by(F("pk") + 0)
    return found.values_list("pk")[: FEW_ACCOUNTS + 1]


class AccountConnector(ConnectorStateMixin, Mirrored):
    """A connector installed in an account. Neither `AuthValue` nor secret settings are kept.

    `setting_values`: by technical name, the values of settings that Cyclr does not call sensitive
    and that do not look secret. `set_by`: who gave which setting a value from here, and when
    (`[moment, name]`); the empty name stands for the credentials.
    """

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
    setting_values = models.JSONField(default=dict, blank=True, db_default=Value({}, JSONField()))
    set_by = models.JSONField(default=dict, blank=True, db_default=Value({}, JSONField()))
    proven_at = models.DateTimeField(null=True, blank=True)
    test_failed_at = models.DateTimeField(
        null=True, blank=True, help_text="A test or call failed then; empty if the newest did not."
    )
    failing_since = models.DateTimeField(
        null=True, blank=True, help_text="When the first failed of those that failed in a row."
    )
    test_failure = models.TextField(blank=True, default="", help_text="Why, for staff.")
    why_broken = models.CharField(
        max_length=20,
        choices=WhyBroken.choices,
        blank=True,
        default="",
        db_default="",
        help_text="The class of why it stopped working, or could not be tested.",
    )
    proven_by = models.TextField(
        blank=True, default="", db_default="", help_text="The method that proved it last."
    )
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
    search_text = models.TextField(blank=True, default="")
    sort_name = models.CharField(max_length=100, blank=True, default="", db_default="")

    icon_digest = ""
    """The address of its icon, once `mirror.icons.add_icons` has looked; else empty."""

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
            models.Index(fields=["sort_name", "id"], name="account_connector_by_name"),
            models.Index(fields=["gone_at", "why_broken"], name="account_connector_why"),
            models.Index(fields=["connector_name"], name="account_connector_of_kind"),
            # In the order of the list; on PostgreSQL they say where nulls are, see 0021.
            models.Index(
                fields=["gone_at", "authenticated", "-test_failed_at", "sort_name", "id"],
                name="account_connector_by_state",
            ),
            models.Index(
                fields=["-authenticated_since", "sort_name", "id"],
                name="account_connector_by_since",
            ),
            models.Index(
                fields=["left_mark"], name="account_connector_marked", condition=~Q(left_mark="")
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.connector_name or str(self.cyclr_id)

    def get_absolute_url(self) -> str:
        """The installed connector's page."""
        return page_address("connector_detail", self.pk)

    @property
    def console(self) -> Console:
        """The console of its account."""
        return self.account.console

    @property
    def methods(self) -> list[AuthMethod]:
        """How it may be authenticated: the method it was installed with, else all it knows."""
        return chosen_methods(self.authentication, self.authentication_id)

    @property
    def method_label(self) -> str:
        """Its methods in a few words, such as “OAuth 2”."""
        return methods_label(self.methods)

    @property
    def is_connected_by_link(self) -> bool:
        """Whether a customer can authenticate it on a connection link."""
        return is_connected_by_link(json.dumps(self.authentication), self.authentication_id)

    @property
    def is_connected_by_visit(self) -> bool:
        """Whether a customer can authenticate it by signing in, rather than by typing."""
        return any(is_by_visit(method) for method in self.methods)
