"""The outgoing webhook: what a receiver gets, how it can check it, and what becomes of failures."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from dashboard.common import encryption
from dashboard.consoles.models import Console
from dashboard.jobs.messages import Message
from dashboard.notifications import payloads, sending, signing, tasks, webhooks
from dashboard.notifications.models import Notification, SendState, Shape, Webhook, WebhookDelivery
from dashboard.people.models import Role
from dashboard.settings_pages import keys
from tests.cyclr_api.certificates import make_certificate, server_context
from tests.factories import make_console, make_user
from tests.pages import signed_in
from tests.simulated import dispatch_due
from tests.support.waiting import CEILING

pytestmark = pytest.mark.django_db
GUIDE = Path(__file__).resolve().parents[2] / "docs" / "webhooks.md"
OTHER_KEY = "another-credential-key-0123456789abcdef"


class Receiver:
    """A system that is told: keeps every request, and answers what it is bidden."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.status = 200
        self.body = b""
        self.headers: dict[str, str] = {}
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # noqa: N802 - http.server's name
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((self.path, dict(self.headers), body))
                self.send_response(receiver.status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(receiver.body)

            def log_message(self, *args: object) -> None:
                """Nothing: the test says what is wrong."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?team=support"

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    one = Receiver()
    yield one
    one.stop()


@pytest.fixture
def secret() -> list[str]:
    """Where `webhook` puts the secret it was given."""
    return []


@pytest.fixture
def webhook(console: Console, receiver: Receiver, secret: list[str]) -> Webhook:
    hook, made = webhooks.create(console, receiver.url, make_user(Role.ADMIN))
    secret.append(made)
    return hook


def send(webhook: Webhook, after: timedelta = timedelta(0)) -> None:
    """The worker's part, at some time from now."""
    with time_machine.travel(timezone.now() + after, tick=True):
        tasks.deliver(webhook.pk)


def only() -> WebhookDelivery:
    return WebhookDelivery.objects.get()


# ---- what is sent ----


def test_a_receiver_is_told_what_happened_where(
    webhook: Webhook, receiver: Receiver, tell: Callable[..., Notification], settings: Any
) -> None:
    settings.DESK_URL = "https://desk.example"
    notification = tell(details="HubSpot, Xero.")

    send(webhook)

    ((path, headers, body),) = receiver.got
    assert path == "/hook?team=support"
    assert headers["Content-Type"] == "application/json"
    assert json.loads(body) == {
        "id": str(only().reference),
        "kind": "link-connected",
        "at": f"{notification.at:%Y-%m-%dT%H:%M:%S}Z",
        "console": {"id": webhook.console_id, "name": "EU live"},
        "account": {"id": "shop-1042.example", "name": "Harbour Books"},
        "link": {"url": "https://desk.example/links/7/"},
        "words": "Harbour Books: everything is connected",
        "details": "HubSpot, Xero.",
    }
    assert (only().state, only().status) == (SendState.SENT, 200)


def test_a_chat_gets_one_sentence_and_no_field_that_it_does_not_know(
    webhook: Webhook, receiver: Receiver, tell: Callable[..., Notification], settings: Any
) -> None:
    settings.DESK_URL = "https://desk.example"
    webhooks.change(webhook, receiver.url, make_user(Role.ADMIN), Shape.TEXT)
    tell(details="HubSpot,\nXero.")

    send(webhook)
    webhooks.queue_test(webhook, webhook.created_by)
    send(webhook)

    assert [json.loads(body) for _, _, body in receiver.got] == [
        {
            "text": "Harbour Books: everything is connected. HubSpot, Xero."
            " https://desk.example/links/7/"
        },
        {"text": "A test from Cyclr Desk."},
    ]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("<!channel> Ltd", "‹!channel› Ltd"),
        ("@all of us", "@ all of us"),
        ("<https://evil.example|Sign in>", "‹https://evil.example|Sign in›"),
        ("[Sign in](https://evil.example)", "[Sign in] (https://evil.example)"),
        ("jane@customer.example", "jane@customer.example"),
        ("Müller & Söhne", "Müller & Söhne"),
    ],
)
def test_a_name_calls_nobody_and_hides_no_link_in_a_chat(
    name: str,
    shown: str,
    webhook: Webhook,
    receiver: Receiver,
    tell: Callable[..., Notification],
) -> None:
    webhooks.change(webhook, receiver.url, make_user(Role.ADMIN), Shape.TEXT)
    tell(message=f"{name}: all done", details="")

    send(webhook)

    ((_, _, body),) = receiver.got
    assert json.loads(body)["text"].startswith(f"{shown}: all done. ")


def test_the_guide_s_example_knows_our_requests_and_no_others(
    webhook: Webhook, secret: list[str], receiver: Receiver, tell: Callable[..., Notification]
) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.S)
    guide: dict[str, Any] = {}
    exec(example, guide)  # noqa: S102 - it is ours, and what is tried
    is_genuine = guide["is_genuine"]
    tell(message="Müller & Söhne \u202e 🌻")

    send(webhook)

    ((_, headers, body),) = receiver.got
    assert is_genuine(secret[0], headers, body)
    assert not is_genuine(secret[0], headers, body + b" ")
    assert not is_genuine(signing.new_secret(), headers, body)
    moved = headers | {"webhook-timestamp": str(int(time.time()) + 1)}
    assert not is_genuine(secret[0], moved, body)
    with time_machine.travel(time.time() + 301, tick=False):
        assert not is_genuine(secret[0], headers, body)


def test_the_guide_names_every_kind() -> None:
    from dashboard.notifications.kinds import KINDS

    kinds = GUIDE.read_text().partition("## Chats")[0]
    named = set(re.findall(r"^\| `([a-z-]+)` \|", kinds, re.M))

    assert named == {*KINDS, payloads.TEST, payloads.HEADS}


def test_other_consoles_are_not_told_of(
    webhook: Webhook, receiver: Receiver, tell: Callable[..., Notification]
) -> None:
    tell(console=make_console(), account=None)

    send(webhook)

    assert receiver.got == []


def test_a_second_message_sends_nothing_twice(
    webhook: Webhook, receiver: Receiver, tell: Callable[..., Notification]
) -> None:
    tell()
    tell()

    send(webhook)
    send(webhook)

    assert len(receiver.got) == 2
    assert len({headers["X-Cyclr-Desk-Delivery"] for _, headers, _ in receiver.got}) == 2


def test_one_worker_at_a_time(
    webhook: Webhook, receiver: Receiver, tell: Callable[..., Notification]
) -> None:
    tell()
    WebhookDelivery.objects.update(leased_until=timezone.now() + timedelta(seconds=30))

    send(webhook)
    assert receiver.got == []
    send(webhook, after=timedelta(seconds=31))

    assert len(receiver.got) == 1


def test_a_notification_that_is_rolled_back_is_not_sent(
    webhook: Webhook, tell: Callable[..., Notification]
) -> None:
    from django.db import transaction

    with contextlib.suppress(ZeroDivisionError), transaction.atomic():
        tell()
        raise ZeroDivisionError

    assert not WebhookDelivery.objects.exists()


# ---- failures ----


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (500, "It answered 500."),
        (401, "It answered 401."),
        (302, "It answered with a redirect (302), which is not followed."),
    ],
)
def test_what_was_not_taken_is_tried_again_the_same(
    webhook: Webhook, receiver: Receiver, tell: Callable[..., Notification], status: int, words: str
) -> None:
    receiver.status, receiver.headers = status, {"Location": receiver.url}
    tell()

    send(webhook)
    assert (only().state, only().last_error, only().status) == (SendState.WAITING, words, status)
    receiver.status = 204
    send(webhook, after=timedelta(seconds=30))
    assert len(receiver.got) == 1
    send(webhook, after=timedelta(seconds=61))

    (_, first, body), (_, second, again) = receiver.got
    assert body == again
    assert first["webhook-id"] == second["webhook-id"]
    assert first["X-Cyclr-Desk-Signature"] != second["X-Cyclr-Desk-Signature"]
    assert (only().state, only().tries) == (SendState.SENT, 2)


def test_after_a_day_it_is_given_up_and_can_be_sent_again(
    webhook: Webhook, receiver: Receiver, tell: Callable[..., Notification]
) -> None:
    receiver.status = 503
    tell()

    for hours in range(30):
        send(webhook, after=timedelta(hours=hours))
    assert only().state == SendState.FAILED
    assert only().last_error == "It answered 503. It was tried for a day."
    tries = len(receiver.got)
    receiver.status = 200
    assert webhooks.queue_again(only(), only().webhook.created_by)
    send(webhook)

    assert 5 <= tries <= 8
    assert only().state == SendState.SENT


def test_a_failure_gives_the_receiver_a_rest(
    webhook: Webhook, receiver: Receiver, tell: Callable[..., Notification]
) -> None:
    receiver.status = 500
    tell()
    tell()

    send(webhook)
    send(webhook, after=timedelta(seconds=5))
    assert len(receiver.got) == 1
    receiver.status = 200
    send(webhook, after=timedelta(seconds=62))

    states = WebhookDelivery.objects.values_list("state", flat=True)
    assert set(states) == {SendState.SENT}


def test_nobody_there_is_a_failure_in_words(
    webhook: Webhook, receiver: Receiver, tell: Callable[..., Notification]
) -> None:
    receiver.stop()
    tell()

    send(webhook)

    assert only().last_error == "It refused the connection."


@pytest.mark.parametrize("drips", [False, True])
def test_a_receiver_that_hangs_is_left_in_time(
    webhook: Webhook,
    tell: Callable[..., Notification],
    monkeypatch: pytest.MonkeyPatch,
    drips: bool,
) -> None:
    monkeypatch.setattr(sending, "LIMIT", 1.0)
    tell()

    with hanging(drips=drips) as port:
        Webhook.objects.update(url=f"http://127.0.0.1:{port}/")
        began = time.monotonic()
        send(webhook)

    assert time.monotonic() - began < CEILING
    assert only().last_error == "It did not answer within 1 seconds."


@contextlib.contextmanager
def hanging(*, drips: bool) -> Iterator[int]:
    """A server that takes a request and never finishes its answer."""
    server = socket.create_server(("127.0.0.1", 0))
    is_over = threading.Event()

    def serve() -> None:
        with contextlib.suppress(OSError):
            held, _ = server.accept()
            with held:
                for letter in b"HTTP/1.1 200 OK\r\n" + b"X-Slow: 1\r\n" * 100:
                    if is_over.wait(0.2):
                        return
                    if drips:
                        held.sendall(bytes([letter]))

    threading.Thread(target=serve, daemon=True).start()
    yield server.getsockname()[1]
    is_over.set()
    server.close()


@pytest.mark.parametrize("answer", [b"", b"\x00\xff\r\n\r\n", b"HTTP/1.1 99999999 x\r\n\r\n"])
def test_rubbish_for_an_answer_is_a_failure(
    webhook: Webhook, tell: Callable[..., Notification], answer: bytes
) -> None:
    server = socket.create_server(("127.0.0.1", 0))
    tell()

    def serve() -> None:
        held, _ = server.accept()
        with held:
            held.recv(65536)
            held.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    Webhook.objects.update(url=f"http://127.0.0.1:{server.getsockname()[1]}/")
    send(webhook)
    server.close()

    assert only().state == SendState.WAITING
    assert only().last_error in {"The connection broke.", "It answered something that is not HTTP."}


def test_a_certificate_that_nobody_vouches_for_is_refused(
    webhook: Webhook, receiver: Receiver, tell: Callable[..., Notification], tmp_path: Path
) -> None:
    context = server_context(make_certificate(tmp_path / "both.pem"))
    receiver.server.socket = context.wrap_socket(receiver.server.socket, server_side=True)
    webhooks.change(webhook, receiver.url.replace("http:", "https:"), make_user(Role.ADMIN))
    tell()

    send(webhook)

    assert only().last_error == "Its TLS certificate is not trusted."
    assert receiver.got == []


@pytest.mark.parametrize(
    ("host", "error"), [("localhost", ""), ("127.0.0.1", "Its TLS certificate is not trusted.")]
)
def test_a_certificate_must_be_for_the_host_that_was_meant(
    webhook: Webhook,
    receiver: Receiver,
    tell: Callable[..., Notification],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    host: str,
    error: str,
) -> None:
    pem = make_certificate(tmp_path / "both.pem", host="localhost")
    receiver.server.socket = server_context(pem).wrap_socket(
        receiver.server.socket, server_side=True
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    Webhook.objects.update(url=f"https://{host}:{receiver.server.server_port}/")
    tell()

    send(webhook)

    assert only().last_error == error


# ---- switching, secrets ----


def test_while_it_is_off_nothing_is_sent_nor_kept(
    webhook: Webhook, receiver: Receiver, tell: Callable[..., Notification]
) -> None:
    admin = make_user(Role.ADMIN)
    tell(message="before")
    webhooks.switch(webhook, admin, is_on=False)
    tell(message="meanwhile")
    send(webhook)
    assert receiver.got == []

    webhooks.switch(webhook, admin, is_on=True)
    send(webhook)

    assert [json.loads(body)["words"] for _, _, body in receiver.got] == ["before"]


def test_what_waits_for_longer_than_a_day_ends_in_words(
    webhook: Webhook, tell: Callable[..., Notification]
) -> None:
    tell()
    webhooks.switch(webhook, make_user(Role.ADMIN), is_on=False)

    tasks.deliver(webhook.pk)
    assert only().state == SendState.WAITING
    with time_machine.travel(timezone.now() + timedelta(hours=26), tick=False):
        tasks.deliver(webhook.pk)

    assert (only().state, only().last_error) == (
        SendState.FAILED,
        "It could not be sent for a day.",
    )


def genuine(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """What a library for Standard Webhooks does, written from its specification alone."""
    key = base64.b64decode(secret.split("_", 1)[1], validate=True)
    assert 24 <= len(key) <= 64
    assert abs(time.time() - int(headers["webhook-timestamp"])) < 300
    assert "." not in headers["webhook-id"]
    parts = [headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body]
    ours = base64.b64encode(hmac.digest(key, b".".join(parts), "sha256")).decode()
    versions = [one.split(",") for one in headers["webhook-signature"].split(" ")]
    return any(version == "v1" and theirs == ours for version, theirs in versions)


def test_it_is_signed_by_standard_webhooks_and_as_before(
    webhook: Webhook, secret: list[str], receiver: Receiver, tell: Callable[..., Notification]
) -> None:
    tell()

    send(webhook)

    ((_, headers, body),) = receiver.got
    assert secret[0].startswith("whsec_")
    assert genuine(secret[0], headers, body)
    assert not genuine(signing.new_secret(), headers, body)
    assert not genuine(secret[0], headers, body + b" ")
    assert headers["webhook-id"] == str(only().reference)
    before = hmac.new(
        secret[0].encode(), f"{headers['webhook-timestamp']}.".encode() + body, hashlib.sha256
    )
    assert headers["X-Cyclr-Desk-Signature"] == f"v1={before.hexdigest()}"


def test_the_example_of_the_specification_has_its_signature() -> None:
    signature = signing.standard_signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )

    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_for_a_day_two_secrets_sign_what_is_sent(
    webhook: Webhook, secret: list[str], receiver: Receiver, tell: Callable[..., Notification]
) -> None:
    tell()
    new = webhooks.rotate(webhook, make_user(Role.ADMIN))
    send(webhook)
    ((_, headers, body),) = receiver.got

    assert new != secret[0]
    assert genuine(new, headers, body)
    assert genuine(secret[0], headers, body)
    assert len(headers["webhook-signature"].split()) == 2
    timestamp = int(headers["X-Cyclr-Desk-Timestamp"])
    assert headers["X-Cyclr-Desk-Signature"] == f"v1={signing.signature(new, timestamp, body)}"

    with time_machine.travel(timezone.now() + timedelta(hours=25), tick=True):
        tell()
        tasks.forget_former_secrets()
        tasks.deliver(webhook.pk)
        _, headers, body = receiver.got[-1]
        assert genuine(new, headers, body)
        assert not genuine(secret[0], headers, body)
    assert Webhook.objects.get().encrypted_previous_secret == ""


def test_a_former_secret_can_be_ended_at_once(
    webhook: Webhook, secret: list[str], receiver: Receiver, tell: Callable[..., Notification]
) -> None:
    admin = signed_in(make_user(Role.ADMIN))
    page = admin.post(f"/settings/webhook/{webhook.console_id}/secret/").content.decode()
    assert "Two secrets sign every request" in page

    answer = admin.post(f"/settings/webhook/{webhook.console_id}/secret/end/", follow=True)

    assert "Two secrets sign every request" not in answer.content.decode()
    tell()
    send(webhook)
    ((_, headers, body),) = receiver.got
    assert not genuine(secret[0], headers, body)
    assert not webhooks.end_previous_secret(webhook, make_user(Role.ADMIN))


def test_a_secret_of_before_signs_with_its_own_letters(
    webhook: Webhook, receiver: Receiver, tell: Callable[..., Notification]
) -> None:
    webhooks._encrypt(webhook, "cdwh_an-old-secret")
    tell()

    send(webhook)

    ((_, headers, body),) = receiver.got
    message = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    ours = base64.b64encode(hmac.digest(b"cdwh_an-old-secret", message, "sha256")).decode()
    assert headers["webhook-signature"] == f"v1,{ours}"


def test_a_receiver_that_is_gone_is_left_alone(
    webhook: Webhook, receiver: Receiver, tell: Callable[..., Notification]
) -> None:
    tell()
    tell()
    receiver.status = 410

    send(webhook)
    send(webhook, after=timedelta(minutes=10))

    assert len(receiver.got) == 1
    webhook.refresh_from_db()
    assert (webhook.is_on, webhook.off_because) == (False, webhooks.WANTS_NO_MORE)
    states = list(WebhookDelivery.objects.order_by("pk").values_list("state", "status"))
    assert states == [(SendState.FAILED, 410), (SendState.WAITING, None)]
    page = signed_in(make_user(Role.ADMIN)).get(f"/settings/webhook/{webhook.console_id}/")
    assert "The receiver answered 410" in page.content.decode()
    receiver.status = 200
    webhooks.switch(webhook, make_user(Role.ADMIN), is_on=True)
    send(webhook)
    assert (len(receiver.got), Webhook.objects.get().off_because) == (2, "")


def test_a_former_receiver_that_is_gone_does_not_stop_the_new_one(
    webhook: Webhook,
    receiver: Receiver,
    tell: Callable[..., Notification],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tell()
    receiver.status = 410
    post = sending.post

    def change_meanwhile(*args: Any) -> Any:
        answer = post(*args)
        webhooks.change(webhook, receiver.url.replace("support", "new"), make_user(Role.ADMIN))
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(sending, "post", change_meanwhile)
        send(webhook)
    receiver.status = 200
    send(webhook, after=timedelta(minutes=10))

    assert Webhook.objects.get().is_on
    assert only().state == SendState.SENT
    assert "team=new" in receiver.got[-1][0]


def test_pressed_twice_the_secret_that_receivers_have_signs_for_a_day(
    webhook: Webhook, secret: list[str], receiver: Receiver, tell: Callable[..., Notification]
) -> None:
    admin = make_user(Role.ADMIN)
    other = Webhook.objects.get()
    lost = webhooks.rotate(webhook, admin)
    new = webhooks.rotate(other, admin)
    tell()
    send(webhook)
    ((_, headers, body),) = receiver.got

    assert genuine(new, headers, body)
    assert genuine(secret[0], headers, body)
    assert not genuine(lost, headers, body)

    with time_machine.travel(timezone.now() + timedelta(hours=1), tick=True):
        newer = webhooks.rotate(Webhook.objects.get(), admin)
        tell()
        tasks.deliver(webhook.pk)
        _, headers, body = receiver.got[-1]
        assert genuine(newer, headers, body)
        assert genuine(new, headers, body)


def test_a_test_that_is_answered_410_switches_nothing_off(
    webhook: Webhook, receiver: Receiver
) -> None:
    receiver.status = 410
    webhooks.queue_test(webhook, webhook.created_by)

    send(webhook)

    assert Webhook.objects.get().is_on
    assert only().state == SendState.FAILED


def test_an_answer_that_repeats_signatures_shows_none_of_them(
    webhook: Webhook, secret: list[str], receiver: Receiver, tell: Callable[..., Notification]
) -> None:
    tell()
    new = webhooks.rotate(webhook, make_user(Role.ADMIN))
    delivery = WebhookDelivery.objects.select_related("webhook").get()
    headers = signing.headers_for(delivery, b"{}", int(time.time()))
    said = f"bad {headers['webhook-signature']} {secret[0]} {new.removeprefix('whsec_')}"

    shown = webhooks.display_answer(said, delivery.webhook, headers)

    for one in (secret[0], new, *headers["webhook-signature"].split()):
        assert one.removeprefix("whsec_").removeprefix("v1,") not in shown


def test_the_secret_is_nowhere_in_the_database(webhook: Webhook, secret: list[str]) -> None:
    row = repr(Webhook.objects.values().get())

    assert secret[0] not in row
    assert (
        encryption.decrypt(webhook.encrypted_secret, associated_data=webhook.associated_data)
        == secret[0]
    )


def test_the_secret_is_re_encrypted_with_a_new_key(
    webhook: Webhook, secret: list[str], settings: Any
) -> None:
    old = settings.CREDENTIAL_KEYS
    settings.CREDENTIAL_KEYS = [OTHER_KEY]
    assert [needed.entries for needed in keys.dropped_keys()] == [2]

    settings.CREDENTIAL_KEYS = [OTHER_KEY, *old]
    keys.rotate_keys()
    settings.CREDENTIAL_KEYS = [OTHER_KEY]

    webhook.refresh_from_db()
    assert (
        encryption.decrypt(webhook.encrypted_secret, associated_data=webhook.associated_data)
        == secret[0]
    )
    assert keys.dropped_keys() == []


def test_a_secret_that_cannot_be_opened_fails_in_words(
    webhook: Webhook, tell: Callable[..., Notification], settings: Any
) -> None:
    settings.CREDENTIAL_KEYS = [OTHER_KEY]
    tell()

    send(webhook)

    assert only().state == SendState.FAILED
    assert "make a new secret" in only().last_error


def test_the_dispatcher_sends_what_was_lost_and_no_pile(
    webhook: Webhook, tell: Callable[..., Notification], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []

    def send(_message: Message, pk: int) -> bool:
        sent.append(pk)
        return True

    monkeypatch.setattr(Message, "send", send)
    tell()
    tell()

    dispatch_due(WebhookDelivery)
    dispatch_due(WebhookDelivery)

    assert sent == [webhook.pk]


def test_old_notifications_and_their_deliveries_are_forgotten(
    webhook: Webhook, tell: Callable[..., Notification]
) -> None:
    tell()
    webhooks.queue_test(webhook, webhook.created_by)
    old = timezone.now() - timedelta(days=91)
    Notification.objects.update(at=old)
    WebhookDelivery.objects.update(created_at=old)
    kept = tell()

    tasks.forget_old()

    assert list(Notification.objects.all()) == [kept]
    assert only().notification == kept


# ---- what a receiver says ----


@pytest.mark.parametrize(
    ("status", "body", "shown"),
    [
        (400, b"no_text", "no_text"),
        (200, b"ok", "ok"),
        (
            403,
            b"<html><title>403</title><script>x()</script><p>Not &amp; here</p>",
            "403 Not & here",
        ),
        (500, b"a\r\nb\x00\xff", "a b\ufffd\ufffd"),
        (400, b"x" * 5000, f"{'x' * 299}…"),
        (400, b"", ""),
    ],
)
def test_what_a_receiver_says_is_kept_and_shown_as_text(
    webhook: Webhook, receiver: Receiver, status: int, body: bytes, shown: str
) -> None:
    receiver.status, receiver.body = status, body
    webhooks.queue_test(webhook, webhook.created_by)

    tasks.deliver(webhook.pk)

    assert only().said.replace("U+0000", "\ufffd") == shown
    page = signed_in(webhook.created_by).get(f"/settings/webhook/{webhook.console_id}/").text
    assert ("It said:" in page) is bool(shown)
    assert "x()" not in page


def test_a_receiver_that_repeats_secrets_shows_none(
    webhook: Webhook, receiver: Receiver, secret: list[str]
) -> None:
    url = receiver.url.replace(
        "/hook?team=support", "/T000/B0%2B0SECRET99?sig=6V3RlN2XfbiX3o_c6uMM"
    )
    Webhook.objects.update(url=url)
    webhooks.queue_test(webhook, webhook.created_by)
    receiver.status = 400
    receiver.body = f"bad {url} {secret[0]} {secret[0].upper()} B0+0SECRET99".encode()

    tasks.deliver(webhook.pk)

    said = only().said
    assert said.startswith("bad http://127.0.0.1")
    for hidden in (secret[0], secret[0].upper(), "SECRET99", "6V3RlN2XfbiX3o_c6uMM"):
        assert hidden not in said


def test_a_receiver_that_drips_its_answer_has_taken_it(
    webhook: Webhook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "READS_FOR", 0.0)
    receiver.body = b"slow"
    webhooks.queue_test(webhook, webhook.created_by)

    tasks.deliver(webhook.pk)

    assert (only().state, only().said) == (SendState.SENT, "")
