"""Where requests go: checked base addresses, paths built from parts, the browser's connect URL."""

import ipaddress
import re
from urllib.parse import quote, urlencode, urlsplit
from uuid import UUID

from .models import SignInToken

VERSION = "v1.0"
"""The API's first path segment; the token endpoint has none [D]."""

_CONTROL = re.compile("[\x00-\x1f\x7f]")


def checked_base(url: str, what: str) -> str:
    """`url` without a slash at its end.

    ValueError unless it is https (plain http only to a loopback host) with a host and without
    user, query or fragment. `what` names the setting in the message.
    """
    if not isinstance(url, str) or url != url.strip() or _CONTROL.search(url) or " " in url:
        raise ValueError(f"{what} is not an address: write it as https://host")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError(f"{what} is not an address: write it as https://host") from None
    if not host or parts.scheme not in ("https", "http"):
        raise ValueError(f"{what} is not an address: write it as https://host")
    if parts.username is not None or parts.password is not None:
        raise ValueError(f"{what} must not hold a user or a password")
    if "?" in url or "#" in url or "\\" in url:
        raise ValueError(f"{what} must be a bare address, without query or fragment")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError(f"{what} must start with https:// (plain http is for this machine only)")
    return url.rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine, by its name or its number."""
    name = host.lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def path(*parts: object) -> str:
    """A path of percent-encoded parts; account ids and names hold spaces and slashes.

    ValueError for a part that would change the path instead of naming something: an empty
    one, `.` and `..` (which HTTP libraries resolve, encoded or not), and lone surrogates.
    """
    texts = [str(part) for part in parts]
    if any(text in ("", ".", "..") for text in texts):
        raise ValueError("A part of a path is empty, '.' or '..'")
    try:
        return "/" + "/".join(quote(text, safe="") for text in texts)
    except UnicodeEncodeError:
        raise ValueError("A part of a path is not valid text") from None


def checked_account_id(account_id: str) -> str:
    """The id unchanged; ValueError if a path or the X-Cyclr-Account header cannot carry it.

    Headers end at a line break and lose spaces at their ends: such an id would be sent as
    something else, perhaps as another account's.
    """
    if not isinstance(account_id, str):
        raise ValueError("An account id is text")
    if _CONTROL.search(account_id):
        raise ValueError("An account id with control characters cannot be sent")
    if account_id != account_id.strip(" "):
        raise ValueError("An account id with spaces at its ends cannot be sent")
    path(account_id)
    return account_id


def is_guid(text: object) -> bool:
    """Whether this may be the id of a template, cycle or step."""
    try:
        return isinstance(text, str) and bool(UUID(text))
    except ValueError:
        return False


def connect_url(
    service_url: str,
    *,
    account_connector_id: int,
    token: str | SignInToken,
    target_origin: str,
    callback_message: str | None = None,
) -> str:
    """Where to send a browser, by GET, to authenticate an account connector [D].

    `service_url`: the partner's service domain as https://host, never derived from the API's
    host. `token`: a sign-in token of the account, good once, for five minutes: make the URL
    when it is asked for and keep it nowhere. `target_origin`: the full URL the browser comes
    back to; with a `callback_message` it comes not back, but the window that opened it gets
    the message, if `target_origin` is its origin. ValueError for an address that is not https.
    """
    values = {"id": str(int(account_connector_id)), "token": _text_of(token)}
    values["targetOrigin"] = target_origin
    if callback_message is not None:
        values["callbackMessage"] = callback_message
    return _browser_url(service_url, "connectorauth/updateaccountconnectoroauth", values)


def sign_in_url(service_url: str, token: str | SignInToken, return_url: str | None = None) -> str:
    """Where to send a browser, by GET, to sign it in to Cyclr's own pages for an account [D].

    `service_url` and `token` as in `connect_url`. `return_url`: the page to arrive at, such as
    `/launch` or `/orbit`; None leaves that to Cyclr. ValueError as in `connect_url`.
    """
    values = {"token": _text_of(token)}
    if return_url is not None:
        values["returnUrl"] = return_url
    return _browser_url(service_url, "account/signinwithtoken", values)


def _text_of(token: str | SignInToken) -> str:
    return token.token if isinstance(token, SignInToken) else token


def _browser_url(service_url: str, page: str, values: dict[str, str]) -> str:
    """The address of one of Cyclr's pages, with every value percent-encoded."""
    missing = [name for name, value in values.items() if not value]
    if missing:
        raise ValueError(f"The address needs its {' and '.join(missing)}")
    try:
        query = urlencode(values, quote_via=quote)
    except UnicodeEncodeError:
        query = ""
    if not query:  # outside of `except`: that error holds the value
        raise ValueError("A value of the address is not valid text")
    return f"{checked_base(service_url, 'service_url')}/{page}?{query}"
