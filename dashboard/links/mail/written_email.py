"""A message as it is written, before it is sent."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class EmailContent:
    """One message as the customer gets it. `sender` and `reply_to` are what a header may hold."""

    sender: str
    recipient: str
    reply_to: str
    subject: str
    language: str
    text: str = field(repr=False)
    html: str = field(repr=False)
    headers: dict[str, str] = field(repr=False)
