"""The heads of the chains, sent to outside, and what they find when they come back."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core import mail as outbox
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dashboard.audit import chain, heads, retention, sending, services
from dashboard.audit.models import (
    NOTHING_BEFORE,
    Actor,
    AuditChain,
    AuditEntry,
    ChainedEntry,
    HeadMail,
    HeadSending,
)
from dashboard.audit.tasks import mail_heads
from dashboard.common.mail import OurFaultError
from dashboard.notifications.models import Shape, Webhook, WebhookDelivery
from dashboard.notifications.payloads import body_of
from dashboard.people.models import Role
from tests.factories import make_console, make_user
from tests.support.audit import commit, tampering

pytestmark = pytest.mark.django_db

TO = "trail@auditor.example"


def record(count: int) -> None:
    for number in range(count):
        services.record(Actor.system(), "tests.act", target=str(number))
    commit()


def mail_what_waits() -> None:
    for job in HeadMail.objects.filter(finished_at=None):
        mail_heads(job.pk)


def the_message() -> str:
    """Sends the heads of now, and answers the message as it is in the mailbox."""
    HeadSending.objects.get_or_create(email=TO)
    sending.send(Actor.system())
    commit()
    mail_what_waits()
    return str(outbox.outbox[-1].body)


def verified(text: str, folder: Path) -> str:
    """What the command says of the heads in this text. Raises `CommandError` with it if bad."""
    file, said = folder / "mail.txt", io.StringIO()
    file.write_text(text, encoding="utf-8")
    try:
        call_command("verify_audit", heads=str(file), stdout=said)
    except CommandError as error:
        raise CommandError(f"{said.getvalue()}{error}") from None
    return said.getvalue()


def forge(number: int) -> None:
    """Change an entry and compute the chain anew from there, as who knows the code would."""
    with tampering():
        AuditEntry.objects.filter(place__chain=0, place__sequence=number).update(target="forged")
        digest = NOTHING_BEFORE
        for place in ChainedEntry.objects.filter(chain=0).select_related("entry"):
            digest = chain.digest_of(place.entry, 0, place.sequence, digest)
            ChainedEntry.objects.filter(pk=place.pk).update(digest=digest)
        AuditChain.objects.filter(pk=0).update(digest=digest)


def test_a_message_holds_the_head_of_each_chain_and_the_trail_still_has_it(tmp_path: Path) -> None:
    console = make_console(name="EU live")
    services.record(Actor.system(), "tests.act", console=console)
    record(3)

    message = the_message()
    record(2)

    assert "EU live" in message and outbox.outbox[-1].to == [TO]
    assert {head.chain for head in heads.find(message)} == {0, console.pk}
    said = verified(message, tmp_path)
    assert "ok       no console: head No. 4 is in the trail" in said
    assert "ok       EU live: head No. 1 is in the trail" in said


def test_a_chain_that_was_computed_anew_is_found_by_what_is_outside_alone(tmp_path: Path) -> None:
    record(5)
    message = the_message()
    forge(2)

    call_command("verify_audit", stdout=io.StringIO())
    with pytest.raises(CommandError, match="is not what the head from outside holds"):
        verified(message, tmp_path)


def test_entries_that_were_cut_off_at_the_end_are_found(tmp_path: Path) -> None:
    record(5)
    message = the_message()
    with tampering():
        AuditEntry.objects.filter(place__chain=0, place__sequence__gt=3).delete()
        ChainedEntry.objects.filter(chain=0, sequence__gt=3).delete()
        last = ChainedEntry.objects.get(chain=0, sequence=3)
        AuditChain.objects.filter(pk=0).update(sequence=3, digest=last.digest)

    with pytest.raises(CommandError, match="cut off at the end"):
        verified(message, tmp_path)


def test_a_chain_that_is_gone_as_a_whole_is_found(tmp_path: Path) -> None:
    line = heads.line_of(77, 3, "a" * 64)

    with pytest.raises(CommandError, match="console 77: The head of the chain is gone"):
        verified(line, tmp_path)


def test_what_the_retention_deleted_cannot_be_compared_and_its_end_can(tmp_path: Path) -> None:
    with time_machine.travel(timezone.now() - timedelta(days=100)):
        record(3)
        early = the_message()
        record(2)
    record(2)
    retention.prune(0, 90)
    commit()

    assert "head No. 4 cannot be compared" in verified(early, tmp_path)
    pruned = AuditChain.objects.get(pk=0)
    edge = heads.line_of(0, pruned.pruned_sequence, "b" * 64)
    with pytest.raises(CommandError, match="is not what the head from outside holds"):
        verified(edge, tmp_path)


@pytest.mark.parametrize("digest", ["ab" * 32, "3d" + "ab" * 31, "3d" * 32, "0" * 64])
@pytest.mark.parametrize(
    "text",
    [
        "audit head chain=4 sequence=12 digest={}{}",
        "2026-11-30 10:00:00,000 INFO dashboard.audit.heads audit head chain=4 sequence=12"
        " digest={}{}",
        "> audit head chain=4\n> sequence=12\n> digest={}{}",
        "audit head chain=3D4 sequence=3D12 digest=3D{}=\n{}",
        '{{"at": "2026-11-30T10:00:00+00:00", "chain": 4, "sequence": 12, "digest": "{}{}"}}\n',
    ],
    ids=["a line", "of a log", "quoted and wrapped", "the source of a mail", "of the head file"],
)
def test_heads_are_found_however_they_were_copied(text: str, digest: str) -> None:
    for copied in {digest, digest.upper() if "INFO" in text else digest}:
        told = text.format(copied[:22], copied[22:])
        found = heads.find(f"Hello,\n\n{told}\n\nbye {told}")

        assert [(one.chain, one.sequence, one.digest) for one in found] == [(4, 12, digest)]


def test_a_text_without_a_head_is_told(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no head in it"):
        verified("audit head chain=0 sequence=x digest=1", tmp_path)
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("verify_audit", heads=str(tmp_path / "none"))


def test_they_go_once_a_day_and_each_time_is_recorded() -> None:
    record(1)
    sending.send_due()
    assert not HeadMail.objects.exists()

    HeadSending.objects.create(email=TO)
    for _ in range(2):
        sending.send_due()
        mail_what_waits()
    with time_machine.travel(timezone.now() + timedelta(days=1, minutes=1)):
        sending.send_due()
        mail_what_waits()

    assert len(outbox.outbox) == 2
    sent = AuditEntry.objects.filter(action="audit.send_heads", actor_kind="system")
    assert [one.target for one in sent] == [TO, TO]


def test_without_a_mail_server_nothing_is_said_to_be_sent(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    HeadSending.objects.create(email=TO)

    assert sending.send(Actor.system()) == []
    assert not AuditEntry.objects.exists() and not HeadMail.objects.exists()


def a_webhook(shape: Shape = Shape.FULL) -> Webhook:
    return Webhook.objects.create(
        console=make_console(), shape=shape, encrypted_secret="x", created_by=make_user(Role.ADMIN)
    )


@pytest.mark.parametrize("shape", list(Shape))
def test_a_webhook_is_told_of_all_chains_in_either_shape(shape: Shape) -> None:
    record(2)
    webhook = a_webhook(shape)
    HeadSending.objects.create(webhook_of=webhook.console)
    before = {(one.chain, one.sequence, one.digest) for one in sending.now()}

    assert sending.send(Actor.system()) == [f"the webhook of {webhook.console}"]

    delivery = WebhookDelivery.objects.get()
    body = body_of(delivery).decode()
    assert {(one.chain, one.sequence, one.digest) for one in heads.find(body)} == before
    assert not delivery.is_test
    if shape == Shape.FULL:
        told = json.loads(body)
        assert told["kind"] == "audit-heads" and told["heads"] == delivery.heads


def test_a_webhook_that_is_off_is_sent_nothing_and_the_page_says_so() -> None:
    webhook = a_webhook()
    HeadSending.objects.create(webhook_of=webhook.console)
    Webhook.objects.update(is_on=False)
    client = Client()
    client.force_login(make_user(Role.ADMIN))

    client.post(reverse("settings_audit_heads_send"))
    page = client.get(reverse("settings_audit_heads")).text

    assert not WebhookDelivery.objects.exists()
    assert "The webhook is off" in page and "no webhook that is on" in page


def test_an_administrator_says_where_to_and_sends_them_now() -> None:
    client = Client()
    client.force_login(make_user(Role.ADMIN))
    url = reverse("settings_audit_heads")

    wrong = client.post(url, {"email": "no address", "webhook": ""})
    assert wrong.status_code == 422 and "no address" in wrong.text
    assert client.post(url, {"email": TO, "webhook": ""}).status_code == 302
    client.post(reverse("settings_audit_heads_send"))
    mail_what_waits()

    assert [one.to for one in outbox.outbox] == [[TO]]
    commit()
    page = client.get(url).text
    assert sending.now()[0].line in page
    changed = AuditEntry.objects.get(action="audit.heads_to")
    assert changed.target == TO and changed.details["before"] == "nobody"


def test_a_message_that_nobody_took_is_on_the_page() -> None:
    job = HeadMail.objects.create(to=TO)
    lease = HeadMail.objects.claim(job.pk)
    assert lease is not None
    sending.give_up(lease, OurFaultError("The mail server does not let us send."))
    client = Client()
    client.force_login(make_user(Role.ADMIN))

    page = client.get(reverse("settings_audit_heads")).text

    assert "The last heads were not mailed" in page and "does not let us send" in page


def test_an_administrator_of_one_console_neither_sees_nor_changes_them() -> None:
    record(1)
    client = Client()
    client.force_login(make_user(Role.ADMIN, console=make_console()))
    url = reverse("settings_audit_heads")

    page = client.get(url)
    assert page.status_code == 200 and "digest=" not in page.text
    assert client.post(url, {"email": TO}).status_code == 403
    assert client.post(reverse("settings_audit_heads_send")).status_code == 403
    assert not HeadSending.objects.exists()


def test_a_damaged_chain_is_named_in_the_message() -> None:
    record(1)
    AuditChain.objects.update(fault="No. 1 is gone.")

    assert "DAMAGED: No. 1 is gone." in the_message()
