"""Consoles in the settings: who may, what is tried before it is saved, what is never shown."""

from __future__ import annotations

import re
import socket
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cyclr_api import TemporaryError
from cyclr_api.simulator import CyclrState, demo_state, mount
from dashboard.audit.models import AuditEntry
from dashboard.common import encryption
from dashboard.console_setup.models import ConsoleCheck
from dashboard.console_setup.tasks import check_console, forget_checks
from dashboard.consoles import services
from dashboard.consoles.models import Console
from dashboard.mirror import sync
from dashboard.mirror.models import Account
from dashboard.people.models import Role, User
from tests.factories import make_account, make_console, make_link, make_operation, make_user
from tests.pages import HOSTILE, assert_only_letters, nothing_changes, part, signed_in, text_of

pytestmark = pytest.mark.django_db
PUBLIC = "93.184.216.34"
SECRET = "a client secret that is nowhere shown"


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch, settings: Any) -> dict[str, str]:
    """In production; every name leads to a public address, or where a test says."""
    settings.IS_PUBLIC_TLS = True
    leads: dict[str, str] = {}

    def found(host: str, port: int, *_: object, **__: object) -> list[Any]:
        address = leads.get(host, PUBLIC)
        if not address:
            raise socket.gaierror
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    return leads


@pytest.fixture
def admin(db: None) -> Client:
    return signed_in(make_user(Role.ADMIN))


def typed(cyclr: CyclrState, **values: Any) -> dict[str, Any]:
    """The form as somebody fills it in for that Cyclr."""
    client_id, secret = cyclr.credentials[0]
    made_up = {
        "submission": str(uuid.uuid4()),
        "name": "EU live",
        "region": "own",
        "own_api_url": cyclr.api_url,
        "service_url": cyclr.service_url,
        "client_id": client_id,
        "client_secret": secret,
        "catalogue_account": "",
        "rate_limit": "",
        "rate_period": "1",
    }
    return made_up | values


def add(client: Client, values: dict[str, Any]) -> ConsoleCheck:
    """Send the form, and do the worker's part."""
    response = client.post(reverse("console_new"), values)
    assert response.status_code == 302, text_of(response)
    check = ConsoleCheck.objects.get(submission=values["submission"])
    check_console(check.pk)
    check.refresh_from_db()
    return check


def kept_console(cyclr: CyclrState, **values: Any) -> Console:
    """A console of that Cyclr as it was added in the browser."""
    client_id, secret = cyclr.credentials[0]
    made_up = {"api_url": cyclr.api_url, "service_url": cyclr.service_url, "client_id": client_id}
    console = make_console(is_from_environment=False, **made_up | values)
    console.encrypted_client_secret = encryption.encrypt(
        secret, associated_data=console.associated_data
    )
    console.save()
    return console


# ---- adding ----


def test_credentials_that_work_become_a_console_and_the_secret_stays_with_the_workers(
    admin: Client, cyclr: CyclrState
) -> None:
    values = typed(cyclr, rate_limit="90", rate_period="60")

    check = add(admin, values)

    console = Console.objects.get()
    assert check.has_worked
    assert (console.name, console.api_url) == ("EU live", cyclr.api_url)
    assert not console.is_from_environment
    assert console.calls_per_second == 1.5
    assert services.decrypted_secret(console) == values["client_secret"]
    assert (check.encrypted_client_secret, check.console) == ("", console)
    entry = AuditEntry.objects.get(action="console_setup.add")
    assert (entry.console, entry.target) == (console, "EU live")
    assert values["client_secret"] not in str(entry.details)
    page = admin.get(reverse("console_check", args=[check.pk]))
    assert page["Location"] == reverse("console_detail", args=[console.pk])
    assert values["client_secret"] not in text_of(admin.get(page["Location"]))
    services.client(console).check()


def test_the_page_waits_and_says_when_it_is_done(admin: Client, cyclr: CyclrState) -> None:
    values = typed(cyclr)
    waiting = admin.post(reverse("console_new"), values, follow=True)
    check = ConsoleCheck.objects.get()
    url = reverse("console_check", args=[check.pk])
    assert "poll-1s" in text_of(waiting)
    seen = re.search(r'X-Seen": "([^"]+)"', text_of(waiting))
    assert seen
    assert part(admin, url, "console-check", seen=seen[1]).status_code == 204

    check_console(check.pk)

    assert part(admin, url, "console-check", seen=seen[1])["HX-Redirect"] == reverse(
        "console_detail", args=[Console.objects.get().pk]
    )


def test_a_form_that_is_sent_twice_is_one_console(admin: Client, cyclr: CyclrState) -> None:
    values = typed(cyclr)
    first, second = (admin.post(reverse("console_new"), values) for _ in range(2))

    assert first["Location"] == second["Location"]
    assert ConsoleCheck.objects.count() == 1


def _wrong_secret(cyclr: CyclrState, names: dict[str, str]) -> dict[str, Any]:
    return {"client_secret": "another one"}


def _unknown_host(cyclr: CyclrState, names: dict[str, str]) -> dict[str, Any]:
    names["cyclr.test"] = ""
    return {}


def _inner_host(cyclr: CyclrState, names: dict[str, str]) -> dict[str, Any]:
    names["service.cyclr.test"] = "10.0.0.7"
    return {}


def _wrong_host(cyclr: CyclrState, names: dict[str, str]) -> dict[str, Any]:
    cyclr.faults.respond("POST", "/oauth/token", 404)
    return {}


def _not_cyclr(cyclr: CyclrState, names: dict[str, str]) -> dict[str, Any]:
    cyclr.faults.truncate("POST", "/oauth/token")
    return {}


def _in_trouble(cyclr: CyclrState, names: dict[str, str]) -> dict[str, Any]:
    cyclr.faults.respond("GET", "/accounts", 503)
    return {}


def _no_answer(cyclr: CyclrState, names: dict[str, str]) -> dict[str, Any]:
    cyclr.faults.unreachable()
    return {}


def _unknown_account(cyclr: CyclrState, names: dict[str, str]) -> dict[str, Any]:
    return {"catalogue_account": "nobody"}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (_wrong_secret, "refuses this client id and secret"),
        (_unknown_host, "cannot be found"),
        (_inner_host, "service.cyclr.test: The host of this address is inside a network"),
        (_wrong_host, "not as Cyclr’s API does"),
        (_not_cyclr, "not as Cyclr’s API does"),
        (_in_trouble, "answers with an error (503)"),
        (_no_answer, "cyclr.test cannot be reached"),
        (_unknown_account, "knows no account “nobody”"),
    ],
)
def test_what_does_not_work_is_told_in_words_and_nothing_is_saved(
    admin: Client, cyclr: CyclrState, names: dict[str, str], wrong: Any, words: str
) -> None:
    values = typed(cyclr, **wrong(cyclr, names))

    check = add(admin, values)

    page = text_of(admin.get(reverse("console_check", args=[check.pk])))
    assert words in page
    assert not Console.objects.exists()
    assert check.encrypted_client_secret == ""
    assert AuditEntry.objects.get(action="console_setup.check_failed").result == "failed"
    again = re.search(rf'href="({reverse("console_new")}\?again=\d+)"', page)
    assert again
    form = text_of(admin.get(again[1]))
    assert 'value="EU live"' in form
    assert values["client_secret"] not in form


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://api.example.com", "Write https://api.example.com"),
        ("https://api.example.com:8443", "Leave out the port"),
        ("https://user:word@api.example.com", "Write https://api.example.com"),
        ("https://api.example.com/v1.0", "Write https://api.example.com"),
        ("https://127.0.0.1", "inside a network"),
        ("https://localhost", "inside a network"),
        ("https://[::1]", "inside a network"),
        ("https://169.254.169.254", "inside a network"),
        ("https://10.1.2.3", "inside a network"),
        ("https://2130706433", "inside a network"),
        ("https://0x7f.1", "inside a network"),
        ("https://[::ffff:a00:1]", "inside a network"),
        ("https://desk.internal", "inside a network"),
        ("ftp://api.example.com", "Write|Give"),
        ("https://", "Give"),
        ("javascript:alert(1)", "Write|Give"),
        ("https:/" + "/a" * 200, "300 characters"),
    ],
)
def test_an_address_that_leads_elsewhere_is_refused_in_the_form(
    admin: Client, cyclr: CyclrState, url: str, words: str
) -> None:
    with nothing_changes():
        response = admin.post(reverse("console_new"), typed(cyclr, own_api_url=url))

    assert response.status_code == 422
    assert re.search(words, " ".join(response.context["form"].errors["own_api_url"]))
    assert 'value="EU live"' in text_of(response)


def test_a_name_that_turned_inside_after_it_was_looked_at_is_not_connected_to(
    cyclr: CyclrState, names: dict[str, str]
) -> None:
    console = kept_console(cyclr, api_url="https://moved.example.com")
    names["moved.example.com"] = "127.0.0.1"

    with pytest.raises(TemporaryError, match="host is not allowed"):
        services.client(console).check()


def test_rubbish_is_refused_and_nothing_happens(admin: Client, cyclr: CyclrState) -> None:
    wrong = {
        "name": ["", "n" * 101],
        "client_id": ["", "i" * 201],
        "client_secret": ["", "s" * 2001],
        "rate_limit": ["x", "-1", "0", "nan", "inf", "0.01", "1e999", "20000"],
        "rate_period": ["7", "x"],
        "region": ["", "mars"],
        "submission": ["", "x"],
        "service_url": ["", "nothing", "https://"],
    }
    with nothing_changes():
        for name, values in wrong.items():
            for value in values:
                response = admin.post(reverse("console_new"), typed(cyclr, **{name: value}))
                assert response.status_code == 422, (name, value)


def test_a_region_gives_the_address_and_another_one_beside_it_is_a_question(
    admin: Client, cyclr: CyclrState
) -> None:
    admin.post(reverse("console_new"), typed(cyclr, region="eu", own_api_url=""))
    beside = admin.post(reverse("console_new"), typed(cyclr, region="eu"))

    assert ConsoleCheck.objects.get().api_url == "https://api.eu.cyclr.com"
    assert "EU has another address" in text_of(beside)


def test_what_another_console_has_is_not_added_again(admin: Client, cyclr: CyclrState) -> None:
    console = kept_console(cyclr, name="First")

    there = admin.post(reverse("console_new"), typed(cyclr))
    Console.objects.update(retired_at=timezone.now())
    retired = admin.post(reverse("console_new"), typed(cyclr))

    assert f"{console} has this address and client id already" in text_of(there)
    assert "restore it instead" in text_of(retired)


def test_one_that_was_added_meanwhile_is_told_and_not_doubled(
    admin: Client, cyclr: CyclrState
) -> None:
    values = typed(cyclr)
    admin.post(reverse("console_new"), values)
    kept_console(cyclr, name="Faster")

    check_console(ConsoleCheck.objects.get().pk)

    assert "Faster has this address" in ConsoleCheck.objects.get().last_error
    assert Console.objects.count() == 1


def test_a_secret_is_bound_to_its_row(cyclr: CyclrState) -> None:
    one = kept_console(cyclr)
    other = make_console(
        is_from_environment=False, encrypted_client_secret=one.encrypted_client_secret
    )

    with pytest.raises(encryption.DecryptionError):
        services.decrypted_secret(other)


def test_names_that_look_like_markup_are_letters(admin: Client) -> None:
    for name in HOSTILE:
        console = make_console(name=name[:100], is_from_environment=False)
        for page in ("console_list", "console_detail", "console_credentials", "console_retire"):
            args = [] if page == "console_list" else [console.pk]
            assert_only_letters(text_of(admin.get(reverse(page, args=args))))
        console.delete()


# ---- who may ----


def test_only_who_administers_all_consoles_adds_one(cyclr: CyclrState) -> None:
    here = kept_console(cyclr)
    own = signed_in(make_user(Role.ADMIN, console=here))

    assert own.get(reverse("console_new")).status_code == 403
    assert "Add console" not in text_of(own.get(reverse("console_list")))
    assert own.get(reverse("console_detail", args=[here.pk])).status_code == 200


def test_another_s_console_and_check_are_not_there(cyclr: CyclrState, admin: Client) -> None:
    console = kept_console(cyclr)
    admin.post(reverse("console_new"), typed(cyclr, client_id="other"))
    check = ConsoleCheck.objects.get()
    stranger = signed_in(make_user(Role.ADMIN, console=make_console()))

    for name in ("console_detail", "console_credentials", "console_retire"):
        assert stranger.get(reverse(name, args=[console.pk])).status_code == 404, name
    assert stranger.post(reverse("console_restore", args=[console.pk])).status_code == 404
    assert stranger.get(reverse("console_check", args=[check.pk])).status_code == 404


def test_the_one_of_the_environment_is_shown_with_its_settings_and_not_changed(
    admin: Client, console: Console
) -> None:
    page = text_of(admin.get(reverse("console_detail", args=[console.pk])))

    assert "CYCLR_CLIENT_SECRET" in page
    assert "Replace credentials" not in page
    with nothing_changes():
        admin.post(reverse("console_detail", args=[console.pk]), {"name": "Mine"})
        assert admin.post(reverse("console_retire", args=[console.pk])).status_code == 404
        assert admin.post(reverse("console_credentials", args=[console.pk])).status_code == 404
        admin.post(reverse("console_restore", args=[console.pk]))


@pytest.mark.parametrize("name", ["console_new", "console_credentials", "console_retire"])
def test_at_an_open_desk_nobody_changes_credentials(
    admin: Client, cyclr: CyclrState, name: str
) -> None:
    args = [] if name == "console_new" else [kept_console(cyclr).pk]
    assert admin.get(reverse(name, args=args)).status_code == 200
    session = admin.session
    session["proved_at"] = 0
    session.save()

    for answer in (admin.get(reverse(name, args=args)), admin.post(reverse(name, args=args))):
        assert answer["Location"].startswith(reverse("reauthenticate"))


def test_at_an_open_desk_nobody_says_where_customers_are_sent(
    admin: Client, cyclr: CyclrState
) -> None:
    console = kept_console(cyclr)
    url = reverse("console_detail", args=[console.pk])
    session = admin.session
    session["proved_at"] = 0
    session.save()
    assert admin.get(url).status_code == 200
    details = {"name": "EU", "service_url": "https://evil.example.com", "rate_period": "1"}

    with nothing_changes():
        answer = admin.post(url, details)

    assert answer["Location"].startswith(reverse("reauthenticate"))


# ---- changing, credentials ----


def test_details_are_changed_without_the_credentials(admin: Client, cyclr: CyclrState) -> None:
    console = kept_console(cyclr)
    details = {
        "name": "UK live",
        "service_url": "https://connect.example.com/",
        "catalogue_account": "shop",
        "rate_limit": "2.5",
        "rate_period": "1",
    }

    admin.post(reverse("console_detail", args=[console.pk]), details)
    admin.post(reverse("console_detail", args=[console.pk]), details)

    console.refresh_from_db()
    assert (console.name, console.service_url) == ("UK live", "https://connect.example.com")
    assert (console.catalogue_account, console.calls_per_second) == ("shop", 2.5)
    assert services.client(console)._transport.pacing.rate == 2.5  # type: ignore[attr-defined]
    entry = AuditEntry.objects.get(action="console_setup.change")
    assert set(entry.details["changed"]) == {
        *("name", "service_url", "catalogue_account", "rate_limit")
    }


def test_new_credentials_are_tried_then_used(admin: Client, cyclr: CyclrState) -> None:
    console = kept_console(cyclr, name="EU live")
    sync.refresh_accounts(console)
    cyclr.credentials.append(("second-id", "second secret of the console"))
    url = reverse("console_credentials", args=[console.pk])
    values = {
        "submission": str(uuid.uuid4()),
        "client_id": "second-id",
        "client_secret": "second secret of the console",
    }

    admin.post(url, values)
    before = Console.objects.get()
    check_console(ConsoleCheck.objects.get().pk)

    after = Console.objects.get()
    assert before.client_id == cyclr.credentials[0][0]
    assert (after.pk, after.client_id) == (console.pk, "second-id")
    assert services.decrypted_secret(after) == values["client_secret"]
    services.client(before).check()  # what is under way ends with the former ones
    services.client(after).check()
    assert AuditEntry.objects.filter(action="console_setup.credentials").count() == 1


def switch_off(user: User, console: Console) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def make_lead(user: User, console: Console) -> None:
    user.memberships.update(role=Role.LEAD)


def retire(user: User, console: Console) -> None:
    Console.objects.filter(pk=console.pk).update(retired_at=timezone.now())


@pytest.mark.parametrize(
    ("meanwhile", "words"),
    [
        (switch_off, "may not set up the console any more"),
        (make_lead, "may not set up the console any more"),
        (retire, "was retired meanwhile"),
    ],
)
def test_what_was_asked_for_is_not_saved_once_it_is_not_allowed_any_more(
    meanwhile: Callable[[User, Console], None], words: str, cyclr: CyclrState
) -> None:
    user = make_user(Role.ADMIN)
    console = kept_console(cyclr)
    cyclr.credentials.append(("second-id", "second secret of the console"))
    values = {
        "submission": str(uuid.uuid4()),
        "client_id": "second-id",
        "client_secret": "second secret of the console",
    }
    signed_in(user).post(reverse("console_credentials", args=[console.pk]), values)

    meanwhile(user, console)
    check_console(ConsoleCheck.objects.get().pk)

    check = ConsoleCheck.objects.get()
    assert words in check.last_error and not check.encrypted_client_secret
    assert Console.objects.get().client_id == cyclr.credentials[0][0]


def test_credentials_of_another_console_do_not_take_its_place(
    admin: Client, cyclr: CyclrState
) -> None:
    console = kept_console(cyclr)
    for n in range(20):
        make_account(console=console, cyclr_id=f"only-here-{n}")
    values = {
        "submission": str(uuid.uuid4()),
        "client_id": cyclr.credentials[0][0],
        "client_secret": cyclr.credentials[0][1],
    }
    secret = console.encrypted_client_secret

    admin.post(reverse("console_credentials", args=[console.pk]), values)
    check_console(ConsoleCheck.objects.get().pk)

    assert (
        "for another console: of 20 accounts known here 0" in ConsoleCheck.objects.get().last_error
    )
    console.refresh_from_db()
    assert console.encrypted_client_secret == secret


def test_checks_are_forgotten_after_a_day(admin: Client, cyclr: CyclrState, hands: Any) -> None:
    add(admin, typed(cyclr, client_secret="wrong"))

    hands.later(25 * 3600)
    forget_checks()

    assert not ConsoleCheck.objects.exists()


# ---- retiring ----


@pytest.fixture
def retired(admin: Client, cyclr: CyclrState) -> Console:
    console = kept_console(cyclr, name="Old EU")
    sync.refresh_accounts(console)
    make_console(name="In use")
    admin.post(reverse("console_retire", args=[console.pk]), {"confirm": "Old EU"})
    console.refresh_from_db()
    assert console.retired_at
    return console


def test_retiring_asks_for_the_name(admin: Client, cyclr: CyclrState) -> None:
    console = kept_console(cyclr, name="Old EU")

    with nothing_changes():
        page = admin.post(reverse("console_retire", args=[console.pk]), {"confirm": "EU"})

    assert page.status_code == 422


def test_a_retired_console_is_asked_nothing_and_its_links_end(retired: Console) -> None:
    link = make_link(account=Account.objects.filter(console=retired)[0])

    with pytest.raises(services.RetiredConsoleError):
        services.client(retired)
    assert retired not in Console.objects.reachable()
    assert link.is_retired


def test_what_a_retired_console_had_is_read_and_not_changed(
    admin: Client, retired: Console
) -> None:
    account = Account.objects.get(console=retired, name="Harbour Books")
    operation = make_operation(account=account)
    url = account.get_absolute_url()

    page = admin.get(url)
    text = text_of(page)
    assert "was retired" in text
    assert reverse("install_pick", args=[account.pk]) not in text
    assert admin.get(operation.get_absolute_url()).status_code == 200
    assert account.name in text_of(admin.get(f"{reverse('account_list')}?console={retired.pk}"))
    assert account.name not in text_of(admin.get(reverse("account_list")))
    with nothing_changes():
        assert admin.post(reverse("account_refresh", args=[account.pk])).status_code == 403
        assert admin.get(reverse("install_pick", args=[account.pk])).status_code == 403
    stranger = signed_in(make_user(Role.ADMIN, console=make_console()))
    assert stranger.get(url).status_code == 404
    assert stranger.get(f"{reverse('account_list')}?console={retired.pk}").status_code == 404


@pytest.mark.parametrize("name", ["console_retire", "console_credentials"])
def test_a_tab_that_was_open_before_it_was_retired_leads_to_its_page(
    admin: Client, retired: Console, name: str
) -> None:
    url = reverse(name, args=[retired.pk])
    for answer in (admin.get(url), admin.post(url, {"confirm": retired.name})):
        assert answer["Location"] == reverse("console_detail", args=[retired.pk])
    assert "was retired meanwhile" in text_of(admin.get(answer["Location"]))


def test_a_restored_console_goes_on_as_it_was(admin: Client, retired: Console) -> None:
    admin.post(reverse("console_restore", args=[retired.pk]))
    admin.post(reverse("console_restore", args=[retired.pk]))

    retired.refresh_from_db()
    assert retired.retired_at is None
    services.client(retired).check()
    assert AuditEntry.objects.filter(action="console_setup.restore").count() == 1


def test_the_environment_s_console_stays_beside_one_that_was_added(
    admin: Client, cyclr: CyclrState
) -> None:
    """A start names the environment's, and leaves the others alone."""
    other = demo_state()
    other.api_url, other.service_url = "https://second.test", "https://service.second.test"
    mounting = lambda client: mount(other, client.session)  # noqa: E731
    services.on_new_client.append(mounting)
    try:
        add(admin, typed(other))
    finally:
        services.on_new_client.remove(mounting)

    call_command("prepare", verbosity=0)

    assert Console.objects.current().count() == 2
    assert Console.objects.get(is_from_environment=False).api_url == "https://second.test"
