"""A console is what its administrator says it is, whatever its address and client id become."""

from __future__ import annotations

import importlib
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import StateApps
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from dashboard.audit.models import Actor, AuditEntry
from dashboard.common import encryption
from dashboard.consoles import changes
from dashboard.consoles.changes import ensure_environment_console
from dashboard.consoles.models import Branding, Console, ConsoleChange
from dashboard.consoles.services import UndecidedConsoleError, decrypted_secret, secret_of
from dashboard.jobs.messages import Message
from dashboard.links import progress
from dashboard.links.attempts import starting
from dashboard.links.mail import mailing, reminders
from dashboard.links.models import Link, LinkMail
from dashboard.mirror import adopting, sync, tasks
from dashboard.mirror.models import Account, SyncRun
from dashboard.people.models import Role
from dashboard.settings_pages.keys import rotate_keys
from tests.factories import make_account, make_console, make_link, make_user
from tests.pages import nothing_changes
from tests.simulated import dispatch_due
from tests.support.audit import full_trail

migration = importlib.import_module("dashboard.consoles.migrations.0004_bind_secrets_to_rows")
pytestmark = pytest.mark.django_db


def settings_name(settings: Any, url: str, client_id: str = "id") -> None:
    settings.CYCLR_API_URL = settings.CYCLR_SERVICE_URL = url
    settings.CYCLR_CLIENT_ID, settings.CYCLR_CLIENT_SECRET = client_id, "secret"


@pytest.fixture
def production(settings: Any) -> Console:
    """A console in use, with an account and a customer's link."""
    settings_name(settings, "https://one.test")
    console = ensure_environment_console()
    assert console is not None
    make_link(account=make_account(console=console, cyclr_id="acme"))
    return console


def test_the_first_console_is_made_once(settings: Any) -> None:
    settings_name(settings, "https://one.test")
    one = ensure_environment_console()

    assert one is not None and ensure_environment_console() == one
    assert secret_of(one) == "secret"
    settings.CYCLR_API_URL = ""
    assert ensure_environment_console() is None
    assert list(Console.objects.current()) == [one]


def test_how_an_address_is_written_changes_nothing(production: Console, settings: Any) -> None:
    Console.objects.update(api_url="https://ONE.test/")

    assert ensure_environment_console() == production


@pytest.mark.parametrize(
    ("url", "client_id"), [("https://two.test", "id"), ("https://one.test", "rotated")]
)
def test_another_pair_is_not_decided_by_itself(
    url: str, client_id: str, production: Console, settings: Any
) -> None:
    settings_name(settings, url, client_id)

    assert ensure_environment_console() is None
    assert ensure_environment_console() is None
    change = ConsoleChange.objects.get()
    assert (change.console, change.api_url, change.client_id) == (production, url, client_id)
    production.refresh_from_db()
    assert production.retired_at is None and production.undecided_since is not None
    with pytest.raises(UndecidedConsoleError):
        secret_of(production)


def test_putting_the_settings_back_ends_the_doubt(production: Console, settings: Any) -> None:
    settings_name(settings, "https://two.test")
    ensure_environment_console()
    settings_name(settings, "https://one.test")

    assert ensure_environment_console() == production
    production.refresh_from_db()
    assert (production.undecided_since, production.trouble) == (None, "")
    assert not ConsoleChange.objects.exists()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_local_cyclr_is_one_console_whatever_its_port(host: str, settings: Any) -> None:
    settings_name(settings, f"http://{host}:8001", "desk-demo")
    one = ensure_environment_console()
    assert one is not None
    make_account(console=one)
    settings_name(settings, "http://127.0.0.1:8401", "desk-demo")

    assert ensure_environment_console() == one
    assert Console.objects.get().api_url == "http://127.0.0.1:8401"


def test_a_real_console_after_the_local_one_is_another(settings: Any) -> None:
    settings_name(settings, "http://127.0.0.1:8001", "desk-demo")
    local = ensure_environment_console()
    assert local is not None
    make_account(console=local)
    settings_name(settings, "https://one.test")

    real = ensure_environment_console()

    assert real is not None and real != local
    assert list(Console.objects.current()) == [real]


def test_the_local_cyclr_after_a_real_console_takes_nothing_from_it(
    production: Console, settings: Any
) -> None:
    settings_name(settings, "http://127.0.0.1:8001", "desk-demo")

    assert ensure_environment_console() is None
    production.refresh_from_db()
    assert production.retired_at is None


def test_a_console_known_before_does_not_replace_the_one_in_use_by_itself(
    production: Console, settings: Any
) -> None:
    staging = make_console(api_url="https://two.test", client_id="id", retired_at=timezone.now())
    settings_name(settings, "https://two.test")

    assert ensure_environment_console() is None
    change = ConsoleChange.objects.get()
    assert changes.other_holder(change) == staging
    assert changes.add(change) == staging
    assert list(Console.objects.current()) == [staging]


def test_an_empty_console_is_adopted_at_once(settings: Any) -> None:
    settings_name(settings, "https://one.test")
    one = ensure_environment_console()
    settings_name(settings, "https://two.test")
    ensure_environment_console()

    assert adopting.adopt_empty() == one
    assert Console.objects.get().api_url == "https://two.test"


# ---- whose accounts are there ----


def fill(console: Console, *ids: str) -> None:
    for cyclr_id in ids:
        make_account(console=console, cyclr_id=cyclr_id)


@pytest.fixture
def moved(cyclr: CyclrState, settings: Any) -> Console:
    """A console whose client id was rotated; no account of it is known yet."""
    return make_console(api_url=cyclr.api_url, client_id="the old one", name="EU live")


def compared() -> None:
    assert ensure_environment_console() is None
    tasks.compare_console(ConsoleChange.objects.get().pk)


def ids_there(cyclr: CyclrState) -> list[str]:
    return [str(account) for account in cyclr.accounts]


def test_a_rotated_client_id_is_the_same_console(moved: Console, cyclr: CyclrState) -> None:
    fill(moved, *ids_there(cyclr)[:3], "left meanwhile")
    brand = Branding.objects.create(console=moved, colour="#123456")
    link = make_link(account=Account.objects.filter(console=moved).first())

    compared()

    now = Console.objects.get()
    assert (now.pk, now.client_id) == (moved.pk, cyclr.credentials[0][0])
    assert (now.undecided_since, now.trouble_since) == (None, None)
    assert not ConsoleChange.objects.exists()
    assert Link.objects.open().get() == link and Branding.objects.get() == brand
    assert AuditEntry.objects.get(action="consoles.adopt").console == now


@pytest.mark.parametrize("known", [["acme", "books"], ["{there}", "acme"]])
def test_most_of_the_known_accounts_must_be_there(
    known: list[str], moved: Console, cyclr: CyclrState
) -> None:
    fill(moved, *(one.format(there=ids_there(cyclr)[0]) for one in known))

    compared()

    change = ConsoleChange.objects.get()
    assert (change.known, change.shared) == (2, known.count("{there}"))
    assert change.listed == len(ids_there(cyclr))
    assert not Account.objects.exclude(gone_at=None).exists()


def test_who_cannot_be_asked_is_asked_again(moved: Console, cyclr: CyclrState) -> None:
    fill(moved, "acme")
    cyclr.faults.respond("GET", "/accounts", status=503)

    compared()

    change = ConsoleChange.objects.get()
    assert change.compared_at is None and "503" in change.trouble


def test_nothing_is_read_while_it_is_undecided(moved: Console, cyclr: CyclrState) -> None:
    fill(moved, "acme")
    run = sync.start_run(moved)
    assert run is not None
    ensure_environment_console()
    tasks.run_sync(run.pk, run.attempt)
    SyncRun.objects.update(finished_at=timezone.now())

    dispatch_due(SyncRun)
    tasks.probe_console(moved.pk)

    assert SyncRun.objects.count() == 1
    assert Account.objects.get().gone_at is None
    assert not cyclr.requests


# ---- customers ----


def test_customers_read_that_it_is_not_available_just_now(
    production: Console, settings: Any, client: Client
) -> None:
    link = Link.objects.get()
    item = link.items.first()
    settings_name(settings, "https://two.test")
    ensure_environment_console()

    page = client.get(reverse("public_link", args=[link.token()]), HTTP_ACCEPT_LANGUAGE="de")
    pressed = client.post(reverse("link_continue", args=[link.token(), item.pk]))  # type: ignore[union-attr]

    assert (page.status_code, pressed.status_code) == (503, 503)
    assert "Gerade nicht verfügbar" in page.content.decode()
    assert "Not available just now" in pressed.content.decode()
    assert not item.attempts.exists()  # type: ignore[union-attr]
    settings_name(settings, "https://one.test")
    ensure_environment_console()
    assert client.get(reverse("public_link", args=[link.token()])).status_code == 200


def sent_to(sent: list[object]) -> Callable[..., bool]:
    def publish(*message: object, **_: object) -> bool:
        sent.append(message)
        return True

    return publish


def test_no_mail_leads_to_a_link_that_does_not_work_now(
    production: Console, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = Link.objects.get()
    long_ago = timezone.now() - timedelta(days=2)
    Link.objects.update(
        recipient_email="a@b.test", has_reminders=True, sent_at=long_ago, created_at=long_ago
    )
    link.refresh_from_db()
    mailing.queue_mail(link, Actor.system())
    sent: list[object] = []
    monkeypatch.setattr(Message, "send", sent_to(sent))
    settings_name(settings, "https://two.test")
    ensure_environment_console()

    dispatch_due(LinkMail)
    reminders.queue_due()

    assert sent == [] and link.mails.count() == 1


def test_a_start_is_not_usable_while_it_is_undecided(production: Console, settings: Any) -> None:
    settings_name(settings, "https://two.test")
    ensure_environment_console()

    with pytest.raises(progress.NotUsableError):
        starting.start(Link.objects.get().items.get())


# ---- the decision ----


@pytest.fixture
def undecided(production: Console, settings: Any) -> ConsoleChange:
    settings_name(settings, "https://two.test")
    ensure_environment_console()
    return ConsoleChange.objects.get()


def signed_in(role: Role, console: Console | None = None) -> Client:
    client = Client()
    client.force_login(make_user(role, console=console))
    return client


def test_an_administrator_keeps_the_console(undecided: ConsoleChange) -> None:
    client, page = signed_in(Role.ADMIN), reverse("settings_console", args=[undecided.console_id])
    shown = client.get(page).content.decode()
    unsure = client.post(page, {"decision": "adopt"})
    done = client.post(page, {"decision": "adopt", "sure": undecided.signature})

    assert "https://two.test" in shown and "have not been compared yet" in shown
    assert (unsure.status_code, done.status_code) == (422, 302)
    console = Console.objects.get()
    assert (console.pk, console.api_url) == (undecided.console_id, "https://two.test")
    assert Link.objects.open().exists()


def test_an_administrator_uses_the_other_console(undecided: ConsoleChange) -> None:
    page = reverse("settings_console", args=[undecided.console_id])
    signed_in(Role.ADMIN).post(page, {"decision": "add", "sure": undecided.signature})

    new = Console.objects.current().get()
    assert (new.api_url, new.links.count()) == ("https://two.test", 0)
    assert not Link.objects.open().exists()
    assert AuditEntry.objects.get(action="consoles.add").console == new


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("decision", ["adopt", "add"])
def test_without_an_entry_in_the_trail_nothing_is_decided(
    decision: str, undecided: ConsoleChange
) -> None:
    page = reverse("settings_console", args=[undecided.console_id])
    client = signed_in(Role.ADMIN)
    client.raise_request_exception = False

    with full_trail(), nothing_changes():
        client.post(page, {"decision": decision, "sure": undecided.signature})


def test_a_decision_about_a_pair_that_is_gone_does_not_count(
    undecided: ConsoleChange, settings: Any
) -> None:
    settings_name(settings, "https://three.test")
    ensure_environment_console()
    page = reverse("settings_console", args=[undecided.console_id])
    signed_in(Role.ADMIN).post(page, {"decision": "adopt", "sure": undecided.signature})

    assert Console.objects.get().api_url == "https://one.test"


@pytest.mark.parametrize("role", [Role.LEAD, Role.ADMIN])
def test_who_has_no_role_in_all_consoles_does_not_decide(
    role: Role, undecided: ConsoleChange
) -> None:
    page = reverse("settings_console", args=[undecided.console_id])
    client = signed_in(role, undecided.console)
    client.post(page, {"decision": "adopt", "sure": undecided.signature})

    assert Console.objects.get().api_url == "https://one.test"


def test_every_page_says_what_is_to_be_decided(undecided: ConsoleChange) -> None:
    page = signed_in(Role.ADMIN).get("/accounts/").content.decode()

    assert "another address or client id" in page
    assert reverse("settings_console", args=[undecided.console_id]) in page


def run_command(*arguments: str) -> str:
    out = io.StringIO()
    call_command("console", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_line_shows_compares_and_adopts(moved: Console, cyclr: CyclrState) -> None:
    fill(moved, "acme", ids_there(cyclr)[0])

    assert "undecided" in run_command()
    said = run_command("adopt")

    assert "1 of 2 known accounts" in said and "in use" in said
    assert Console.objects.get().client_id == cyclr.credentials[0][0]
    assert "already" in run_command("adopt", "--console", str(moved.pk))


def test_the_command_line_adopts_nothing_unseen(moved: Console, cyclr: CyclrState) -> None:
    fill(moved, "acme")
    cyclr.faults.respond("GET", "/accounts", status=503)

    with pytest.raises(CommandError, match="try again, or add --unseen"):
        run_command("adopt")
    run_command("adopt", "--unseen")
    assert Console.objects.get().client_id == cyclr.credentials[0][0]


def test_the_command_line_gives_an_orphaned_console_its_place_back(
    production: Console, settings: Any
) -> None:
    """As releases before 2026-12 left it: the settings' pair is a console of its own."""
    Console.objects.update(retired_at=timezone.now())
    settings_name(settings, "https://two.test")
    newer = make_console(api_url="https://two.test", client_id="id")

    run_command("adopt", "--console", str(production.pk), "--unseen")

    assert Console.objects.current().get() == production
    newer.refresh_from_db()
    assert (newer.api_url, newer.client_id) == ("https://one.test", "id")
    assert Link.objects.open().exists()


def test_the_command_line_adds(undecided: ConsoleChange) -> None:
    assert "in use" in run_command("add")
    with pytest.raises(CommandError, match="nothing to decide"):
        run_command("add")


# ---- secrets are bound to the row ----


def old_console(secret: str = "s3cret") -> Console:
    console = make_console(is_from_environment=False)
    console.encrypted_client_secret = encryption.encrypt(
        secret, associated_data=console.former_associated_data
    )
    console.save()
    return console


def apps_then() -> StateApps:
    """The models as that migration knew them; their tables and columns are today's."""
    return (
        # The single migrations, which databases of earlier versions go through.
        MigrationLoader(connection, replace_migrations=False)
        .project_state(("consoles", migration.__name__.split(".")[-1]))
        .apps
    )


def test_the_migration_binds_secrets_to_rows_and_may_run_again() -> None:
    console = old_console()
    for _ in range(2):
        migration.to_rows(apps_then(), None)
        console.refresh_from_db()
        assert (
            encryption.decrypt(
                console.encrypted_client_secret, associated_data=console.associated_data
            )
            == "s3cret"
        )
    migration.to_addresses(apps_then(), None)
    console.refresh_from_db()

    assert (
        encryption.decrypt(
            console.encrypted_client_secret, associated_data=console.former_associated_data
        )
        == "s3cret"
    )


def test_what_the_migration_cannot_open_stays_and_is_named(
    settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    console, keys = old_console(), settings.CREDENTIAL_KEYS
    before = console.encrypted_client_secret
    settings.CREDENTIAL_KEYS = ["another-key-that-is-long-enough-0123456789"]
    migration.to_rows(apps_then(), None)

    assert f"console {console.pk} ({console.name}) stays" in capsys.readouterr().err
    console.refresh_from_db()
    assert console.encrypted_client_secret == before
    settings.CREDENTIAL_KEYS = [*settings.CREDENTIAL_KEYS, *keys]
    assert decrypted_secret(console) == "s3cret"
    assert rotate_keys().anew == 1
    console.refresh_from_db()
    assert (
        encryption.decrypt(console.encrypted_client_secret, associated_data=console.associated_data)
        == "s3cret"
    )
