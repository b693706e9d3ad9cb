"""The shell's environment, for tests that must not take over its settings."""

import os

from dashboard.environment.groups import ALL
from dashboard.environment.setting import PREFIXES


def outer_environment() -> dict[str, str]:
    """Everything but the dashboard's settings."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(PREFIXES) and name.removesuffix("_FILE") not in ALL
    }
