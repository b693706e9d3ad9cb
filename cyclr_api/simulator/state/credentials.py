"""When what an account connector holds makes Cyclr call it authenticated."""

import orjson

from cyclr_api.simulator.state.core import Core
from cyclr_api.simulator.state.values import JSON, AccountConnector

OAUTH_APP_NAMES = (
    ("ClientId", "ClientSecret"),
    ("ClientKey", "ClientSecret"),
    ("ConsumerKey", "ConsumerSecret"),
)

UNATTENDED_GRANTS = ("ClientCredentials", "PasswordCredentials")


class Credentials:
    """Judges account connectors; the partner's OAuth apps count for each of them."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def method_of(self, one: AccountConnector) -> JSON:
        """The authentication method an account connector was installed with."""
        return one.connector.method(one.authentication_id) or one.connector.methods()[0]

    def is_authenticated(self, one: AccountConnector) -> bool:
        """Whether what an account connector holds makes Cyclr call it authenticated."""
        method = self.method_of(one)
        auth_type, grant = method.get("AuthType"), method.get("OAuth2Type")
        if auth_type == "None":
            return True
        if auth_type == "AuthFields" and not one.auth_value:
            return not self.missing_values(one)  # Sim: the fields are its properties
        if not one.auth_value:
            return False
        if auth_type == "OAuth2" and grant in UNATTENDED_GRANTS:
            return self.can_fetch_tokens(one)
        if auth_type in ("OAuth2", "OAuth1"):
            return _holds_tokens(one.auth_value)
        return True

    def missing_values(self, one: AccountConnector) -> list[str]:
        """TargetNames of required settings that have no value yet."""
        return [
            name
            for name in one.connector.required_names
            if not one.value_of(name)
            and not (one.connector.name in self._core.oauth_apps and is_oauth_app_name(name))
        ]

    def can_fetch_tokens(self, one: AccountConnector) -> bool:
        """Whether Cyclr can sign in at the third party without anybody's approval."""
        if self.missing_values(one):
            return False
        is_password = self.method_of(one).get("OAuth2Type") == "PasswordCredentials"
        return is_password or self.has_oauth_app(one)

    def has_oauth_app(self, one: AccountConnector) -> bool:
        """Whether ClientId and ClientSecret are known, for the partner or for this one."""
        if one.connector.name in self._core.oauth_apps:
            return True
        return any(one.value_of(key) and one.value_of(word) for key, word in OAUTH_APP_NAMES)


def is_oauth_app_name(name: str) -> bool:
    """Whether a property of this name is part of an OAuth app."""
    return any(name in pair for pair in OAUTH_APP_NAMES)


def _holds_tokens(auth_value: str) -> bool:
    """Cyclr's own form is JSON with an AccessToken; Sim: plain text is an access token."""
    try:
        tokens = orjson.loads(auth_value)
    except orjson.JSONDecodeError:
        return True
    if isinstance(tokens, dict):
        return bool(tokens.get("AccessToken"))
    return bool(tokens)
