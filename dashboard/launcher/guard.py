"""Ends the supervisor's processes when the supervisor itself was killed.

Runs alone, with the standard library only: `guard.py DIRECTORY`. The supervisor tells it on its
standard input which process groups live (`+123`) and which have ended (`-123`). When that input
ends, so has the supervisor: what is left is ended, and the directory is removed.
"""

import contextlib
import os
import shutil
import signal
import sys
import time

PATIENCE = 5.0
"""Seconds between asking them to end and ending them."""


def send(group: int, number: int) -> bool:
    """Signal a process group; whether there still was one."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def main() -> None:
    """Wait for the end of the input, then clean up."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    living: set[int] = set()
    with contextlib.suppress(ValueError):
        for line in sys.stdin:
            change = living.add if line.startswith("+") else living.discard
            change(int(line[1:]))
    for group in living:
        send(group, signal.SIGTERM)
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and any(send(group, 0) for group in living):
        time.sleep(0.05)
    for group in living:
        send(group, signal.SIGKILL)
    shutil.rmtree(sys.argv[1], ignore_errors=True)


if __name__ == "__main__":
    main()
