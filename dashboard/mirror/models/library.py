"""Connectors that can be installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from cyclr_api import AuthMethod, Parameter
from dashboard.common.page_addresses import page_address
from dashboard.common.searching import words_in
from dashboard.consoles.models import Console
from dashboard.mirror.catalogue import asks_label, auth_types_of, methods_label
from dashboard.mirror.keys import KeyField

if TYPE_CHECKING:
    pass
from dashboard.mirror.models.accounts import Account
from dashboard.mirror.models.base import Mirrored, MirrorQuerySet
from dashboard.mirror.models.icons import Icon


class CatalogueConnectorQuerySet(MirrorQuerySet):
    """Connectors of the library, found."""

    def search(self, text: str) -> Self:
        """Connectors whose name or categories have every word of the text, or of this release."""
        found = words_in(text, "search_text")
        number = text.strip()
        if number.isascii() and number.isdigit() and len(number) < 19:
            found |= Q(release_id=int(number))
        return self.filter(found)

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
    icon = models.ForeignKey(
        Icon,
        to_field="source_digest",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    search_text = models.TextField(blank=True, default="")
    sort_name = models.CharField(max_length=100, blank=True, default="")

    icon_digest = ""
    """The address of its icon, once `mirror.icons.add_icons` has looked; else empty."""

    objects = CatalogueConnectorQuerySet.as_manager()

    class Meta:
        ordering = ["sort_name", "version", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["console", "account", "kind_key"], name="connector_unique"
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
        return page_address("library_detail", self.pk)

    @property
    def methods(self) -> list[AuthMethod]:
        """Its authentication methods, in Cyclr's order; empty when it needs none."""
        return [AuthMethod.from_json(method) for method in self.authentication]

    def is_among(self, *, category: str, auth_type: str) -> bool:
        """Whether a list filtered so holds it; empty means any."""
        is_in_category = not category or category in self.categories
        return is_in_category and (not auth_type or auth_type in auth_types_of(self.methods))

    @property
    def method_label(self) -> str:
        """Its methods in a few words, such as “API key or OAuth 2”."""
        return methods_label(self.methods)

    @property
    def asks_label(self) -> str:
        """How much an install asks to type, in words."""
        return asks_label(self.methods, len(self.asked_parameters))

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
            models.UniqueConstraint(fields=["connector", "account"], name="refusal_unique"),
            models.UniqueConstraint(
                fields=["connector"], name="refusal_unique_everywhere", condition=Q(account=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.connector} in {self.account or 'any account'}: {self.why}"
