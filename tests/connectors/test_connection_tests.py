"""Proving that a connector works, and as whom: what each answer of Cyclr's means."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from dashboard.audit.models import Actor, AuditEntry
from dashboard.connectors import connection_tests, tasks
from dashboard.connectors.evidence import Evidence
from dashboard.connectors.models import ConnectionTest, ConnectionTestMethod
from dashboard.consoles.models import Console
from dashboard.consoles.services import client
from dashboard.jobs.leases import Lease, LeaseLostError
from dashboard.jobs.messages import Message
from dashboard.mirror import sync
from dashboard.mirror.models import Account, AccountConnector
from dashboard.people.models import Role
from tests.connectors.conftest import choose, say, work
from tests.factories import make_user
from tests.simulated import Hands, dispatch_due

METHOD = ("POST", "/account/connectors/{id}/methods/{method}")


def proven(connector: AccountConnector) -> ConnectionTest:
    """Ask for a test, and have a worker carry it out."""
    run = connection_tests.ask(connector, Actor.system())
    assert run is not None
    work()
    run.refresh_from_db()
    connector.refresh_from_db()
    return run


def test_an_answer_proves_it_and_says_whose_account_it_is(
    cyclr: CyclrState, mailchimp: AccountConnector, test_method: ConnectionTestMethod
) -> None:
    began = timezone.now()

    run = proven(mailchimp)

    assert run.worked is True and run.is_finished
    assert mailchimp.identity == run.identity == "robin.alder@customer.example"
    assert mailchimp.proven_at is not None and mailchimp.proven_at >= began
    assert mailchimp.identity_at == mailchimp.proven_at


def test_what_the_third_party_refuses_does_not_work(
    cyclr: CyclrState, mailchimp: AccountConnector, test_method: ConnectionTestMethod
) -> None:
    say(cyclr, mailchimp, {"Status": 401, "Body": {"Message": "The key has been revoked."}})

    run = proven(mailchimp)

    assert run.worked is False
    assert "(401)" in run.summary and "do not work" in run.summary
    assert mailchimp.proven_at is None


@pytest.mark.parametrize("said", ["", "The key has been revoked.", "Missing scope contacts.read"])
def test_what_is_forbidden_does_not_work_and_does_not_blame_the_credentials(
    said: str, cyclr: CyclrState, mailchimp: AccountConnector, test_method: ConnectionTestMethod
) -> None:
    say(cyclr, mailchimp, {"Status": 403, "Body": {"Message": said} if said else None})

    run = proven(mailchimp)

    assert run.worked is False and run.said == said
    assert "(403)" in run.summary and "credentials" not in run.summary
    assert "may lack a permission" in run.summary


@pytest.mark.parametrize(
    "said",
    [
        "Your IP is not permitted.",
        "Access denied for client address 192.0.2.7",
        "Request blocked: IP-Address not on the allowlist",
        "Not in the allow list",
        "This network is not trusted",
        "UNKNOWN CLIENT IP ADDRESS: contact support",
    ],
)
def test_an_address_refused_in_other_words_says_nothing_about_the_connection(
    said: str, cyclr: CyclrState, mailchimp: AccountConnector, test_method: ConnectionTestMethod
) -> None:
    say(cyclr, mailchimp, {"Status": 403, "Body": {"Message": said}})

    run = proven(mailchimp)

    assert run.worked is None and "address" in run.summary
    assert "credentials" not in run.summary
    assert mailchimp.state == "Authenticated"


def test_our_address_refused_is_no_fault_of_the_connection(
    cyclr: CyclrState, mailchimp: AccountConnector, test_method: ConnectionTestMethod
) -> None:
    cyclr.allowed_ips = []

    run = proven(mailchimp)

    assert run.worked is None
    assert "this server’s address" in run.summary
    assert "Unknown client IP Address" in run.said
    assert mailchimp.proven_at is None


def test_a_method_that_is_gone_says_nothing_about_the_connection(
    cyclr: CyclrState, mailchimp: AccountConnector, test_method: ConnectionTestMethod
) -> None:
    ConnectionTestMethod.objects.update(unique_id="00000000-0000-4000-8000-000000000000")

    run = proven(mailchimp)

    assert run.worked is None
    assert "Choose the test method again" in run.summary


def test_without_credentials_it_does_not_work(
    cyclr: CyclrState, mailchimp: AccountConnector, test_method: ConnectionTestMethod
) -> None:
    cyclr.deauthenticate(mailchimp.cyclr_id)
    AccountConnector.objects.filter(pk=mailchimp.pk).update(authenticated=False)

    run = proven(mailchimp)

    assert run.worked is False and run.summary == "It is not authenticated."


def test_an_answer_that_does_not_tell_keeps_the_identity_that_is_known(
    cyclr: CyclrState, mailchimp: AccountConnector, test_method: ConnectionTestMethod
) -> None:
    proven(mailchimp)
    say(cyclr, mailchimp, {"subscribers": []})

    run = proven(mailchimp)

    assert run.worked is True and run.identity == ""
    assert mailchimp.identity == "robin.alder@customer.example"


def test_while_cyclr_is_away_it_waits_longer_and_longer_and_gives_up_in_words(
    cyclr: CyclrState, mailchimp: AccountConnector, test_method: ConnectionTestMethod, hands: Hands
) -> None:
    cyclr.faults.rate_limit(*METHOD, retry_after="40")
    run = connection_tests.ask(mailchimp, Actor.system())
    assert run is not None
    moment = timezone.now()
    work()
    run.refresh_from_db()
    waits = (run.not_before - moment).total_seconds()
    hands.later(700)
    work()
    run.refresh_from_db()

    assert 39 < waits < 45
    assert run.is_finished and run.worked is None
    assert run.summary == "The third party asks for a pause (429). Nothing could be proven."


def test_a_third_party_s_rate_limit_does_not_hold_what_is_asked_of_cyclr(
    cyclr: CyclrState, mailchimp: AccountConnector, test_method: ConnectionTestMethod
) -> None:
    cyclr.faults.rate_limit(*METHOD, retry_after="60")
    connection_tests.ask(mailchimp, Actor.system())
    work()

    sync.refresh_account(Account.objects.exclude(pk=mailchimp.account_id)[0])
    console = Console.objects.get()
    assert (console.trouble, console.failures) == ("", 0)


def test_a_method_that_breaks_is_no_trouble_with_cyclr(
    cyclr: CyclrState, mailchimp: AccountConnector, test_method: ConnectionTestMethod
) -> None:
    cyclr.faults.respond(*METHOD, status=500)
    connection_tests.ask(mailchimp, Actor.system())
    work()

    assert Console.objects.get().trouble == ""


def test_a_run_that_is_under_way_elsewhere_is_left_alone(
    cyclr: CyclrState, mailchimp: AccountConnector, test_method: ConnectionTestMethod
) -> None:
    run = connection_tests.ask(mailchimp, Actor.system())
    assert run is not None
    moment = timezone.now()
    ConnectionTest.objects.update(leased_until=moment + timedelta(seconds=30), began_at=moment)

    tasks.run_connection_test(run.pk)

    run.refresh_from_db()
    assert not run.is_finished
    assert not [effect for effect in cyclr.ledger if effect.kind == "call"]


def test_a_worker_that_lost_its_claim_changes_nothing(
    cyclr: CyclrState, mailchimp: AccountConnector, test_method: ConnectionTestMethod
) -> None:
    run = connection_tests.ask(mailchimp, Actor.system())
    assert run is not None
    stale = ConnectionTest.objects.select_related("account_connector__account").get(pk=run.pk)
    work()

    with pytest.raises(LeaseLostError):
        connection_tests._finish(Lease(stale), Evidence(False, summary="too late"))

    run.refresh_from_db()
    assert run.worked is True


def test_who_asks_twice_before_it_began_has_one_call(
    cyclr: CyclrState, mailchimp: AccountConnector, test_method: ConnectionTestMethod
) -> None:
    first = connection_tests.ask(mailchimp, Actor.system())
    second = connection_tests.ask(mailchimp, Actor.system())
    work()
    third = connection_tests.ask(mailchimp, Actor.system())

    assert first == second != third
    assert len([effect for effect in cyclr.ledger if effect.kind == "call"]) == 1


def test_a_test_put_off_comes_forward_when_asked_for_now(
    cyclr: CyclrState, mailchimp: AccountConnector, test_method: ConnectionTestMethod
) -> None:
    later = timezone.now() + timedelta(minutes=5)
    run = connection_tests.ask(mailchimp, Actor.system(), not_before=later)
    work()
    assert run is not None and not ConnectionTest.objects.get().is_finished

    connection_tests.ask(mailchimp, Actor.system())
    work()

    assert ConnectionTest.objects.get().worked is True


def test_nothing_is_asked_for_without_a_method(
    cyclr: CyclrState, mailchimp: AccountConnector
) -> None:
    assert connection_tests.ask(mailchimp, Actor.system()) is None
    result = connection_tests.run_test(client(mailchimp.account.console), mailchimp)

    assert result.worked is None and result.summary == connection_tests.NO_METHOD


def test_the_call_names_the_method_by_what_outlives_releases(
    cyclr: CyclrState, mailchimp: AccountConnector, test_method: ConnectionTestMethod
) -> None:
    proven(mailchimp)

    called = [one.path for one in list(cyclr.requests) if "/methods/" in one.path]
    assert called[-1].endswith(f"/methods/{test_method.unique_id}")


def test_a_method_of_another_version_is_not_taken(
    cyclr: CyclrState, mailchimp: AccountConnector
) -> None:
    made = choose(mailchimp, "List Subscribers")
    made.connector_version = "another"
    made.save()

    assert ConnectionTestMethod.of(mailchimp) is None


def test_a_colleagues_test_is_in_the_audit_trail(
    cyclr: CyclrState, mailchimp: AccountConnector, test_method: ConnectionTestMethod
) -> None:
    connection_tests.ask(mailchimp, Actor.staff(make_user(Role.AGENT, name="Mara")))
    work()

    entry = AuditEntry.objects.get(action="connectors.test")
    assert (entry.actor_name, entry.result) == ("Mara", "works")


def test_lost_messages_are_sent_again_and_old_runs_forgotten(
    mailchimp: AccountConnector,
    test_method: ConnectionTestMethod,
    hands: Hands,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[str] = []

    def send(message: Message, *args: int) -> bool:
        sent.append(message.queue)
        return True

    monkeypatch.setattr(Message, "send", send)
    connection_tests.ask(mailchimp, Actor.system())
    dispatch_due(ConnectionTest)
    hands.later(6)
    dispatch_due(ConnectionTest)
    dispatch_due(ConnectionTest)
    assert sent == ["checks"]

    work()
    hands.later(31 * 86400)
    tasks.forget()
    assert not ConnectionTest.objects.exists()


def test_what_no_worker_comes_to_an_end_with_is_ended_in_words(
    cyclr: CyclrState, mailchimp: AccountConnector, test_method: ConnectionTestMethod, hands: Hands
) -> None:
    connection_tests.ask(mailchimp, Actor.system())
    hands.later(31 * 60)
    work()
    tasks.forget()

    run = ConnectionTest.objects.get()
    assert run.is_finished and run.worked is None and run.summary == connection_tests.NO_ANSWER
    assert not [effect for effect in cyclr.ledger if effect.kind == "call"]


def test_a_console_that_is_not_in_use_is_not_asked(
    cyclr: CyclrState, mailchimp: AccountConnector, test_method: ConnectionTestMethod
) -> None:
    connection_tests.ask(mailchimp, Actor.system())
    console = mailchimp.account.console
    console.retired_at = timezone.now()
    console.save()
    work()

    assert "no longer in use" in ConnectionTest.objects.get().summary
