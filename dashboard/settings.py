"""Django's settings, made of what `dashboard.environment` has read and checked."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from dashboard.environment import names, single_sign_on, waits
from dashboard.environment.allauth import ALLAUTH, ALLAUTH_APPS, providers
from dashboard.environment.log_lines import logging_settings
from dashboard.environment.reading import read
from dashboard.environment.template_tags import TEMPLATE_TAGS

BASE_DIR: Path = names.ROOT
env = read(os.environ)
SETTING_DOUBTS = env.doubts
"""Sentences about settings that will probably not do what was meant."""
VAR_DIR = env[names.DESK_VAR]
"""Where the embedded database, broker and first keys live."""

# ---- Django ----
DEBUG = False
for _needed in (names.SECRET_KEY, names.CREDENTIAL_KEYS):
    if not env.is_set(_needed):
        raise ImproperlyConfigured(
            f"{_needed.name} is not set: see .env.example, or start with ./run, which makes one."
        )
SECRET_KEY = env[names.SECRET_KEY]
CREDENTIAL_KEYS = env[names.CREDENTIAL_KEYS]
"""Encryption keys, the first encrypts, all decrypt. See `dashboard.common.encryption`."""
PORT = env[names.PORT]
PUBLIC_URL = env[names.PUBLIC_URL] or f"http://127.0.0.1:{PORT}"
"""Where customers reach the link pages, without a trailing slash."""
DESK_URL = env[names.DESK_URL] or PUBLIC_URL
"""Where staff reach these pages, without a trailing slash: for mails and webhooks."""
IS_PUBLIC_TLS = PUBLIC_URL.startswith("https://")


def allowed_hosts() -> list[str]:
    """The names of both addresses, whatever else is allowed; this machine's if nothing is."""
    given = env[names.ALLOWED_HOSTS] or ["127.0.0.1", "localhost"]
    own = [urlsplit(url).netloc.rpartition("@")[2] for url in (PUBLIC_URL, DESK_URL)]
    own = [host if host.endswith("]") else host.rsplit(":", 1)[0] for host in own]
    return sorted({*given, *own})


ALLOWED_HOSTS = allowed_hosts()
CSRF_TRUSTED_ORIGINS = sorted(
    {*env[names.CSRF_TRUSTED_ORIGINS]}
    | {url for url in (PUBLIC_URL, DESK_URL) if url.startswith("https://")}
)

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "csp",
    *ALLAUTH_APPS,
    "dashboard.common",
    "dashboard.jobs",
    "dashboard.consoles",
    "dashboard.features",
    "dashboard.people",
    "dashboard.sessions",
    "dashboard.audit",
    "dashboard.sign_in",
    "dashboard.mirror",
    "dashboard.operations",
    "dashboard.bulk",
    "dashboard.notifications",
    "dashboard.accounts",
    "dashboard.library",
    "dashboard.installs",
    "dashboard.defaults",
    "dashboard.connectors",
    "dashboard.error_webhook",
    "dashboard.methods",
    "dashboard.releases",
    "dashboard.links",
    "dashboard.connector_changes",
    "dashboard.customer",
    "dashboard.launches",
    "dashboard.campaigns",
    "dashboard.cycles",
    "dashboard.onboarding",
    "dashboard.fleet",
    "dashboard.alarms",
    "dashboard.forecasts",
    "dashboard.team",
    "dashboard.overview",
    "dashboard.search",
    "dashboard.settings_pages",
    "dashboard.console_setup",
    "dashboard.api",
    "dashboard.web_security",
]

MIDDLEWARE = [
    "dashboard.common.middleware.AnyHostForHealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "dashboard.common.middleware.PolicyMiddleware",
    "dashboard.common.middleware.PermissionsPolicyMiddleware",
    "dashboard.common.middleware.BoundsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "dashboard.common.packing.PackedPagesMiddleware",
    "dashboard.common.middleware.UnavailableMiddleware",
    "dashboard.sessions.middleware.StaffSessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "dashboard.sessions.middleware.PersonMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "dashboard.people.middleware.AccessMiddleware",
    "dashboard.sign_in.middleware.SecondFactorMiddleware",
    "dashboard.people.middleware.HeldFormMiddleware",
    "dashboard.common.middleware.StaffPageMiddleware",
]

ROOT_URLCONF = "dashboard.urls"
WSGI_APPLICATION = "dashboard.wsgi.application"
APPEND_SLASH = True

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    ["dashboard.common.template_loader.Loader"],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dashboard.people.context.shell",
                "dashboard.sign_in.context.factor_banner",
                "dashboard.notifications.context.bell",
            ],
            "builtins": TEMPLATE_TAGS,
            "libraries": {module.rpartition(".")[2]: module for module in TEMPLATE_TAGS},
        },
    }
]

# ---- database ----

SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA mmap_size=134217728;"
    "PRAGMA cache_size=-20000;PRAGMA temp_store=MEMORY;"
)

POOL = {"min_size": 1, "max_size": 8, "timeout": 5.0}
"""Of each process, with `?pool=true`: more than it has threads that ask the database."""


def database() -> dict[str, Any]:
    """PostgreSQL or SQLite from DATABASE_URL; SQLite below VAR_DIR without it."""
    config = dict(env[names.DATABASE_URL]) or {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(VAR_DIR / "desk.sqlite3"),
    }
    # Django's own, with work before each commit: the audit trail's chain.
    config["ENGINE"] = config["ENGINE"].replace("django.db.backends", "dashboard.common.databases")
    config["CONN_MAX_AGE"] = 60
    if config["ENGINE"].endswith("sqlite3"):
        config["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": SQLITE_PRAGMAS,
        }
        return config
    given = config["OPTIONS"]
    limits = "-c lock_timeout=3000 -c statement_timeout=10000"
    config["CONN_HEALTH_CHECKS"] = True
    config["OPTIONS"] = {
        "connect_timeout": 5,
        **given,
        "options": f"{limits} {given.get('options', '')}".strip(),
    }
    if "pool" in given:
        # The pool keeps the connections: Django refuses, at the first query, to keep them as well.
        config["CONN_MAX_AGE"] = 0
        config["OPTIONS"]["pool"] = POOL
    return config


DATABASES = {"default": database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# ---- Redis, Celery ----

REDIS_URL = env[names.REDIS_URL]
"""redis://host:6379/0, rediss://… or, as ./run sets it, redis+socket:///path/redis.sock."""

# ---- people and sessions ----

AUTH_USER_MODEL = "people.User"
OIDC: dict[str, Any] = {setting.name: env[setting] for setting in single_sign_on.ALL}
globals().update(ALLAUTH, SOCIALACCOUNT_PROVIDERS=providers(OIDC))
_rules = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_rules}.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": f"{_rules}.CommonPasswordValidator"},
    {"NAME": "dashboard.people.password_rules.GuessableValidator"},
]
SESSION_ENGINE = "dashboard.sessions.store"
SESSION_IDLE_AFTER = env[waits.DESK_SESSION_IDLE_AFTER]
SESSION_ENDS_AFTER = env[waits.DESK_SESSION_ENDS_AFTER]
SESSION_COOKIE_AGE = math.ceil(SESSION_ENDS_AFTER)
SESSION_ENDS_COOKIE_NAME = "session-ends"
"""Tells a page's script when the session ends; it opens nothing."""
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = IS_PUBLIC_TLS
CSRF_COOKIE_SECURE = IS_PUBLIC_TLS
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "dashboard.people.views.csrf_failure"
if IS_PUBLIC_TLS:
    SESSION_COOKIE_NAME = "__Host-session"
    SESSION_ENDS_COOKIE_NAME = "__Host-session-ends"
    CSRF_COOKIE_NAME = "__Host-csrf"
DESK_ADMIN_EMAIL = env[names.DESK_ADMIN_EMAIL]
DESK_ADMIN_PASSWORD = env[names.DESK_ADMIN_PASSWORD]

AUDIT_HEAD_FILE = env[names.DESK_AUDIT_HEAD_FILE]
"""Where the ends of the audit trail are kept, out of reach of who edits the database."""

# ---- security headers ----

SECURE_SSL_REDIRECT = IS_PUBLIC_TLS and env[names.SSL_REDIRECT]
# Programs are refused and not led to https: else their token goes in clear with each call, unseen.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^api/", r"^mcp$"]
SECURE_HSTS_SECONDS = 31536000 if IS_PUBLIC_TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = False
# The domain's other names, and browsers' preload list, are not ours to decide about.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if env[names.BEHIND_TLS_PROXY]:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
TRUSTED_PROXIES = env[names.TRUSTED_PROXIES]
"""How many proxies stand before us: that many entries at the end of X-Forwarded-For are true."""
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "report-uri": "/csp-report/",
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500

# ---- static files ----

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = VAR_DIR / "staticfiles"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "dashboard.common.static_storage.BuiltStaticFilesStorage"},
}

# ---- time and words ----

TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("fr", "Français"), ("es", "Español")]
"""Of the customers' pages and messages. Staff pages are English: no middleware chooses."""
LOCALE_PATHS = [BASE_DIR / "locale"]

# ---- mail ----

globals().update(
    env[names.EMAIL_URL]
    or {
        "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
        "EMAIL_FILE_PATH": str(VAR_DIR / "mail"),
    }
)
EMAIL_TIMEOUT = 10
"""Seconds of silence after which the mail server counts as away."""
DEFAULT_FROM_EMAIL = env[names.DEFAULT_FROM_EMAIL]
"""Whose address mail to customers bears; the name in front of it is the partner's."""

# ---- Cyclr ----

CYCLR_API_URL = env[names.CYCLR_API_URL]
CYCLR_SERVICE_URL = env[names.CYCLR_SERVICE_URL]
CYCLR_CLIENT_ID = env[names.CYCLR_CLIENT_ID]
CYCLR_CLIENT_SECRET = env[names.CYCLR_CLIENT_SECRET]
CYCLR_CONSOLE_NAME = env[names.CYCLR_CONSOLE_NAME]
CYCLR_CALLS_PER_SECOND = env[names.CYCLR_CALLS_PER_SECOND]
EGRESS_ADDRESSES = env[names.DESK_EGRESS_ADDRESSES]
"""From where Cyclr is called, as others see it; empty = not told."""
CYCLR_TIMEOUT_CONNECT = env[names.CYCLR_TIMEOUT_CONNECT]
CYCLR_TIMEOUT_READ = env[names.CYCLR_TIMEOUT_READ]
CYCLR_TIMEOUT_TOTAL = env[names.CYCLR_TIMEOUT_TOTAL]

PARTNER_NAME = env[names.PARTNER_NAME]
"""Who asks customers to connect, on their page; empty = derived from the service domain."""
SECURITY_CONTACT = env[names.DESK_SECURITY_CONTACT]
"""Whom to tell of a vulnerability, as `security.txt` says it; empty = there is no such file."""
SUPPORT_EMAIL = env[names.SUPPORT_EMAIL]
"""Whom customers may write to; empty = they are told to answer the message they got."""

# ---- how long things wait; all in seconds ----

LEASE_FOR = env[waits.DESK_LEASE_FOR]
FIRST_LOOK_AFTER = env[waits.DESK_FIRST_LOOK_AFTER]
LOOK_GAP = env[waits.DESK_LOOK_GAP]
SYNC_EVERY = env[waits.DESK_SYNC_EVERY]
STALE_AFTER = env[waits.DESK_STALE_AFTER]
"""Data older than this is refreshed when somebody opens a page that shows it."""
VERIFY_FOR = env[waits.DESK_VERIFY_FOR]
KEEP_GONE_FOR = env[waits.DESK_KEEP_GONE_FOR]
KEEP_INPUT_FOR = env[waits.DESK_KEEP_SEALED_FOR]
ATTEMPT_LIVES_FOR = env[waits.DESK_MINT_LIVES_FOR]

LOGGING = logging_settings(env[names.LOG_LEVEL])
NOTIFY_SOCKET = os.environ.get("NOTIFY_SOCKET", "")
"""Where systemd, or our own supervisor, listens for signs of progress; nobody else sets it."""
PROCESS = env[names.DESK_PROCESS]
"""Which of our processes this is: web, worker, dispatcher, run or test."""
