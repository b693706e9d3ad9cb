"""A form that was sent when its session had ended comes back filled in, and is not carried out."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dashboard.links.models import Link
from dashboard.mirror.models import Account, AccountConnector
from dashboard.operations.models import Operation
from dashboard.people import held
from dashboard.people.models import Role, User
from dashboard.sessions.models import Session
from tests.factories import make_account_connector, make_user
from tests.installs.test_install_operation import fill
from tests.pages import text_of

PASSWORD = "correct-horse-battery"
WORDS = "A long message that took ten minutes"

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> User:
    """An agent who can sign in."""
    user: User = make_user(Role.AGENT)
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def app() -> AccountConnector:
    """Something to make a link over."""
    return make_account_connector()


def browser() -> Client:
    """One whose forms need their token, as in life."""
    return Client(enforce_csrf_checks=True)


def token_on(page: Any) -> str:
    """The token of the page's forms."""
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', text_of(page))
    assert found
    return found.group(1)


def sign_in(client: Client, person: User, page: Any = None) -> Any:
    """Fill in the sign-in page and send it."""
    shown = page if page is not None else client.get(reverse("sign_in"))
    data = {"email": person.email, "password": PASSWORD, "csrfmiddlewaretoken": token_on(shown)}
    found = re.search(r'name="next" value="([^"]*)"', text_of(shown))
    data["next"] = found.group(1) if found else ""
    return client.post(reverse("sign_in"), data, headers=own(reverse("sign_in")), follow=True)


def own(path: str) -> dict[str, str]:
    """What a browser says of a form on one of our pages."""
    return {"Referer": f"http://testserver{path}", "Origin": "http://testserver"}


def link_form(client: Client, app: AccountConnector) -> tuple[str, dict[str, Any]]:
    """*Create link*, filled in."""
    url = reverse("link_new", args=[app.account_id])
    page = client.get(url)
    data = {
        "csrfmiddlewaretoken": token_on(page),
        "submission": str(uuid.uuid4()),
        "connectors": str(app.pk),
        "expires": "604800",
        "message": WORDS,
    }
    return url, data


def end_session(client: Client) -> None:
    """As after eight hours."""
    del client.cookies["sessionid"]


def test_after_signing_in_the_form_is_there_as_it_was_typed(
    person: User, app: AccountConnector
) -> None:
    client = browser()
    sign_in(client, person)
    url, data = link_form(client, app)
    end_session(client)
    page = client.post(url, data, headers=own(url), follow=True)
    assert "Sign in" in text_of(page) and WORDS not in text_of(page)
    back = sign_in(client, person, page)

    assert back.request["PATH_INFO"] == url
    assert WORDS in text_of(back) and "Nothing was sent yet" in text_of(back)
    assert not Link.objects.exists()
    again = back.context["form"]["submission"].value()
    data |= {"submission": again, "csrfmiddlewaretoken": token_on(back)}
    client.post(url, data, headers=own(url))
    assert Link.objects.get().message == WORDS


def test_a_form_with_the_token_of_an_earlier_session_comes_back_filled_in(
    person: User, app: AccountConnector
) -> None:
    client = browser()
    sign_in(client, person)
    url, data = link_form(client, app)
    end_session(client)
    sign_in(client, person)
    back = client.post(url, data, headers=own(url), follow=True)

    assert back.status_code in {200, 422} and WORDS in text_of(back)
    assert "Nothing was sent yet" in text_of(back)
    assert not Link.objects.exists()
    assert WORDS not in text_of(client.get(url))  # once


def test_a_second_sign_in_tab_goes_on_to_its_page(person: User) -> None:
    client = browser()
    tabs = [client.get(reverse("account_list"), follow=True) for _ in range(2)]
    sign_in(client, person, tabs[0])
    second = sign_in(client, person, tabs[1])

    assert second.status_code == 200 and second.request["PATH_INFO"] == reverse("account_list")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example", "Referer": "https://evil.example/"},
        {"Origin": "null"},
        {"Referer": "http://testserver.evil.example/"},
        {"Origin": "http://testserver", "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_another_site_s_form_is_refused_and_not_held(
    headers: dict[str, str], person: User, app: AccountConnector
) -> None:
    client = browser()
    sign_in(client, person)
    url, data = link_form(client, app)
    refused = client.post(url, data | {"csrfmiddlewaretoken": "x" * 32}, headers=headers)
    assert refused.status_code == 403
    end_session(client)
    client.post(url, data, headers=headers)
    back = sign_in(client, person)

    assert WORDS not in text_of(back) and WORDS not in text_of(client.get(url))
    assert not Link.objects.exists()


def test_secrets_are_not_held_and_have_to_be_typed_again(person: User, harbour: Account) -> None:
    client = browser()
    sign_in(client, person)
    url, data = fill(harbour, "SugarCRM")
    page = text_of(client.get(url))
    secret = {name: f"canary-{n}" for n, name in enumerate(never_kept(page))}
    assert secret
    data |= secret | {"description": WORDS, "never-kept": list(secret)}
    data["csrfmiddlewaretoken"] = token_on(client.get(url))
    end_session(client)
    signing_in = client.post(url, data, headers=own(url), follow=True)
    held = client.session["held-form"]
    back = text_of(sign_in(client, person, signing_in))

    assert WORDS in back and "canary" not in back and "canary" not in text_of(signing_in)
    assert held.startswith("v1.") and WORDS not in held
    assert not Operation.objects.exists()


def never_kept(page: str) -> list[str]:
    """The secret fields that a page's form names."""
    return re.findall(r'name="never-kept" value="([^"]+)"', page)


def test_a_form_without_a_submission_is_shown_and_sent_by_a_press(
    person: User, app: AccountConnector
) -> None:
    from tests.factories import make_link

    link = make_link(connectors=[app])
    client = browser()
    sign_in(client, person)
    url = reverse("link_edit", args=[link.pk])
    page = client.get(url)
    version = re.search(r'name="version" value="([^"]*)"', text_of(page))
    assert version
    data = {"csrfmiddlewaretoken": token_on(page), "version": version.group(1), "message": WORDS}
    end_session(client)
    back = sign_in(client, person, client.post(url, data, headers=own(url), follow=True))
    assert WORDS in text_of(back) and "Send it now" in text_of(back)
    link.refresh_from_db()
    assert link.message == ""
    data["csrfmiddlewaretoken"] = token_on(back)
    client.post(url, data, headers=own(url))

    link.refresh_from_db()
    assert link.message == WORDS


def test_a_button_of_an_earlier_session_says_to_press_again(
    person: User, app: AccountConnector
) -> None:
    client = browser()
    sign_in(client, person)
    page = app.account.get_absolute_url()
    old = token_on(client.get(page))
    end_session(client)
    sign_in(client, person)
    url = reverse("account_refresh", args=[app.account_id])
    plain = client.post(url, {"csrfmiddlewaretoken": old}, headers=own(page), follow=True)
    swap = client.post(
        url,
        {},
        headers=own(page)
        | {
            "X-CSRFToken": old,
            "HX-Request": "true",
            "HX-Current-URL": f"http://testserver{page}",
        },
    )

    assert plain.request["PATH_INFO"] == page
    assert "Press the button again" in text_of(plain)
    assert swap.headers["HX-Redirect"] == page


def test_what_one_person_typed_is_not_shown_to_the_next(
    person: User, app: AccountConnector
) -> None:
    client = browser()
    sign_in(client, person)
    url, data = link_form(client, app)
    end_session(client)
    sign_in(client, person)
    client.post(url, data, headers=own(url))  # held for this person
    other = make_user(Role.AGENT)
    session = client.session
    session["_auth_user_id"] = str(other.pk)
    session["_auth_user_hash"] = other.get_session_auth_hash()
    session.save()

    assert WORDS not in text_of(client.get(url))


def test_a_form_that_is_too_long_is_not_held(person: User, app: AccountConnector) -> None:
    client = browser()
    sign_in(client, person)
    url, data = link_form(client, app)
    end_session(client)
    client.post(url, data | {"message": "x" * 100_000}, headers=own(url))

    assert "held-form" not in client.session


def test_those_behind_one_proxy_do_not_share_a_limit(
    person: User, app: AccountConnector, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TRUSTED_PROXIES = 1
    monkeypatch.setattr(held, "MOST_PER_ADDRESS", 1)
    kept = []
    for address in ("198.51.100.7", "198.51.100.7", "198.51.100.8"):
        client = browser()
        sign_in(client, person)
        url, data = link_form(client, app)
        end_session(client)
        client.post(url, data, headers=own(url) | {"X-Forwarded-For": address})
        kept.append("held-form" in client.session)

    assert kept == [True, False, True]


def test_a_form_with_a_file_comes_back_with_what_was_typed_and_says_that_the_file_does_not(
    person: User,
) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    console = make_account_connector().account.console
    person.memberships.update(role=Role.ADMIN)
    client = browser()
    sign_in(client, person)
    url = f"{reverse('brand_edit')}?console={console.pk}"
    page = client.get(url)
    data = {
        "csrfmiddlewaretoken": token_on(page),
        "partner_name": WORDS,
        "logo": SimpleUploadedFile("logo.png", b"\x89PNG of a secret plan"),
    }
    end_session(client)
    back = sign_in(client, person, client.post(url, data, headers=own(url), follow=True))

    assert WORDS in text_of(back) and "files" in text_of(back)
    assert "secret plan" not in text_of(back)
    assert "Send it now" not in text_of(back)


def test_what_was_typed_when_the_session_had_ended_is_not_shown_to_who_signs_in_next(
    person: User, app: AccountConnector
) -> None:
    client = browser()
    sign_in(client, person)
    url, data = link_form(client, app)
    Session.objects.update(last_seen_at=timezone.now() - timedelta(days=500))
    asked = client.post(url, data, headers=own(url))
    other = make_user(Role.AGENT)
    other.set_password(PASSWORD)
    other.save()

    assert "sign-in" in asked["Location"]
    sign_in(client, other)
    assert WORDS not in text_of(client.get(url))
