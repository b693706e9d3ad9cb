"""LAUNCH, ORBIT and Marketplace: Cyclr's own pages for an account, opened in a browser."""

from collections.abc import Iterable, Mapping
from typing import TypedDict

from .auth_values import secrets_in
from .calls import Calls, given
from .models import BrowserSession, ConnectorAuthentication
from .transport import Effect


class LaunchOptions(TypedDict, total=False):
    """What the pages shall show and do [D]. None is not sent: Cyclr decides."""

    account_name: str | None
    """For an account that is made by the call; else its id is its name."""
    account_description: str | None
    tags: Iterable[str] | None
    """Only templates with one of these tags are shown; their case matters."""
    start: bool | None
    """Whether the cycle starts when it is set up; Cyclr's default is True."""
    run_once: bool | None
    """Default False."""
    auto_install: bool | None
    """Whether a template is installed at once if it is the only one; default True."""
    single_install: bool | None
    """Whether only one template can be installed; default False."""
    wizard: bool | None
    """Whether settings are asked for one after the other; default False."""
    display_descriptions: bool | None
    """Default False."""
    inline_oauth: bool | None
    """Whether third parties are signed in to on the page itself instead of in a window."""
    complete_parameter: str | None
    """Handed back when everything is done."""
    connector_authentications: Iterable[ConnectorAuthentication] | None
    """Credentials that Cyclr shall have without asking the customer."""


class MarketplaceOptions(LaunchOptions, total=False):
    """The same for a Marketplace."""

    marketplace_id: int | None
    """Which of the partner's Marketplaces."""


_NAMES = {
    "account_name": "AccountName",
    "account_description": "AccountDescription",
    "start": "Start",
    "run_once": "RunOnce",
    "auto_install": "AutoInstall",
    "single_install": "SingleInstall",
    "wizard": "Wizard",
    "display_descriptions": "DisplayDescriptions",
    "inline_oauth": "InlineOAuth",
    "complete_parameter": "CompleteParameter",
    "marketplace_id": "MarketplaceId",
}
"""What Cyclr calls the options that are sent as they are."""

LISTS = {"tags", "connector_authentications"}


def open_session(
    calls: Calls,
    template: str,
    *values: object,
    options: LaunchOptions | MarketplaceOptions,
    person: Mapping[str, str] | None = None,
    concealed: Iterable[str] = (),
) -> BrowserSession:
    """The answer to a launch, orbit or marketplace call; `person` goes into its body.

    What the call makes, account and user, has the id or name that was sent, so making it twice
    does no harm. Whether `connector_authentications` are set up twice is unknown [?]: with
    them the call is a write.
    """
    unknown = options.keys() - LISTS - _NAMES.keys()
    if unknown:
        raise TypeError(f"Unknown options: {', '.join(sorted(unknown))}")
    authentications = list(options.get("connector_authentications") or ())
    lists = {
        "Tags": list(options.get("tags") or ()),
        "ConnectorAuthentications": [one.to_json() for one in authentications],
    }
    plain = {_NAMES[name]: value for name, value in options.items() if name in _NAMES}
    body = {
        **(person or {}),
        **given(**plain),
        **{name: values for name, values in lists.items() if values},
    }
    secrets = [
        text for one in authentications for text in secrets_in(one.properties, one.auth_value)
    ]
    return calls.answer(
        "POST",
        template,
        *values,
        decode=BrowserSession.from_json,
        effect=Effect.WRITE if authentications else Effect.HARMLESS,
        body=body,
        concealed=[*concealed, *secrets],
    )
