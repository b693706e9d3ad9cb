"""The shell's environment, for tests that must not take over its settings."""

import os

PREFIXES = ("CYCLR_", "DESK_", "LOCAL_CYCLR_")
NAMES = {
    *("ALLOWED_HOSTS", "BEHIND_TLS_PROXY", "CREDENTIAL_KEYS", "CSRF_TRUSTED_ORIGINS"),
    *("DATABASE_URL", "DEFAULT_FROM_EMAIL", "EMAIL_URL", "LOG_LEVEL", "PARTNER_NAME", "PORT"),
    *("PUBLIC_URL", "REDIS_URL", "SECRET_KEY", "SSL_REDIRECT", "SUPPORT_EMAIL"),
    *("TRUSTED_PROXIES", "WEB_CONCURRENCY"),
}


def outer_environment() -> dict[str, str]:
    """Everything but the dashboard's settings."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(PREFIXES) and name.removesuffix("_FILE") not in NAMES
    }
