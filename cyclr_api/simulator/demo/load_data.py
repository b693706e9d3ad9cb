"""A large state: as many accounts and installed connectors as wanted, the same for the same seed.

The catalogue is the default state's. What is installed is spread as it is in life: many accounts
with a few connectors, some with none, one with very many.
"""

import functools
import itertools
import re
from collections import Counter
from collections.abc import Iterator
from random import Random

from cyclr_api.simulator.demo.builder import POPULAR, SEED, Builder, demo_state
from cyclr_api.simulator.state.state import CyclrState
from cyclr_api.simulator.state.values import JSON, AccountConnector, Connector
from cyclr_api.simulator.worldfile.reading import new_state

MOST_ACCOUNTS = 1_000_000
MOST_CONNECTORS = 5_000_000

LARGEST = 500
"""Connectors of the first account; a quarter of all when there are less than 2,000."""

WITHOUT = 0.08
"""The part of the accounts that has no connector."""

AUTHENTICATED = 0.8

STEEPNESS = 1.6
"""How uneven the others are: the exponent of a Pareto distribution."""

STEEPEST = 40.0
"""About so many times as many as the least have the others at most."""

POPULARITY = 0.8
"""The part of what is installed that is one of the popular connectors."""

FIRST_WORDS = """
    Amber Anchor Ashwood Autumn Birch Bluebell Bramble Brightwater Cedar Clover Cobalt Copper
    Coral Crescent Dapple Driftwood Eastgate Elder Ember Fernhill Foxglove Granite Greenway
    Harbour Hazel Heron Highfield Hollow Indigo Ivory Juniper Kestrel Lantern Larch Lavender
    Linden Lowland Maple Marigold Meadow Midland Millstone Mistral Moorland Mulberry Nettle
    Northbank Oakhurst Olive Orchard Osprey Pebble Pinewood Plover Primrose Quarry Quince
    Rookery Rosewood Rowan Saffron Sandpiper Silverbrook Skylark Slate Southmoor Sparrow Spruce
    Starling Stonebridge Summit Swallow Tamarind Thistle Thornbury Tidewater Tulip Valley Violet
    Walnut Westbrook Wicker Wildwood Willow Windmill Woodland Wren Yarrow
"""

TRADES = """
    Accountancy Apparel Bakery Bicycles Books Brewing Ceramics Charters Cleaning Coffee
    Conservatories Couriers Dairy Dental Design Electrical Events Farm Fitness Flooring Flowers
    Foods Framing Freight Furniture Games Garage Gardens Gifts Hardware Health Homewares Hotels
    Instruments Insurance Interiors Jewellery Joinery Kitchens Landscapes Lighting Logistics
    Marine Media Motors Music Nurseries Opticians Outdoors Outfitters Paper Pharmacy Photography
    Plumbing Pottery Printing Property Recruitment Roofing Sailing Seeds Software Spices Sports
    Stationery Studios Surveyors Tailors Tea Textiles Tiles Timber Tools Toys Travel Tuition
    Veterinary Wines
"""

ENDINGS = ("", "", "", " Ltd", " & Co", " Group", " GmbH", " Inc", " (EU)", " Online")

ZONES = (
    "Europe/London",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Paris",
    "Europe/Madrid",
    "America/New_York",
    "America/Chicago",
    "America/Los_Angeles",
    "Asia/Singapore",
    "Australia/Sydney",
)

LABELS = (" (EU)", " (US)", " - archive", " (warehouse)", " (test)", " (marketing)", " - old")
"""How people name the second connector of a kind."""


def scaled_state(accounts: int, connectors: int, seed: int | None = None) -> CyclrState:
    """That many accounts, and that many account connectors in all of them together."""
    if not 0 <= accounts <= MOST_ACCOUNTS or not 0 <= connectors <= MOST_CONNECTORS:
        raise ValueError(
            f"A world has at most {MOST_ACCOUNTS:,} accounts and {MOST_CONNECTORS:,} connectors."
        )
    if connectors and not accounts:
        raise ValueError("Connectors need an account that they are installed in.")
    seed = SEED if seed is None else seed
    state = _catalogue_only(seed)
    builder = Builder(seed)
    counts = spread(accounts, connectors, builder.random)
    releases = _releases(state, builder.random)
    numbers, properties = itertools.count(90101), itertools.count(551001)
    for row, count in enumerate(counts):
        account = _account(builder, state, row)
        for release, label in _labelled(itertools.islice(releases, count)):
            is_authenticated = builder.random.random() < AUTHENTICATED
            document = builder.account_connector(
                account, release.document, label, next(numbers), properties, is_authenticated
            )
            state.account_connectors.add(AccountConnector.from_dump(document, state.connectors))
    return state


def spread(accounts: int, connectors: int, chance: Random) -> list[int]:
    """How many connectors each account has: the first `LARGEST`, some none."""
    if not accounts:
        return []
    most = min(LARGEST, connectors // 4) if accounts > 1 else connectors
    weights = [
        0.0 if chance.random() < WITHOUT else chance.paretovariate(STEEPNESS)
        for _ in range(accounts - 2)
    ]
    weights = [min(weight, STEEPEST * chance.uniform(0.5, 1)) for weight in weights]
    weights += [1.0] * (accounts > 1)  # somebody has to have the rest
    share = (connectors - most) / (sum(weights) or 1)
    counts = [most, *(int(weight * share) for weight in weights)]
    having = [row for row, weight in enumerate(weights, 1) if weight] or [0]
    for row in itertools.islice(itertools.cycle(having), connectors - sum(counts)):
        counts[row] += 1
    return counts


def _catalogue_only(seed: int) -> CyclrState:
    nothing: JSON = {"Accounts": [], "Users": {}, "AccountConnectors": [], "Cycles": []}
    return new_state({**demo_state(seed).document(), **nothing, "NextIds": {}})


def _releases(state: CyclrState, chance: Random) -> Iterator[Connector]:
    """Endlessly what the next customer installs."""
    live = [one for one in state.connectors.values() if one.release == "Live"]
    popular = [one for one in live if one.name in POPULAR]
    while True:
        yield chance.choice(popular if chance.random() < POPULARITY else live)


def _labelled(releases: Iterator[Connector]) -> Iterator[tuple[Connector, str]]:
    """Each release with a name that the account has not yet."""
    taken: Counter[str] = Counter()
    for release in releases:
        before = taken[release.name.casefold()]
        taken[release.name.casefold()] += 1
        endings = ("", *LABELS)
        ending = endings[before] if before < len(endings) else f" {before + 1}"
        yield release, release.name + ending


@functools.cache
def _words(text: str) -> list[str]:
    return text.split()


def _account(builder: Builder, state: CyclrState, row: int) -> JSON:
    """A customer with a believable name and one of the kinds of ids that partners choose."""
    chance = builder.random
    first, trade = chance.choice(_words(FIRST_WORDS)), chance.choice(_words(TRADES))
    name = f"{first} {trade}{chance.choice(ENDINGS)}"
    slug = re.sub("[^a-z]+", "-", name.lower()).strip("-")
    ids = (f"shop-{row + 1}.example", f"{slug}-{row + 1}", None)
    document = builder.account(chance.choice(ids), name, chance.choice(ZONES))
    state.add_account(document)
    state.users[document["Id"]].extend(builder.users(document))
    return document
