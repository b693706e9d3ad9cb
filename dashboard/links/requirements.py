"""What an installed connector still needs from the customer, as far as the mirror knows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from cyclr_api import AuthMethod, Parameter
from dashboard.links.models import ENTER, Link, LinkItem
from dashboard.mirror.catalogue import SIGNED_IN, AuthType, auth_type_of
from dashboard.mirror.models import AccountConnector, CatalogueConnector
from dashboard.operations.models import Operation, State

TYPED = frozenset({AuthType.API_KEY, AuthType.BASIC, AuthType.CLIENT, AuthType.NOTHING})
"""Types that typing alone finishes; nobody signs in anywhere."""
IN_SETTINGS = frozenset({AuthType.CLIENT, AuthType.PASSWORD, AuthType.NOTHING, AuthType.UNKNOWN})
"""Types whose credentials are settings: what stands there may be wrong, and is typed anew."""


@dataclass(frozen=True, slots=True)
class Requirements:
    """What the customer has to do for one installed connector.

    `missing`: required settings without a value. `optional`: settings that may be typed as well.
    `library`: the catalogue's entry, None when it is not known any more.
    """

    installed: AccountConnector
    library: CatalogueConnector | None
    method: AuthMethod | None
    auth_type: AuthType
    missing: tuple[Parameter, ...] = ()
    optional: tuple[Parameter, ...] = ()
    filled: frozenset[str] = frozenset()

    @property
    def must_type(self) -> bool:
        """Whether there is something to type before anything else."""
        return bool(self.missing) or self.auth_type in {
            AuthType.API_KEY,
            AuthType.BASIC,
            AuthType.CLIENT,
        }

    @property
    def must_type_first(self) -> bool:
        """Whether there is no sense in a visit yet: a key needs none, and settings go first."""
        return bool(self.missing) or self.auth_type in {AuthType.API_KEY, AuthType.BASIC}

    @property
    def may_type_again(self) -> bool:
        """Whether Cyclr tries what was typed, so that it may be wrong and nothing else asks."""
        is_password = self.auth_type == AuthType.PASSWORD
        return is_password and bool(self.optional) and not self.must_type

    @property
    def may_type(self) -> bool:
        """Whether there is anything that can be typed."""
        return self.must_type or bool(self.optional)

    @property
    def signs_in(self) -> bool:
        """Whether a visit in the browser finishes it."""
        return self.auth_type in SIGNED_IN

    @property
    def is_nothing(self) -> bool:
        """Whether the customer can do nothing for it."""
        return not self.may_type and not self.signs_in

    @property
    def may_finish(self) -> bool:
        """Whether a link is of use: what has to be finished in Cyclr lacks settings at most."""
        return not self.is_nothing and (self.auth_type != AuthType.UNKNOWN or bool(self.missing))

    @property
    def customer_does(self) -> str:
        """What the customer will do, for staff: “types an API key and 2 settings”.

        With a user name and password as settings Cyclr signs in by itself once they are there.
        """
        count = len(self.missing)
        settings = f"{count} setting{'s' if count > 1 else ''}" if count else ""
        typed = [
            {AuthType.API_KEY: "an API key", AuthType.BASIC: "a user name and a password"}.get(
                self.auth_type
            )
        ]
        if self.auth_type == AuthType.CLIENT and not settings:
            typed = ["client credentials"]
        what = " and ".join(part for part in [*typed, settings] if part)
        name = self.installed.connector_name or self.installed.name
        visit = f"signs in at {name}" if self.auth_type == AuthType.SIGN_IN else "presses Continue"
        if not what and not self.signs_in:
            return "may enter its settings again" if self.optional else "has nothing to do"
        if not what:
            return visit
        return (
            f"types {what}, then {visit}" if self.auth_type == AuthType.SIGN_IN else f"types {what}"
        )


def requirements_of_all(
    connectors: Sequence[AccountConnector],
    entered: Mapping[int, Collection[str]] | None = None,
) -> dict[int, Requirements]:
    """The requirements of installed connectors of one account, by their keys.

    `entered`: names of settings that a customer has typed and Cyclr has taken, whatever the
    reading after it shows of them.
    """
    library = _library_of(connectors)
    known = entered or {}
    return {
        one.pk: _needs(one, library.get(_kind(one)), known.get(one.pk, ())) for one in connectors
    }


def requirements_on(link: Link, items: Iterable[LinkItem]) -> dict[int, Requirements]:
    """The requirements of a link's items, by the keys of their connectors."""
    connectors = [item.account_connector for item in items]
    done = Operation.objects.filter(
        account_id=link.account_id, kind=ENTER, state=State.DONE, actor_link=link.pk
    )
    entered: dict[int, set[str]] = {}
    for pk, outcome in done.order_by("pk").values_list("account_connector", "outcome"):
        names = entered.setdefault(pk, set())
        names -= set((outcome or {}).get("lost", []))
        names |= set((outcome or {}).get("sent", []))
    return requirements_of_all(connectors, entered)


def requirements_of(item: LinkItem) -> Requirements:
    """The requirements of one item."""
    return requirements_on(item.link, [item])[item.account_connector_id]


def _kind(connector: AccountConnector) -> tuple[str, str]:
    return connector.connector_name, connector.connector_version


def _library_of(
    connectors: Sequence[AccountConnector],
) -> dict[tuple[str, str], CatalogueConnector]:
    """The catalogue's entries: the account's own before the console's, those there before gone."""
    if not connectors:
        return {}
    names = {connector.connector_name for connector in connectors}
    rows = CatalogueConnector.objects.for_account(connectors[0].account)
    found = list(rows.filter(name__in=names).defer("description").order_by("pk"))
    found.sort(key=lambda row: (row.account_id is not None, row.gone_at is None))
    return {(row.name, row.version): row for row in found}


def _needs(
    installed: AccountConnector, library: CatalogueConnector | None, entered: Collection[str]
) -> Requirements:
    method = _method(installed, library)
    auth_type = auth_type_of(method) if method else AuthType.NOTHING
    asked = library.asked_parameters if library else []
    filled = frozenset([*map(str, installed.filled), *entered])
    empty = [one for one in asked if one.target_name not in filled]
    missing = tuple(one for one in empty if not one.is_optional)
    optional = [one for one in empty if one.is_optional]
    if auth_type in IN_SETTINGS:
        optional += [one for one in asked if one.target_name in filled]
    return Requirements(installed, library, method, auth_type, missing, tuple(optional), filled)


def _method(installed: AccountConnector, library: CatalogueConnector | None) -> AuthMethod | None:
    """How it is authenticated; where that is not known, by signing in rather than otherwise."""
    methods = installed.methods or (library.methods if library else [])
    by_visit = [method for method in methods if auth_type_of(method) == AuthType.SIGN_IN]
    return next(iter([*by_visit, *methods]), None)
