"""The settings page, and the two commands that set things up."""

from __future__ import annotations

import io
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dashboard.audit.models import AuditEntry
from dashboard.common import encryption
from dashboard.consoles.models import Console
from dashboard.jobs.models import Heartbeat
from dashboard.people.models import Membership, Role, User
from tests.factories import make_console, make_link, make_operation, make_user

pytestmark = pytest.mark.django_db
OTHER_KEY = "another-credential-key-0123456789abcdef"


def signed_in(role: Role = Role.ADMIN, console: Console | None = None) -> Client:
    client = Client()
    client.force_login(make_user(role, console=console, name="Ada Admin"))
    return client


def page_for(client: Client) -> str:
    response = client.get(reverse("settings_index"))
    assert response.status_code == 200
    return response.content.decode()


# ---- the page ----


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AGENT, Role.LEAD])
def test_everybody_reads_the_page_and_only_administrators_are_told_how_to_change(
    role: Role,
) -> None:
    make_console(name="EU live")

    page, theirs = page_for(signed_in(role)), page_for(signed_in())

    assert "EU live" in page
    for words in (reverse("person_list"), "CYCLR_CLIENT_SECRET", reverse("brand_edit")):
        assert words in theirs
        assert words not in page


def places_of(page: str) -> list[tuple[str, bool]]:
    """The list of the settings' pages: each name, and whether it is the one that is open."""
    listed = page.split('<nav class="places"')[1].split("</nav>")[0]
    links = re.findall(r"<a\s([^>]*)>([^<]*)</a>", listed)
    return [(name, "aria-current" in attributes) for attributes, name in links]


def test_the_list_of_pages_names_what_one_may_open_and_where_one_is() -> None:
    console = make_console()
    viewer, admin = signed_in(Role.VIEWER), signed_in()

    assert places_of(page_for(viewer)) == [
        ("Overview", True),
        ("Tokens", False),
        ("Default connectors", False),
    ]
    for url, name in (
        (reverse("person_list"), "People"),
        (reverse("settings_error_webhook", args=[console.pk]), "Error webhook"),
        (reverse("settings_features"), "Features"),
    ):
        places = places_of(admin.get(url).text)
        assert len(places) == 14
        assert [one for one, is_here in places if is_here] == [name]


def test_a_reader_of_one_console_sees_that_one() -> None:
    here, there = make_console(name="Here"), make_console(name="There")
    make_user(Role.AGENT, console=there, name="Thea")

    page = page_for(signed_in(Role.VIEWER, here))

    assert "Here" in page
    assert "There" not in page
    assert "Thea" not in page


def test_consoles_people_and_processes_are_shown_and_no_secret(settings: Any) -> None:
    settings.CYCLR_CLIENT_SECRET = "canary-secret"
    make_console(name="EU live", client_id="client-eu")
    make_user(Role.LEAD, name="Mara Lindqvist", email="mara@desk.example")
    Heartbeat.objects.create(
        process="interactive", host="a", at=timezone.now() - timedelta(hours=1)
    )

    page = page_for(signed_in())

    for words in (
        "<h1>Settings</h1>",
        "EU live",
        "client-eu",
        "From the environment",
        "Mara Lindqvist",
        "mara@desk.example",
        "Interactive worker",
        "Manage people",
    ):
        assert words in page
    assert re.search(r"<dt>Client secret</dt>\s*<dd>Set</dd>", page)
    assert "canary" not in page
    assert "md5$" not in page


def test_an_administrator_of_one_console_sees_that_one() -> None:
    here, there = make_console(name="Here"), make_console(name="There")
    make_user(Role.AGENT, console=there, name="Thea")
    make_user(Role.AGENT, console=here, name="Hero")

    page = page_for(signed_in(Role.ADMIN, here))

    assert "Hero" in page
    assert "Thea" not in page
    assert "There" not in page


def test_the_page_costs_the_same_for_one_and_for_many(django_assert_num_queries: Any) -> None:
    client = signed_in()
    make_console()
    page_for(client)
    with django_assert_num_queries(8):
        page_for(client)
    for _ in range(10):
        make_user(Role.AGENT, console=make_console())

    with django_assert_num_queries(8):
        page_for(client)


# ---- prepare ----


def prepared() -> dict[str, Any]:
    out = io.StringIO()
    call_command("prepare", stdout=out)
    answer: dict[str, Any] = json.loads(out.getvalue())
    return answer


def test_prepare_makes_console_and_administrator_once(settings: Any) -> None:
    settings.CYCLR_API_URL = settings.CYCLR_SERVICE_URL = "http://127.0.0.1:9"
    settings.CYCLR_CLIENT_ID, settings.CYCLR_CONSOLE_NAME = "client", "EU live"
    settings.DESK_ADMIN_EMAIL, settings.DESK_ADMIN_PASSWORD = (
        "admin@desk.example",
        "a-secret-of-words",
    )

    always = {"console": "EU live", "administrators": ["admin@desk.example"]}
    assert prepared() == {"first_administrator": "made", **always}
    assert prepared() == {"first_administrator": "exists", **always}
    assert Console.objects.count() == User.objects.count() == 1
    assert User.objects.get().highest_role == Role.ADMIN


def test_prepare_without_settings_makes_nothing() -> None:
    nobody: dict[str, Any] = {"first_administrator": "none", "administrators": []}
    assert prepared() == {**nobody, "console": None}


def test_prepare_refuses_while_a_dropped_key_is_needed(settings: Any) -> None:
    link = make_link()
    operation = make_operation()
    operation.encrypted_input = encryption.encrypt_json(
        {}, associated_data=operation.associated_data
    )
    operation.save()
    old = settings.CREDENTIAL_KEYS

    settings.CREDENTIAL_KEYS = [OTHER_KEY, *old]
    prepared()
    settings.CREDENTIAL_KEYS = [OTHER_KEY]
    with pytest.raises(CommandError, match=r"1 open link, 1 encrypted entry") as refusal:
        prepared()

    assert link.key_id in str(refusal.value)
    assert old[0] not in str(refusal.value)


def test_prepare_does_not_mind_keys_of_what_has_ended(settings: Any) -> None:
    make_link(expires_at=timezone.now() - timedelta(hours=1))
    make_link(revoked_at=timezone.now())
    settings.CREDENTIAL_KEYS = [OTHER_KEY]

    prepared()


# ---- rotate_keys ----


def test_stored_secrets_are_re_encrypted_and_the_old_key_can_go(settings: Any) -> None:
    operation = make_operation()
    place = operation.associated_data
    operation.encrypted_input = encryption.encrypt_json({"auth_value": "x"}, associated_data=place)
    operation.save()
    link = make_link()
    old = settings.CREDENTIAL_KEYS
    settings.CREDENTIAL_KEYS = [OTHER_KEY, *old]
    out = io.StringIO()

    call_command("rotate_keys", stdout=out)
    call_command("rotate_keys", stdout=out)

    said = out.getvalue().splitlines()
    assert said[0] == "1 re-encrypted with the current key."
    assert said[1].startswith("1 open links need an older key")
    assert said[2] == "0 re-encrypted with the current key."
    settings.CREDENTIAL_KEYS = [OTHER_KEY]
    operation.refresh_from_db()
    assert encryption.decrypt_json(operation.encrypted_input, associated_data=place) == {
        "auth_value": "x"
    }
    link.revoked_at = timezone.now()
    link.save()
    prepared()


def test_the_former_name_of_the_command_answers_and_says_the_new_one() -> None:
    out, error = io.StringIO(), io.StringIO()

    call_command("reseal", stdout=out, stderr=error)

    assert out.getvalue().startswith("0 re-encrypted with the current key.")
    assert "rotate_keys" in error.getvalue()


def test_what_cannot_be_opened_is_counted_and_left_alone(settings: Any) -> None:
    operation = make_operation()
    operation.encrypted_input = encryption.encrypt_json(
        {}, associated_data=operation.associated_data
    )
    operation.save()
    settings.CREDENTIAL_KEYS = [OTHER_KEY]
    out = io.StringIO()

    call_command("rotate_keys", stdout=out)

    assert "1 could not be opened" in out.getvalue()
    before = operation.encrypted_input
    operation.refresh_from_db()
    assert operation.encrypted_input == before


# ---- add_person ----


def add_person(*arguments: str, typed: str = "", monkeypatch: pytest.MonkeyPatch) -> str:
    out = io.StringIO()
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    call_command("add_person", *arguments, stdout=out)
    return out.getvalue()


def test_a_person_is_added_with_a_password_shown_once(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["mara@desk.example", "--name", "Mara", "--role", "lead"]
    said = add_person(*arguments, monkeypatch=monkeypatch)

    user = User.objects.get()
    password = said.split("Password, shown only once: ")[1].strip()
    assert user.check_password(password)
    assert (user.name, user.roles) == ("Mara", {None: Role.LEAD})
    assert AuditEntry.objects.get().action == "people.give_role"


def test_a_given_password_is_taken_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    console = make_console(name="EU live")
    arguments = ["joel@desk.example", "--role", "agent", "--console", "EU live"]
    said = add_person(*arguments, typed="a good long password\n", monkeypatch=monkeypatch)

    user = User.objects.get()
    assert user.check_password("a good long password")
    assert user.roles == {console.pk: Role.AGENT}
    assert "password" not in said


def test_a_person_who_is_here_gets_a_role_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    console = make_console()
    user = make_user(Role.VIEWER, email="Mara@desk.example")
    arguments = ["mara@DESK.example", "--role", "lead", "--console", str(console.pk)]
    said = add_person(*arguments, monkeypatch=monkeypatch)

    assert "the password is as it was" in said
    assert Membership.objects.get(user=user, console=console).role == Role.LEAD


@pytest.mark.parametrize(
    ("arguments", "typed", "words"),
    [
        (["nonsense", "--role", "agent"], "", "is not an e-mail address"),
        (["a@desk.example", "--role", "agent"], "short", "too short"),
        (["a@desk.example", "--role", "agent", "--console", "none"], "", "Choose one console"),
        (["here@desk.example", "--role", "agent"], "", "is here already, as Lead in all consoles"),
        (["a@desk.example", "--role", "king"], "", "invalid choice"),
    ],
)
def test_what_cannot_be_added_is_refused_in_words(
    arguments: list[str], typed: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_user(Role.LEAD, email="here@desk.example")

    with pytest.raises(CommandError, match=words):
        add_person(*arguments, typed=typed, monkeypatch=monkeypatch)

    assert User.objects.count() == 1
