"""How customers see the partner: the branding of a console, with what stands in for it."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.consoles.models import Branding, Console


@dataclass(frozen=True, slots=True)
class Brand:
    """Who asks a customer, and how it looks. Empty: none was chosen."""

    name: str
    support_email: str
    language: str
    colour: str
    logo_url: str
    privacy_url: str
    imprint_url: str


def brand_of(console: Console) -> Brand:
    """The console's branding; what is empty there falls back to the console's own columns."""
    chosen = Branding.objects.filter(console=console).defer("logo").first() or Branding()
    return Brand(
        name=chosen.partner_name.strip() or console.asks_as,
        support_email=chosen.support_email or console.support_email,
        language=chosen.language,
        colour=chosen.colour,
        logo_url="",
        privacy_url=chosen.privacy_url,
        imprint_url=chosen.imprint_url,
    )
