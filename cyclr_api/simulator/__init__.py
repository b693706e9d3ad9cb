"""A Cyclr in memory: the stand-in for Cyclr in tests, the demo and benchmarks.

    world = World.support()
    mount(world, session)               # a requests session; no socket
    world.faults.drop_after_effect("POST", "/connectors/{id}/install")

As a server: `python -m cyclr_api.simulator --port 8800`. All of it: docs/simulator.md.
"""

from cyclr_api.simulator.adapter import mount
from cyclr_api.simulator.app import application
from cyclr_api.simulator.values import Account, AccountConnector, Connector, Effect
from cyclr_api.simulator.world import World

__all__ = [
    "Account",
    "AccountConnector",
    "Connector",
    "Effect",
    "World",
    "application",
    "mount",
]
