"""Calling a method: by name, once, by who may; the answer as the third party gave it."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cyclr_api import RawAnswer
from cyclr_api.simulator import CyclrState
from dashboard.audit.models import AuditEntry
from dashboard.connectors.models import ConnectionTestMethod
from dashboard.consoles import pacing
from dashboard.jobs.registry import worker_of
from dashboard.methods import answers, calling, keeping, tasks
from dashboard.methods.forms import CallForm
from dashboard.methods.inputs import CallInput
from dashboard.methods.models import Method, MethodCall
from dashboard.mirror.models import Account, AccountConnector, CatalogueConnector
from dashboard.people.models import Membership, Role
from tests.factories import make_user
from tests.methods.conftest import (
    EVERY_TYPE,
    Wire,
    call_of,
    calls_at_third_party,
    hidden,
    install,
    method,
    say,
    send,
    url_of,
    work,
)
from tests.pages import part, signed_in, text_of

CALL = ("POST", "/account/connectors/{id}/methods/{method}")


def answer(
    cyclr: CyclrState,
    agent: Client,
    connector: AccountConnector,
    body: bytes | str,
    status: int = 200,
) -> str:
    """Have the third party answer these bytes to List Subscribers; the page of the answer."""
    cyclr.faults.respond(*CALL, status=status, body=body, after_effect=True)
    send(agent, connector, "List Subscribers")
    work()
    return text_of(agent.get(call_of().get_absolute_url()))


def test_an_agent_calls_a_reading_method_and_sees_the_answer(
    cyclr: CyclrState, mailchimp: AccountConnector, agent: Client
) -> None:
    say(cyclr, mailchimp, {"subscribers": [{"email": "robin@customer.example"}]})

    sent = send(agent, mailchimp, "List Subscribers", Limit="25")
    call = call_of()
    assert sent["Location"] == call.get_absolute_url()
    waiting = agent.get(call.get_absolute_url())
    assert "poll-1s from:body" in text_of(waiting)
    work()
    found = text_of(part(agent, call.get_absolute_url(), seen=waiting.context["version"]))

    assert "subscribers" in found and "robin@customer.example" in found
    assert "poll-1s from" not in found and "25" in found
    call.refresh_from_db()
    assert (call.outcome, call.status) == ("answered", 200)
    assert json.loads(answers.body_of(call) or b"")["subscribers"][0]["email"].startswith("robin")


def test_a_writing_method_needs_a_lead_who_types_its_name(
    cyclr: CyclrState, mailchimp: AccountConnector, agent: Client, lead: Client
) -> None:
    url = url_of(mailchimp, "Delete Subscriber")
    assert "A Lead calls this method" in text_of(agent.get(url))
    assert agent.post(url, {"submission": str(uuid.uuid4())}).status_code == 403

    values = {"Subscriber_ID": "77"}
    assert send(lead, mailchimp, "Delete Subscriber", **values).status_code == 422
    assert send(lead, mailchimp, "Delete Subscriber", **values, confirm="Yes").status_code == 422
    assert not MethodCall.objects.exists()
    answer = send(lead, mailchimp, "Delete Subscriber", **values, confirm="delete subscriber")
    work()

    assert answer.status_code == 302 and call_of().outcome == "answered"
    assert [effect.ids["method"] for effect in calls_at_third_party(cyclr)] == ["Delete Subscriber"]
    entry = AuditEntry.objects.get(action="methods.call")
    assert entry.target.startswith("Delete Subscriber") and entry.details["writes"] is True


def test_errors_of_a_form_stand_in_the_order_of_the_page(
    mailchimp: AccountConnector, lead: Client
) -> None:
    refused = send(lead, mailchimp, "Delete Subscriber")

    assert list(refused.context["form"].errors) == ["value-0", "confirm"]


def test_the_same_form_twice_is_one_call(
    cyclr: CyclrState, mailchimp: AccountConnector, lead: Client
) -> None:
    url = url_of(mailchimp, "Delete Subscriber")
    data = hidden(text_of(lead.get(url))) | {"value-0": "77", "confirm": "Delete Subscriber"}

    first, second = lead.post(url, data), lead.post(url, data)
    other = lead.post(url, data | {"value-0": "78"})
    work()
    work()

    assert first["Location"] == second["Location"] and other.status_code == 409
    assert len(calls_at_third_party(cyclr)) == 1


def test_a_lost_answer_to_a_writing_call_is_unknown_and_never_sent_again(
    cyclr: CyclrState, mailchimp: AccountConnector, lead: Client
) -> None:
    cyclr.faults.drop_after_effect(*CALL)

    send(lead, mailchimp, "Delete Subscriber", Subscriber_ID="77", confirm="Delete Subscriber")
    for minutes in (0, 1, 3, 10):
        with time_machine.travel(timezone.now() + timedelta(minutes=minutes)):
            work()

    assert len(calls_at_third_party(cyclr)) == 1
    assert call_of().outcome == "unknown"
    assert "Look at the third party" in text_of(lead.get(call_of().get_absolute_url()))


def test_a_worker_that_died_after_sending_leaves_it_unknown(
    cyclr: CyclrState, mailchimp: AccountConnector, lead: Client
) -> None:
    send(lead, mailchimp, "Delete Subscriber", Subscriber_ID="77", confirm="Delete Subscriber")
    lost = MethodCall.objects.claim(call_of().pk)
    assert lost is not None
    lost.write(sent_at=timezone.now())  # and then it was killed

    with time_machine.travel(timezone.now() + timedelta(seconds=75)):
        work()

    assert call_of().outcome == "unknown" and calls_at_third_party(cyclr) == []


def test_a_writing_call_that_was_put_off_is_sent_once_later(
    cyclr: CyclrState, mailchimp: AccountConnector, lead: Client
) -> None:
    cyclr.faults.rate_limit(*CALL, retry_after="2", times=1)

    send(lead, mailchimp, "Delete Subscriber", Subscriber_ID="77", confirm="Delete Subscriber")
    work()
    assert not call_of().is_finished and call_of().sent_at is None
    pacing.forget_holds()
    with time_machine.travel(timezone.now() + timedelta(seconds=30)):
        work()

    assert call_of().outcome == "answered" and len(calls_at_third_party(cyclr)) == 1


def test_values_are_sent_under_the_numeric_ids_by_the_unique_id(
    wire: Wire, mailchimp: AccountConnector, agent: Client
) -> None:
    send(agent, mailchimp, "List Subscribers", Limit="25")
    work()

    one = method(mailchimp, "List Subscribers")
    limit = next(kept for kept in one.inputs if kept["target"] == "limit")
    assert wire.path.endswith(f"/methods/{one.unique_id}")
    assert json.loads(wire.body) == {"Parameters": {str(limit["id"]): "25"}}


def test_an_own_body_goes_as_it_is(wire: Wire, mailchimp: AccountConnector, agent: Client) -> None:
    url = url_of(mailchimp, "List Subscribers")
    page = text_of(agent.get(url, {"mode": "body"}))
    assert agent.post(url, hidden(page) | {"body": '{"a": }'}).status_code == 422

    agent.post(url, hidden(page) | {"body": '{"a": [1]}'})
    work()

    assert wire.path.endswith("/body") and json.loads(wire.body) == '{"a": [1]}'
    assert call_of().outcome == "answered"


@pytest.mark.parametrize(
    ("label", "value"),
    [("Limit", "many"), ("Limit", "1e999"), ("Updated_Since", "yesterday"), ("Limit", "1_000")],
)
def test_a_value_of_the_wrong_type_is_refused_in_the_form(
    mailchimp: AccountConnector, agent: Client, label: str, value: str
) -> None:
    assert send(agent, mailchimp, "List Subscribers", **{label: value}).status_code == 422
    assert not MethodCall.objects.exists()


ODD = {
    "markup": b'{"a": "<script>alert(1)</script><img src=x onerror=alert(1)>"}',
    "nan": b'{"a": NaN, "b": -Infinity}',
    "twice": b'{"a": 1, "a": 2}',
    "bom": b'\xef\xbb\xbf{"a": 1}',
    "surrogate": b'{"a": "\\ud800", "\\udfff": 1}',
    "long integer": b'{"a": 1234567890123456789012345}',
    "no utf-8": b'{"a": "\xff\xfe\x00"}',
    "long text": b'{"a": "' + b"x" * 2_000_000 + b'"}',
    "deep": b'{"a":[' * 250 + b"1" + b"]}" * 250,
    "very deep": b"[" * 50_000 + b"]" * 50_000,
    "html": b"<!doctype html><script>alert(1)</script>",
    "empty": b"",
    "nul": b'"\x00"',
    "rows": json.dumps([{"id": n} for n in range(20_000)]).encode(),
}


@pytest.mark.parametrize("name", ODD)
def test_every_answer_is_shown_safely_and_kept_unchanged(
    cyclr: CyclrState, mailchimp: AccountConnector, agent: Client, name: str
) -> None:
    page = answer(cyclr, agent, mailchimp, ODD[name])
    call = call_of()
    download = agent.get(reverse("method_call_download", args=[mailchimp.pk, call.pk]))

    assert call.outcome == "answered", call.last_error
    assert "<script>alert" not in page and "<img src=x" not in page
    assert len(page) < 400_000
    assert download.content == ODD[name]
    assert download["X-Content-Type-Options"] == "nosniff"
    assert download["Content-Disposition"].startswith("attachment")


def test_an_integer_of_25_digits_stands_in_tree_and_raw_answer(
    cyclr: CyclrState, mailchimp: AccountConnector, agent: Client
) -> None:
    assert (
        answer(cyclr, agent, mailchimp, ODD["long integer"]).count("1234567890123456789012345") >= 2
    )


def test_the_tree_is_fetched_part_by_part_and_searched(
    cyclr: CyclrState, mailchimp: AccountConnector, agent: Client
) -> None:
    rows = [{"id": n, "who": {"email": f"p{n}@x.example"}} for n in range(150)]
    page = answer(cyclr, agent, mailchimp, json.dumps({"rows": rows}))
    url = reverse("method_call_tree", args=[mailchimp.pk, call_of().pk])
    assert "p3@x.example" in page  # as it came

    first = text_of(agent.get(url, {"at": "0"}))
    more = text_of(agent.get(url, {"at": "0", "first": "100"}))
    leaf = text_of(agent.get(url, {"at": "0.149.1"}))
    found = text_of(agent.get(url, {"q": "P149@X"}))

    table = text_of(agent.get(url, {"at": "0", "table": "1"}))
    whole = text_of(agent.get(call_of().get_absolute_url(), {"at": "0", "table": "1"}))
    assert "<table" in whole and "As a table" in first and "<table" in table and "{…}" in table
    assert "Show more after 100" in first and "[99]" in first and "[100]" not in first
    assert "[149]" in more and "p149@x.example" in leaf
    assert "$.rows[149].who.email" in found and "1 place" in found
    assert agent.get(url, {"at": "9.9"}).status_code == 404
    assert "$.rows[149]" in text_of(agent.get(call_of().get_absolute_url(), {"at": "0.149"}))


def test_two_hundred_parameters_with_names_of_any_script_arrive_each_under_its_id(
    wire: Wire, mailchimp: AccountConnector, agent: Client
) -> None:
    one = method(mailchimp, "List Subscribers")
    kept = one.inputs[0] | {"data_type": "Text", "is_required": False}
    one.inputs = [
        kept | {"id": 5000 + n, "name": f"Größe {n} 尺寸", "target": f"p{n}"} for n in range(200)
    ]
    one.save()
    url = url_of(mailchimp, "List Subscribers")
    page = text_of(agent.get(url))

    agent.post(url, hidden(page) | {f"value-{n}": f"зн {n}" for n in range(200)})
    work()

    assert page.count("尺寸") >= 200
    assert json.loads(wire.body)["Parameters"] == {str(5000 + n): f"зн {n}" for n in range(200)}


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(400, "refused"), (401, "refused"), (403, "refused"), (404, "refused"), (409, "refused")],
)
def test_a_refusal_shows_the_third_partys_own_answer(
    cyclr: CyclrState, mailchimp: AccountConnector, agent: Client, status: int, outcome: str
) -> None:
    page = answer(cyclr, agent, mailchimp, '{"error": "Not like this"}', status)

    assert call_of().outcome == outcome and call_of().status == status
    assert "Not like this" in page


def test_an_error_of_the_third_party_to_a_writing_call_is_unknown_with_its_answer(
    cyclr: CyclrState, mailchimp: AccountConnector, lead: Client
) -> None:
    cyclr.faults.respond(*CALL, status=502, body="Bad <b>Gateway</b>", after_effect=True)

    send(lead, mailchimp, "Delete Subscriber", Subscriber_ID="77", confirm="Delete Subscriber")
    work()

    page = text_of(lead.get(call_of().get_absolute_url()))
    assert call_of().outcome == "unknown" and "Bad &lt;b&gt;Gateway" in page
    assert len(calls_at_third_party(cyclr)) == 1


PAGE = "<!DOCTYPE html><title>Sign in</title>"


def test_a_web_page_for_an_answer_leaves_the_outcome_of_a_writing_call_open(
    cyclr: CyclrState, mailchimp: AccountConnector, lead: Client
) -> None:
    cyclr.faults.respond(
        *CALL, status=200, body=PAGE, headers={"Content-Type": "text/html; charset=utf-8"}
    )

    send(lead, mailchimp, "Delete Subscriber", Subscriber_ID="77", confirm="Delete Subscriber")
    work()

    page = text_of(lead.get(call_of().get_absolute_url()))
    assert (call_of().outcome, call_of().status) == ("unknown", 200)
    assert "a web page came back" in page and "Outcome unknown" in page
    assert "&lt;title&gt;Sign in" in page
    mailchimp.refresh_from_db()
    assert mailchimp.proven_at is None


def test_a_web_page_for_an_answer_proves_nothing(
    cyclr: CyclrState, mailchimp: AccountConnector, agent: Client
) -> None:
    cyclr.faults.respond(*CALL, status=200, body=PAGE, headers={"Content-Type": "text/html"})

    send(agent, mailchimp, "List Subscribers")
    work()

    assert call_of().outcome == "answered"
    assert "does not prove that the connector works" in text_of(
        agent.get(call_of().get_absolute_url())
    )
    mailchimp.refresh_from_db()
    assert mailchimp.proven_at is None


@pytest.mark.parametrize(
    ("content_type", "body", "is_page"),
    [
        ("text/html", b"<p>Hello</p>", True),
        ("Text/HTML; charset=utf-8", b"OK", True),
        ("application/xhtml+xml", b"<html/>", True),
        ("", b"\xef\xbb\xbf \n<!doctype HTML><p>", True),
        ("", b"<html lang=en>", True),
        ("text/html", b'{"id": 1}', False),
        ("application/json", b"<!doctype html>", False),
        ("text/plain", b"OK", False),
        ("application/xml", b"<html/>", False),
        ("", b"<htmlish/>", False),
        ("", b"OK", False),
        ("", b"", False),
        ("text/html", b"", False),
        ("text/html; charset=utf-8", b" \r\n", False),
    ],
)
def test_what_a_web_page_is(content_type: str, body: bytes, is_page: bool) -> None:
    assert answers.is_web_page(RawAnswer(200, body, content_type)) is is_page


def test_an_answered_call_proves_that_the_connector_works(
    cyclr: CyclrState, mailchimp: AccountConnector, agent: Client
) -> None:
    AccountConnector.objects.update(
        test_failed_at=timezone.now(), test_failure="Refused.", why_broken="consent"
    )

    answer(cyclr, agent, mailchimp, b"[]")

    mailchimp.refresh_from_db()
    assert mailchimp.proven_at == call_of().sent_at
    assert (mailchimp.proven_by, mailchimp.why_broken) == ("List Subscribers", "")
    assert mailchimp.state == "Authenticated"


@pytest.mark.parametrize(
    ("status", "body", "state", "why"),
    [
        (401, '{"Message": "The access token was revoked"}', "Not working", "consent"),
        (403, '{"Message": "The API key has expired"}', "Not working", "credentials"),
        (403, '{"Message": "Missing scope"}', "Authenticated", ""),
        (403, '{"Message": "You cannot change the password of others"}', "Authenticated", ""),
        (403, '{"Message": "An admin must consent to this first"}', "Authenticated", ""),
        (403, '{"Message": "Your plan has no lists"}', "Authenticated", ""),
        (403, "Forbidden", "Authenticated", ""),
        (403, '{"Message": "Your IP address is blocked"}', "Authenticated", "address"),
        (400, '{"Message": "The password is too short"}', "Authenticated", ""),
        (404, "{}", "Authenticated", ""),
        (500, "{}", "Authenticated", ""),
    ],
)
def test_only_what_is_about_the_credentials_speaks_against_the_connector(
    status: int,
    body: str,
    state: str,
    why: str,
    cyclr: CyclrState,
    mailchimp: AccountConnector,
    agent: Client,
) -> None:
    answer(cyclr, agent, mailchimp, body, status)

    mailchimp.refresh_from_db()
    assert (mailchimp.state, mailchimp.why_broken) == (state, why)
    assert mailchimp.proven_at is None
    if state == "Not working":
        assert f"“List Subscribers” was {'refused' if status == 401 else 'forbidden'}" in (
            mailchimp.test_failure
        )


def test_a_forbidden_call_says_that_it_is_about_one_method(
    cyclr: CyclrState, mailchimp: AccountConnector, agent: Client
) -> None:
    page = answer(cyclr, agent, mailchimp, '{"Message": "Missing scope"}', 403)

    assert "permission for this one method" in page and "Missing scope" in page


@pytest.mark.parametrize("by_unique_id", [True, False])
def test_a_forbidden_call_of_the_test_method_speaks_against_the_connector(
    by_unique_id: bool, cyclr: CyclrState, mailchimp: AccountConnector, agent: Client
) -> None:
    called = method(mailchimp, "List Subscribers")
    assert called.unique_id
    if not by_unique_id:
        Method.objects.filter(pk=called.pk).update(unique_id="")
    ConnectionTestMethod.objects.create(
        console=mailchimp.account.console,
        connector_name=mailchimp.connector_name,
        connector_version=mailchimp.connector_version,
        method_id=called.method_id,
        unique_id=called.unique_id.upper() if by_unique_id else "",
        method_name=called.name,
    )

    page = answer(cyclr, agent, mailchimp, '{"Message": "Missing scope"}', 403)

    mailchimp.refresh_from_db()
    assert (mailchimp.state, mailchimp.why_broken) == ("Not working", "permission")
    assert "tested by it, so it counts as not working now" in page


def test_silence_to_a_reading_call_ends_in_words(
    cyclr: CyclrState, mailchimp: AccountConnector, agent: Client
) -> None:
    cyclr.faults.drop_before_effect(*CALL, times=20)

    send(agent, mailchimp, "List Subscribers")
    for minutes in (0, 1, 3):
        with time_machine.travel(timezone.now() + timedelta(minutes=minutes)):
            work()

    assert call_of().outcome == "not-sent"
    assert call_of().last_error


def test_a_role_taken_away_meanwhile_stops_the_call(
    cyclr: CyclrState, mailchimp: AccountConnector
) -> None:
    user = make_user(Role.LEAD)
    browser = signed_in(user)
    send(browser, mailchimp, "Delete Subscriber", Subscriber_ID="77", confirm="Delete Subscriber")
    Membership.objects.filter(user=user).update(role=Role.AGENT)

    work()

    assert call_of().outcome == "not-sent" and calls_at_third_party(cyclr) == []


def test_who_reads_an_answer_is_recorded_once_an_hour(
    cyclr: CyclrState, mailchimp: AccountConnector, agent: Client
) -> None:
    answer(cyclr, agent, mailchimp, b"[1]")
    agent.get(call_of().get_absolute_url())
    colleague = signed_in(make_user(Role.AGENT))
    colleague.get(reverse("method_call_tree", args=[mailchimp.pk, call_of().pk]))

    readers = AuditEntry.objects.filter(action="methods.read_answer")
    assert readers.count() == 2
    colleague.get(reverse("method_call_download", args=[mailchimp.pk, call_of().pk]))
    assert AuditEntry.objects.filter(action="methods.download_answer").count() == 1


def test_a_viewer_sees_no_answer(
    cyclr: CyclrState, mailchimp: AccountConnector, agent: Client
) -> None:
    answer(cyclr, agent, mailchimp, b'["a private thing"]')
    viewer = signed_in(make_user(Role.VIEWER))

    assert viewer.get(call_of().get_absolute_url()).status_code == 403
    page = text_of(viewer.get(reverse("method_list", args=[mailchimp.pk])))
    assert "List Subscribers" in page and call_of().get_absolute_url() not in page


def test_a_day_later_input_and_answer_are_gone_and_the_page_says_so(
    cyclr: CyclrState, mailchimp: AccountConnector, agent: Client
) -> None:
    answer(cyclr, agent, mailchimp, b'["kept for a day"]')
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        tasks.forget()

    call = call_of()
    assert (call.encrypted_input, call.encrypted_answer) == ("", "")
    assert "no longer kept" in text_of(agent.get(call.get_absolute_url()))
    with time_machine.travel(timezone.now() + timedelta(days=31)):
        tasks.forget()
    assert not MethodCall.objects.exists()


def test_what_is_kept_is_not_readable_in_the_database(
    cyclr: CyclrState, mailchimp: AccountConnector, agent: Client
) -> None:
    answer(cyclr, agent, mailchimp, b'["a private thing"]')

    row = MethodCall.objects.values().get()
    assert "private" not in str(row)
    assert keeping.given_of(call_of()) == ([], 0)


def test_a_secret_is_never_shown_again(
    wire: Wire, mailchimp: AccountConnector, agent: Client
) -> None:
    one = method(mailchimp, "List Subscribers")
    one.inputs[0] |= {"is_sensitive": True, "data_type": "Text"}
    one.save()

    wrong = send(agent, mailchimp, "List Subscribers", **{"value-0": "canary-1", "value-1": "x"})
    send(agent, mailchimp, "List Subscribers", **{"value-0": "canary-1"})
    work()

    pages = [text_of(wrong), text_of(agent.get(call_of().get_absolute_url()))]
    assert wrong.status_code == 422
    assert not any("canary-1" in page for page in pages)
    assert b"canary-1" in wire.body


@pytest.fixture
def every_type(cyclr: CyclrState, harbour: Account) -> AccountConnector:
    """A connector with a method that takes a value of every type, within an array."""
    return install(cyclr, harbour, EVERY_TYPE)


def test_nested_paths_are_drawn_as_a_tree_and_arrays_take_several_values(
    every_type: AccountConnector, lead: Client
) -> None:
    name = "Add one of every type"
    page = text_of(lead.get(url_of(every_type, name)))
    assert "nested" in page and "lines" in page and 'data-depth="2"' in page

    form = CallForm(method(every_type, name), is_writing=True)
    place = next(
        n for n, one in enumerate(form.inputs) if one.target == "nested.[lines].theInteger"
    )
    answer = send(lead, every_type, name, **{f"value-{place}": "1\n2\n", "confirm": name})

    assert answer.status_code == 302
    sends = CallInput.of(call_of())
    assert sends is not None and sends.given[0].value == ["1", "2"]


def test_webhooks_and_scripts_are_not_called(every_type: AccountConnector, lead: Client) -> None:
    url = url_of(every_type, "Reply")

    assert "It cannot be called" in text_of(lead.get(url))
    assert lead.post(url, {"submission": str(uuid.uuid4()), "confirm": "Reply"}).status_code == 403


def test_both_kinds_of_jobs_have_their_worker() -> None:
    assert worker_of(MethodCall).gives_up is calling.give_up


def a_newer_release_is_live(connector: AccountConnector) -> None:
    """As the library has it after a publish: what is installed is no longer the latest."""
    CatalogueConnector.objects.filter(name=connector.connector_name).update(release_id=999_999)


def test_ids_are_looked_up_late_where_a_newer_release_is_live(
    wire: Wire, mailchimp: AccountConnector, agent: Client
) -> None:
    one = method(mailchimp, "List Subscribers")
    right = one.inputs[0]["id"]
    one.inputs[0]["id"] = 5  # the installed release's own
    one.save()
    a_newer_release_is_live(mailchimp)

    assert "A newer release is live" in text_of(agent.get(url_of(mailchimp, "List Subscribers")))
    send(agent, mailchimp, "List Subscribers", Limit="25")
    work()

    assert json.loads(wire.body) == {"Parameters": {str(right): "25"}}


def test_a_value_that_the_latest_release_does_not_know_stops_the_call(
    cyclr: CyclrState, mailchimp: AccountConnector, agent: Client
) -> None:
    one = method(mailchimp, "List Subscribers")
    one.inputs[0]["target"] = "gone since"
    one.save()
    a_newer_release_is_live(mailchimp)

    send(agent, mailchimp, "List Subscribers", Limit="25")
    work()

    assert call_of().outcome == "not-sent" and "Limit" in call_of().last_error
    assert calls_at_third_party(cyclr) == []
