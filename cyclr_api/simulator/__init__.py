"""A Cyclr in memory: the stand-in for Cyclr in tests, the demo and benchmarks.

    state = demo_state()
    mount(state, session)               # a requests session; no socket
    state.faults.drop_after_effect("POST", "/connectors/{id}/install")

As a server: `python -m cyclr_api.simulator --port 8800`. All of it: docs/simulator.md.
"""

from cyclr_api.simulator.demo.builder import demo_state, empty_state
from cyclr_api.simulator.demo.load_data import scaled_state
from cyclr_api.simulator.server.adapter import mount
from cyclr_api.simulator.server.app import application
from cyclr_api.simulator.state.state import CyclrState
from cyclr_api.simulator.state.values import Account, AccountConnector, Connector, Effect
from cyclr_api.simulator.worldfile.reading import load_state, new_state

__all__ = [
    "Account",
    "AccountConnector",
    "Connector",
    "Effect",
    "CyclrState",
    "application",
    "demo_state",
    "empty_state",
    "load_state",
    "mount",
    "new_state",
    "scaled_state",
]
