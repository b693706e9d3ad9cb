"""Second factors: codes count once, who needs one, and what a copy of the database opens."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from dashboard.audit.models import AuditEntry
from dashboard.common.encryption import DecryptionError
from dashboard.environment.names import LOCAL_CLIENT_ID
from dashboard.people.models import Role, User
from dashboard.people.services import set_password
from dashboard.settings_pages.keys import dropped_keys, rotate_keys
from dashboard.sign_in import factors, seeds_at_rest
from dashboard.team.leaving import end_sessions
from tests.factories import PASSWORD, make_user
from tests.pages import signed_in

pytestmark = pytest.mark.django_db

SECOND = "/sign-in/second-factor/"
PASSKEY = {
    "id": "cGFzc2tleQ",
    "rawId": "cGFzc2tleQ",
    "type": "public-key",
    "response": {
        "clientDataJSON": (
            "eyJ0eXBlIjogIndlYmF1dGhuLmNyZWF0ZSIsICJjaGFsbGVuZ2UiOiAiZUEi"
            "LCAib3JpZ2luIjogImh0dHA6Ly9sb2NhbGhvc3QifQ"
        ),
        "attestationObject": (
            "o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YViLAQEBAQEBAQEBAQEBAQEB"
            "AQEBAQEBAQEBAQEBAQEBAQFFAAAAAAAAAAAAAAAAAAAAAAAAAAAAB3Bhc3Nr"
            "ZXmlAQIDJiABIVggjlM7b6C_e0YluzBmfAH7YH75-LioD-9bMAYocDGHsqMi"
            "WCBz6x294DMYNm0Gn4Om9ZAAU8c2M8sEGyHFXhqGwfQAtA"
        ),
    },
}
"""As a browser made it."""


@pytest.fixture
def person() -> User:
    return make_user(Role.AGENT)


def code_of(seed: str, later: int = 0) -> str:
    now = int(timezone.now().timestamp()) // 30
    return str(format_hotp_value(hotp_value(seed, now + later)))


def set_up_app(user: User) -> str:
    """With an authenticator app, as on its page; answers the seed."""
    client = signed_in(user)
    page = client.get("/security/app/").text
    seed = "".join(re.findall(r'data-copy-text="([A-Z2-7 ]+)"', page)[0].split())
    assert client.post("/security/app/", {"code": code_of(seed, -1)}).status_code == 302
    return seed


def after_password(user: User) -> Client:
    client = Client()
    answer = client.post("/sign-in/", {"email": user.email, "password": PASSWORD})
    assert answer["Location"] == SECOND
    return client


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_the_password_alone_opens_nothing_any_more(person: User) -> None:
    set_up_app(person)
    client = after_password(person)

    assert not is_in(client)
    assert client.get("/")["Location"].startswith("/sign-in/")


def test_the_code_signs_in_and_leads_to_where_the_person_wanted_to_go(person: User) -> None:
    seed = set_up_app(person)
    client = Client()
    data = {"email": person.email, "password": PASSWORD, "next": "/accounts/?q=a"}
    client.post("/sign-in/", data)
    before = client.session.session_key
    answer = client.post(SECOND, {"code": code_of(seed)})

    assert answer["Location"] == "/accounts/?q=a"
    assert is_in(client) and client.session.session_key != before


def test_a_code_counts_once(person: User) -> None:
    seed = set_up_app(person)
    code = code_of(seed)
    assert after_password(person).post(SECOND, {"code": code}).status_code == 302
    again = after_password(person).post(SECOND, {"code": f"{code[:3]} {code[3:]}"})

    assert again.status_code == 422 and "used already" in again.text


def test_the_code_that_set_the_app_up_does_not_sign_in(person: User) -> None:
    seed = set_up_app(person)

    assert after_password(person).post(SECOND, {"code": code_of(seed, -1)}).status_code == 422


@pytest.mark.parametrize("code", ["", " ", "000000", "x" * 5000, "１２３４５６", "a\x00b", "'--"])
def test_another_code_is_refused_in_words(person: User, code: str) -> None:
    set_up_app(person)
    client = after_password(person)

    assert client.post(SECOND, {"code": code}).status_code == 422
    assert not is_in(client)


@pytest.mark.parametrize(
    "answer", ["x", "{}", "[]", "null", '{"response": []}', "1" * 30_000, "[" * 15_000]
)
def test_a_passkey_that_no_browser_made_is_refused(person: User, answer: str) -> None:
    set_up_app(person)
    client = after_password(person)

    assert client.post(SECOND, {"credential": answer}).status_code == 422
    assert Client().post("/sign-in/passkey/", {"credential": answer}).status_code == 200
    assert not is_in(client)
    mine = signed_in(person)
    assert mine.post("/security/passkeys/", {"credential": answer}).status_code == 422
    assert not Authenticator.objects.filter(type="webauthn").exists()


def test_codes_cannot_be_guessed(person: User) -> None:
    seed = set_up_app(person)
    client = after_password(person)
    for _ in range(10):
        client.post(SECOND, {"code": "000000"})
    refused = client.post(SECOND, {"code": code_of(seed)})

    assert "Too many tries" in refused.text and not is_in(client)


def test_who_guesses_codes_does_not_lock_out_the_person_s_own_browser(person: User) -> None:
    seed = set_up_app(person)
    own = Client()
    data = {"email": person.email, "password": PASSWORD}
    own.post("/sign-in/", data)
    own.post(SECOND, {"code": code_of(seed)})
    own.post("/sign-out/")
    guesser = after_password(person)
    for _ in range(11):
        guesser.post(SECOND, {"code": "000000"})
    own.post("/sign-in/", data)

    assert own.post(SECOND, {"code": code_of(seed, 1)}).status_code == 302


def test_a_recovery_code_opens_once(person: User) -> None:
    set_up_app(person)
    code = factors.recovery_codes(person)[0]
    assert after_password(person).post(SECOND, {"code": code}).status_code == 302

    assert after_password(person).post(SECOND, {"code": code}).status_code == 422
    assert len(factors.recovery_codes(person)) == 9
    assert AuditEntry.objects.filter(action="used a recovery code").exists()


def test_new_recovery_codes_end_the_old_ones(person: User) -> None:
    set_up_app(person)
    old = factors.recovery_codes(person)
    client = signed_in(person)
    client.post("/security/codes/")
    page = client.get("/security/codes/").text

    assert not any(code in page for code in old)
    assert all(code in page for code in factors.recovery_codes(person))


def test_a_person_switched_off_between_both_steps_does_not_come_in(person: User) -> None:
    seed = set_up_app(person)
    client = after_password(person)
    User.objects.filter(pk=person.pk).update(is_active=False)
    client.post(SECOND, {"code": code_of(seed)})

    assert not is_in(client)


def test_a_first_step_ends_with_the_password_that_was_shown_in_it(person: User) -> None:
    seed = set_up_app(person)
    client = after_password(person)
    set_password(person, "lantern orbit pickle")

    assert client.post(SECOND, {"code": code_of(seed)})["Location"] == "/sign-in/"
    assert not is_in(client)


def test_a_first_step_ends_when_the_person_is_signed_out_everywhere(person: User) -> None:
    seed = set_up_app(person)
    client = after_password(person)
    end_sessions(person, make_user(Role.ADMIN))

    assert client.post(SECOND, {"code": code_of(seed)})["Location"] == "/sign-in/"


def test_who_signs_in_as_somebody_else_is_asked_for_that_one_s_factor(person: User) -> None:
    seed = set_up_app(person)
    client = signed_in(make_user(Role.AGENT))
    client.post("/sign-in/", {"email": person.email, "password": PASSWORD})

    assert client.get(SECOND).status_code == 200 and not is_in(client)
    client.post(SECOND, {"code": code_of(seed)})
    assert client.session["_auth_user_id"] == str(person.pk)


def test_rubbish_for_passkeys_and_codes_does_not_fill_the_trail(person: User) -> None:
    set_up_app(person)
    client = after_password(person)
    before = AuditEntry.objects.count()
    for _ in range(25):
        Client().post("/sign-in/passkey/", {"credential": "x"})
    assert AuditEntry.objects.count() - before == 20
    for _ in range(15):
        client.post(SECOND, {"code": "000000"})

    assert AuditEntry.objects.count() - before == 20 + 9 + 1  # setting the app up was a try too


def test_a_passkey_in_the_proof_asks_for_finger_face_or_pin_as_well(person: User) -> None:
    Authenticator.objects.create(user=person, type="webauthn", data={"credential": PASSKEY})
    page = signed_in(person).get("/security/again/").text

    assert re.search(r"userVerification.{1,20}required", page)


# ---- at rest ----


def test_no_seed_lies_in_clear_in_rows_or_sessions(person: User) -> None:
    client = signed_in(person)
    page = client.get("/security/app/").text
    seed = "".join(re.findall(r'data-copy-text="([A-Z2-7 ]+)"', page)[0].split())
    assert seed not in json.dumps(dict(client.session.items()))
    client.post("/security/app/", {"code": code_of(seed)})

    rows = json.dumps(list(Authenticator.objects.values_list("data", flat=True)))
    assert seed not in rows
    assert rows.count("v1.") == 2
    assert not any(seed in row.session_data for row in Session.objects.all())


def test_a_seed_moved_to_somebody_else_cannot_be_opened(person: User) -> None:
    seed = set_up_app(person)
    other = make_user()
    Authenticator.objects.filter(user=person).update(user=other)

    with pytest.raises(DecryptionError):
        after_password(other).post(SECOND, {"code": code_of(seed)})


def test_a_seed_is_never_read_for_nobody() -> None:
    with pytest.raises(seeds_at_rest.NobodysError):
        seeds_at_rest.encrypt("x")


# ---- adding and removing ----


def test_reloading_the_page_keeps_the_seed_and_a_wrong_code_too(person: User) -> None:
    client = signed_in(person)
    seeds = {
        re.findall(r'data-copy-text="([A-Z2-7 ]+)"', page.text)[0]
        for page in (
            client.get("/security/app/"),
            client.get("/security/app/"),
            client.post("/security/app/", {"code": "1"}),
        )
    }

    assert len(seeds) == 1


def test_what_people_do_about_factors_is_recorded(person: User) -> None:
    set_up_app(person)
    one = Authenticator.objects.get(type="totp")
    signed_in(person).post(f"/security/{one.pk}/remove/")
    person.refresh_from_db()

    assert not person.has_second_factor
    assert not Authenticator.objects.exists()
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"added an authenticator app", "removed an authenticator app"} <= actions


def test_nobody_removes_another_s_factor(person: User) -> None:
    set_up_app(person)
    one = Authenticator.objects.get(type="totp")

    assert signed_in(make_user(Role.ADMIN)).post(f"/security/{one.pk}/remove/").status_code == 404


# ---- who needs one ----


@pytest.fixture
def lead() -> User:
    return make_user(Role.LEAD)


def let_grace_end(user: User) -> None:
    User.objects.filter(pk=user.pk).update(grace_began_at=timezone.now() - timedelta(days=14))


@pytest.mark.parametrize("role", [Role.LEAD, Role.ADMIN])
def test_two_weeks_from_the_first_sign_in_pages_remind_and_can_be_put_off(role: Role) -> None:
    user = make_user(role)
    client = signed_in(user)

    assert "14 days left" in client.get("/").text
    page = "http://testserver/accounts/?q=x"
    answer = client.post("/security/later/", headers={"Referer": page})
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/?q=x")
    assert "days left" not in client.get("/").text
    assert "14 days left" in signed_in(user).get("/").text


def test_what_is_typed_below_the_reminder_stays(lead: User) -> None:
    client = signed_in(lead)

    answer = client.post("/security/later/", headers={"HX-Request": "true"})

    assert (answer.status_code, answer.content) == (200, b"")
    assert "days left" not in client.get("/").text


def test_the_reminder_brings_no_form_and_no_field_into_a_page(lead: User) -> None:
    page = signed_in(lead).get("/settings/").text
    content = page.partition("<main")[2].partition("</main>")[0]

    assert "14 days left" in content and 'form="factor-later"' in content
    assert "<form" not in content
    assert "data-state" not in content[: content.index('form="factor-later"')]
    assert 'name="next"' not in page


def test_putting_off_leads_to_no_other_site(lead: User) -> None:
    answer = signed_in(lead).post(
        "/security/later/", headers={"Referer": "https://elsewhere.example/accounts/"}
    )

    assert answer["Location"] == "/"


def test_afterwards_every_page_leads_to_the_factors(lead: User) -> None:
    client = signed_in(lead)
    let_grace_end(lead)

    for path in ("/", "/accounts/", "/settings/", "/audit/"):
        assert client.get(path)["Location"] == "/security/"
    assert client.post("/accounts/refresh/")["Location"] == "/security/"
    swap = client.get("/accounts/", headers={"HX-Request": "true"})
    assert (swap.status_code, swap["HX-Redirect"]) == (204, "/security/")
    assert "two weeks for it are over" in client.get("/security/").text
    for path in ("/security/app/", "/security/passkeys/", "/security/password/", "/healthz"):
        assert client.get(path).status_code == 200


def test_with_a_factor_everything_opens(lead: User) -> None:
    client = signed_in(lead)
    let_grace_end(lead)
    page = client.get("/security/app/").text
    seed = "".join(re.findall(r'data-copy-text="([A-Z2-7 ]+)"', page)[0].split())
    client.post("/security/app/", {"code": code_of(seed)})

    assert client.get("/").status_code == 200


def test_who_may_do_little_needs_none(person: User) -> None:
    client = signed_in(person)
    let_grace_end(person)

    page = client.get("/")
    assert page.status_code == 200 and "second factor" not in page.text


def test_with_the_local_cyclr_the_time_never_ends(lead: User, settings: Any) -> None:
    settings.CYCLR_CLIENT_ID = LOCAL_CLIENT_ID
    client = signed_in(lead)
    let_grace_end(lead)

    page = client.get("/")
    assert page.status_code == 200
    assert "Your role needs a second factor" in page.text and "days left" not in page.text


def test_the_time_begins_with_the_first_sign_in_and_not_with_the_next(lead: User) -> None:
    signed_in(lead)
    with time_machine.travel(timezone.now() + timedelta(days=3)):
        client = signed_in(lead)
        assert "11 days left" in client.get("/").text


# ---- the proof before risky acts ----


def grow_old(client: Client) -> None:
    session = client.session
    session["proved_at"] = session["proved_at"] - 31 * 60
    session.save()


def test_after_half_an_hour_a_risky_page_asks_who_one_is_and_leads_back(person: User) -> None:
    client = signed_in(person)
    assert client.get("/security/app/").status_code == 200
    grow_old(client)
    asked = client.get("/security/app/")
    assert asked["Location"] == "/security/again/?next=%2Fsecurity%2Fapp%2F"
    wrong = client.post("/security/again/", {"password": "wrong", "next": "/security/app/"})
    assert wrong.status_code == 422 and client.get("/security/app/").status_code == 302
    right = client.post("/security/again/", {"password": PASSWORD, "next": "/security/app/"})

    assert right["Location"] == "/security/app/"
    assert client.get("/security/app/").status_code == 200


def test_the_proof_may_be_a_code_and_leads_nowhere_else(person: User) -> None:
    seed = set_up_app(person)
    client = signed_in(person)
    grow_old(client)
    data = {"code": code_of(seed), "next": "//evil.example/"}

    assert client.post("/security/again/", data)["Location"] == "/"
    assert client.get("/security/codes/").status_code == 200


def test_htmx_takes_the_whole_browser_to_the_proof(person: User) -> None:
    client = signed_in(person)
    grow_old(client)
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/security/"}
    swap = client.post("/security/codes/", headers=headers)

    assert swap["HX-Redirect"] == "/security/again/?next=%2Fsecurity%2F"


def test_a_clock_that_was_set_back_proves_nothing(person: User) -> None:
    client = signed_in(person)
    with time_machine.travel(timezone.now() - timedelta(minutes=5)):
        assert client.get("/security/app/").status_code == 302


def test_who_lost_everything_is_helped_at_the_command_line(person: User) -> None:
    set_up_app(person)
    call_command("remove_second_factors", person.email.upper())

    client = Client()
    client.post("/sign-in/", {"email": person.email, "password": PASSWORD})
    assert is_in(client)
    with pytest.raises(CommandError):
        call_command("remove_second_factors", "nobody@x.example")


def test_seeds_are_encrypted_anew_and_stop_a_key_from_being_dropped(
    person: User, settings: Any
) -> None:
    seed = set_up_app(person)
    old = settings.CREDENTIAL_KEYS
    settings.CREDENTIAL_KEYS = ["another-credential-key-of-tests-0123456789", *old]
    rotate_keys()
    settings.CREDENTIAL_KEYS = settings.CREDENTIAL_KEYS[:1]

    assert dropped_keys() == []
    assert after_password(person).post(SECOND, {"code": code_of(seed)}).status_code == 302
    settings.CREDENTIAL_KEYS = old
    assert sum(key.entries for key in dropped_keys()) >= 2


@pytest.mark.parametrize(
    "url", ["/audit/export/", "/accounts/export/", "/links/export/", "/operations/export/"]
)
def test_a_download_is_asked_for_again_on_the_page_it_was_on(url: str) -> None:
    client = signed_in(make_user(Role.ADMIN))
    page = url.removesuffix("export/")
    grow_old(client)
    asked = client.post(url, headers={"Referer": f"http://testserver{page}"})

    assert asked["Location"] == "/security/again/?" + urlencode({"next": page})
    client.post("/security/again/", {"password": PASSWORD, "next": page})
    assert "press the button again" in client.get(page).text
    assert client.post(url).status_code == 200
