"""What the operations of links work from."""

from __future__ import annotations

from dataclasses import dataclass, field

from dashboard.operations.input import Input, Setting


@dataclass(frozen=True, slots=True)
class LinkInput(Input):
    """A connection link that is to be made.

    `lifetime`: seconds from when it is made; None = over the operation's own connector, as a
    follow-up of its install. `connectors`: primary keys of those that a campaign's row is about.
    """

    recipient_email: str = ""
    recipient_name: str = ""
    lifetime: int | None = None
    message: str = ""
    language: str = ""
    ticket_url: str = ""
    has_reminders: bool = False
    mails: bool = False
    connectors: tuple[int, ...] = ()
    skips_authenticated: bool = True
    skips_linked: bool = True


@dataclass(frozen=True, slots=True)
class EntryInput(Input):
    """What a customer typed for an installed connector.

    `way`: how it is authenticated, as in `mirror.catalogue.AuthType`. `auth_value`: None = only
    settings were typed.
    """

    way: str = ""
    auth_value: str | None = field(default=None, repr=False)
    properties: tuple[Setting, ...] = ()
