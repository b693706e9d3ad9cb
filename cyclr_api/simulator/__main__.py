"""`python -m cyclr_api.simulator`: the simulator as a server. See docs/simulator.md."""

import sys

from cyclr_api.simulator.server.command import main

if __name__ == "__main__":
    sys.exit(main())
