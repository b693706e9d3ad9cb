"""The settings in the order in which documents tell of them; each stands here once."""

from __future__ import annotations

from typing import Any

from dashboard.environment import names, single_sign_on, waits
from dashboard.environment.setting import Group, Setting

GROUPS = (
    Group(
        "Your Cyclr console",
        "The first four point the dashboard at a real one, and no local Cyclr is started.",
        (
            *(
                names.CYCLR_API_URL,
                names.CYCLR_SERVICE_URL,
                names.CYCLR_CLIENT_ID,
                names.CYCLR_CLIENT_SECRET,
            ),
            *(names.CYCLR_CONSOLE_NAME, names.CYCLR_CALLS_PER_SECOND, names.DESK_EGRESS_ADDRESSES),
            *(names.CYCLR_TIMEOUT_CONNECT, names.CYCLR_TIMEOUT_READ, names.CYCLR_TIMEOUT_TOTAL),
        ),
    ),
    Group(
        "Production",
        "A database, a broker and keys.",
        (
            *(names.DATABASE_URL, names.REDIS_URL, names.SECRET_KEY, names.CREDENTIAL_KEYS),
            names.DESK_AUDIT_HEAD_FILE,
        ),
    ),
    Group(
        "Addresses",
        "Where customers and staff reach it, and what stands in front of it.",
        (
            *(names.PUBLIC_URL, names.DESK_URL, names.ALLOWED_HOSTS, names.CSRF_TRUSTED_ORIGINS),
            *(names.BEHIND_TLS_PROXY, names.SSL_REDIRECT, names.TRUSTED_PROXIES),
            names.DESK_SECURITY_CONTACT,
        ),
    ),
    Group(
        "Mail and words for customers",
        "Who asks them, and how mail leaves.",
        (names.EMAIL_URL, names.DEFAULT_FROM_EMAIL, names.PARTNER_NAME, names.SUPPORT_EMAIL),
    ),
    Group(
        "Single sign-on",
        "Signing in through your company's provider: see docs/sign-in.md.",
        single_sign_on.ALL,
    ),
    Group(
        "Processes",
        "What ./run and the processes are told.",
        (
            *(
                names.PORT,
                names.DESK_ADMIN_EMAIL,
                names.DESK_ADMIN_PASSWORD,
                names.DESK_DEMO,
                names.DESK_VAR,
                names.WEB_CONCURRENCY,
            ),
            *(
                names.LOG_LEVEL,
                names.DESK_PROCESS,
                names.LOCAL_CYCLR_PORT,
                names.LOCAL_CYCLR_OPTIONS,
            ),
        ),
    ),
    Group(
        "Waits",
        "In seconds. The operations guide and the architecture say what they protect from.",
        (
            *(
                waits.DESK_LEASE_FOR,
                waits.DESK_FIRST_LOOK_AFTER,
                waits.DESK_LOOK_GAP,
                waits.DESK_SYNC_EVERY,
            ),
            *(
                waits.DESK_STALE_AFTER,
                waits.DESK_VERIFY_FOR,
                waits.DESK_KEEP_GONE_FOR,
                waits.DESK_KEEP_SEALED_FOR,
            ),
            waits.DESK_MINT_LIVES_FOR,
            waits.DESK_SILENT_AFTER,
            waits.DESK_SESSION_IDLE_AFTER,
            waits.DESK_SESSION_ENDS_AFTER,
        ),
    ),
)

ALL: dict[str, Setting[Any]] = {
    setting.name: setting for group in GROUPS for setting in group.settings
}
