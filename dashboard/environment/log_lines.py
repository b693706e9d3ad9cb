"""What is logged, and how: made of the level that was set."""

from __future__ import annotations

from typing import Any


def logging_settings(level: str) -> dict[str, Any]:
    """Django's `LOGGING`: one line an event, to standard error."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "brief": {"()": "dashboard.common.logs.Brief"},
            "one_line": {"()": "dashboard.common.logs.OneLine"},
        },
        "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": "line",
                "filters": ["brief", "one_line"],
            },
        },
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "django.server": {"handlers": ["console"], "level": "WARNING", "propagate": False},
            "urllib3": {"level": "WARNING"},
            # Whoever goes away in the middle; each moment in which a request waits for a thread.
            "waitress": {"level": "WARNING"},
            "waitress.queue": {"level": "ERROR"},
            # Anybody can send a wrong Host or a broken form: no traceback for each.
            "django.security.DisallowedHost": {"level": "CRITICAL"},
            "django.security.RequestDataTooBig": {"level": "CRITICAL"},
            "celery.app.trace": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
        },
    }
