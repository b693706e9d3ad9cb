"""Every setting, declared once: name, kind, default, and what documents and examples say of it.

`.env.example`, `docs/settings.md` and the table in the README are made of this file:
`python -m dashboard.environment`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dashboard.environment.addresses import (
    BASE,
    CONTACT,
    CYCLR_BASE,
    DATABASE,
    HOST,
    MAIL,
    MAILBOX,
    ORIGIN,
    REDIS,
    SENDER,
    SIGN_IN_MAILBOX,
)
from dashboard.environment.kinds import (
    BOOLEAN,
    FILE,
    FOLDER,
    KEY,
    NETWORK,
    SECRET,
    TEXT,
    WORDS,
    choice,
    comma_list,
    number,
    whole,
)
from dashboard.environment.setting import Setting

ROOT = Path(__file__).resolve().parent.parent.parent
"""The repository: where `.env` lies, and `var/` by default."""


# ---- Cyclr ----

CYCLR_API_URL = Setting(
    "CYCLR_API_URL",
    CYCLR_BASE,
    "",
    "Base address of Cyclr's API. Plain `http` is for this machine only.",
    "https://api.cyclr.com",
    "`./run` starts a local Cyclr",
    is_main=True,
)
CYCLR_SERVICE_URL = Setting(
    "CYCLR_SERVICE_URL",
    CYCLR_BASE,
    "",
    "Base address of your service domain.",
    "https://example-h.cyclr.com",
    is_main=True,
)
CYCLR_CLIENT_ID = Setting(
    "CYCLR_CLIENT_ID", TEXT, "", "API credentials of the console: its client id.", is_main=True
)
CYCLR_CLIENT_SECRET = Setting(
    "CYCLR_CLIENT_SECRET",
    SECRET,
    "",
    "API credentials of the console: its client secret.",
    is_secret=True,
    is_main=True,
)
CYCLR_CONSOLE_NAME = Setting(
    "CYCLR_CONSOLE_NAME", TEXT, "", "What staff call the console.", "EU live", "the API's host name"
)
CYCLR_CALLS_PER_SECOND = Setting(
    "CYCLR_CALLS_PER_SECOND",
    number(above=0, most=10_000, of="calls"),
    20.0,
    "Calls a second to Cyclr, of all processes together.",
    "20",
)
DESK_EGRESS_ADDRESSES = Setting(
    "DESK_EGRESS_ADDRESSES",
    comma_list(NETWORK),
    (),
    "Public addresses from which workers call Cyclr: for whoever has to allow them.",
    "203.0.113.7",
)
DESK_AUDIT_HEAD_FILE = Setting(
    "DESK_AUDIT_HEAD_FILE",
    FILE,
    None,
    "The file to which the ends of the audit trail are added daily; best on another machine.",
    "/mnt/evidence/audit-heads.jsonl",
    "the log alone holds them",
)
CYCLR_TIMEOUT_CONNECT = Setting(
    "CYCLR_TIMEOUT_CONNECT",
    number(above=0, most=45, of="seconds"),
    3.0,
    "How long a connection to Cyclr may take.",
    "3",
)
CYCLR_TIMEOUT_READ = Setting(
    "CYCLR_TIMEOUT_READ",
    number(above=0, most=45, of="seconds"),
    20.0,
    "How long Cyclr may be silent while it answers.",
    "20",
)
CYCLR_TIMEOUT_TOTAL = Setting(
    "CYCLR_TIMEOUT_TOTAL",
    number(above=0, most=45, of="seconds"),
    30.0,
    "How long a call may take in all.",
    "30",
)

# ---- what production needs ----

DATABASE_URL: Setting[dict[str, Any]] = Setting(
    "DATABASE_URL",
    DATABASE,
    {},
    "The database. PostgreSQL by its socket: `postgres://user@/name?host=/var/run/postgresql`."
    " With `?pool=true` each process keeps a pool of connections.",
    "postgres://desk:password@127.0.0.1:5432/desk",
    "SQLite in `DESK_VAR`",
    is_secret=True,
    is_main=True,
)
REDIS_URL = Setting(
    "REDIS_URL",
    REDIS,
    "",
    "The broker.",
    "redis://127.0.0.1:6379/0",
    "`./run` starts one of its own",
    is_secret=True,
    is_main=True,
)
SECRET_KEY = Setting(
    "SECRET_KEY",
    SECRET,
    "",
    'Django\'s key. Make one with `python3 -c "import secrets; print(secrets.token_urlsafe(48))"`.',
    or_else="`./run` makes it on its first start, in `keys.env` in `DESK_VAR`",
    is_secret=True,
    is_main=True,
)
CREDENTIAL_KEYS: Setting[list[str]] = Setting(
    "CREDENTIAL_KEYS",
    comma_list(KEY),
    [],
    "Encryption keys, made the same way. The first encrypts, all decrypt.",
    or_else="as `SECRET_KEY`",
    is_secret=True,
    is_main=True,
)

# ---- addresses ----

PUBLIC_URL = Setting(
    "PUBLIC_URL",
    BASE,
    "",
    "Where customers reach the link pages.",
    "https://connect.example.com",
    "`http://127.0.0.1:PORT`",
    is_main=True,
)
DESK_URL = Setting(
    "DESK_URL",
    BASE,
    "",
    "Where staff reach their pages, if elsewhere: mails and webhooks lead there.",
    "https://desk.example.com",
    "`PUBLIC_URL`",
    is_main=True,
)
ALLOWED_HOSTS: Setting[list[str]] = Setting(
    "ALLOWED_HOSTS",
    comma_list(HOST),
    [],
    "More names that requests may come by, besides those of `PUBLIC_URL` and `DESK_URL`.",
    "desk.internal,desk.example.com",
    "this machine's",
)
CSRF_TRUSTED_ORIGINS: Setting[list[str]] = Setting(
    "CSRF_TRUSTED_ORIGINS",
    comma_list(ORIGIN),
    [],
    "More addresses that forms may be sent from, besides `PUBLIC_URL` and `DESK_URL`.",
    "https://desk.example.com",
)
BEHIND_TLS_PROXY = Setting(
    "BEHIND_TLS_PROXY",
    BOOLEAN,
    False,
    "Whether a proxy ends TLS and sets `X-Forwarded-Proto` itself.",
    "true",
)
SSL_REDIRECT = Setting(
    "SSL_REDIRECT",
    BOOLEAN,
    True,
    "Whether plain http is sent on to https, where `PUBLIC_URL` is https.",
    "true",
)
TRUSTED_PROXIES = Setting(
    "TRUSTED_PROXIES",
    whole(0, 20),
    0,
    "How many proxies stand in front: so many entries at the end of `X-Forwarded-For` are true.",
    "1",
)

# ---- mail and words ----

EMAIL_URL: Setting[dict[str, Any]] = Setting(
    "EMAIL_URL",
    MAIL,
    {},
    "The mail server: `smtp+tls://` (STARTTLS, 587) or `smtp+ssl://` (465); plain `smtp://` on this"
    " machine only. What is special in user and password is written `%40`.",
    "smtp+tls://user:password@mail.example.com:587",
    "messages become files in `mail` in `DESK_VAR`",
    is_secret=True,
    is_main=True,
)
DEFAULT_FROM_EMAIL = Setting(
    "DEFAULT_FROM_EMAIL",
    SENDER,
    "Cyclr Desk <desk@localhost>",
    "Whose address mail to customers bears; its domain should be that of `PUBLIC_URL`.",
    "connect@example.com",
    is_main=True,
)
PARTNER_NAME = Setting(
    "PARTNER_NAME",
    TEXT,
    "",
    "Who asks customers to connect, on their pages.",
    "Example Ltd",
    "made of the service domain",
)
DESK_SECURITY_CONTACT = Setting(
    "DESK_SECURITY_CONTACT",
    CONTACT,
    "",
    "Whom to tell of a vulnerability: an e-mail or https address, in `/.well-known/security.txt`.",
    "security@example.com",
    "there is no such file",
)
SUPPORT_EMAIL = Setting(
    "SUPPORT_EMAIL",
    MAILBOX,
    "",
    "Whom customers may write to.",
    "support@example.com",
    "they are told to answer the message they got",
)

# ---- processes ----

PORT = Setting("PORT", whole(1, 65535), 8000, "Where `./run` listens.", "8000", is_main=True)
DESK_ADMIN_EMAIL = Setting(
    "DESK_ADMIN_EMAIL",
    SIGN_IN_MAILBOX,
    "",
    "The first administrator, made if nobody exists.",
    "anna@example.com",
    "`./run` makes one and prints the password once",
    is_main=True,
)
DESK_ADMIN_PASSWORD = Setting(
    "DESK_ADMIN_PASSWORD",
    TEXT,
    "",
    "The first administrator's password.",
    is_secret=True,
    is_main=True,
)
DESK_DEMO = Setting(
    "DESK_DEMO",
    BOOLEAN,
    True,
    "Whether the local Cyclr's accounts come with a story: links, a campaign, a failed install.",
    "false",
    is_main=True,
)
DESK_VAR: Setting[Path] = Setting(
    "DESK_VAR",
    FOLDER,
    ROOT / "var",
    "Where all lies that is kept on this machine: database, broker, keys, messages.",
    "/srv/desk",
    "`var/` in the code's folder",
    is_main=True,
)
WEB_CONCURRENCY = Setting(
    "WEB_CONCURRENCY", whole(1, 64), 2, "Processes of the web server, of four threads each.", "2"
)
LOG_LEVEL = Setting(
    "LOG_LEVEL",
    choice(
        *("DEBUG", "INFO", "WARNING", "ERROR"),
        also={"warn": "WARNING", "critical": "CRITICAL", "fatal": "CRITICAL"},
    ),
    "INFO",
    "What is logged.",
    "INFO",
)
DESK_PROCESS = Setting(
    "DESK_PROCESS",
    choice("web", "worker", "dispatcher", "run", "test", "simulator", "broker"),
    "web",
    "Which process this is. Production sets it as the README shows.",
    "web",
)
LOCAL_CYCLR_PORT = Setting(
    "LOCAL_CYCLR_PORT",
    whole(0, 65535),
    0,
    "Where the local Cyclr of `./run` listens.",
    "8001",
    "the first free port after `PORT`",
)
LOCAL_CYCLR_OPTIONS: Setting[list[str]] = Setting(
    "LOCAL_CYCLR_OPTIONS",
    WORDS,
    [],
    "More options for the local Cyclr: see `docs/simulator.md`.",
    "--latency 0.2",
)

LOCAL_CLIENT_ID = "desk-demo"
"""The client id of the local Cyclr that `./run` starts."""
