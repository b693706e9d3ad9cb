"""Who gave which setting of an installed connector its value, from here, and when."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from dashboard.mirror.models import AccountConnector


def set_now(names: Collection[str], by: str, moment: datetime) -> dict[str, list[str]]:
    """As `AccountConnector.set_by` has it, of settings that were given a value just now."""
    return {name: [moment.isoformat(), by] for name in names}


def still_ours(row: AccountConnector, differing: dict[str, Any]) -> dict[str, Any]:
    """Who set what, without settings that have no value now or were given another elsewhere."""
    filled = {"", *differing.get("filled", row.filled)}
    now = differing.get("setting_values", row.setting_values)
    others = {
        name for name, value in row.setting_values.items() if name in now and now[name] != value
    }
    return {name: by for name, by in row.set_by.items() if name in filled - others}
