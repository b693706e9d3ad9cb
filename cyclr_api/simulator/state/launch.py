"""LAUNCH, ORBIT and Marketplace: a way into Cyclr's own pages that makes what it needs."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import quote, urlencode

from cyclr_api.simulator.state.account_connectors import Installation, check_installation
from cyclr_api.simulator.state.account_rules import checked_id
from cyclr_api.simulator.state.errors import ApiError
from cyclr_api.simulator.state.state import CyclrState
from cyclr_api.simulator.state.values import AccountConnector, Connector

API_USER = "API user"
"""Who signs in when a launch names nobody."""


@dataclass(frozen=True)
class Options:
    """What the pages shall offer. The defaults are Cyclr's; None: nothing was said."""

    start: bool = True
    run_once: bool = False
    wizard: bool = False
    shows_descriptions: bool = False
    auto_install: bool | None = None
    single_install: bool | None = None
    inline_oauth: bool | None = None
    complete_parameter: str | None = None
    tags: list[str] = field(default_factory=list)

    def query(self, *, has_inline_oauth: bool) -> Iterator[tuple[str, str]]:
        """The flags as a URL has them: those that differ from Cyclr's defaults, or were sent.

        `has_inline_oauth`: the console's setting, which decides when nothing was said. Sim: the
        names of the complete parameter and the tags.
        """
        if not self.start:
            yield "start", "false"
        named = {"once": self.run_once, "wizard": self.wizard}
        for name, is_on in {**named, "descriptions": self.shows_descriptions}.items():
            if is_on:
                yield name, "true"
        for name, sent in {"auto": self.auto_install, "single": self.single_install}.items():
            if sent is not None:
                yield name, "true" if sent else "false"
        is_inline = has_inline_oauth if self.inline_oauth is None else self.inline_oauth
        if not is_inline:
            yield "inline", "false"
        if self.complete_parameter is not None:
            yield "completeParameter", self.complete_parameter
        for tag in self.tags:
            yield "tags", tag


@dataclass(frozen=True)
class NativeConnector:
    """A connector of the partner's own product that shall be there, with its credentials."""

    name: str
    version: str | None
    asked: Installation = field(repr=False)


@dataclass(frozen=True)
class Launch:
    """What a launch call asks for."""

    page: str
    """Where on Cyclr's pages the browser arrives: `/launch`, `/orbit`, `/launch/marketplace/8`."""
    account_id: str
    username: str = API_USER
    account_name: str | None = None
    account_description: str | None = None
    options: Options = field(default_factory=Options)
    native_connectors: list[NativeConnector] = field(default_factory=list)


@dataclass(frozen=True)
class Launched:
    account_id: str
    token: str = field(repr=False)
    expires: datetime
    url: str = field(repr=False)


def launch(state: CyclrState, asked: Launch) -> Launched:
    """Make account, user and native connectors where they are missing, and a URL into them.

    Nothing is made when anything is refused. Sim: an account that is there keeps its name and
    description.
    """
    account_id = checked_id(asked.account_id)
    if not account_id:
        raise ApiError(400, "AccountId is required")
    releases = [_release(state, account_id, wanted) for wanted in asked.native_connectors]
    if account_id not in state.accounts:
        name, description = asked.account_name or account_id, asked.account_description
        state.accounts.create(account_id, {"Name": name, "Description": description})
    state.users.add(account_id, asked.username)
    for connector, wanted in zip(releases, asked.native_connectors, strict=True):
        _set_up(state, account_id, connector, wanted.asked)
    token, expires = state.sessions.launch_token(account_id, asked.username, asked.page)
    has_inline_oauth = bool(state.settings["InlineOAuth"])
    flags = list(asked.options.query(has_inline_oauth=has_inline_oauth))
    return Launched(account_id, token, expires, _url(state.service_url, token, asked.page, flags))


def _url(service_url: str, token: str, page: str, flags: list[tuple[str, str]]) -> str:
    values = [("token", token), ("returnUrl", page), *flags]
    query = urlencode(values, safe="", errors="replace", quote_via=quote)
    return f"{service_url}/account/signinwithtoken?{query}"


# -- native connectors ---------------------------------------------------------------------------


def _release(state: CyclrState, account_id: str, wanted: NativeConnector) -> Connector:
    """The latest release with the name and version, if it can be set up as asked.

    Sim: the refusal's status and words.
    """
    found = state.connectors.named(wanted.name, account_id, wanted.version)
    if not found:
        raise ApiError(400, f"Connector '{wanted.name}' was not found.")
    there = _installed(state, account_id, found[0])
    for release in [one.connector for one in there] or found[:1]:
        check_installation(release, wanted.asked)
    return found[0]


def _installed(state: CyclrState, account_id: str, connector: Connector) -> list[AccountConnector]:
    """The account's native connectors of that name, whatever their release."""
    return [
        one
        for one in state.account_connectors.get(account_id, {}).values()
        if one.is_partner and one.connector.name == connector.name
    ]


def _set_up(state: CyclrState, account_id: str, connector: Connector, asked: Installation) -> None:
    """Sim: every native connector of the name gets the values; without one, one is installed."""
    there = _installed(state, account_id, connector)
    for one in there:
        one.authentication_id = asked.authentication_id or one.authentication_id
        state.account_connectors.change(
            one, auth_value=asked.auth_value, properties=asked.properties
        )
    if not there:
        name = state.account_connectors.free_name(account_id, connector.name)
        state.account_connectors.install(
            account_id, connector, replace(asked, name=name, is_partner=True), by="api"
        )
