"""How Cyclr is asked for a connector: by the id of a release, by name, or by name and version.

An id is one release: once a newer one is live, Cyclr may not install it any more. By name, or name
and version, Cyclr installs what is live when it is asked. A name of digits is taken for an id.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from cyclr_api.library import is_like_an_id
from dashboard.common.searching import nfkc_casefold
from dashboard.common.untrusted_text import first_few, storable
from dashboard.mirror.models import CatalogueConnector

NAMED = 5
"""Versions that are named to somebody who has to choose one."""


class By(StrEnum):
    """By what Cyclr is asked for it."""

    ID = "id"
    VERSION = "version"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Entry:
    """A connector of the library, as far as it is called by."""

    pk: int
    name: str
    version: str
    release_id: int
    account_id: int | None = None
    """The account that it was made for alone."""

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip()

    @property
    def names(self) -> set[str]:
        """How name and version together are written."""
        ways = (" ", ", ", "@", "/") if self.version else ()
        return {nfkc_casefold(f"{self.name}{between}{self.version}") for between in ways}


class NotMeantError(ValueError):
    """What is written names no connector, several, or another one; the message says so."""


def entries_for(connector: CatalogueConnector) -> list[Entry]:
    """What can be installed where this connector can."""
    return entries_in(connector.console_id, connector.account_id)


def entries_in(console_id: int, account_id: int | None = None) -> list[Entry]:
    """What can be installed in every account of a console, and what can in this one alone."""
    return open_to(account_id, entries_of(console_id))


def entries_of(console_id: int) -> list[Entry]:
    """What can be installed in any account of a console."""
    library = CatalogueConnector.objects.installable().filter(console=console_id).order_by("pk")
    columns = ("pk", "name", "version", "release_id", "account_id")
    return [Entry(*row) for row in library.values_list(*columns)]


def open_to(account_id: int | None, entries: Iterable[Entry]) -> list[Entry]:
    """Those of the entries that can be installed in an account; None: in every one."""
    return [one for one in entries if one.account_id in {None, account_id}]


def ways_of(connector: CatalogueConnector) -> list[By]:
    """By what it can be asked for without doubt."""
    return ways_among(connector, versions_of(connector))


def ways_among(connector: CatalogueConnector, versions: int) -> list[By]:
    """The same; `versions`: how many of its name the library has.

    One that was made for an account alone may share its name with the console's.
    """
    if connector.account_id is not None:
        return [By.ID]
    ways = [By.ID] + ([By.VERSION] if connector.version.strip() else [])
    is_sure = versions <= 1 and not is_like_an_id(connector.name)
    return ways + ([By.NAME] if is_sure else [])


def versions_of(connector: CatalogueConnector) -> int:
    """How many versions of its name the library has."""
    rows = CatalogueConnector.objects.installable().filter(console=connector.console_id)
    return int(rows.filter(account=None, name=connector.name).count())


def meant(
    connector: CatalogueConnector, entries: Sequence[Entry], written: str, version: str = ""
) -> By | None:
    """By what a line of a table asks for this connector; None if it says nothing.

    `written`: an id, a name, or name and version; `version`: from a column of its own. Raises
    `NotMeantError` if it is another connector, several, or none.
    """
    written, version = written.strip(), version.strip()
    if not written and not version:
        return None
    if written:
        found, by = find_meant(entries, written, version)
    else:
        found, by = _by_name(entries, connector.name, version)
    if found.pk != connector.pk:
        raise NotMeantError(
            f"{quoted(written)} is {found}, and this table installs {_said(connector)}: "
            "make another table for it."
        )
    allowed = ways_among(connector, sum(one.name == connector.name for one in entries))
    return by if by in allowed else By.ID


def asked_for(
    entries: Sequence[Entry], by: str, *, release_id: int, name: str, version: str
) -> Entry:
    """What is live now of a connector that was chosen earlier, to be asked for so.

    Raises `NotMeantError` where that is none, or may be one of several.
    """
    if by != By.ID:
        return _by_name(entries, name, version if by == By.VERSION else "")[0]
    found = [one for one in entries if one.release_id == release_id]
    if found:
        return found[0]
    same = [one for one in entries if (one.name, one.version) == (name, version)]
    newer = f" The live release of {same[0]} is {same[0].release_id}." if same else ""
    raise NotMeantError(f"Release {release_id} is live no longer.{newer}")


def find_meant(entries: Sequence[Entry], written: str, version: str = "") -> tuple[Entry, By]:
    """The connector that is written, and by what; raises `NotMeantError` if it is not clear."""
    if written.isascii() and written.isdigit():
        return _by_id(entries, written, version), By.ID
    return _by_name(entries, written, version)


def _by_id(entries: Sequence[Entry], written: str, version: str) -> Entry:
    if version:
        raise NotMeantError("Write an id, or a name and a version, not an id and a version.")
    found = [one for one in entries if str(one.release_id) == written.lstrip("0")]
    if found:
        return found[0]
    named = [one for one in entries if one.name.strip() == written]
    hint = f" Write the id of the connector of that name, {named[0].release_id}." if named else ""
    raise NotMeantError(f"No connector’s live release has the id {written[:40]}.{hint}")


def _by_name(entries: Sequence[Entry], written: str, version: str) -> tuple[Entry, By]:
    name = nfkc_casefold(written)
    named = [one for one in entries if nfkc_casefold(one.name) == name]
    if version:
        whole = [one for one in named if nfkc_casefold(one.version) == nfkc_casefold(version)]
        if named and not whole:
            raise NotMeantError(
                f"{named[0].name} has no version {quoted(version)}, but {_versions(named)}."
            )
        return _only(whole, f"{written} {version}"), By.VERSION
    whole = [one for one in entries if name in one.names]
    if not named:
        return _only(whole, written), By.VERSION
    return _only(named + whole, written), By.NAME


def _only(found: Sequence[Entry], written: str) -> Entry:
    """The one that is meant; the message for none and for several."""
    if not found:
        raise NotMeantError(f"No connector in the library is called {quoted(written)}.")
    if len(found) == 1:
        return found[0]
    if len({one.name for one in found}) == 1 and len({one.version for one in found}) > 1:
        raise NotMeantError(
            f"{found[0].name} has several versions: {_versions(found)}. Write which, as in "
            f"“{found[0]}”."
        )
    ids = ", ".join(f"{one} ({one.release_id})" for one in found[:NAMED])
    raise NotMeantError(f"{quoted(written)} may be one of several: {ids}. Write the id.")


def _versions(found: Sequence[Entry]) -> str:
    names = sorted({one.version or "one without a version" for one in found})
    return first_few(names, NAMED)


def _said(connector: CatalogueConnector) -> str:
    return f"{connector.name} {connector.version}".strip()


def quoted(text: str) -> str:
    """What was written, for a message."""
    shown = str(storable(text))
    return f"“{shown if len(shown) <= 60 else f'{shown[:60]}…'}”"
