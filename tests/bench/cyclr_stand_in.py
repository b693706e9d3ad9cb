"""A Cyclr for benches: as many accounts as are wanted, each call as slow as is wanted, counted.

    .venv/bin/python tests/bench/cyclr_stand_in.py --port N [--accounts N] [--latency SECONDS]

It knows the token, the lists of accounts, of the library and of templates, and each account's
connectors and cycles, made beforehand: one call takes it a tenth of a millisecond. `/counts` tells
how often each was asked.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections import Counter
from urllib.parse import parse_qs, urlsplit

COLUMNS = 4, 5, 6, 7, 8
"""So many connectors have accounts in turn: six on average."""

SYSTEMS = [("HubSpot", 11), ("Salesforce", 12), ("Shopify", 13), ("Xero", 14), ("Slack", 15)]


def connector(release: int, name: str) -> dict[str, object]:
    """A release as listings of installed connectors carry it."""
    return {
        "Id": release,
        "Name": name,
        "Version": "1.0",
        "Status": "Live",
        "Categories": ["CRM"],
        "Authentication": [
            {"AuthenticationType": "OAuth 2", "AuthenticationTypeDescription": "OAuth 2"}
        ],
    }


LIBRARY = [connector(release, name) for name, release in SYSTEMS]


class World:
    """What is there, as the bytes of the answers."""

    def __init__(self, accounts: int) -> None:
        self.counts: Counter[str] = Counter()
        self.ids = [f"customer-{number}.example" for number in range(accounts)]
        self.connectors = {one: self._connectors(n) for n, one in enumerate(self.ids)}

    def _connectors(self, number: int) -> bytes:
        """An account's connectors, about 700 bytes each."""
        found = [
            {
                "Id": number * 10 + place,
                "Name": f"{SYSTEMS[place % 5][0]} {place} of customer {number}",
                "Description": "Installed for the bench",
                "Authenticated": (number + place) % 10 != 0,
                "Connector": LIBRARY[place % 5],
                "Properties": [{"Name": "Region", "Value": "eu"}, {"Name": "Key", "Value": "***"}],
            }
            for place in range(COLUMNS[number % len(COLUMNS)])
        ]
        return json.dumps(found).encode()

    def answer(self, method: str, target: str, account: str) -> bytes:
        """The JSON of an answer."""
        parts = urlsplit(target)
        path, query = parts.path.removeprefix("/v1.0"), parse_qs(parts.query)
        self.counts[f"{method} {path}"] += path != "/counts"
        first = int(query.get("page", ["1"])[0]) == 1
        match path:
            case "/oauth/token" | "/token":
                token = {"access_token": "t" * 40, "token_type": "bearer", "expires_in": 86400}
                return json.dumps(token).encode()
            case "/accounts":
                size, page = int(query["pageSize"][0]), int(query["page"][0])
                some = self.ids[(page - 1) * size : page * size]
                return json.dumps([{"Id": one, "Name": f"{one} Ltd"} for one in some]).encode()
            case "/account/connectors" if first:
                return self.connectors.get(account, b"[]")
            case "/connectors" if first:
                return json.dumps(LIBRARY).encode()
            case "/counts":
                return json.dumps(self.counts).encode()
        return b"[]"


class Connection(asyncio.Protocol):
    """One kept-alive connection; requests have no body but the token's form."""

    def __init__(self, world: World, latency: float) -> None:
        self.world, self.latency, self.held = world, latency, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each whole request after a while."""
        self.held += data
        while b"\r\n\r\n" in self.held:
            head, rest = self.held.split(b"\r\n\r\n", 1)
            line, *fields = head.decode("latin-1").split("\r\n")
            headers = {
                name.lower(): value.strip()
                for name, _, value in (field.partition(":") for field in fields)
            }
            length = int(headers.get("content-length", 0))
            if len(rest) < length:
                return
            self.held = rest[length:]
            method, target, _ = line.split(" ", 2)
            body = self.world.answer(method, target, headers.get("x-cyclr-account", ""))
            wait = 0.0 if target.endswith("/counts") else self.latency
            asyncio.get_running_loop().call_later(wait, self._write, body)

    def _write(self, body: bytes) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        if not self.transport.is_closing():
            self.transport.write(head.encode() + b"\r\n\r\n" + body)


async def serve(port: int, world: World, latency: float) -> None:
    """Until it is ended."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(world, latency), "127.0.0.1", port)
    await server.serve_forever()


def main() -> None:
    """Make the world and serve it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--accounts", type=int, default=2000)
    parser.add_argument("--latency", type=float, default=0.1)
    options = parser.parse_args()
    asyncio.run(serve(options.port, World(options.accounts), options.latency))


if __name__ == "__main__":
    main()
