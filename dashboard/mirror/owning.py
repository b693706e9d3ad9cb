"""Whose a connector of the library is: the console's, or one account's alone.

Cyclr lists the library for an account. Whether such a listing holds the connectors that were made
for that account, with or without `includeCustomConnectors`, and whether their ids in the list of
custom connectors are those of their releases, is not documented; this is right either way:

- What an account's own list of custom connectors names is that account's.
- What is new is the console's only if a second account is shown it as well.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

from cyclr_api import AccountApi, Connector, CustomConnector, CyclrError, Icons, NotFoundError
from dashboard.common.untrusted_text import storable
from dashboard.mirror.missing import ask_each

logger = logging.getLogger(__name__)

FEW = 20
"""So many new connectors are asked for one by one; more are looked for in a listing."""

Kind = tuple[str, str]
"""A connector's name and version."""


def kind_of(found: Connector | CustomConnector) -> Kind:
    """As the mirror keeps it."""
    return storable(found.name), storable(found.version or "")


@dataclass(slots=True)
class OwnLibrary:
    """The connectors that were made for one account alone, as far as Cyclr told.

    `is_whole`: none is missing. `gone`: releases that we knew and Cyclr does not.
    """

    connectors: list[Connector] = field(default_factory=list)
    is_whole: bool = False
    gone: set[int] = field(default_factory=set)

    @property
    def ids(self) -> set[int]:
        """Their releases."""
        return {one.id for one in self.connectors}


def own_library(
    there: AccountApi,
    *,
    shared: Collection[int],
    known: Collection[int],
    listed: Sequence[Connector] = (),
    icons: Icons | None = None,
) -> OwnLibrary:
    """The connectors made for this account; an empty one that is not whole if Cyclr does not tell.

    `shared`: releases that are known to be the console's; `known`: those known to be this
    account's. `listed`: the library as it was listed for it, if it was. `icons`: who is handed
    the icons of those that are asked for.
    """
    try:
        customs = there.custom_connectors.all()
    except CyclrError as error:
        logger.info("custom connectors not told call=%s status=%s", error.call, error.status)
        return OwnLibrary()
    own = OwnLibrary(is_whole=True)
    for custom in customs:
        found = _among(listed, custom) or _asked_for(there, custom, shared, icons)
        if found is None:
            own.is_whole = False
        else:
            own.connectors.append(found)
    own.gone = ask_each(set(known) - own.ids, there.library.get).gone
    return own


def _is_it(found: Connector, custom: CustomConnector) -> bool:
    """Whether both tell of one thing: by name and version, and one of its ids."""
    unique = str(found.extra.get("UniqueIdentifier") or "").lower()
    is_same = str(found.id) == custom.id or bool(unique and unique == custom.unique_id)
    return is_same and kind_of(found) == kind_of(custom)


def _among(listed: Iterable[Connector], custom: CustomConnector) -> Connector | None:
    return next((one for one in listed if _is_it(one, custom)), None)


def _asked_for(
    there: AccountApi, custom: CustomConnector, shared: Collection[int], icons: Icons | None
) -> Connector | None:
    """The release of a custom connector: by its id, else by its name. None if nobody can tell."""
    try:
        if custom.id.isascii() and custom.id.isdecimal():
            found = _got(there, int(custom.id), icons)
            if found is not None and kind_of(found) == kind_of(custom):
                return replace(found, is_partial=False)
        named = there.library.named(custom.name, custom.version, icons=icons)
    except CyclrError as error:
        logger.info("custom connector not read call=%s status=%s", error.call, error.status)
        return None
    same = [one for one in named if kind_of(one) == kind_of(custom)]
    sure = [one for one in same if _is_it(one, custom)]
    left = sure or [one for one in same if one.id not in shared]
    return left[0] if len(left) == 1 else None


def _got(there: AccountApi, release_id: int, icons: Icons | None) -> Connector | None:
    try:
        return there.library.get(release_id, icons=icons)
    except NotFoundError:
        return None


def unknown_to(witness: AccountApi, releases: Collection[int]) -> set[int]:
    """Those of these releases that another account is not shown; none if it cannot be told."""
    if len(releases) <= FEW:
        return ask_each(sorted(releases), witness.library.get).gone
    try:
        shown = witness.library.readable(include_custom=True)
    except CyclrError:
        return set()
    return set() if shown.skipped else set(releases) - {one.id for one in shown}
