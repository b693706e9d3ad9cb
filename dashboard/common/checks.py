"""What `manage.py check` says about settings that will probably not do what was meant."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Tags, register


@register
def check_settings(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """Names of ours that are no settings, and the like; what cannot work has not come this far."""
    return [Info(doubt, id="common.I001") for doubt in settings.SETTING_DOUBTS]


@register(Tags.security, deploy=True)
def check_proxies(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """A proxy in front whose entries are not believed makes one address of all the internet."""
    if settings.SECURE_PROXY_SSL_HEADER is None or settings.TRUSTED_PROXIES > 0:
        return []
    return [
        Error(
            "BEHIND_TLS_PROXY is set and TRUSTED_PROXIES is 0: everybody would share the proxy's"
            " address, and the limits that count by it.",
            hint="Set TRUSTED_PROXIES to how many proxies stand in front: 1, mostly.",
            id="common.E001",
        )
    ]
