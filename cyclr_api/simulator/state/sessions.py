"""Who is let in, and for how long: access tokens, sign-in tokens, OAuth sessions."""

import secrets
from datetime import datetime, timedelta

from cyclr_api.simulator.state.account_connectors import AccountConnectors
from cyclr_api.simulator.state.accounts import Users
from cyclr_api.simulator.state.core import Core
from cyclr_api.simulator.state.errors import DENIED, ApiError
from cyclr_api.simulator.state.tokens import AccessToken, Expiring, OAuthSession, SignInToken
from cyclr_api.simulator.state.values import AccountConnector

ACCESS_TOKEN_SECONDS = 1209599
SIGN_IN_SECONDS = 300
OAUTH_SESSION_SECONDS = 3600


class Sessions:
    """What was handed out to callers and to browsers. Not part of a world file."""

    def __init__(self, core: Core, users: Users, account_connectors: AccountConnectors) -> None:
        self._core, self._users, self._account_connectors = core, users, account_connectors
        self.access_tokens = Expiring[AccessToken](core.now)
        self.sign_in_tokens = Expiring[SignInToken](core.now)
        self.oauth_sessions = Expiring[OAuthSession](core.now)

    # -- access tokens -----------------------------------------------------------------------

    def issue_access_token(
        self, client_id: str, client_secret: str, account: str | None
    ) -> tuple[str, datetime, datetime]:
        """Token, issued at, expires at; KeyError for credentials that are not ours."""
        known = dict(self._core.credentials).get(client_id)
        if known is None or not secrets.compare_digest(known.encode(), client_secret.encode()):
            raise KeyError(client_id)
        issued = self._core.now()
        expires = issued + timedelta(seconds=ACCESS_TOKEN_SECONDS)
        token = self._core.tokens.hex(32)
        self.access_tokens.put(token, AccessToken(client_id, account, expires))
        return token, issued, expires

    def check_access_token(self, token: str) -> AccessToken:
        """The token's grant; unknown, expired or revoked ones are refused."""
        found = self.access_tokens.get(token)
        if found is None or all(one != found.client_id for one, _ in self._core.credentials):
            raise ApiError(401, DENIED)
        return found

    # -- sign-in tokens ----------------------------------------------------------------------

    def sign_in_token(self, account_id: str, username: str) -> tuple[str, datetime]:
        """A token that signs a browser in once; the user is created when the name is new."""
        if not username.strip():
            raise ApiError(400, "Username is required")
        self._users.add(account_id, username)
        token = self._core.tokens.base64(40)
        expires = self._let_in(token, account_id, username)
        self._core.record("sign_in_token", account_id, "api", saved=False, username=username)
        return token, expires

    def launch_token(self, account_id: str, username: str, page: str) -> tuple[str, datetime]:
        """As `sign_in_token`, of characters that a URL holds as they are, for a user of theirs."""
        token = self._core.tokens.urlsafe(40)
        expires = self._let_in(token, account_id, username)
        self._core.record("launch", account_id, "api", saved=False, username=username, page=page)
        return token, expires

    def _let_in(self, token: str, account_id: str, username: str) -> datetime:
        """When a sign-in token expires that is good from now on."""
        expires = self._core.now() + timedelta(seconds=SIGN_IN_SECONDS)
        self.sign_in_tokens.put(token, SignInToken(account_id, username, expires))
        return expires

    def spend_sign_in_token(self, token: str) -> SignInToken | None:
        """Use a sign-in token up; None when it is unknown, spent or expired.

        Sim: None, too, when the user has no access any more.
        """
        found = self.sign_in_tokens.take(token)
        if found is None or found.username not in self._users.get(found.account, []):
            return None
        self._core.record("sign_in", found.account, "browser", saved=False, username=found.username)
        return found

    # -- OAuth sessions ------------------------------------------------------------------------

    def start_oauth_session(
        self, one: AccountConnector, target_origin: str, callback_message: str | None
    ) -> str:
        """The `state` under which a browser's way to the third party is remembered."""
        key = self._core.tokens.urlsafe(24)
        expires = self._core.now() + timedelta(seconds=OAUTH_SESSION_SECONDS)
        session = OAuthSession(one.id, one.account_id, target_origin, callback_message, expires)
        self.oauth_sessions.put(key, session)
        return key

    def installed_for(self, session: OAuthSession) -> AccountConnector | None:
        """The account connector that is being authenticated, if it is still there."""
        return self._account_connectors.get(session.account, {}).get(session.account_connector)

    def complete_oauth_session(self, session: OAuthSession) -> bool:
        """Store the third party's tokens; False when the account connector is gone."""
        one = self.installed_for(session)
        if one is None:
            return False
        one.auth_value = self._account_connectors.third_party_tokens()
        self._account_connectors.mark_authenticated(one, by="browser")
        return True
