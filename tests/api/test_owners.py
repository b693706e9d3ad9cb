"""Tokens whose owner would not be let in themselves, and what is kept of calls."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.utils import timezone

from dashboard.api.models import IdempotentCall
from dashboard.api.tasks import forget_old_calls
from dashboard.audit.models import AuditEntry
from dashboard.people.models import Role, User
from tests.api.conftest import make_program
from tests.factories import make_user

pytestmark = pytest.mark.django_db

ACCOUNTS = "/api/v1/accounts"


@pytest.fixture(autouse=True)
def a_real_cyclr(settings: Any) -> None:
    settings.CYCLR_CLIENT_ID = "not-the-local-one"


def begun(user: User, days: int) -> None:
    """Their two weeks began so many days ago."""
    User.objects.filter(pk=user.pk).update(grace_began_at=timezone.now() - timedelta(days=days))


@pytest.mark.parametrize("role", [Role.LEAD, Role.ADMIN])
def test_without_a_second_factor_a_token_ends_with_the_two_weeks(role: Role) -> None:
    owner = make_user(role)
    program = make_program(owner, role=Role.VIEWER)  # whatever the token itself may do
    begun(owner, 13)
    assert program.get(ACCOUNTS).status_code == 200

    begun(owner, 14)

    for answer in (program.get(ACCOUNTS), program.send("/mcp", {"jsonrpc": "2.0", "id": 1})):
        assert answer.status_code == 403
        assert answer["Content-Type"] == "application/problem+json"
        assert "needs a second factor" in answer.json()["detail"]
    assert AuditEntry.objects.filter(action="api.refuse").count() == 1
    Authenticator.objects.create(user=owner, type=Authenticator.Type.TOTP, data={})
    assert program.get(ACCOUNTS).status_code == 200


def test_who_needs_none_or_shows_it_at_the_company_is_not_asked(settings: Any) -> None:
    agent = make_user(Role.AGENT)
    begun(agent, 40)
    assert make_program(agent).get(ACCOUNTS).status_code == 200

    settings.OIDC = settings.OIDC | {"DESK_OIDC_ISSUER": "https://login.example.com"}
    lead = make_user(Role.LEAD)
    begun(lead, 40)
    SocialAccount.objects.create(user=lead, provider="company", uid="lead")
    assert make_program(lead).get(ACCOUNTS).status_code == 403  # a password opens the pages too
    lead.set_unusable_password()
    lead.save(update_fields=["password"])
    assert make_program(lead).get(ACCOUNTS).status_code == 200


def test_what_is_kept_of_calls_goes_after_thirty_days() -> None:
    token = make_program().token
    assert token is not None
    for key, days in (("old", 31), ("young", 29)):
        call = IdempotentCall.objects.create(token=token, key=key, fingerprint="x")
        at = timezone.now() - timedelta(days=days)
        IdempotentCall.objects.filter(pk=call.pk).update(created_at=at)

    forget_old_calls()
    forget_old_calls()

    assert [call.key for call in IdempotentCall.objects.all()] == ["young"]
