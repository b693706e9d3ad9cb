"""One template into many accounts: a preview for each, one cycle for each, whatever breaks."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from dashboard.bulk.models import BulkRun, RunState
from dashboard.bulk.services import MOST_ROWS
from dashboard.bulk.tasks import feed_runs
from dashboard.cycles.many import views
from dashboard.mirror import sync
from dashboard.mirror.models import Account, Cycle, Template
from dashboard.operations.models import Operation, State
from dashboard.people.models import Role
from tests.factories import (
    make_account,
    make_account_connector,
    make_cycle,
    make_template,
    make_user,
)
from tests.pages import signed_in, text_of
from tests.simulated import Hands, Sent

INSTALL_CALL = ("POST", "/templates/{id}/install")


@pytest.fixture
def lead(db: None) -> Client:
    """A browser of a lead."""
    return signed_in(make_user(Role.LEAD))


@pytest.fixture
def template(harbour: Account) -> Template:
    """One of the demo's templates; every account is known."""
    sync.refresh_templates(harbour.console)
    found: Template = Template.objects.filter(connectors__isnull=False).distinct()[0]
    return found


@pytest.fixture
def accounts(template: Template) -> list[Account]:
    """Some accounts that have no cycle of it."""
    having = Cycle.objects.filter(template_cyclr_id=template.cyclr_id).values("account")
    return list(Account.objects.there().exclude(pk__in=having).order_by("pk")[:4])


def url_of(template: Template) -> str:
    """The form."""
    return reverse("template_install_many", args=[template.pk])


def post(browser: Client, template: Template, table: str, **more: Any) -> Any:
    """Send the form as a browser does."""
    data = {
        "submission": str(uuid.uuid4()),
        "name": "Ours",
        "table": table,
        "leaves_out_done": "on",
    } | more
    return browser.post(url_of(template), data)


def drafted(browser: Client, template: Template, accounts: list[Account], **more: Any) -> BulkRun:
    """A preview for these."""
    answer = post(browser, template, "\n".join(one.cyclr_id for one in accounts), **more)
    found: BulkRun = BulkRun.objects.latest("pk")
    assert answer["Location"] == found.get_absolute_url()
    return found


def carry_out(browser: Client, run: BulkRun, hands: Hands, what: str = "start") -> None:
    """Press the button, feed and work until the run is through."""
    browser.post(reverse(f"bulk_run_{what}", args=[run.reference]))
    with time_machine.travel(timezone.now(), tick=True) as clock:
        for _ in range(40):
            feed_runs()
            hands.work()
            run.refresh_from_db()
            if run.state != RunState.RUNNING:
                return
            clock.shift(60)


def made(cyclr: CyclrState, account: Account) -> int:
    """How many cycles of the name are in the account in Cyclr."""
    return sum(one.name == "Ours" for one in cyclr.cycles.of(account.cyclr_id))


def test_each_account_gets_one_cycle(
    cyclr: CyclrState,
    template: Template,
    accounts: list[Account],
    lead: Client,
    hands: Hands,
    sent_messages: Sent,
) -> None:
    assert url_of(template) in text_of(lead.get(template.get_absolute_url()))
    run = drafted(lead, template, accounts)
    page = text_of(lead.get(run.get_absolute_url()))
    assert "Adds" in page or "Uses" in page
    assert not Operation.objects.exists() and not cyclr.ledger

    carry_out(lead, run, hands)

    assert run.state == RunState.ENDED
    assert [made(cyclr, one) for one in accounts] == [1] * 4
    assert Cycle.objects.filter(name="Ours").count() == 4, "the mirror knows them"
    names = {(name, queue) for name, queue, *_ in sent_messages}
    assert ("refresh_account", "checks") not in names, "nobody waits for readings of many"
    assert ("run_operation", "interactive") not in names
    assert (
        Account.objects.filter(cycles_asked_at=None, pk__in=[a.pk for a in accounts]).count() == 4
    )
    outcomes = text_of(lead.get(run.get_absolute_url()))
    assert "Installed as “Ours”" in outcomes


def test_a_second_run_leaves_out_what_is_done(
    cyclr: CyclrState, template: Template, accounts: list[Account], lead: Client, hands: Hands
) -> None:
    both = [drafted(lead, template, accounts[:3]) for _ in range(2)]
    for run in both:
        carry_out(lead, run, hands)

    third = drafted(lead, template, accounts)
    carry_out(lead, third, hands)

    assert [made(cyclr, one) for one in accounts] == [1] * 4
    assert not both[1].rows.exclude(operation=None).exists()
    problems = list(third.rows.values_list("problem", flat=True))
    assert problems == ["It has a cycle of this template already."] * 3 + [""]


def test_who_wants_another_one_gets_it(
    cyclr: CyclrState, template: Template, accounts: list[Account], lead: Client, hands: Hands
) -> None:
    for _ in range(2):
        run = drafted(lead, template, accounts[:1], leaves_out_done="")
        carry_out(lead, run, hands)

    assert made(cyclr, accounts[0]) == 2


def test_one_that_was_not_known_here_is_found_by_the_worker(
    cyclr: CyclrState, template: Template, accounts: list[Account], lead: Client, hands: Hands
) -> None:
    run = drafted(lead, template, accounts)
    carry_out(lead, run, hands)
    Cycle.objects.filter(name="Ours").delete()

    again = drafted(lead, template, accounts)
    carry_out(lead, again, hands)

    assert [made(cyclr, one) for one in accounts] == [1] * 4
    words = set(again.rows.values_list("operation__error", flat=True))
    assert len(words) == 1 and "“Ours” of this template already" in words.pop()


def test_one_failing_account_stops_no_run_and_is_retried_alone(
    cyclr: CyclrState, template: Template, accounts: list[Account], lead: Client, hands: Hands
) -> None:
    cyclr.faults.respond(*INSTALL_CALL, status=400, body={"Message": "No."}, times=1)
    run = drafted(lead, template, accounts)

    carry_out(lead, run, hands)
    assert sum(made(cyclr, one) for one in accounts) == 3
    failed = run.rows.get(operation__state=State.FAILED).operation
    assert failed is not None and "refused to install" in failed.error
    carry_out(lead, run, hands, "retry")

    assert [made(cyclr, one) for one in accounts] == [1] * 4
    assert Operation.objects.filter(state=State.DONE).count() == 4
    answer = lead.post(reverse("bulk_run_export", args=[run.reference]))
    table = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert table.decode().count("Installed as") == 4


@pytest.mark.parametrize("fault", ["drop_after_effect", "drop_before_effect"])
def test_a_lost_answer_makes_one_cycle(
    cyclr: CyclrState,
    template: Template,
    accounts: list[Account],
    lead: Client,
    hands: Hands,
    fault: str,
) -> None:
    getattr(cyclr.faults, fault)(*INSTALL_CALL, times=2)
    run = drafted(lead, template, accounts)

    carry_out(lead, run, hands)

    assert [made(cyclr, one) for one in accounts] == [1] * 4
    assert Operation.objects.filter(state=State.DONE).count() == 4


def test_the_same_form_sent_twice_is_one_run(
    template: Template, accounts: list[Account], lead: Client
) -> None:
    same = str(uuid.uuid4())
    first = drafted(lead, template, accounts, submission=same)

    assert drafted(lead, template, accounts, submission=same) == first
    assert BulkRun.objects.count() == 1


@pytest.mark.django_db
def test_the_preview_says_what_is_added_and_what_is_used(lead: Client) -> None:
    has, lacks = (make_account(name=name) for name in ("Has", "Lacks"))
    Account.objects.filter(pk=lacks.pk).update(console=has.console)
    template = make_template(("HubSpot", "2"), ("Xero", ""), ("Slack", "1"), console=has.console)
    make_account_connector(account=has, connector_name="HubSpot", connector_version="2")
    make_account_connector(account=has, connector_name="Xero", connector_version="9")
    for _ in range(2):
        make_account_connector(account=has, connector_name="Slack", connector_version="1")

    run = drafted(lead, template, [has, lacks])

    entries = list(run.rows.values_list("display_input__entries", flat=True))
    assert entries[0] == [["Adds", "Xero"], ["Uses", "HubSpot (not authenticated), one of 2 Slack"]]
    assert entries[1] == [["Adds", "HubSpot, Xero, Slack"]]


@pytest.mark.django_db
def test_lines_with_a_problem_are_left_out_in_words(lead: Client) -> None:
    here, gone = make_account(), make_account(gone_at=timezone.now())
    Account.objects.filter(pk=gone.pk).update(console=here.console)
    elsewhere = make_account()
    template = make_template(console=here.console)
    names = ["", "x" * 201, "'0042", "<b>Own</b>"]
    more = [make_account(console=here.console) for _ in names]
    table = "Account id;Name;Region\n" + "".join(
        f"{account.cyclr_id};{name};eu\n"
        for account, name in [
            *((one, "") for one in (here, here, gone, elsewhere)),
            *zip(more, names, strict=True),
        ]
    )
    table += f"{here.cyclr_id};a;b;c\n"

    post(lead, template, table)

    run = BulkRun.objects.get()
    problems = list(run.rows.values_list("problem", flat=True))
    assert problems[0] == "" and "already on line 2" in problems[1]
    assert "gone from Cyclr" in problems[2] and "No account with this id" in problems[3]
    assert problems[4] == "" and problems[5].startswith("Name:")
    assert "more cells" in problems[8]
    assert any("Region" in note for note in run.display_input["notes"])
    page = text_of(lead.get(run.get_absolute_url()))
    assert "<b>Own" not in page and "&lt;b&gt;Own" in page


@pytest.mark.django_db
@pytest.mark.parametrize(
    "table",
    [
        "",
        " \n",
        "Account id\n",
        "account,name,cycle\na,b,c\n",
        "account\na\x00b",
        "Region,x\n1,2\n",
    ],
)
def test_a_table_that_cannot_be_read_says_why(lead: Client, table: str) -> None:
    template = make_template(console=make_account().console)

    assert post(lead, template, table).status_code == 422
    upload = SimpleUploadedFile("accounts.csv", table.encode())
    assert post(lead, template, "", file=upload).status_code == 422
    assert not BulkRun.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["", "  ", "x" * 201])
def test_a_name_that_cannot_be_one_is_refused_and_the_table_stays(lead: Client, name: str) -> None:
    account = make_account()
    answer = post(lead, make_template(console=account.console), account.cyclr_id, name=name)

    assert answer.status_code == 422 and account.cyclr_id in text_of(answer)


@pytest.mark.django_db
def test_a_list_fills_the_table(lead: Client) -> None:
    awkward = make_account(name="Harbour, Books\nand more", cyclr_id="a;b, c")
    numbered = make_account(name="Harbour =1+1", cyclr_id="0042", console=awkward.console)
    other = make_account(name="Elsewhere", console=awkward.console)
    template = make_template(console=awkward.console)
    listed = text_of(lead.get(f"{reverse('account_list')}?q=harbour"))
    picking = f"{reverse('template_pick_many')}?q=harbour"
    assert picking in listed
    filling = f"{url_of(template)}?q=harbour&amp;scope=filter"
    assert filling in text_of(lead.get(picking))

    page = lead.get(url_of(template), {"scope": "filter", "q": "harbour"})
    table = page.context["form"]["table"].value()
    post(lead, template, table)

    found = set(BulkRun.objects.get().rows.values_list("account", "problem"))
    assert found == {(awkward.pk, ""), (numbered.pk, "")}, table
    assert other.cyclr_id not in table
    assert "No account of this console" in text_of(
        lead.get(url_of(template), {"scope": "filter", "q": "nobody"})
    )


@pytest.mark.django_db
def test_more_than_are_possible_are_not_filled_in(
    lead: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "MOST_ROWS", 1)
    first = make_account()
    make_account(console=first.console)
    page = lead.get(url_of(make_template(console=first.console)), {"scope": "filter"})

    assert "2 accounts are too many" in text_of(page) and MOST_ROWS > 1
    assert not page.context["form"]["table"].value()


@pytest.mark.django_db
def test_the_table_to_fill_in_has_who_lacks_it(lead: Client) -> None:
    lacking, having = make_account(name="Lacking"), make_account(name="Having")
    Account.objects.filter(pk=having.pk).update(console=lacking.console)
    template = make_template(console=lacking.console)
    make_cycle(account=having, template_cyclr_id=template.cyclr_id)

    answer = lead.get(reverse("template_install_many_table", args=[template.pk]))
    table = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]

    assert "Lacking" in table and "Having" not in table
    post(lead, template, table)
    assert BulkRun.objects.get().rows.get().account == lacking


@pytest.mark.django_db
@pytest.mark.parametrize("role", [Role.VIEWER, Role.AGENT])
def test_it_is_for_leads(role: Role) -> None:
    account = make_account()
    template = make_template(console=account.console)
    browser = signed_in(make_user(role))

    for name in ("template_install_many", "template_install_many_table"):
        assert browser.get(reverse(name, args=[template.pk])).status_code == 403
    assert browser.get(reverse("template_pick_many")).status_code == 403
    assert post(browser, template, account.cyclr_id).status_code == 403
    assert url_of(template) not in text_of(browser.get(template.get_absolute_url()))
    assert reverse("template_pick_many") not in text_of(browser.get(reverse("account_list")))


@pytest.mark.django_db
def test_what_is_gone_or_of_others_is_not_there(lead: Client) -> None:
    gone = make_template(gone_at=timezone.now())
    one_console = signed_in(make_user(Role.LEAD, console=make_account().console))
    other = make_template(console=make_account().console)

    assert lead.get(url_of(gone)).status_code == 404
    assert one_console.get(url_of(other)).status_code == 404
    rubbish = urlencode({"scope": "filter", "parent": "²", "console": "x", "q": "\x00%"})
    assert lead.get(f"{url_of(other)}?{rubbish}").status_code == 200
