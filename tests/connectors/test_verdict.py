"""Does it work, why not, and what now."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from dashboard.audit.models import Actor
from dashboard.connectors.models import ConnectionTest
from dashboard.connectors.verdict import Verdict, verdict_of
from dashboard.connectors.why_broken import NEXT
from dashboard.mirror.models import AccountConnector, WhyBroken
from tests.factories import API_KEY, OAUTH, make_account, make_account_connector
from tests.pages import text_of

pytestmark = pytest.mark.django_db


def told(connector: AccountConnector, *missing: str, **values: Any) -> Verdict:
    """The answer for it."""
    ended = values.pop("ended", None)
    return verdict_of(connector, ended, list(missing), may_be_tested=values.pop("method", True))


def make_ended(connector: AccountConnector, **values: Any) -> ConnectionTest:
    """A test that has ended and told nothing about the connection."""
    moment = timezone.now()
    run = ConnectionTest(account_connector=connector, finished_at=moment, **values)
    run.actor = Actor.system()
    run.save()
    return run


def test_what_is_gone_is_gone_whatever_else_is_known() -> None:
    moment = timezone.now()
    gone = make_account_connector(gone_at=moment, authenticated=True, proven_at=moment)
    account = make_account(gone_at=moment)

    assert told(gone).heading == "Gone from Cyclr"
    assert told(make_account_connector(account=account)).heading == "Gone with its account"


@pytest.mark.parametrize(
    ("authentication", "now"),
    [
        ([OAUTH], "Send the customer a connection link, where they sign in."),
        ([API_KEY], "Send the customer a connection link, where they enter what it needs."),
        ([{"Id": "x", "AuthType": "Kerberos"}], "Finish it in Cyclr"),
        ([{"Id": "x", "AuthType": "None"}], "Nothing has to be typed"),
    ],
)
def test_how_it_is_connected_follows_how_it_authenticates(
    authentication: list[dict[str, str]], now: str
) -> None:
    verdict = told(make_account_connector(authentication=authentication))

    assert verdict.state == "not-authenticated"
    assert verdict.next.startswith(now)


def test_never_connected_is_not_the_same_as_lost() -> None:
    never = told(make_account_connector())
    moment = timezone.now()
    lost = told(make_account_connector(authenticated_since=moment, why_broken="unknown"))
    revoked = told(make_account_connector(authenticated_since=moment, why_broken="consent"))
    taken = told(make_account_connector(authenticated_since=moment))
    unsaid = told(make_account_connector(authenticated=None))

    assert "Nobody has connected it yet" in never.why and not never.kind
    assert "stopped calling it authenticated" in lost.why and lost.kind == WhyBroken.UNKNOWN
    assert revoked.kind == WhyBroken.CONSENT
    assert "were taken away" in taken.why and taken.kind is None
    assert "does not say" in unsaid.why


def test_settings_without_a_value_are_part_of_why() -> None:
    connector = make_account_connector()
    verdict = told(connector, connector.method_label, "Domain")
    ready = told(make_account_connector(authenticated=True), "Domain")

    assert "Settings without a value: Domain." in verdict.why
    assert (ready.heading, ready.state) == ("It may not work: settings are missing", "expired")


@pytest.mark.parametrize("why", list(WhyBroken))
def test_each_class_of_failure_has_its_name_and_its_next_step(why: WhyBroken) -> None:
    connector = make_account_connector(
        authenticated=True,
        test_failed_at=timezone.now(),
        test_failure="“List” was refused (401).",
        why_broken=why,
    )
    verdict = told(connector)

    assert (verdict.heading, verdict.kind, verdict.next) == (
        "It does not work",
        why,
        NEXT[why],
    )
    assert verdict.why == "“List” was refused (401)."


def test_no_link_is_proposed_where_a_customer_cannot_use_one() -> None:
    connector = make_account_connector(
        authenticated=True,
        authentication=[{"Id": "x", "AuthType": "Kerberos"}],
        test_failed_at=timezone.now(),
        why_broken=WhyBroken.CREDENTIALS,
    )

    assert told(connector).next == "Ask the customer for the new ones, and enter them in Cyclr."


def test_a_failure_that_was_stored_without_a_class_is_unknown() -> None:
    connector = make_account_connector(
        authenticated=True, test_failed_at=timezone.now(), test_failure="It failed."
    )

    assert told(connector).kind == WhyBroken.UNKNOWN


def test_an_inconclusive_test_counts_until_something_newer_is_known() -> None:
    connector = make_account_connector(authenticated=True)
    ended = make_ended(connector, summary="Not from this address.", why="address")
    verdict = told(connector, ended=ended)
    connector.proven_at = timezone.now() + timedelta(minutes=1)
    proven = told(connector, ended=ended)
    plain = told(make_account_connector(authenticated=True), ended=make_ended(connector, why=""))

    assert (verdict.heading, verdict.kind) == ("It could not be tested", WhyBroken.ADDRESS)
    assert proven.heading == "It works"
    assert (plain.kind, plain.next) == (None, "")


def test_proven_says_by_which_call_and_as_whom() -> None:
    connector = make_account_connector(
        authenticated=True,
        proven_at=timezone.now(),
        proven_by="List Subscribers",
        identity="robin@shop.example",
    )
    verdict = told(connector)
    connector.proven_by = connector.identity = ""

    assert verdict.why == "“List Subscribers” was answered, as robin@shop.example."
    assert told(connector).why == "A test was answered."


def test_untested_says_what_would_tell() -> None:
    connector = make_account_connector(authenticated=True)

    assert told(connector).next == "Test it."
    assert "choose a test method" in told(connector, method=False).next


def test_the_page_begins_with_the_answer(agent: Client) -> None:
    connector = make_account_connector(
        authenticated=True,
        test_failed_at=timezone.now(),
        test_failure="Refused <b>here</b>.",
        why_broken=WhyBroken.CONSENT,
    )
    page = text_of(agent.get(connector.get_absolute_url()))
    content = page.partition('id="connector-facts"')[2]

    assert content.index("It does not work") < content.index("Cyclr says")
    assert "Consent withdrawn or expired" in content and NEXT[WhyBroken.CONSENT] in content
    assert 'href="/connectors/?why=consent"' in content
    assert "<b>here</b>" not in page
