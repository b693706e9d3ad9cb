"""How django-allauth is used: for signing in, second factors and OpenID Connect; never to sign up.

Limits are ours (`dashboard.sign_in.attempts`): allauth's lock an address for its owner too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ALLAUTH_APPS = (
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
)
ALLAUTH: dict[str, Any] = {
    "AUTHENTICATION_BACKENDS": ["dashboard.sign_in.backend.PasswordBackend"],
    "LOGIN_URL": "sign_in",
    "LOGIN_REDIRECT_URL": "overview",
    "LOGOUT_REDIRECT_URL": "sign_in",
    "PASSWORD_RESET_TIMEOUT": 3600,
    "ACCOUNT_ADAPTER": "dashboard.sign_in.adapters.AccountAdapter",
    "ACCOUNT_USER_MODEL_USERNAME_FIELD": None,
    "ACCOUNT_LOGIN_METHODS": {"email"},
    "ACCOUNT_SIGNUP_FIELDS": ["email*", "password1*"],
    "ACCOUNT_EMAIL_VERIFICATION": "none",
    "ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS": False,
    "ACCOUNT_EMAIL_SUBJECT_PREFIX": "",
    "ACCOUNT_RATE_LIMITS": False,
    "ACCOUNT_SESSION_REMEMBER": True,
    "MFA_ADAPTER": "dashboard.sign_in.adapters.FactorAdapter",
    "MFA_SUPPORTED_TYPES": ["totp", "webauthn", "recovery_codes"],
    "MFA_PASSKEY_LOGIN_ENABLED": True,
    "MFA_WEBAUTHN_USER_VERIFICATION": "required",  # a key left in the desk proves nothing
    "SOCIALACCOUNT_ADAPTER": "dashboard.sign_in.provider.ProviderAdapter",
    "SOCIALACCOUNT_REQUESTS_TIMEOUT": 5,
    "MFA_TOTP_TOLERANCE": 1,
}

COMPANY = "company"
"""The name of the one provider, in addresses and rows."""


def providers(given: Mapping[str, Any]) -> dict[str, Any]:
    """The provider of the settings, as allauth reads it; none without an issuer."""
    issuer = given["DESK_OIDC_ISSUER"]
    if not issuer:
        return {}
    app = {
        "provider_id": COMPANY,
        "name": given["DESK_OIDC_NAME"],
        "client_id": given["DESK_OIDC_CLIENT_ID"],
        "secret": given["DESK_OIDC_CLIENT_SECRET"],
        "settings": {
            "server_url": issuer,
            "scope": list(given["DESK_OIDC_SCOPES"]),
            "oauth_pkce_enabled": True,
        },
    }
    return {"openid_connect": {"APPS": [app]}}
