"""The class of why a connector is broken: kept until something tells otherwise."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from dashboard.mirror import writing, writing_evidence
from dashboard.mirror.models import AccountConnector, WhyBroken
from tests.factories import make_account_connector

pytestmark = pytest.mark.django_db

LOSSES = [
    ("consent", "consent"),
    ("credentials", "credentials"),
    ("", "unknown"),
    ("outage", "unknown"),
    ("limit", "unknown"),
]
"""What was known before, and what is known of why it is not authenticated any more."""


def why(connector: AccountConnector) -> str:
    connector.refresh_from_db()
    return connector.why_broken


@pytest.mark.parametrize(("before", "after"), LOSSES)
def test_what_stopped_being_authenticated_has_the_class_that_a_call_told_before(
    before: str, after: str
) -> None:
    read = make_account_connector(authenticated=True, why_broken=before)
    asked = make_account_connector(authenticated=True, why_broken=before)

    moment = timezone.now()
    writing.fill(read, {"authenticated": False}, moment, moment)
    writing.write_authenticated(asked, authenticated=False)

    assert (read.why_broken, why(asked)) == (after, after)
    writing.write_authenticated(asked, authenticated=True)
    assert why(asked) == ""


def test_what_was_never_authenticated_or_was_taken_away_has_no_class() -> None:
    never = make_account_connector(authenticated=None)
    taken = make_account_connector(authenticated=True, why_broken="consent")

    writing.write_authenticated(never, authenticated=False)
    writing.write_authenticated(taken, authenticated=False, is_wanted=True)

    assert (why(never), why(taken)) == ("", "")


def test_settings_that_end_its_authentication_are_no_mystery_to_the_list() -> None:
    connector = make_account_connector(authenticated=True, authenticated_since=timezone.now())
    since = connector.authenticated_since

    writing.write_settings(connector, ["Domain"], authenticated=True)
    connector.refresh_from_db()
    assert connector.authenticated_since == since
    writing.write_settings(connector, ["Domain"], authenticated=False)

    assert why(connector) == "unknown"


def test_trouble_is_kept_until_a_call_is_answered_and_does_not_hide_a_failure() -> None:
    connector = make_account_connector(authenticated=True)
    moment = timezone.now()
    AccountConnector.objects.update(changed_at=moment - timedelta(minutes=9))

    writing_evidence.write_test_unclear(connector, moment, WhyBroken.OUTAGE)
    assert why(connector) == "outage"
    writing_evidence.write_test_failed(connector, moment, "Refused.", WhyBroken.CONSENT)
    writing_evidence.write_test_unclear(connector, moment, WhyBroken.OUTAGE)
    assert why(connector) == "consent"
    writing_evidence.write_test_passed(connector, moment + timedelta(minutes=1), "")
    writing_evidence.write_test_unclear(connector, moment, WhyBroken.OUTAGE)
    assert why(connector) == ""


def test_trouble_ends_with_an_answer_or_with_new_credentials() -> None:
    answered, renewed = (
        make_account_connector(authenticated=True, why_broken="outage") for _ in range(2)
    )

    writing_evidence.write_test_passed(answered, timezone.now(), "")
    writing.write_connector(renewed, {"authenticated": True})

    assert (why(answered), why(renewed)) == ("", "")
