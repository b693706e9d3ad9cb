"""A passkey from its making to its use, in a browser with an authenticator of Chromium's own."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from playwright.sync_api import Page, expect

from dashboard.people.models import Role
from dashboard.sign_in import passwords
from tests.factories import make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NEW = "lantern orbit pickle"


def with_authenticator(page: Page) -> None:
    """The browser gets a keeper of passkeys that always agrees, as with a finger on it."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_from_a_new_password_to_signing_in_with_a_passkey_alone(
    page: Page, live_server: Any, settings: Any
) -> None:
    settings.DESK_URL = live_server.url
    person = make_user(Role.LEAD, email="mara@desk.example")
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    with_authenticator(page)

    page.goto(passwords.link_for(person))
    page.get_by_label("New password", exact=True).fill(NEW)
    page.get_by_label("New password again").fill(NEW)
    page.get_by_role("button", name="Change password").click()
    page.get_by_label("Email").fill(person.email)
    page.get_by_label("Password").fill(NEW)
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_text("Your role needs a second factor")).to_be_visible()
    page.get_by_role("link", name="Set it up").click()
    page.get_by_role("link", name="Add passkey").click()
    page.get_by_label("Name").fill("Laptop")
    page.get_by_role("button", name="Add passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    assert Authenticator.objects.filter(user=person, type="webauthn").count() == 1
    expect(page.get_by_text("Your role needs a second factor")).to_be_hidden()

    page.get_by_role("link", name="Done").click()
    expect(page.get_by_role("link", name="Remove Laptop")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")

    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Email").fill(person.email)
    page.get_by_label("Password").fill(NEW)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("One more step")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    assert complaints == []
