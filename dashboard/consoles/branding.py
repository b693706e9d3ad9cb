"""How customers see the partner: the branding of a console, with what stands in for its gaps."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from dashboard.consoles.models import Branding, Console


@dataclass(frozen=True, slots=True)
class Brand:
    """What pages and messages for customers show; each part may be empty but the name.

    Addresses of ours (`logo_url`, `css_url`) are paths.
    """

    name: str
    support_email: str = ""
    language: str = ""
    colour: str = ""
    logo_url: str = ""
    css_url: str = ""
    privacy_url: str = ""
    imprint_url: str = ""


def brand_of(console: Console) -> Brand:
    """The console's brand. One query, which leaves the logo where it is."""
    row = Branding.objects.defer("logo").filter(console=console).first()
    if row is None:
        return Brand(name=console.asks_as, support_email=console.support_email)
    return brand_from(row, console)


def brand_from(row: Branding, console: Console) -> Brand:
    """The brand of a row, saved or not."""
    colour = row.colour.lower()
    has_logo = bool(row.logo_digest) and row.console_id is not None
    return Brand(
        name=row.partner_name or console.asks_as,
        support_email=row.support_email or console.support_email,
        language=row.language,
        colour=colour,
        logo_url=reverse("brand_logo", args=[console.pk, row.logo_digest]) if has_logo else "",
        css_url=reverse("brand_css", args=[colour.removeprefix("#")]) if colour else "",
        privacy_url=row.privacy_url,
        imprint_url=row.imprint_url,
    )
