"""The pages of operations: what they say, whom they let act, and that they stop asking."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from dashboard.audit.models import Actor, AuditEntry
from dashboard.common import encryption
from dashboard.consoles.models import Console
from dashboard.mirror.models import Account
from dashboard.operations.models import Operation, State
from dashboard.people.models import Role
from tests.factories import (
    make_account,
    make_account_connector,
    make_connector,
    make_console,
    make_operation,
    make_user,
)

pytestmark = pytest.mark.django_db
SWAP = {"HX-Request": "true"}
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<b hx-get=/x hx-trigger=load>",
    "{{7*7}}{% debug %}",
    "Invoice \u202efdp.exe",
    "=HYPERLINK(1)",
    "x" * 3000,
    "   ",
    "\U0001f600 ümlaut 株式会社",
]


@pytest.fixture
def console() -> Console:
    return make_console()


@pytest.fixture
def account(console: Console) -> Account:
    return make_account(console=console, name="Harbour Books", cyclr_id="harbour-1")


def signed_in(role: Role = Role.AGENT, console: Console | None = None) -> Client:
    client = Client()
    client.force_login(make_user(role, console=console))
    return client


def text(response: Any) -> str:
    assert response.status_code == 200, response.status_code
    return str(response.content.decode())


def failed(account: Account, **values: Any) -> Operation:
    made_up = {
        "state": State.FAILED,
        "reason": "refused",
        "error": "Cyclr does not take the setting “Shop”. Nothing was installed.",
        "cyclr_message": "400 There is not a connector property that matches name 'Shop'.",
        "finished_at": timezone.now(),
        "connector": make_connector(console=account.console),
    }
    return make_operation(account=account, **made_up | values)


def retryable(account: Account, **values: Any) -> Operation:
    operation = failed(account, reason="gave-up", error="Cyclr could not be reached.", **values)
    operation.encrypted_input = encryption.encrypt_json(
        {}, associated_data=operation.associated_data
    )
    operation.save()
    return operation


# ---- the list ----


def test_the_list_shows_what_account_state_who_and_when(account: Account) -> None:
    mara = make_user(name="Mara Lindqvist")
    make_operation(account=account, title="Install NetSuite", actor=Actor.staff(mara))

    page = text(signed_in().get(reverse("operation_list")))

    assert "<h1>Operations</h1>" in page
    assert 'aria-label="Search operations"' in page
    for words in ("Install NetSuite", "Harbour Books", "Mara Lindqvist"):
        assert words in page
    assert '<span class="state" data-state="queued">Queued</span>' in page


def test_htmx_gets_the_table_alone(account: Account) -> None:
    make_operation(account=account)

    page = text(signed_in().get(reverse("operation_list"), headers=SWAP))

    assert page.strip().startswith('<div class="found" id="operation-table"')


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "netsuite"}, "Install NetSuite"),
        ({"q": "HARBOUR"}, "Install NetSuite"),
        ({"state": "failed"}, "Install HubSpot"),
        ({"who": "customers"}, "Install HubSpot"),
    ],
)
def test_the_list_is_narrowed_by_words_state_and_person(
    console: Console, account: Account, query: dict[str, str], found: str
) -> None:
    make_operation(account=account, title="Install NetSuite")
    failed(make_account(console=console), title="Install HubSpot", actor=Actor.link(1))

    page = text(signed_in().get(reverse("operation_list"), query))

    others = {"Install NetSuite", "Install HubSpot"} - {found}
    assert found in page
    assert not any(other in page for other in others)


def test_the_list_finds_a_reference_and_one_s_own(account: Account) -> None:
    client = signed_in()
    user = make_user(Role.VIEWER)
    mine = make_operation(account=account, title="Mine it is", actor=Actor.staff(user))
    make_operation(account=account, title="Somebody else's")
    own = Client()
    own.force_login(user)

    assert "Somebody" not in text(client.get(reverse("operation_list"), {"q": mine.reference}))
    assert "Somebody" not in text(own.get(reverse("operation_list"), {"who": "me"}))


def test_an_account_s_operations_have_an_address(console: Console, account: Account) -> None:
    make_operation(account=account, title="In Harbour")
    make_operation(account=make_account(console=console), title="Elsewhere")

    page = text(signed_in().get(reverse("operation_list"), {"account": account.pk}))

    assert "In Harbour" in page
    assert "Elsewhere" not in page
    assert "Remove filter: Account Harbour Books" in page


@pytest.mark.parametrize(
    "query",
    [
        "?q=%00",
        "?state=nonsense&page=-1",
        "?who=99999999999999999999&page=1e9",
        "?account=٣&console=x&who=٣",
        "?q=%25_%27%ff",
    ],
)
def test_rubbish_in_the_address_is_no_error(account: Account, query: str) -> None:
    make_operation(account=account)

    assert signed_in().get(reverse("operation_list") + query).status_code == 200


def test_empty_lists_say_so(account: Account) -> None:
    client = signed_in()

    assert "No change was made yet" in text(client.get(reverse("operation_list")))
    assert "No operation fits" in text(client.get(reverse("operation_list"), {"q": "x"}))


def test_the_list_asks_again_only_while_a_row_moves(account: Account) -> None:
    client = signed_in()
    operation = make_operation(account=account)
    assert 'hx-trigger="poll-1s from:body"' in text(client.get(reverse("operation_list")))

    operation.state, operation.finished_at = State.DONE, timezone.now()
    operation.save()

    assert "poll-1s" not in text(client.get(reverse("operation_list")))


def test_an_unchanged_list_is_not_drawn_again(account: Account) -> None:
    client = signed_in()
    operation = make_operation(account=account)
    seen = {"X-Seen": client.get(reverse("operation_list"), headers=SWAP).context["version"]}

    same = client.get(reverse("operation_list"), headers=SWAP | seen)
    Operation.objects.filter(pk=operation.pk).update(state=State.RUNNING, attempt=1)
    changed = client.get(reverse("operation_list"), headers=SWAP | seen)

    assert (same.status_code, same.content) == (204, b"")
    assert 'data-state="running"' in text(changed)
    assert client.get(reverse("operation_list"), headers=seen).status_code == 200


def test_fifty_operations_cost_as_many_queries_as_one(
    account: Account, console: Console, django_assert_num_queries: Any
) -> None:
    client = signed_in()
    make_operation(account=account)
    client.get(reverse("operation_list"))
    with django_assert_num_queries(5):
        client.get(reverse("operation_list"))
    for _ in range(49):
        make_operation(account=make_account(console=console), actor=Actor.staff(make_user()))

    with django_assert_num_queries(5):
        client.get(reverse("operation_list"))


def test_other_consoles_operations_are_not_there(account: Account) -> None:
    theirs = make_operation(account=account, title="Secret plan")
    client = signed_in(Role.ADMIN, make_console())

    assert "Secret plan" not in text(client.get(reverse("operation_list")))
    assert client.get(theirs.get_absolute_url()).status_code == 404
    assert client.post(reverse("operation_cancel", args=[theirs.reference])).status_code == 404
    assert client.post(reverse("operation_retry", args=[theirs.reference])).status_code == 404


# ---- one operation ----


def test_a_failure_says_what_happened_why_and_what_to_do(account: Account) -> None:
    operation = failed(
        account, title="Install Shopify", display_input={"entries": [["Token", "set"]]}
    )
    operation.record("queued", "Queued by Mara")
    operation.record("failed", operation.error)

    page = text(signed_in().get(operation.get_absolute_url()))

    assert "<h1><bdi>Install Shopify</bdi></h1>" in page
    assert '<span class="badge" data-state="failed">Failed</span>' in page
    assert "Cyclr refused it" in page
    assert operation.error in page
    assert "<summary>Cyclr’s answer</summary>" in page
    assert escape(operation.cyclr_message) in page
    assert "Queued by Mara" in page
    assert '<dt class="short wrap"><bdi>Token</bdi></dt><dd><bdi>set</bdi></dd>' in page


def test_a_failed_install_leads_back_to_its_form(account: Account) -> None:
    operation = failed(account)

    page = text(signed_in().get(operation.get_absolute_url()))

    form = reverse("install_new", args=[account.pk, operation.connector_id])
    assert f'href="{form}?from={operation.reference}"' in page
    assert "Retry</button>" not in page


def test_what_was_tried_anew_offers_nothing(account: Account) -> None:
    page = text(signed_in().get(failed(account, is_superseded=True).get_absolute_url()))

    assert "A later operation retried it" in page
    assert "Fix and retry" not in page


def test_the_ticket_text_has_reference_account_times_and_cyclr_s_words(account: Account) -> None:
    operation = failed(account, title="Install Shopify", encrypted_input="")

    ticket = signed_in().get(operation.get_absolute_url()).context["ticket"]

    for words in (operation.reference, "harbour-1", operation.error, operation.cyclr_message):
        assert words in ticket
    assert "Asked by Cyclr Desk" in ticket
    assert operation.get_absolute_url() in ticket


def test_a_viewer_reads_and_cannot_act(account: Account) -> None:
    client = signed_in(Role.VIEWER)
    queued, broken = make_operation(account=account), failed(account)

    assert "Cancel</button>" not in text(client.get(queued.get_absolute_url()))
    assert "Fix and retry" not in text(client.get(broken.get_absolute_url()))
    assert client.post(reverse("operation_cancel", args=[queued.reference])).status_code == 403
    queued.refresh_from_db()
    assert queued.state == State.QUEUED


def test_an_agent_elsewhere_is_a_viewer_here(account: Account) -> None:
    user = make_user(Role.VIEWER, console=account.console)
    user.memberships.create(console=make_console(), role=Role.AGENT)
    client = Client()
    client.force_login(user)
    queued = make_operation(account=account)

    assert "Cancel</button>" not in text(client.get(queued.get_absolute_url()))
    assert client.post(reverse("operation_cancel", args=[queued.reference])).status_code == 403


def test_cancelling_takes_back_what_nobody_began_and_says_who_did(account: Account) -> None:
    operation = make_operation(account=account)
    user = make_user(name="Joel Adeyemi")
    client = Client()
    client.force_login(user)
    assert "Cancel</button>" in text(client.get(operation.get_absolute_url()))

    response = client.post(reverse("operation_cancel", args=[operation.reference]), follow=True)

    operation.refresh_from_db()
    assert operation.state == State.CANCELLED
    assert "Nothing was sent to Cyclr" in text(response)
    assert AuditEntry.objects.filter(action="operations.cancel", actor_user=user).count() == 1


def test_what_was_sent_cannot_be_cancelled(account: Account) -> None:
    operation = make_operation(account=account, state=State.SENT, sent_at=timezone.now())
    client = signed_in()

    page = client.post(reverse("operation_cancel", args=[operation.reference]), follow=True)

    operation.refresh_from_db()
    assert operation.state == State.SENT
    assert "had already begun" in text(page)
    assert not AuditEntry.objects.filter(action="operations.cancel").exists()


def test_a_retry_queues_the_same_row_again(account: Account) -> None:
    operation = retryable(account)
    client = signed_in()
    assert "Retry</button>" in text(client.get(operation.get_absolute_url()))

    client.post(reverse("operation_retry", args=[operation.reference]))
    client.post(reverse("operation_retry", args=[operation.reference]))

    operation.refresh_from_db()
    assert (operation.state, operation.error) == (State.QUEUED, "")
    assert AuditEntry.objects.filter(action="operations.retry").count() == 1


def test_a_failure_is_dismissed_and_brought_back(account: Account) -> None:
    operation = retryable(account)
    client, url = signed_in(), reverse("operation_dismiss", args=[operation.reference])

    dismissed = text(client.post(url, follow=True))
    again = text(client.post(url, follow=True))
    back = text(client.post(url, {"undo": "1"}, follow=True))

    assert "Dismissed. It stays under Operations" in dismissed
    assert "Bring back</button>" in dismissed
    assert "Dismissed. It stays" not in again
    assert "needs attention again" in back
    assert "Dismiss</button>" in back
    said = AuditEntry.objects.filter(action__startswith="operations.").values_list(
        "action", flat=True
    )
    assert sorted(said) == ["operations.bring_back", "operations.dismiss"]


def test_what_is_tried_again_can_fail_aloud_again(account: Account) -> None:
    operation = retryable(account)
    client = signed_in()
    client.post(reverse("operation_dismiss", args=[operation.reference]))

    client.post(reverse("operation_retry", args=[operation.reference]))

    operation.refresh_from_db()
    assert operation.dismissed_at is None


def test_only_failures_are_dismissed_and_not_by_a_viewer(account: Account) -> None:
    queued, failed = make_operation(account=account), retryable(account)

    signed_in().post(reverse("operation_dismiss", args=[queued.reference]))
    refused = signed_in(Role.VIEWER).post(reverse("operation_dismiss", args=[failed.reference]))

    assert refused.status_code == 403
    assert not Operation.objects.exclude(dismissed_at=None).exists()


@pytest.mark.parametrize("asked", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_dismissing_leads_nowhere_else(account: Account, asked: str) -> None:
    operation = retryable(account)
    url = reverse("operation_dismiss", args=[operation.reference])

    assert signed_in().post(url, {"next": asked})["Location"] == operation.get_absolute_url()


def test_a_retry_leads_to_whoever_does_the_same_now(account: Account) -> None:
    operation = retryable(account, exclusivity_key="one")
    other = make_operation(account=account, exclusivity_key="one")

    response = signed_in().post(reverse("operation_retry", args=[operation.reference]))

    assert response["Location"] == other.get_absolute_url()


@pytest.mark.parametrize("name", ["operation_cancel", "operation_retry"])
def test_changes_are_posted(account: Account, name: str) -> None:
    operation = retryable(account)

    response = signed_in().get(reverse(name, args=[operation.reference]))

    assert response.status_code == 405


def test_a_moving_operation_polls_and_a_finished_one_stops(account: Account) -> None:
    client = signed_in(Role.VIEWER)
    operation = make_operation(account=account, state=State.RUNNING, attempt=1)
    moving = text(client.get(operation.get_absolute_url(), headers=SWAP))
    assert moving.strip().startswith(f'<div id="operation-{operation.reference}"')
    assert 'hx-trigger="poll-1s from:body"' in moving

    Operation.objects.filter(pk=operation.pk).update(state=State.DONE, finished_at=timezone.now())
    finished = text(client.get(operation.get_absolute_url(), headers=SWAP))

    assert finished.strip().startswith(f'<div id="operation-{operation.reference}"')
    assert "hx-" not in finished
    assert "Live" not in finished


def test_an_unchanged_operation_is_not_drawn_again(account: Account) -> None:
    client = signed_in(Role.VIEWER)
    operation = make_operation(account=account, state=State.RUNNING, attempt=1)
    url = operation.get_absolute_url()
    seen = {"X-Seen": client.get(url, headers=SWAP).context["version"]}

    same = client.get(url, headers=SWAP | seen)
    operation.record("sent", "Sent to Cyclr")
    changed = client.get(url, headers=SWAP | seen)

    assert (same.status_code, same.content) == (204, b"")
    assert "Sent to Cyclr" in text(changed)
    assert client.get(url, headers=seen).status_code == 200


def test_what_came_of_it_is_linked(account: Account) -> None:
    installed = make_account_connector(account=account, name="HubSpot of Harbour")
    done = {"state": State.DONE, "finished_at": timezone.now()}
    operation = make_operation(account=account, account_connector=installed, **done)
    operation.record("done", "Installed as “HubSpot of Harbour”")
    make_operation(
        account=account, title="Create link", parent=operation, outcome={"link": 17}, **done
    )

    page = text(signed_in().get(operation.get_absolute_url()))

    assert "Installed as “HubSpot of Harbour”" in page
    assert f'href="{installed.get_absolute_url()}"' in page
    assert f'href="{reverse("link_detail", args=[17])}">Open link</a>' in page
    assert "Create link" in page


def test_a_lost_answer_is_explained(account: Account) -> None:
    operation = make_operation(
        account=account,
        state=State.UNSURE,
        sent_at=timezone.now(),
        not_before=timezone.now() + timedelta(minutes=2),
    )
    operation.record("unsure", "No answer from Cyclr")

    page = text(signed_in().get(operation.get_absolute_url()))

    assert 'class="badge" data-state="checking">Checking' in page
    assert "it will not be done twice" in page


def test_a_long_queue_names_the_missing_worker(account: Account) -> None:
    long_ago = timezone.now() - timedelta(minutes=5)
    operation = make_operation(account=account, not_before=long_ago)
    Operation.objects.filter(pk=operation.pk).update(created_at=long_ago)

    assert "No worker has taken it yet" in text(signed_in().get(operation.get_absolute_url()))


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_text(console: Console, name: str) -> None:
    account = make_account(console=console, name=name, cyclr_id=name or "x")
    operation = failed(
        account,
        title=name,
        error=name,
        cyclr_message=name,
        display_input={"entries": [[name, name]]},
    )
    operation.record("failed", name, said=name)
    client = signed_in()

    pages = [
        text(client.get(reverse("operation_list"), {"q": name})),
        text(client.get(operation.get_absolute_url())),
    ]

    for page in pages:
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "<b hx-get" not in page
        where_it_is_data = (f'data-copy-text="{name}"', f'value="{name}"')
        for attribute in where_it_is_data:
            page = page.replace(attribute, "")
        assert "\u202e" not in page


def test_reading_changes_nothing(account: Account, django_capture_on_commit_callbacks: Any) -> None:
    operation = retryable(account)
    before = list(Operation.objects.values())
    client = signed_in(Role.ADMIN)

    with django_capture_on_commit_callbacks() as messages:
        client.get(reverse("operation_list"))
        client.get(operation.get_absolute_url())

    assert list(Operation.objects.values()) == before
    assert messages == []
