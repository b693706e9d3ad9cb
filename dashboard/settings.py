"""The settings of the dashboard; the only place that reads the environment.

Every variable is described in `.env.example`. A missing or wrong one stops the process with one
sentence that names the remedy.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.FileAwareEnv()
env.read_env(os.environ.get("DESK_ENV_FILE") or str(BASE_DIR / ".env"))
VAR_DIR = Path(env.str("DESK_VAR", default=str(BASE_DIR / "var")))
"""Where the embedded database, broker and first keys live."""
env.read_env(str(VAR_DIR / "keys.env"))  # the keys that ./run made on its first start


def required(name: str) -> str:
    """The environment variable's value; nothing starts without it."""
    value: str = env.str(name, default="")
    if not value:
        raise ImproperlyConfigured(f"Set {name}: see .env.example, or start with ./run.")
    return value


def address(name: str, default: str = "") -> str:
    """The variable as an http(s) base address without a trailing slash, or empty."""
    value: str = env.str(name, default=default).strip().rstrip("/")
    if not value:
        return ""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
        raise ImproperlyConfigured(
            f"{name} is {value!r}: give an address like https://api.cyclr.com."
        )
    return value


def is_this_machine(host: str) -> bool:
    """Whether nobody can listen on the way to this host."""
    return host.startswith("127.") or host in {"localhost", "::1"} or host.endswith(".localhost")


def number(name: str, default: float) -> float:
    """The variable as a number of seconds or calls."""
    text: str = env.str(name, default="").strip()
    try:
        value = float(text) if text else default
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ImproperlyConfigured(f"{name} is {text!r}: give a number.")
    return value


# ---- Django ----

DEBUG = False
SECRET_KEY = required("SECRET_KEY")
CREDENTIAL_KEYS = [key.strip() for key in required("CREDENTIAL_KEYS").split(",") if key.strip()]
"""Encryption keys, the first encrypts, all decrypt. See `dashboard.common.sealing`."""
if any(len(key) < 32 for key in CREDENTIAL_KEYS):
    raise ImproperlyConfigured("Each of CREDENTIAL_KEYS needs at least 32 characters.")

PORT = int(number("PORT", 8000))
PUBLIC_URL = address("PUBLIC_URL", f"http://127.0.0.1:{PORT}")
"""Where customers reach the link pages, without a trailing slash."""
DESK_URL = address("DESK_URL", PUBLIC_URL)
"""Where staff reach these pages, without a trailing slash: for mails and webhooks."""
IS_PUBLIC_TLS = PUBLIC_URL.startswith("https://")

_public_host = urlsplit(PUBLIC_URL).hostname or "127.0.0.1"
ALLOWED_HOSTS: list[str] = env.list(
    "ALLOWED_HOSTS", default=sorted({_public_host, "127.0.0.1", "localhost"})
)
CSRF_TRUSTED_ORIGINS: list[str] = env.list(
    "CSRF_TRUSTED_ORIGINS", default=[PUBLIC_URL] if IS_PUBLIC_TLS else []
)

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "csp",
    "dashboard.common",
    "dashboard.consoles",
    "dashboard.people",
    "dashboard.audit",
    "dashboard.mirror",
    "dashboard.operations",
    "dashboard.bulk",
    "dashboard.notices",
    "dashboard.accounts",
    "dashboard.library",
    "dashboard.installs",
    "dashboard.connectors",
    "dashboard.links",
    "dashboard.cycles",
    "dashboard.fleet",
    "dashboard.overview",
    "dashboard.settings_pages",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "dashboard.common.middleware.UnavailableMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "dashboard.people.middleware.AccessMiddleware",
    "dashboard.common.middleware.StaffPageMiddleware",
]

ROOT_URLCONF = "dashboard.urls"
WSGI_APPLICATION = "dashboard.wsgi.application"
APPEND_SLASH = True

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dashboard.people.context.shell",
                "dashboard.notices.context.bell",
            ],
            "builtins": ["dashboard.common.templatetags.desk"],
            "libraries": {"desk": "dashboard.common.templatetags.desk"},
        },
    }
]

# ---- database ----

SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA mmap_size=134217728;"
    "PRAGMA cache_size=-20000;PRAGMA temp_store=MEMORY;"
)


def database() -> dict[str, Any]:
    """PostgreSQL or SQLite from DATABASE_URL; SQLite below VAR_DIR without it."""
    url = env.str("DATABASE_URL", default="") or f"sqlite:///{VAR_DIR / 'desk.sqlite3'}"
    if not url.startswith(("postgres://", "postgresql://", "sqlite://")):
        raise ImproperlyConfigured("DATABASE_URL must be postgres://… or sqlite:///….")
    try:
        config: dict[str, Any] = environ.Env.db_url_config(url)
    except Exception as error:  # noqa: BLE001 - django-environ raises many kinds
        raise ImproperlyConfigured(
            "DATABASE_URL is not an address: use postgres://user:password@host:5432/name."
        ) from error
    if config["ENGINE"].endswith("sqlite3"):
        config["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": SQLITE_PRAGMAS,
        }
        config["CONN_MAX_AGE"] = 60
    else:
        config["CONN_MAX_AGE"] = 60
        config["CONN_HEALTH_CHECKS"] = True
        config.setdefault("OPTIONS", {}).update(
            {
                "connect_timeout": 5,
                "options": "-c lock_timeout=3000 -c statement_timeout=10000",
            }
        )
    return config


DATABASES = {"default": database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# ---- Redis, Celery ----

REDIS_URL: str = env.str("REDIS_URL", default="")
"""redis://host:6379/0, rediss://… or, as ./run sets it, redis+socket:///path/redis.sock."""
if REDIS_URL and not REDIS_URL.startswith(("redis://", "rediss://", "redis+socket://")):
    raise ImproperlyConfigured("REDIS_URL must be an address like redis://127.0.0.1:6379/0.")

# ---- people and sessions ----

AUTH_USER_MODEL = "people.User"
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "overview"
LOGOUT_REDIRECT_URL = "sign_in"
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_COOKIE_AGE = 8 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = IS_PUBLIC_TLS
CSRF_COOKIE_SECURE = IS_PUBLIC_TLS
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "dashboard.common.errors.csrf_failure"
if IS_PUBLIC_TLS:
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"
DESK_ADMIN_EMAIL: str = env.str("DESK_ADMIN_EMAIL", default="")
DESK_ADMIN_PASSWORD: str = env.str("DESK_ADMIN_PASSWORD", default="")

# ---- security headers ----

SECURE_SSL_REDIRECT = IS_PUBLIC_TLS and env.bool("SSL_REDIRECT", default=True)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31536000 if IS_PUBLIC_TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = False
# The domain's other names, and browsers' preload list, are not ours to decide about.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if env.bool("BEHIND_TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
TRUSTED_PROXIES = int(number("TRUSTED_PROXIES", 0))
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
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
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


def mail() -> dict[str, Any]:
    """Django's EMAIL_… settings from EMAIL_URL; files in VAR_DIR/mail without it."""
    url = env.str("EMAIL_URL", default="").strip()
    if not url:
        backend = "django.core.mail.backends.filebased.EmailBackend"
        return {"EMAIL_BACKEND": backend, "EMAIL_FILE_PATH": str(VAR_DIR / "mail")}
    remedy = "use smtp+tls://user:password@host:587, or smtp+ssl://…:465."
    try:
        scheme = urlsplit(url).scheme
        if scheme not in {"smtp", "smtp+tls", "smtp+ssl", "filemail", "consolemail"}:
            raise ValueError(scheme)
        config: dict[str, Any] = environ.Env.email_url_config(url)
    except Exception:  # noqa: BLE001 - django-environ raises many kinds
        # Without the cause: its words hold the password.
        raise ImproperlyConfigured(f"EMAIL_URL is not an address: {remedy}") from None
    if scheme.startswith("smtp"):
        if not config["EMAIL_HOST"]:
            raise ImproperlyConfigured(f"EMAIL_URL names no host: {remedy}")
        if scheme == "smtp" and not is_this_machine(config["EMAIL_HOST"]):
            raise ImproperlyConfigured(
                f"EMAIL_URL is plain smtp, which is for this machine only: {remedy}"
            )
        usual = {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465}
        config["EMAIL_PORT"] = config["EMAIL_PORT"] or usual[scheme]
    return config


globals().update(mail())
EMAIL_TIMEOUT = 10
"""Seconds of silence after which the mail server counts as away."""
DEFAULT_FROM_EMAIL: str = env.str("DEFAULT_FROM_EMAIL", default="Cyclr Desk <desk@localhost>")
"""Whose address mail to customers bears; the name in front of it is the partner's."""

# ---- Cyclr ----

CYCLR_API_URL = address("CYCLR_API_URL")
CYCLR_SERVICE_URL = address("CYCLR_SERVICE_URL")
CYCLR_CLIENT_ID: str = env.str("CYCLR_CLIENT_ID", default="")
CYCLR_CLIENT_SECRET: str = env.str("CYCLR_CLIENT_SECRET", default="")
CYCLR_CONSOLE_NAME: str = env.str("CYCLR_CONSOLE_NAME", default="")
CYCLR_CALLS_PER_SECOND = number("CYCLR_CALLS_PER_SECOND", 20)
CYCLR_TIMEOUT_CONNECT = number("CYCLR_TIMEOUT_CONNECT", 3)
CYCLR_TIMEOUT_READ = number("CYCLR_TIMEOUT_READ", 20)
CYCLR_TIMEOUT_TOTAL = number("CYCLR_TIMEOUT_TOTAL", 30)
if CYCLR_API_URL:
    for _name in ("CYCLR_SERVICE_URL", "CYCLR_CLIENT_ID", "CYCLR_CLIENT_SECRET"):
        if not globals()[_name]:
            raise ImproperlyConfigured(f"CYCLR_API_URL is set, so {_name} is needed too.")
    for _name in ("CYCLR_API_URL", "CYCLR_SERVICE_URL"):
        _parts = urlsplit(globals()[_name])
        if _parts.scheme == "http" and not is_this_machine(_parts.hostname or ""):
            raise ImproperlyConfigured(
                f"{_name} is plain http: use https (http is for this machine only)."
            )

PARTNER_NAME: str = env.str("PARTNER_NAME", default="")
"""Who asks customers to connect, on their page; empty = derived from the service domain."""
SUPPORT_EMAIL: str = env.str("SUPPORT_EMAIL", default="")
"""Whom customers may write to; empty = they are told to answer the message they got."""

# ---- how patient the machinery is; all in seconds ----

LEASE_FOR = number("DESK_LEASE_FOR", 30)
FIRST_LOOK_AFTER = number("DESK_FIRST_LOOK_AFTER", 120)
LOOK_GAP = number("DESK_LOOK_GAP", 30)
SYNC_EVERY = number("DESK_SYNC_EVERY", 900)
STALE_AFTER = number("DESK_STALE_AFTER", 120)
"""Data older than this is refreshed when somebody opens a page that shows it."""
VERIFY_FOR = number("DESK_VERIFY_FOR", 900)
KEEP_GONE_FOR = number("DESK_KEEP_GONE_FOR", 86400)
KEEP_SEALED_FOR = number("DESK_KEEP_SEALED_FOR", 86400)
MINT_LIVES_FOR = number("DESK_MINT_LIVES_FOR", 45)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"one_line": {"()": "dashboard.common.logs.OneLine"}},
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["one_line"],
        },
    },
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "django.server": {"handlers": ["console"], "level": "WARNING", "propagate": False},
        "urllib3": {"level": "WARNING"},
        # Anybody can send a wrong Host or a broken form: no traceback for each.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "django.security.RequestDataTooBig": {"level": "CRITICAL"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
    },
}
PROCESS = os.environ.get("DESK_PROCESS", "web")
"""Which of our processes this is: web, worker, dispatcher, run or test."""
