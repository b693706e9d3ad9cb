"""The settings of signing in through a company's own provider (OpenID Connect)."""

from __future__ import annotations

from urllib.parse import urlsplit

from dashboard.environment.addresses import is_this_machine
from dashboard.environment.kinds import BOOLEAN, SECRET, TEXT, Kind, WrongValueError, comma_list
from dashboard.environment.setting import Setting

ROLES = ("viewer", "agent", "lead", "admin")


def _issuer(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise WrongValueError("give the issuer's address, https://login.example.com/realm say")
    if parts.scheme == "http" and not is_this_machine(parts.hostname):
        raise WrongValueError(f"write https{text[4:]}: plain http is for this machine only")
    return text.rstrip("/")


def _role(text: str) -> tuple[str, str]:
    value, equals, role = (part.strip() for part in text.rpartition("="))
    if not equals or not value or role.lower() not in ROLES:
        raise WrongValueError(
            "write value=role with one of viewer, agent, lead and admin, support-team=agent say"
        )
    return value, role.lower()


ISSUER: Kind[str] = Kind("an https address", _issuer)
ROLE: Kind[tuple[str, str]] = Kind("`value=role`", _role)

DESK_OIDC_ISSUER = Setting(
    "DESK_OIDC_ISSUER",
    ISSUER,
    "",
    "The provider (OpenID Connect) that colleagues may sign in with.",
    "https://login.example.com/realms/staff",
)
DESK_OIDC_NAME = Setting(
    "DESK_OIDC_NAME", TEXT, "your company", "What its button says.", "Example Ltd"
)
DESK_OIDC_CLIENT_ID = Setting("DESK_OIDC_CLIENT_ID", TEXT, "", "The client id it knows us by.")
DESK_OIDC_CLIENT_SECRET = Setting(
    "DESK_OIDC_CLIENT_SECRET", SECRET, "", "The client's secret.", is_secret=True
)
DESK_OIDC_SCOPES: Setting[list[str]] = Setting(
    "DESK_OIDC_SCOPES",
    comma_list(TEXT),
    ["openid", "profile", "email"],
    "What is asked for.",
    "openid,profile,email,groups",
    "`openid,profile,email`",
)
DESK_OIDC_ROLE_CLAIM = Setting(
    "DESK_OIDC_ROLE_CLAIM", TEXT, "groups", "The claim that holds what roles are made of.", "groups"
)
DESK_OIDC_ROLES: Setting[list[tuple[str, str]]] = Setting(
    "DESK_OIDC_ROLES",
    comma_list(ROLE),
    [],
    "Which value of the claim gives which role in all consoles, anew at each sign-in. Without it"
    " only colleagues who are there already come in, with the roles they have.",
    "support-team=agent,desk-admins=admin",
)
DESK_OIDC_TRUST_EMAIL = Setting(
    "DESK_OIDC_TRUST_EMAIL",
    BOOLEAN,
    False,
    "Whether addresses count of which the provider does not say whether they are verified.",
    "true",
)
DESK_OIDC_ACR: Setting[list[str]] = Setting(
    "DESK_OIDC_ACR",
    comma_list(TEXT),
    [],
    "Values of `acr` that mean a second factor; they are asked for. With these or `DESK_OIDC_AMR`,"
    " who signs in there without one needs a factor here.",
    "urn:example:mfa",
)
DESK_OIDC_AMR: Setting[list[str]] = Setting(
    "DESK_OIDC_AMR",
    comma_list(TEXT),
    [],
    "Values of `amr` that mean a second factor.",
    "mfa,otp,hwk",
)
DESK_OIDC_SIGN_OUT = Setting(
    "DESK_OIDC_SIGN_OUT",
    BOOLEAN,
    False,
    "Whether who signs out here, having signed in there, is signed out there too; the provider has"
    " to offer it (`end_session_endpoint`).",
    "true",
)
ALL = (
    *(DESK_OIDC_ISSUER, DESK_OIDC_NAME, DESK_OIDC_CLIENT_ID, DESK_OIDC_CLIENT_SECRET),
    *(DESK_OIDC_SCOPES, DESK_OIDC_ROLE_CLAIM, DESK_OIDC_ROLES, DESK_OIDC_TRUST_EMAIL),
    *(DESK_OIDC_ACR, DESK_OIDC_AMR, DESK_OIDC_SIGN_OUT),
)
