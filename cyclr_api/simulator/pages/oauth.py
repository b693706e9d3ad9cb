"""What a browser sees: Cyclr's OAuth pages, the third party's consent page."""

import json
import re
from html import escape
from urllib.parse import parse_qsl, urlencode, urlsplit

from cyclr_api.simulator.http import Reply, Request
from cyclr_api.simulator.state.credentials import UNATTENDED_GRANTS
from cyclr_api.simulator.state.state import CyclrState
from cyclr_api.simulator.state.values import AccountConnector

OAUTH_PATH = ["connectorauth", "updateaccountconnectoroauth"]
CALLBACK_PATH = ["connector", "callback"]
SIGN_IN_PATH = ["account", "signinwithtoken"]
CONSENT_PATH = ["authorize"]

MARKETPLACE = re.compile("/launch/marketplace/([0-9]{1,18})")

STYLE = """
body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem;
  color: #1b1f24; background: #fff; }
form { display: inline; }
button { font: inherit; padding: .5rem 1.5rem; margin-right: .5rem; border: 1px solid #57606a;
  border-radius: .375rem; background: #f6f8fa; color: inherit; cursor: pointer; }
button.first { background: #0b5d3b; border-color: #0b5d3b; color: #fff; }
.note { color: #57606a; }
"""


def page(title: str, body: str, status: int = 200) -> Reply:
    """A whole page; `body` is HTML."""
    return Reply.html(
        "<!DOCTYPE html>\n"
        '<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(title)}</title><style>{STYLE}</style></head>"
        f"<body><main>{body}</main></body></html>\n",
        status,
    )


def _text(value: object) -> str:
    return escape(str(value), quote=True)


def _error(title: str, text: str, status: int = 400) -> Reply:
    return page(title, f"<h1>{_text(title)}</h1><p>{_text(text)}</p>", status)


def forbidden() -> Reply:
    title = "403 – Forbidden: Access is denied."
    return page(title, f"<h1>{title}</h1><p>You do not have permission to view this page.</p>", 403)


# -- Cyclr's pages on the service domain ---------------------------------------------------------


def authenticate(state: CyclrState, request: Request) -> Reply:
    """`/connectorauth/updateaccountconnectoroauth`: sign in once, then to the third party."""
    query = request.query
    session = state.sessions.spend_sign_in_token(query.get("token", ""))
    if session is None:
        return forbidden()
    number = query.get("id", "")
    known = state.account_connectors[session.account]
    one = known.get(int(number)) if number.isascii() and number.isdigit() else None
    if one is None:
        return forbidden()
    target = query.get("targetorigin", "")
    if not _is_web_address(target):
        return _error("Bad request", "targetOrigin must be a URL that starts with http or https.")
    return _to_third_party(state, one, target, query.get("callbackmessage"))


def _to_third_party(
    state: CyclrState, one: AccountConnector, target: str, callback_message: str | None
) -> Reply:
    method = state.authentication.method_of(one)
    auth_type, grant = method.get("AuthType"), method.get("OAuth2Type")
    if auth_type == "None":
        return _back(target, callback_message)
    if auth_type not in ("OAuth2", "OAuth1"):
        return _error("Connector cannot be authenticated here", "It does not use OAuth.")
    if auth_type == "OAuth2" and grant in UNATTENDED_GRANTS:
        # No screen at the third party: straight back, authenticated if the values are there.
        if state.authentication.can_fetch_tokens(one):
            one.auth_value = one.auth_value or "{}"
            state.account_connectors.mark_authenticated(one, by="browser")
        return _back(target, callback_message)
    if not state.authentication.has_oauth_app(one):
        return _error(
            "Connector is not set up", "ClientId and ClientSecret are needed to authenticate it."
        )
    missing = state.authentication.missing_values(one)
    if missing:
        return _error(
            "Connector is not set up", f"These settings have no value: {', '.join(missing)}"
        )
    key = state.sessions.start_oauth_session(one, target, callback_message)
    query = {
        "response_type": "code",
        "client_id": f"simulated-{one.connector.id}",
        "redirect_uri": f"{state.service_url}/connector/callback",
        "state": key,
    }
    return Reply.redirect(f"{state.provider_url}/authorize?{urlencode(query)}")


def callback(state: CyclrState, request: Request) -> Reply:
    """`/connector/callback`: where the third party sends the browser."""
    query = request.query
    oauth_session = state.sessions.oauth_sessions.take(query.get("state", ""))
    if oauth_session is None:
        return _error("Authentication failed", "invalid_state: this sign-in is not under way.")
    if "error" in query:
        return _error(
            "Authentication failed",
            f"{query['error']}: {query.get('error_description', 'no description')}",
        )
    if oauth_session.code is None or query.get("code") != oauth_session.code:
        return _error("Authentication failed", "invalid_grant: the code is not valid.")
    if not state.sessions.complete_oauth_session(oauth_session):
        return _error("Authentication failed", "The connector is no longer installed.", 404)
    return _back(oauth_session.target_origin, oauth_session.callback_message)


def _back(target: str, callback_message: str | None) -> Reply:
    """To the page that asked, or, with a callback message, a message to the window that did."""
    if callback_message is None:
        return Reply.redirect(target)
    arguments = ", ".join(_script_string(text) for text in (callback_message, _origin(target)))
    script = f"(window.opener || window.parent).postMessage({arguments});"
    return page(
        "Connector authenticated",
        "<h1>Connector authenticated</h1><p>You can close this window.</p>"
        f"<script>{script}</script>",
    )


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _script_string(text: str) -> str:
    """A JavaScript string that cannot end the script element it stands in."""
    return json.dumps(text).replace("<", "\\u003c").replace("/", "\\/")


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and text.isprintable()


def sign_in(state: CyclrState, request: Request) -> Reply:
    """`/account/signinwithtoken`: the first page of Cyclr's own UI, of which nothing else is here.

    Sim: a `returnUrl` that is no page of Cyclr's is left out, and nobody is sent to it.
    """
    session = state.sessions.spend_sign_in_token(request.query.get("token", ""))
    if session is None:
        return forbidden()
    name = state.accounts.one(session.account).name
    title = _title_of(request.query.get("returnurl", ""))
    options = "".join(
        f"<li><bdi>{_text(key)}: {_text(value)}</bdi></li>"
        for key, value in parse_qsl(request.raw_query)
        if key.casefold() not in ("token", "returnurl")
    )
    return page(
        title,
        f"<h1>{_text(title)}</h1>"
        f"<p><bdi>{_text(session.username)}</bdi> is signed in to <bdi>{_text(name)}</bdi>.</p>"
        f"{f'<ul>{options}</ul>' if options else ''}",
    )


def _title_of(return_url: str) -> str:
    marketplace = MARKETPLACE.fullmatch(return_url)
    if marketplace:
        return f"Cyclr Marketplace {marketplace[1]}"
    return {"/launch": "Cyclr LAUNCH", "/orbit": "Cyclr ORBIT"}.get(return_url, "Cyclr")


# -- the third party's pages ---------------------------------------------------------------------


def consent(state: CyclrState, request: Request) -> Reply:
    """`/authorize`: asks (GET) and takes the decision (POST)."""
    values = request.form() if request.method == "POST" else request.query
    key = values.get("state", "")
    oauth_session = state.sessions.oauth_sessions.get(key)
    one = None if oauth_session is None else state.sessions.installed_for(oauth_session)
    if oauth_session is None or one is None:
        return _error("This request has expired", "Start again from the page that sent you here.")
    if request.method != "POST":
        return _consent_page(state, one, key)
    decision = values.get("decision")
    if decision == "approve":
        oauth_session.code = state.tokens.urlsafe(16)
        answer = {"code": oauth_session.code, "state": key}
    elif decision == "deny":
        oauth_session.code = None
        answer = {
            "error": "access_denied",
            "error_description": "The user did not approve the request",
            "state": key,
        }
    else:
        return _error("Bad request", "The decision is approve or deny.")
    return Reply.redirect(f"{state.service_url}/connector/callback?{urlencode(answer)}")


def _consent_page(state: CyclrState, one: AccountConnector, key: str) -> Reply:
    name = one.connector.name
    forms = "".join(
        '<form method="post" action="/authorize">'
        f'<input type="hidden" name="state" value="{_text(key)}">'
        f'<input type="hidden" name="decision" value="{label.lower()}">'
        f"<button{extra}>{label}</button></form>"
        for label, extra in (("Approve", ' class="first"'), ("Deny", ""))
    )
    return page(
        f"{name}: allow access?",
        f"<h1>{_text(name)}</h1>"
        f"<p>Cyclr asks for access to your {_text(name)} data. It will be able to read and "
        "change it until you take the access back.</p>"
        f"{forms}"
        '<p class="note">Simulated sign-in page of the other service. Nothing leaves this '
        "computer.</p>",
    )
