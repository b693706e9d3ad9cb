"""Two who do what only one may, in the same moment: real threads, connections and transactions."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from dashboard.api.models import IdempotentCall
from dashboard.audit import verification
from dashboard.audit.models import AuditEntry
from dashboard.common import encryption
from dashboard.console_setup import saving
from dashboard.console_setup.models import CheckKind, ConsoleCheck
from dashboard.consoles.models import Console
from dashboard.links.models import Link
from dashboard.people.models import Membership, Role, User
from dashboard.team.models import Invitation
from tests.api.conftest import Program, make_program
from tests.factories import make_account_connector, make_console, make_user
from tests.pages import signed_in
from tests.support.at_once import all_at_once, shared_database
from tests.support.world import World

pytestmark = pytest.mark.django_db(transaction=True)
several_times = pytest.mark.parametrize("_round", range(3))
"""Who comes first differs from time to time."""


@pytest.fixture(autouse=True)
def shared(transactional_db: None, tmp_path: Path) -> Iterator[None]:
    with shared_database(tmp_path):
        yield


def administrators() -> int:
    held = Membership.objects.filter(console=None, role=Role.ADMIN, user__is_active=True)
    return held.count()


def demoting(by: User, whom: User) -> Callable[[], Any]:
    browser, url = signed_in(by), reverse("person_role", args=[whom.pk])
    return lambda: browser.post(url, {"role": "1", "was": "4", "console": "all"})


def deactivating(by: User, whom: User) -> Callable[[], Any]:
    browser, url = signed_in(by), reverse("person_deactivate", args=[whom.pk])
    return lambda: browser.post(url)


@several_times
@pytest.mark.parametrize(
    "ways", [(demoting, demoting), (deactivating, deactivating), (demoting, deactivating)]
)
def test_two_administrators_who_remove_each_other_leave_one(_round: int, ways: Any) -> None:
    one, two = make_user(Role.ADMIN), make_user(Role.ADMIN)

    answers = all_at_once([ways[0](one, two), ways[1](two, one)])

    assert administrators() == 1
    acts = AuditEntry.objects.filter(action__in=["people.change_role", "people.deactivate"])
    assert acts.count() == 1
    assert all(answer.status_code < 500 for answer in answers)
    assert not verification.check(0).fault


@several_times
def test_of_two_who_accept_one_invitation_one_gets_in(_round: int) -> None:
    world = World()
    url = reverse("invitation", args=[world.invitation_token])
    before = User.objects.count()

    def accepting(name: str) -> Callable[[], Any]:
        password = f"the long password of {name}"
        values = {"name": name, "password": password, "again": password}
        return lambda: Client().post(url, values)

    answers = all_at_once([accepting("Ada"), accepting("Bob")])

    assert User.objects.count() == before + 1
    invitation = Invitation.objects.get()
    assert invitation.user is not None and invitation.user.name in {"Ada", "Bob"}
    assert invitation.user.check_password(f"the long password of {invitation.user.name}")
    assert AuditEntry.objects.filter(action="people.accept_invitation").count() == 1
    assert sorted(answer.status_code < 400 for answer in answers) == [False, True]


@several_times
def test_one_key_sent_twice_at_once_makes_one_link(_round: int) -> None:
    connector = make_account_connector()
    plain = make_program().plain
    given = {"account": connector.account_id, "connectors": [connector.pk]}

    def call() -> Any:
        return Program(plain).send("/api/v1/links", given, **{"Idempotency-Key": "a"})

    answers = all_at_once([call, call, call])

    assert sorted(answer.status_code for answer in answers) == [200, 200, 201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert Link.objects.count() == IdempotentCall.objects.count() == 1
    assert AuditEntry.objects.filter(action="links.create").count() == 1


@several_times
def test_of_two_rotations_of_credentials_one_is_whole(_round: int) -> None:
    """The id of one and the secret of the other would open nothing, and nobody would know why."""
    console, admin = make_console(is_from_environment=False), make_user(Role.ADMIN)

    def rotating(name: str) -> Callable[[], Console]:
        check = ConsoleCheck.objects.create(
            submission=uuid.uuid4(),
            kind=CheckKind.CREDENTIALS,
            console=console,
            requested_by=admin,
            name=console.name,
            api_url=console.api_url,
            service_url=console.service_url,
            client_id=f"client-{name}",
        )

        def save() -> Console:
            with transaction.atomic():
                return saving.save_checked(check, f"secret-{name}")

        return save

    all_at_once([rotating("a"), rotating("b"), rotating("c")])

    console.refresh_from_db()
    secret = encryption.decrypt(
        console.encrypted_client_secret, associated_data=console.associated_data
    )
    assert secret.removeprefix("secret-") == console.client_id.removeprefix("client-")
    acts = AuditEntry.objects.filter(action="console_setup.credentials").order_by("pk")
    told = [one.details["client_id"].split(" → ") for one in acts]
    assert len({before for before, _ in told}) == len({after for _, after in told}) == 3
