"""`python -m cyclr_api.simulator`: the simulator as a server. See docs/simulator.md."""

import argparse
import contextlib
import errno
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from cyclr_api.simulator.app import application
from cyclr_api.simulator.server import Server
from cyclr_api.simulator.world import World

PROVIDER_HOST = "127.0.0.2"
"""Another host for the third party's pages, on the same machine (Linux answers all of 127/8)."""

SAVE_SECONDS = 0.5

REST = 10
"""After a save, so many times as long as it took is waited at least."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        world = _world(options)
    except (OSError, ValueError, KeyError, TypeError) as error:
        return _fail(f"The world file cannot be read: {error!r}")
    if options.dump:
        world.dump(options.dump)
        return 0
    world.latency = options.latency
    server = Server(application(world))
    try:
        port = server.listen(options.host, options.port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return _fail(f"Port {options.port} on {options.host} is in use: choose another.")
        return _fail(f"Cannot listen on {options.host}, port {options.port}: {error.strerror}.")
    _set_addresses(world, server, options, port)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    server.start()
    sys.stdout.write(
        f"Simulated Cyclr on {world.api_url}"
        f" (service domain {world.service_url}, third party {world.provider_url})\n"
    )
    sys.stdout.flush()
    _run(world, options.save, stop)
    server.stop()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m cyclr_api.simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=8800, help="0 chooses a free one")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--world", metavar="FILE", help="a world file instead of the default")
    parser.add_argument("--service-url", metavar="URL")
    parser.add_argument("--provider-url", metavar="URL")
    parser.add_argument("--latency", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--seed", type=int, help="of the default world")
    parser.add_argument("--save", metavar="FILE", help="keep the world across restarts")
    parser.add_argument("--dump", metavar="FILE", help="write the world and end")
    return parser


def _world(options: argparse.Namespace) -> World:
    if options.save and Path(options.save).exists():
        return World.load(options.save)
    if options.world:
        return World.load(options.world)
    return World.support(options.seed)


def _set_addresses(world: World, server: Server, options: argparse.Namespace, port: int) -> None:
    any_host = options.host in ("0.0.0.0", "::")  # noqa: S104 (compared, not bound)
    host = "127.0.0.1" if any_host else options.host
    world.api_url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    world.service_url = (options.service_url or world.api_url).rstrip("/")
    if options.provider_url:
        world.provider_url = options.provider_url.rstrip("/")
        return
    world.provider_url = f"http://localhost:{port}"
    with contextlib.suppress(OSError):
        if not any_host:
            server.listen(PROVIDER_HOST, port)
        world.provider_url = f"http://{PROVIDER_HOST}:{port}"


def _run(world: World, save: str | None, stop: threading.Event) -> None:
    """Until told to stop, and save what has changed."""
    if save is None:
        stop.wait()
        return
    saved, pause = -1, SAVE_SECONDS
    while True:
        is_last = stop.wait(pause)
        world.settle()
        if world.changes != saved:
            started = time.monotonic()
            saved = world.changes
            world.dump(save)
            pause = max(SAVE_SECONDS, REST * (time.monotonic() - started))
        if is_last:
            return


def _fail(sentence: str) -> int:
    sys.stderr.write(sentence + "\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
