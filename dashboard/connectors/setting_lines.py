"""What an installed connector was given: its credentials and settings, as its page shows them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.dateparse import parse_datetime

from cyclr_api import Parameter
from dashboard.audit.models import ActorKind
from dashboard.mirror.catalogue import AuthType, auth_types_of, looks_secret
from dashboard.mirror.models import AccountConnector, CatalogueConnector

WITHOUT_CREDENTIALS = frozenset({AuthType.NOTHING, AuthType.CLIENT, AuthType.UNKNOWN})
"""Types whose credentials are none, are settings, or are nothing that we know."""


@dataclass(frozen=True, slots=True)
class SettingLine:
    """One line. `value` is empty where there is none, or where it is not for people's eyes."""

    name: str
    has_value: bool
    value: str = ""
    is_secret: bool = False
    is_required: bool = False
    set_at: datetime | None = None
    """When it was set from here; None if it never was, or somebody else set it since."""
    set_by: str = ""

    @property
    def is_missing(self) -> bool:
        """Whether it has to have a value and has none."""
        return self.is_required and not self.has_value


def setting_lines(
    connector: AccountConnector, entry: CatalogueConnector | None
) -> list[SettingLine]:
    """The credentials, then each setting of the library's release, then what else has a value."""
    lines = list(_credentials(connector))
    seen: set[str] = set()
    secret = {one.target_name for one in _asked(entry) if looks_secret(one)}
    for one in _asked(entry):
        if one.target_name not in seen:
            seen.add(one.target_name)
            is_needed = not one.is_optional and one.default is None
            label = one.name or one.target_name
            lines.append(_line(connector, one.target_name, label, secret, is_needed=is_needed))
    lines += [_line(connector, name, name, {name}) for name in connector.filled if name not in seen]
    return lines


def missing_settings(lines: list[SettingLine]) -> list[str]:
    """The names of those that must have a value and have none."""
    return [line.name for line in lines if line.is_missing]


def _asked(entry: CatalogueConnector | None) -> list[Parameter]:
    return entry.asked_parameters if entry is not None else []


def _credentials(connector: AccountConnector) -> Iterator[SettingLine]:
    """What is given beside the settings, named by how it authenticates."""
    auth_types = auth_types_of(connector.methods)
    if WITHOUT_CREDENTIALS.issuperset(auth_types):
        return
    at, by = _who(connector, "")
    yield SettingLine(
        connector.method_label,
        has_value=bool(connector.authenticated),
        is_secret=True,
        is_required=True,
        set_at=at if connector.authenticated else None,
        set_by=by,
    )


def _line(
    connector: AccountConnector,
    target: str,
    label: str,
    secret: set[str],
    *,
    is_needed: bool = False,
) -> SettingLine:
    is_secret = target in secret
    at, by = _who(connector, target)
    return SettingLine(
        label,
        has_value=target in connector.filled,
        value="" if is_secret else connector.setting_values.get(target, ""),
        is_secret=is_secret,
        is_required=is_needed,
        set_at=at,
        set_by=by,
    )


def _who(connector: AccountConnector, target: str) -> tuple[datetime | None, str]:
    moment, by = connector.set_by.get(target, ("", ""))
    shown = "the customer" if by == ActorKind.LINK.label else by
    return parse_datetime(moment) if moment else None, shown
