"""Which IP addresses a client connects to is the host application's to say, at each connection."""

from __future__ import annotations

import socket
from collections.abc import Sequence

import pytest

from cyclr_api import Client, HostNotAllowedError, Retries, UnreachableError
from tests.cyclr_api.raw_server import reply, serve, token


def client_at(port: int, resolve: object) -> Client:
    return Client(
        f"http://api.localhost:{port}",
        client_id="desk",
        client_secret="the-secret",
        retries=Retries(attempts=1),
        resolve=resolve,  # type: ignore[arg-type]
    )


def test_a_host_is_asked_at_the_address_that_was_let_pass_and_by_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, int]] = []

    def resolve(host: str, port: int) -> Sequence[str]:
        asked.append((host, port))
        return ["127.0.0.1"]

    looked_up: list[str] = []
    real = socket.getaddrinfo

    def watched(host: str, *args: object, **kwargs: object) -> object:
        looked_up.append(host)
        return real(host, *args, **kwargs)  # type: ignore[arg-type]

    with serve(reply(200, token()), reply(200, [])) as server:
        monkeypatch.setattr(socket, "getaddrinfo", watched)
        client_at(server.port, resolve).check()

    assert asked[0] == ("api.localhost", server.port)
    assert looked_up  # the number alone: a name that has moved since is not looked up again
    assert set(looked_up) == {"127.0.0.1"}
    assert server.requests[0].headers["host"] == f"api.localhost:{server.port}".encode()


def test_the_next_address_is_tried_where_one_is_not_reached() -> None:
    with serve(reply(200, token()), reply(200, [])) as server:
        client_at(server.port, lambda host, port: ["127.0.0.9", "127.0.0.1"]).check()

    assert len(server.requests) == 2


def test_a_host_that_is_not_allowed_is_not_connected_to() -> None:
    def refuse(host: str, port: int) -> Sequence[str]:
        raise HostNotAllowedError(host)

    with serve(reply(200, token())) as server:
        with pytest.raises(UnreachableError, match="not sent: its host is not allowed"):
            client_at(server.port, refuse).check()

        assert server.requests == []


def test_a_host_that_is_not_known_is_not_connected_to() -> None:
    def unknown(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(-2, "Name or service not known")

    with pytest.raises(UnreachableError, match="not sent: cannot connect"):
        client_at(9, unknown).check()
