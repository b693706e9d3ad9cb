"""The command line of `python -m cyclr_api.simulator`. See docs/simulator.md."""

import argparse
import contextlib
import errno
import re
import secrets
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from cyclr_api.simulator.demo.builder import demo_state
from cyclr_api.simulator.demo.load_data import scaled_state
from cyclr_api.simulator.server.app import application
from cyclr_api.simulator.server.sockets import Server
from cyclr_api.simulator.state.errors import WorldFileError
from cyclr_api.simulator.state.fault import A_YEAR
from cyclr_api.simulator.state.state import CyclrState
from cyclr_api.simulator.worldfile.reading import load_state

PROVIDER_HOST = "127.0.0.2"
"""Another host for the third party's pages, on the same machine (Linux answers all of 127/8)."""

DESCRIPTION = "The simulator as a server. See docs/simulator.md."

SAVE_SECONDS = 0.5

REST = 10
"""After a save, so many times as long as it took is waited at least."""


class OptionError(ValueError):
    """An option that makes no sense; the message is a sentence."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        _check(options)
        if options.check:
            return 0
        state = _made_state(options)
        if state.unknown_fields:
            names = ", ".join(state.unknown_fields)
            sys.stderr.write(f"Not known in a world file, and kept: {names}\n")
        if options.dump:
            state.dump(options.dump)
            return 0
    except OptionError as error:
        return _fail(str(error))
    except WorldFileError as error:
        return _fail(f"The world file cannot be read: {error}")
    except OSError as error:
        return _fail(f"{error.filename}: {error.strerror}.")
    state.latency = options.latency
    server = Server(application(state))
    try:
        port = server.listen(options.host, options.port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return _fail(f"Port {options.port} on {options.host} is in use: choose another.")
        return _fail(f"Cannot listen on {options.host}, port {options.port}: {error.strerror}.")
    _set_addresses(state, server, options, port)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    server.start()
    sys.stdout.write(
        f"Simulated Cyclr on {state.api_url}"
        f" (service domain {state.service_url}, third party {state.provider_url})\n"
    )
    sys.stdout.flush()
    _run(state, options.save, stop)
    server.stop()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m cyclr_api.simulator", description=DESCRIPTION)
    parser.add_argument("--port", type=int, default=8800, help="0 chooses a free one")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--world", metavar="FILE", help="a world file instead of the default")
    parser.add_argument("--service-url", metavar="URL")
    parser.add_argument("--provider-url", metavar="URL")
    parser.add_argument("--latency", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--seed", type=int, help="of the default world, or the large one")
    parser.add_argument(
        "--scale", metavar="ACCOUNTS,CONNECTORS", help="a large world instead of the default"
    )
    parser.add_argument("--save", metavar="FILE", help="keep the world across restarts")
    parser.add_argument("--check", action="store_true", help="only look at the options, and end")
    parser.add_argument("--dump", metavar="FILE", help="write the world and end")
    return parser


def _check(options: argparse.Namespace) -> None:
    if not 0 <= options.port <= 65535:
        raise OptionError("--port is a number from 0 to 65535.")
    if not 0 <= options.latency <= A_YEAR:
        raise OptionError("--latency is a number of seconds.")
    if options.scale and options.world:
        raise OptionError("--world and --scale both say what world it is: give one of them.")
    if options.world and not Path(options.world).is_file():
        raise OptionError(f"There is no world file {options.world}.")
    folder = Path(options.save or options.dump or ".").parent
    if not folder.is_dir():
        raise OptionError(f"{folder} is no directory that a world could be written to.")


def _made_state(options: argparse.Namespace) -> CyclrState:
    if options.save and Path(options.save).exists():
        state = load_state(options.save)
        # Nobody who was here before shall meet the same tokens again.
        state.tokens.never_again(secrets.token_hex(8))
        return state
    if options.world:
        return load_state(options.world)
    if options.scale:
        return _scaled(options.scale, options.seed)
    return demo_state(options.seed)


def _scaled(text: str, seed: int | None) -> CyclrState:
    sizes = re.fullmatch(r"\s*([0-9]{1,9})\s*,\s*([0-9]{1,9})\s*", text, re.ASCII)
    if sizes is None:
        raise OptionError("--scale is two numbers, accounts and connectors: --scale 10000,60000.")
    try:
        return scaled_state(int(sizes[1]), int(sizes[2]), seed)
    except ValueError as error:
        raise OptionError(f"--scale: {error}") from error


def _set_addresses(
    state: CyclrState, server: Server, options: argparse.Namespace, port: int
) -> None:
    any_host = options.host in ("0.0.0.0", "::")  # noqa: S104 (compared, not bound)
    host = "127.0.0.1" if any_host else options.host
    state.api_url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    state.service_url = (options.service_url or state.api_url).rstrip("/")
    if options.provider_url:
        state.provider_url = options.provider_url.rstrip("/")
        return
    state.provider_url = f"http://localhost:{port}"
    with contextlib.suppress(OSError):
        if not any_host:
            server.listen(PROVIDER_HOST, port)
        state.provider_url = f"http://{PROVIDER_HOST}:{port}"


def _run(state: CyclrState, save: str | None, stop: threading.Event) -> None:
    """Until told to stop, and save what has changed."""
    if save is None:
        stop.wait()
        return
    saved, pause = -1, SAVE_SECONDS
    while True:
        is_last = stop.wait(pause)
        state.settle()
        if state.changes != saved:
            started = time.monotonic()
            saved = state.changes
            state.dump(save)
            pause = max(SAVE_SECONDS, REST * (time.monotonic() - started))
        if is_last:
            return


def _fail(sentence: str) -> int:
    sys.stderr.write(sentence + "\n")
    return 2
