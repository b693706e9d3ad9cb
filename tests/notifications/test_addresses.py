"""Where a webhook may lead: out of our network, and nowhere else."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from dashboard.common.outbound import AddressError, UnknownHostError
from dashboard.notifications import addresses
from dashboard.notifications.addresses import Target, resolve, target_of


@pytest.fixture(autouse=True)
def in_production(settings: Any) -> None:
    """TLS in front, so nothing on this machine may be asked."""
    settings.IS_PUBLIC_TLS = True


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://hooks.example.com", Target("hooks.example.com", 443, "/", True)),
        ("https://hooks.example.com:443/a?b=c", Target("hooks.example.com", 443, "/a?b=c", True)),
        ("https://93.184.216.34/x", Target("93.184.216.34", 443, "/x", True)),
        ("https://[2606:2800::1]/", Target("2606:2800::1", 443, "/", True)),
        ("https://xn--mller-kva.example/", Target("xn--mller-kva.example", 443, "/", True)),
    ],
)
def test_a_public_https_address_is_taken_apart(url: str, target: Target) -> None:
    assert target_of(url) == target


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/",
        "http://127.0.0.1:9000/",
        "http://localhost/",
        "https://localhost/",
        "https://printer.local/",
        "https://metadata.google.internal/",
        "https://intranet/",
        "https://hooks.example.com:8443/",
        "https://hooks.example.com:22/",
        "https://hooks.example.com:99999/",
        "https://user:word@hooks.example.com/",
        "https://hooks.example.com@10.0.0.1/",
        "https://@hooks.example.com/",
        "https://hooks.example.com/#part",
        "https://10.0.0.1/",
        "https://192.168.1.1/",
        "https://172.16.0.1/",
        "https://127.0.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://100.64.0.1/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
        "https://[::1]/",
        "https://[::]/",
        "https://[fe80::1]/",
        "https://[fd00::1]/",
        "https://[fec0::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[2002:0a00:0001::]/",
        "https://[64:ff9b::10.0.0.1]/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.0.0.1/",
        "https://017700000001/",
        "https://127.1/",
        "https:evil.example.com",
        "//hooks.example.com/",
        "javascript:alert(1)",
        "ftp://hooks.example.com/",
        "https://",
        "https:///path",
        "https://[::1/",
        "https://hooks.example.com/a b",
        "https://hooks.example.com/\r\nX-Evil: 1",
        "https://hooks.example.com\\@10.0.0.1/",
        "https://hooks.exämple.com/",
        "https://" + "a" * 600 + ".example.com/",
        "",
    ],
)
def test_any_other_address_is_refused_in_a_sentence(url: str) -> None:
    with pytest.raises(AddressError, match=r"^[A-Z].*\.$"):
        target_of(url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9000/", "http://localhost/", "https://localhost:8443/"]
)
def test_this_machine_may_be_asked_while_the_dashboard_is_tried_out(
    settings: Any, url: str
) -> None:
    settings.IS_PUBLIC_TLS = False

    assert target_of(url).host in url


@pytest.mark.parametrize(
    "url", ["http://hooks.example.com/", "http://10.0.0.1/", "https://192.168.1.1/"]
)
def test_the_rest_of_the_network_may_not_even_then(settings: Any, url: str) -> None:
    settings.IS_PUBLIC_TLS = False

    with pytest.raises(AddressError):
        target_of(url)


def answering(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Whatever name is looked up leads to these addresses."""

    def found(host: str, port: int, **_: object) -> list[Any]:
        if not addresses:
            raise socket.gaierror
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", found)


def test_a_name_leads_to_the_addresses_that_were_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, "2606:2800::1", "93.184.216.34", "93.184.216.34")

    assert resolve(target_of("https://hooks.example.com/")) == ["2606:2800::1", "93.184.216.34"]


@pytest.mark.parametrize(
    "inner", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "fe80::1%eth0", "::ffff:10.0.0.1"]
)
def test_a_name_with_one_address_inside_is_refused(
    monkeypatch: pytest.MonkeyPatch, inner: str
) -> None:
    answering(monkeypatch, "93.184.216.34", inner)

    with pytest.raises(AddressError, match="inside a network"):
        resolve(target_of("https://hooks.example.com/"))


def test_a_name_that_nobody_knows_may_be_known_later(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch)

    with pytest.raises(UnknownHostError):
        resolve(target_of("https://hooks.example.com/"))


def test_a_local_name_must_not_lead_elsewhere(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.IS_PUBLIC_TLS = False
    answering(monkeypatch, "10.0.0.1")

    with pytest.raises(AddressError, match="inside a network"):
        resolve(target_of("http://localhost:9000/"))


POWER_AUTOMATE = (
    f"https://default{'0123456789abcdef' * 2}.12.environment.api.powerplatform.com:443/"
    f"powerautomate/automations/direct/workflows/{'0123456789abcdef' * 2}/triggers/manual/paths/"
    f"invoke?api-version=1&tenantId=tId&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig={'A' * 300}"
)


@pytest.mark.parametrize(
    ("pasted", "url"),
    [
        (POWER_AUTOMATE, POWER_AUTOMATE),
        (" <https://hooks.example.com/x>\u200b ", "https://hooks.example.com/x"),
        ("https://bücher.example/ä?x=%2Fö", "https://xn--bcher-kva.example/%C3%A4?x=%2F%C3%B6"),
        ("https://bücher.example:443/", "https://xn--bcher-kva.example:443/"),
        ("https://xn--fa-hia.de/x", "https://xn--fa-hia.de/x"),
    ],
)
def test_an_address_that_people_paste_is_taken(pasted: str, url: str) -> None:
    assert addresses.cleaned(pasted) == url
    assert addresses.target_of(url).port == 443


def test_a_host_that_can_be_read_as_two_is_asked_about() -> None:
    with pytest.raises(AddressError, match=r"xn--fa-hia\.de .* fass\.de"):
        addresses.cleaned("https://faß.de/hook")
