"""Sessions of staff: kept by hashes, ended at their limits, begun anew at each sign-in."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth import update_session_auth_hash
from django.db import connection
from django.http import HttpRequest
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from dashboard.features.models import SwitchedOff
from dashboard.people.models import Membership, Role, User
from dashboard.sessions import tasks
from dashboard.sessions.models import Session, hash_of
from dashboard.sessions.store import SessionStore
from tests.factories import PASSWORD, make_console, make_user
from tests.pages import signed_in

pytestmark = pytest.mark.django_db
ENDS = django_settings.SESSION_ENDS_COOKIE_NAME


def page(client: Client, **headers: str) -> int:
    """The status of a page that asks for nothing but being signed in."""
    return client.get(reverse("notification_list"), headers=headers).status_code


def key_of(client: Client) -> str:
    """The session key that the browser holds."""
    return str(client.cookies[django_settings.SESSION_COOKIE_NAME].value)


def sign_in(client: Client, user: User, password: str = PASSWORD) -> Any:
    """Fill in the page and send it."""
    return client.post(reverse("sign_in"), {"email": user.email, "password": password})


def move_back(**columns: timedelta) -> None:
    """As if so much time had gone by."""
    for name, by in columns.items():
        Session.objects.update(**{name: timezone.now() - by})


# ---- what is stored ----


def test_a_copy_of_the_database_opens_no_session_and_shows_nothing_of_it() -> None:
    client = signed_in(make_user())
    session = client.session
    session["held"] = "what somebody typed"
    session.save()
    row = Session.objects.get()
    stored = json.dumps(list(Session.objects.values()), default=str)

    assert key_of(client) not in stored and "what somebody typed" not in stored
    assert "_auth_user" not in stored
    thief = Client()
    for stolen in (row.key_hash, row.encrypted_data[:40], str(row.pk)):
        thief.cookies[django_settings.SESSION_COOKIE_NAME] = stolen
        assert page(thief) == 302
    assert page(client) == 200


def test_data_that_was_moved_to_another_row_opens_nothing() -> None:
    admin, viewer = signed_in(make_user(Role.ADMIN)), signed_in(make_user(Role.VIEWER))
    rich = Session.objects.get(key_hash=hash_of(key_of(admin)))
    Session.objects.filter(key_hash=hash_of(key_of(viewer))).update(
        encrypted_data=rich.encrypted_data
    )

    assert page(viewer) == 302


def test_the_row_says_whose_it_is_and_from_where() -> None:
    user = make_user()
    client = Client(headers={"User-Agent": "Mozilla/5.0 (X11; Linux) Firefox/140.0"})
    sign_in(client, user)
    row = Session.objects.get()

    assert row.user == user and row.address == "127.0.0.1"
    assert "Firefox" in row.user_agent


def test_a_hostile_user_agent_is_cut_and_stored() -> None:
    client = Client(headers={"User-Agent": "\x00<script>" + "x" * 5000})

    assert sign_in(client, make_user()).status_code == 302
    assert len(Session.objects.get().user_agent) == 300


def test_nobody_gets_a_session_by_looking() -> None:
    Client().get(reverse("sign_in"))

    assert not Session.objects.exists()


# ---- fixed, stolen, replayed ----


def test_signing_in_takes_another_key_than_the_one_that_was_planted() -> None:
    planted = SessionStore()
    planted["x"] = "y"
    planted.create()
    client = Client()
    client.cookies[django_settings.SESSION_COOKIE_NAME] = str(planted.session_key)
    sign_in(client, make_user())

    assert key_of(client) != planted.session_key
    assert not planted.exists(str(planted.session_key))


def test_a_key_that_was_made_up_is_never_adopted() -> None:
    client = Client()
    client.cookies[django_settings.SESSION_COOKIE_NAME] = "a" * 32
    sign_in(client, make_user())

    assert key_of(client) != "a" * 32


def test_signing_in_again_in_the_same_browser_begins_anew() -> None:
    user = make_user()
    client = signed_in(user)
    before = key_of(client)
    move_back(began_at=timedelta(hours=7))
    request = HttpRequest()
    request.session = SessionStore(before)
    from django.contrib.auth import login

    login(request, user)
    request.session.save()

    assert request.session.session_key != before
    row = Session.objects.get()
    assert timezone.now() - row.began_at < timedelta(minutes=1)


def test_a_new_password_of_ones_own_keeps_this_session_and_its_limit() -> None:
    user = make_user()
    client = signed_in(user)
    move_back(began_at=timedelta(hours=7))
    request = HttpRequest()
    request.session = SessionStore(key_of(client))
    request.user = user
    user.set_password("another good long password")
    user.save()
    update_session_auth_hash(request, user)
    request.session.save()

    row = Session.objects.get()
    assert timezone.now() - row.began_at >= timedelta(hours=7)
    assert page(client) == 302  # the former key


def test_a_session_that_was_signed_out_cannot_be_replayed() -> None:
    client = signed_in(make_user())
    key = key_of(client)
    page(client)
    left = client.post(reverse("sign_out"))
    thief = Client()
    thief.cookies[django_settings.SESSION_COOKIE_NAME] = key

    assert page(thief) == 302
    assert "storage" in left["Clear-Site-Data"]
    assert left.cookies[ENDS].value == ""


@pytest.mark.parametrize("value", ["", "x", "\x00" * 40, "é" * 40, "a" * 8000, "' OR 1=1 --"])
def test_rubbish_in_the_cookie_is_nobody(value: str) -> None:
    client = Client()
    client.cookies[django_settings.SESSION_COOKIE_NAME] = value

    assert page(client) == 302


# ---- limits ----


def test_who_does_nothing_for_the_idle_limit_is_signed_out() -> None:
    client = signed_in(make_user())
    move_back(last_seen_at=timedelta(minutes=29))
    assert page(client) == 200
    move_back(last_seen_at=timedelta(minutes=30))

    assert page(client) == 302


def test_whatever_is_done_the_whole_limit_ends_it() -> None:
    client = signed_in(make_user())
    move_back(began_at=timedelta(hours=7, minutes=59))
    assert page(client) == 200
    move_back(began_at=timedelta(hours=8))

    assert page(client) == 302


def test_both_limits_are_settings(settings: Any) -> None:
    settings.SESSION_IDLE_AFTER, settings.SESSION_ENDS_AFTER = 60.0, 120.0
    client = signed_in(make_user())
    move_back(last_seen_at=timedelta(seconds=61))
    assert page(client) == 302
    client = signed_in(make_user())
    move_back(began_at=timedelta(seconds=121))

    assert page(client) == 302


def test_what_a_page_asks_by_itself_keeps_no_session_alive() -> None:
    client = signed_in(make_user())
    move_back(last_seen_at=timedelta(minutes=20))
    page(client, **{"X-Automatic": "1"})
    untouched = Session.objects.get().last_seen_at
    page(client)

    assert timezone.now() - untouched > timedelta(minutes=19)
    assert timezone.now() - Session.objects.get().last_seen_at < timedelta(minutes=1)


def test_a_page_writes_once_a_minute_at_most() -> None:
    client = signed_in(make_user())
    page(client)
    with CaptureQueriesContext(connection) as asked:
        page(client)
        page(client)
    assert not [one for one in asked if "UPDATE" in one["sql"] and "desk_session" in one["sql"]]
    move_back(last_seen_at=timedelta(seconds=61))
    with CaptureQueriesContext(connection) as asked:
        page(client)
        page(client)

    assert len([one for one in asked if "UPDATE" in one["sql"]]) == 1


def test_the_page_s_script_is_told_both_ends_in_every_tab() -> None:
    client = signed_in(make_user())
    page(client)
    idle, whole, length = (int(part) for part in client.cookies[ENDS].value.split("."))
    now = timezone.now().timestamp()

    assert 1790 < idle - now <= 1800 and 28790 < whole - now <= 28800 and length == 1800
    assert not client.cookies[ENDS]["httponly"]


def test_stay_signed_in_counts_as_being_there() -> None:
    client = signed_in(make_user())
    move_back(last_seen_at=timedelta(minutes=28))

    assert client.post(reverse("session_stay")).status_code == 204
    assert timezone.now() - Session.objects.get().last_seen_at < timedelta(minutes=1)


def test_the_script_gets_the_token_that_forms_need_now() -> None:
    user = make_user()
    mine = signed_in(user).get(reverse("session_state")).json()
    nobody = Client().get(reverse("session_state")).json()

    assert mine["person"] == user.pk and len(mine["token"]) == 64
    assert nobody == {"person": None, "token": ""}


def test_a_session_in_which_nobody_signed_in_lasts_an_hour() -> None:
    store = SessionStore()
    store["x"] = "y"
    store.create()
    key = str(store.session_key)
    assert SessionStore(key)["x"] == "y"
    move_back(began_at=timedelta(hours=1))

    assert SessionStore(key).get("x") is None


def test_ended_sessions_are_forgotten_and_so_are_clear_ones_of_the_release_before() -> None:
    from django.contrib.sessions.backends.db import SessionStore as ClearStore

    clear = ClearStore()
    clear.create()
    signed_in(make_user())
    move_back(last_seen_at=timedelta(hours=1))
    client = signed_in(make_user())
    tasks.forget_ended_sessions()

    assert Session.objects.get().key_hash == hash_of(key_of(client))
    assert not clear.exists(str(clear.session_key))


# ---- leavers ----


def test_a_session_does_not_come_back_when_its_person_is_switched_off_and_on() -> None:
    user = make_user()
    client, idle = signed_in(user), signed_in(user)
    User.objects.filter(pk=user.pk).update(is_active=False, session_generation=1)
    assert page(client) == 302
    User.objects.filter(pk=user.pk).update(is_active=True)

    assert page(client) == 302 and page(idle) == 302


def test_a_session_that_was_ended_elsewhere_is_over_at_the_next_request() -> None:
    user = make_user()
    client = signed_in(user)
    Session.objects.all().delete()
    swap = client.get(reverse("notification_list"), headers={"HX-Request": "true"})

    assert swap["HX-Redirect"].startswith("/sign-in/") and swap["X-Session"] == "ended"


# ---- what is read with the session ----


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda user: Membership.objects.all().delete(), 403),
        (lambda user: Membership.objects.update(role=Role.AGENT), 403),
        (lambda user: User.objects.update(is_active=False), 302),
        (lambda user: User.objects.update(password="another"), 302),
        (lambda user: User.objects.update(session_generation=1), 302),
        (lambda user: Session.objects.all().delete(), 302),
    ],
)
def test_what_is_taken_away_is_gone_with_the_next_request(
    change: Callable[[User], object], expected: int
) -> None:
    user = make_user(Role.ADMIN)
    client = signed_in(user)
    assert client.get(reverse("settings_features")).status_code == 200

    change(user)

    assert client.get(reverse("settings_features")).status_code == expected


def test_a_feature_that_is_switched_off_is_off_with_the_next_request() -> None:
    client = signed_in(make_user(Role.ADMIN))
    make_console()
    assert client.get(reverse("campaign_list")).status_code == 200

    SwitchedOff.objects.create(feature="campaigns.campaigns")

    assert client.get(reverse("campaign_list")).status_code == 403


def test_every_role_that_somebody_holds_is_read() -> None:
    user = make_user(Role.VIEWER, console=make_console(name="One"))
    make_console(name="Three")
    Membership.objects.create(user=user, console=make_console(name="Two"), role=Role.LEAD)

    page = signed_in(user).get(reverse("account_list"))

    assert [one.name for one in page.context["in_view"].every] == ["One", "Two"]
    assert page.context["shell"].role == "Lead"


def test_another_secret_key_leaves_people_signed_in_while_the_old_one_is_a_fallback(
    settings: Any,
) -> None:
    client = signed_in(make_user())
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-" + "k" * 48

    assert page(client) == 200
    settings.SECRET_KEY_FALLBACKS = []
    assert page(client) == 200  # the session was proven anew by the new one
