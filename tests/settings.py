"""The dashboard's settings for tests: own keys, no file of the developer's, short waits."""

from __future__ import annotations

import os

from tests.support.environment import outer_environment

for _name in set(os.environ) - set(outer_environment()):
    del os.environ[_name]
# A test must never reach the Cyclr or the database of whoever runs it.
os.environ.update(
    DESK_ENV_FILE=os.devnull,
    SECRET_KEY="tests-only-" + "k" * 48,
    CREDENTIAL_KEYS="tests-only-credential-key-0123456789abcdef",
    DATABASE_URL=os.environ.get("TEST_DATABASE_URL") or "sqlite://:memory:",
    DESK_PROCESS="test",
    LOG_LEVEL="INFO",
)

from dashboard.settings import *  # noqa: E402, F403

if not os.environ.get("TEST_DATABASE_URL"):
    # pytest-django knows Django's own engine alone, and would make files of ours.
    DATABASES["default"]["TEST"] = {"NAME": ":memory:"}  # noqa: F405
elif _migrated := os.environ.get("TEST_MIGRATED_DATABASE"):
    DATABASES["default"]["TEST"] = {"TEMPLATE": _migrated}  # noqa: F405
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    # The manifest would need collectstatic before every run.
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True
STATIC_ROOT = None  # type: ignore[assignment]  # no files were collected

# Seconds; a test that is about waiting sets its own.
LEASE_FOR = 2.0
FIRST_LOOK_AFTER = 0.4
LOOK_GAP = 0.1

# Who is signed in for a test stays so however far its clock is set on; tests/sessions sets its own.
SESSION_IDLE_AFTER = SESSION_ENDS_AFTER = 400 * 24 * 3600.0
