"""What `manage.py check` says about settings that will probably not do what was meant."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Info, register


@register
def check_settings(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """Names of ours that are no settings, and the like; what cannot work has not come this far."""
    return [Info(doubt, id="common.I001") for doubt in settings.SETTING_DOUBTS]
