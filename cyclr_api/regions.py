"""Where Cyclr runs: the addresses of its regions [D].

An API address is not made from a console's, nor a service domain from either. A private
installation has addresses of its own [C].
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Region:
    """One of Cyclr's installations.

    `service_domain`: the host of the pages that browsers see, with `{partner}` for the
    partner's name; a partner may have a domain of its own instead. None: not documented [?].
    """

    name: str
    city: str
    console_host: str
    api_url: str
    service_domain: str | None = None


REGIONS: Mapping[str, Region] = MappingProxyType(
    {
        "us": Region(
            "US", "N. Virginia", "my.cyclr.com", "https://api.cyclr.com", "{partner}-h.cyclr.com"
        ),
        "us2": Region("US2", "Ohio", "us2.cyclr.com", "https://api.us2.cyclr.com"),
        "uk": Region("UK", "London", "my.cyclr.uk", "https://api.cyclr.uk", "{partner}-h.cyclr.uk"),
        "eu": Region(
            "EU",
            "Frankfurt",
            "eu.cyclr.com",
            "https://api.eu.cyclr.com",
            "{partner}-h.eu.cyclr.com",
        ),
        "apac": Region("APAC", "Sydney", "apac.cyclr.com", "https://api.apac.cyclr.com"),
    }
)
"""By their short names. APAC is missing from the newest list of the documentation [D]."""


def region(name: str) -> Region:
    """The region of this short name, whatever its case. ValueError for others, naming all."""
    found = REGIONS.get(name.strip().lower())
    if found is None:
        raise ValueError(f"There is no region {name!r}, only {', '.join(REGIONS)}")
    return found
