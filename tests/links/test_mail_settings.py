"""Which mail server is used, and what the deployment check says about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured

import dashboard.settings as settings_module
from dashboard.environment.names import EMAIL_URL
from dashboard.environment.reading import read
from dashboard.links import checks


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp+tls://desk:s%2Bcret@mail.example.com", (587, True, False)),
        ("smtp+ssl://desk:s%2Bcret@mail.example.com", (465, False, True)),
        ("smtp://127.0.0.1:1025", (1025, False, False)),
    ],
)
def test_a_mail_server_is_one_address(url: str, expected: tuple[int, bool, bool]) -> None:
    mail = EMAIL_URL.kind.read(url)

    found = (mail["EMAIL_PORT"], *(mail.get(f"EMAIL_USE_{how}", False) for how in ("TLS", "SSL")))
    assert found == expected
    assert mail["EMAIL_HOST_PASSWORD"] in {"s+cret", ""}
    assert mail["EMAIL_BACKEND"].endswith("smtp.EmailBackend")


@pytest.mark.parametrize(
    "url",
    [
        "smtp://desk:s3cret@mail.example.com",
        "smtp+tls://",
        "ftp://s3cret",
        "s3cret",
        "smtp+tls://u:s3cret@h:x",
    ],
)
def test_a_wrong_mail_server_stops_the_start_without_showing_the_password(
    url: str, tmp_path: Path
) -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        read({"EMAIL_URL": url}, root=tmp_path)

    assert "smtp+tls://user:password@host:587" in str(caught.value)
    assert "s3cret" not in str(caught.value) and caught.value.__cause__ is None


def test_without_a_mail_server_messages_become_files() -> None:
    assert vars(settings_module)["EMAIL_FILE_PATH"] == str(settings_module.VAR_DIR / "mail")
    assert django_settings.EMAIL_TIMEOUT == 10


@pytest.mark.parametrize(
    ("sender", "ids"),
    [
        ("Desk <connect@example.com>", []),
        ("desk@connect.example.com", []),
        ("desk@example.org", ["links.W002"]),
        ("desk@evil-example.com", ["links.W002"]),
        ("nobody", ["links.W002"]),
    ],
)
def test_the_deployment_check_compares_sender_and_links(
    sender: str, ids: list[str], settings: Any
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.PUBLIC_URL = "https://connect.example.com"
    settings.DEFAULT_FROM_EMAIL = sender

    assert [warning.id for warning in checks.check_mail(None)] == ids


def test_the_deployment_check_says_when_mail_goes_nowhere(settings: Any) -> None:
    settings.DEFAULT_FROM_EMAIL = f"desk@{urlsplit(settings.PUBLIC_URL).hostname}"

    assert [warning.id for warning in checks.check_mail(None)] == ["links.W001"]
