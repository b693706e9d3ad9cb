"""Reconnect campaigns: chosen, previewed, made once, followed on a board, acted on as a whole."""

from __future__ import annotations

import csv
import io
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from dashboard.audit.models import Actor, AuditEntry
from dashboard.bulk import services as bulk
from dashboard.bulk.models import BulkRow, BulkRun, RunState
from dashboard.bulk.tables import UNKNOWN
from dashboard.bulk.tasks import feed_runs
from dashboard.campaigns import acting, board, choosing, planning
from dashboard.campaigns.forms import LINES, CampaignForm
from dashboard.consoles.models import Console
from dashboard.links import services, timeline
from dashboard.links.handlers import NOTHING_LEFT, STOPPED, CreateLink
from dashboard.links.models import (
    AttemptState,
    ConnectAttempt,
    Link,
    LinkItem,
    LinkMail,
    LinkState,
    MailState,
)
from dashboard.mirror.models import Account, AccountConnector
from dashboard.operations.models import Operation, State
from dashboard.people.models import Role
from tests.factories import (
    API_KEY,
    OAUTH,
    make_account,
    make_account_connector,
    make_console,
    make_link,
    make_operation,
    make_user,
)
from tests.pages import (
    HOSTILE,
    assert_only_letters,
    nothing_changes,
    part,
    queries_of,
    signed_in,
    text_of,
)
from tests.simulated import Hands

NEW = "/links/campaigns/new/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def here() -> Console:
    return make_console(name="Live")


@pytest.fixture
def lead() -> Client:
    return signed_in(make_user(Role.LEAD, name="Mara Lindqvist"))


@pytest.fixture
def broken(here: Console) -> list[AccountConnector]:
    """HubSpot in three accounts, authenticated in none."""
    return [install(here, name) for name in ("Apple Books", "Birch Cafe", "Cedar Toys")]


def install(console: Console, name: str = "", /, **values: Any) -> AccountConnector:
    """HubSpot, not authenticated, in an account of this name unless one is given."""
    if "account" not in values:
        values["account"] = make_account(console=console, name=name)
    return make_account_connector(**{"name": "HubSpot", **values})


def form_of(connectors: list[AccountConnector], **more: Any) -> dict[str, Any]:
    """What a browser sends for the form over these connectors."""
    plans = planning.plan(connectors)
    form = CampaignForm(plans)
    data: dict[str, Any] = {
        "submission": str(uuid.uuid4()),
        "selection": ",".join(str(one.pk) for one in connectors),
        "expires": "604800",
        "mails": "on",
        "skips_linked": "on",
        "skips_authenticated": "on",
    }
    for _, email, name in form.lines:
        data |= {email.html_name: email.value() or "", name.html_name: name.value() or ""}
    return data | more


def preview(client: Client, connectors: list[AccountConnector], **more: Any) -> BulkRun:
    """Send the form; the preview that comes of it."""
    response = client.post(NEW, form_of(connectors, **more))
    assert response.status_code == 302, text_of(response)
    run: BulkRun = BulkRun.objects.latest("pk")
    assert response["Location"] == run.get_absolute_url()
    return run


def carry_out(run: BulkRun, hands: Hands) -> None:
    """Start a preview and do the dispatcher's and the workers' part until it has ended."""
    bulk.start(run, run.actor)
    for _ in range(20):
        feed_runs()
        hands.work()
    run.refresh_from_db()
    assert run.state == RunState.ENDED


def text_of_stream(response: Any) -> str:
    """A download, whole."""
    return b"".join(response.streaming_content).decode()


def email_of(connector: AccountConnector) -> str:
    return f"email-{connector.account_id}"


def make_campaign(console: Console, links: int, **values: Any) -> BulkRun:
    """A campaign that was made: `values` are those of its links."""
    run = BulkRun(kind=planning.KIND, title="Reconnect HubSpot", console=console)
    run.actor = Actor.system()
    run.state, run.started_at, run.ended_at = RunState.ENDED, timezone.now(), timezone.now()
    run.save()
    for number in range(1, links + 1):
        connector = install(console, f"Customer {number}")
        operation = make_operation(
            kind=planning.KIND,
            account=connector.account,
            state=State.DONE,
            finished_at=timezone.now(),
        )
        row = BulkRow.objects.create(
            run=run, number=number, account=connector.account, label="x", operation=operation
        )
        made = {"run": run, "row": row, "recipient_email": f"c{number}@shop.example"}
        make_link(connectors=[connector], **made | values)
    return run


def link_in(run: BulkRun, **values: Any) -> Link:
    """The next of its links that is as new, changed."""
    link: Link = run.links.filter(state=LinkState.CREATED, revoked_at=None).earliest("pk")
    Link.objects.filter(pk=link.pk).update(**values)
    link.refresh_from_db()
    return link


# -- choosing ------------------------------------------------------------------------------------


def test_connectors_are_chosen_by_ticks_by_page_or_by_filter(here: Console) -> None:
    user = make_user(Role.LEAD)
    one, two = install(here, "A"), install(here, "B", name="Slack", connector_name="Slack")
    three = install(here, "C", authenticated=True)

    def chosen(query: str) -> list[int]:
        whole = choosing.chosen_whole(user, QueryDict(query))
        found = [one.pk for one in choosing.chosen(user, QueryDict(query))]
        assert [one.pk for one in whole] == found
        return found

    a, b, c = one.pk, two.pk, three.pk
    assert chosen(f"pick={b}&pick={a}&pick=x&pick=-1&pick={10**30}") == [a, b]
    assert chosen(f"scope=page&pick={b}&shown={b}&shown={c}") == [b, c]
    assert chosen("scope=filter&state=not-authenticated") == [a, b]
    assert chosen("scope=filter&connector=Slack&pick=99") == [b]
    assert chosen(f"selection={a},{c},,x") == [a, c]
    assert chosen("") == []


def test_what_is_chosen_says_of_itself_what_the_connector_says(here: Console) -> None:
    moment = timezone.now()
    kinds = [
        install(here, "A"),
        install(here, "B", authenticated=True),
        install(here, "C", authenticated=True, test_failed_at=moment, why_broken="consent"),
        install(here, "D", gone_at=moment, name="", authentication=[]),
        install(here, "E", authentication=[API_KEY, OAUTH], authentication_id=OAUTH["Id"]),
    ]
    query = QueryDict("selection=" + ",".join(str(one.pk) for one in kinds))

    found = choosing.chosen(make_user(Role.LEAD), query)

    for one, whole in zip(found, kinds, strict=True):
        for name in ("state", "needs_somebody", "is_not_working", "is_connected_by_link"):
            assert getattr(one, name) == getattr(whole, name), name
        assert (str(one), str(one.account)) == (str(whole), str(whole.account))
        assert one.account.get_absolute_url() == whole.account.get_absolute_url()


def test_only_connectors_that_a_lead_may_act_on_are_chosen(here: Console) -> None:
    mine, foreign = install(here, "A"), install(make_console(), "B")
    user = make_user(Role.LEAD, console=here)
    agent = make_user(Role.AGENT, console=here)

    query = QueryDict(f"pick={mine.pk}&pick={foreign.pk}")

    assert [one.pk for one in choosing.chosen(user, query)] == [mine.pk]
    assert [one.pk for one in choosing.chosen(user, QueryDict("scope=filter"))] == [mine.pk]
    assert choosing.chosen(agent, query) == []


def test_too_many_are_refused_in_words(
    lead: Client, broken: list[AccountConnector], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choosing, "MOST", 2)

    for data in ({"scope": "filter"}, {"pick": [one.pk for one in broken]}):
        response = lead.post(NEW, data)
        assert response.status_code == 422
        assert "3 connectors are too many" in text_of(response)
        assert "2 at most" in text_of(response)


def test_one_account_leads_to_a_single_link_over_what_was_chosen(
    lead: Client, here: Console
) -> None:
    account = make_account(console=here)
    one = install(here, account=account)
    two = install(here, account=account, name="Slack", authenticated=True)
    install(here, account=account, name="Left alone")

    response = lead.post(NEW, {"pick": [one.pk, two.pk]}, follow=True)

    assert response.resolver_match.url_name == "link_new"
    assert response.context["form"]["connectors"].value() == [str(one.pk), str(two.pk)]


def test_of_several_consoles_one_is_chosen_first(lead: Client, here: Console) -> None:
    ours = [install(here, "A"), install(here, "B")]
    theirs = install(make_console(name="Test"), "C")

    asked = lead.post(NEW, {"pick": [one.pk for one in [*ours, theirs]]})
    answered = lead.post(NEW, {"selection": asked.context["selection"], "console": here.pk})

    assert asked.status_code == 422
    assert "of 2 consoles" in text_of(asked)
    assert "2 accounts, 2 connectors" in text_of(answered)


def test_nothing_chosen_leads_to_the_list(lead: Client) -> None:
    page = text_of(lead.get(NEW))

    assert "Choose connectors first" in page
    assert 'href="/connectors/?state=not-authenticated"' in page


# -- the form ------------------------------------------------------------------------------------


def test_a_recipient_is_the_one_of_the_accounts_last_link(
    lead: Client, broken: list[AccountConnector]
) -> None:
    account = broken[0].account
    old = timezone.now() - timedelta(days=40)
    for email in ("old@a.example", "new@a.example", ""):
        made = make_link(connectors=[broken[0]], recipient_email=email, recipient_name="Ana")
        Link.objects.filter(pk=made.pk).update(expires_at=old)

    html = text_of(lead.post(NEW, {"pick": [one.pk for one in broken]}))

    assert f'name="email-{account.pk}" value="new@a.example"' in html
    assert f'aria-label="E-mail for {account.name}"' in html
    assert "old@a.example" not in html


def test_a_filled_line_a_table_and_a_file_say_who_is_written_to(
    lead: Client, broken: list[AccountConnector]
) -> None:
    first, second, third = broken
    table = (
        "E-mail;Account id;Name;Account name\n"
        f"ben@b.example;{second.account.cyclr_id};Ben;{second.account.name}\n;{third.account.cyclr_id};;\n"
        "other@x.example;not-here;;\n"
    )
    typed = {email_of(first): "ana@a.example", email_of(third): "cem@c.example"}

    pasted = preview(lead, broken, table=table, **typed)
    upload = SimpleUploadedFile("r.csv", ("\ufeff" + table).encode())
    filed = preview(lead, broken, file=upload, **typed)

    for run in (pasted, filed):
        emails = [row.display_input["email"] for row in run.rows.all()]
        assert emails == ["ana@a.example", "ben@b.example", "cem@c.example"]
        assert run.display_input["passed_over"] == [[4, "not-here", UNKNOWN]]
        page = text_of(lead.get(run.get_absolute_url()))
        assert f"Line 4, <bdi>not-here</bdi>: <bdi>{UNKNOWN}</bdi>" in " ".join(page.split())


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("Account id,E-mail\n{id},nonsense", "Line 2: “nonsense” is no e-mail address."),
        ('Account id,E-mail\n{id},"a@b.example\nBcc: x@y.example"', "is no e-mail address"),
        ('Account id,E-mail,Name\n{id},a@b.example,"A\nB"', "A name is one line of text"),
        ("Account id,E-mail\n{id},a@b.example\n{id},c@d.example", "on line 2 already"),
        ("Account id,E-mail,Colour\n{id},a@b.example,red", "No column is called “Colour”"),
        ("Account id,E-mail,Email\n{id},a@b.example,", "Two columns are called “Email”"),
        ("{id}", "no column “E-mail”"),
        ("Colour,E-mail\n{id},a@b.example", "must be “Account id”"),
        ("Account id,E-mail\n{id},a@b.example,more", "more cells than the heading"),
    ],
)
def test_a_wrong_table_is_said_and_nothing_is_lost(
    lead: Client, broken: list[AccountConnector], table: str, words: str
) -> None:
    written = table.replace("{id}", broken[0].account.cyclr_id)
    typed = {"message": "Hello there", email_of(broken[1]): "kept@b.example"}

    response = lead.post(NEW, form_of(broken, table=written, **typed))

    html = text_of(response)
    assert response.status_code == 422
    assert words in html
    assert "Hello there" in html
    assert 'value="kept@b.example"' in html
    assert broken[0].account.cyclr_id in html
    assert not BulkRun.objects.exists()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("42,ana@a.example,Ana", "a spreadsheet also makes it of"),
        ("plain,ana@a.example,1.23457E+19", "The name “1.23457E+19” looks like a number"),
        ("plain,ana@a.example,#####", "looks like what a spreadsheet shows in place of a value"),
    ],
)
def test_a_line_in_doubt_waits_until_somebody_confirms_it(
    lead: Client, here: Console, line: str, words: str
) -> None:
    ids = ("42", "0042", "plain")
    accounts = [make_account(console=here, name=f"Shop {one}", cyclr_id=one) for one in ids]
    connectors = [install(here, account=account) for account in accounts]
    run = preview(lead, connectors, table=f"Account id,E-mail,Name\n{line}")

    page = " ".join(text_of(lead.get(run.get_absolute_url())).split())
    assert "1 line to confirm" in page and "Line 2: " in page and words in page
    assert "Start makes 2 links" in page and "1 e-mail" not in page
    lead.post(reverse("bulk_run_confirm", args=[run.reference]))
    page = " ".join(text_of(lead.get(run.get_absolute_url())).split())

    assert "to confirm" not in page
    assert "Start makes 3 links" in page and "1 e-mail is" in page
    (row,) = run.rows.exclude(display_input__email="")
    assert (row.display_input["email"], row.problem) == ("ana@a.example", "")


def test_wrong_entries_are_said_at_their_fields(
    lead: Client, broken: list[AccountConnector]
) -> None:
    wrong = {
        email_of(broken[0]): "no address",
        f"name-{broken[1].account_id}": "A\r\nBcc: b@c.example",
        "ticket_url": "javascript:alert(1)",
        "expires": "1",
    }

    response = lead.post(NEW, form_of(broken, **wrong))

    errors = response.context["form"].errors
    assert response.status_code == 422
    assert set(errors) == set(wrong)
    assert 'role="alert"' in text_of(response)


def test_a_form_that_is_shown_again_is_a_new_submission(
    lead: Client, broken: list[AccountConnector]
) -> None:
    data = form_of(broken, ticket_url="https://help.example@evil.example/7")

    again = lead.post(NEW, data)

    assert again.context["form"]["submission"].value() != data["submission"]


def test_more_accounts_than_lines_are_filled_by_a_table(lead: Client, here: Console) -> None:
    many = [install(here, f"Shop {n:03}") for n in range(LINES + 5)]
    make_link(connectors=[many[0]], recipient_email="a@b.example", revoked_at=timezone.now())
    last = many[-1].account

    html = text_of(lead.post(NEW, {"pick": [one.pk for one in many]}))
    run = preview(lead, many, table=f"Account id,E-mail\n{last.cyclr_id},z@z.example")

    assert html.count('aria-label="E-mail for ') == LINES
    assert "5 more get an e-mail" in html
    emails = {row.account_id: row.display_input["email"] for row in run.rows.all()}
    assert emails[last.pk] == "z@z.example"
    assert emails[many[0].account_id] == "a@b.example"


def test_the_table_to_fill_in_holds_every_account_and_comes_back_as_it_is(
    lead: Client, broken: list[AccountConnector]
) -> None:
    old = make_link(connectors=[broken[0]], recipient_email="ana@a.example")
    services.revoke(old, Actor.system())
    selection = ",".join(str(one.pk) for one in broken)

    response = lead.post("/links/campaigns/new/table/", {"selection": selection})
    text = text_of_stream(response)
    run = preview(lead, broken, table=text)

    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert rows[0] == ["Account id", "Account name", "E-mail", "Name", "Connectors"]
    assert rows[1][1:] == ["Apple Books", "ana@a.example", "", "HubSpot"]
    assert len(rows) == 4
    assert run.rows.all()[0].display_input["email"] == "ana@a.example"


# -- the preview ---------------------------------------------------------------------------------


def test_a_preview_says_what_will_happen_and_who_is_left_out(
    lead: Client, here: Console, broken: list[AccountConnector]
) -> None:
    first, second, third = broken
    slack = install(here, account=first.account, name="Slack", authenticated=True)
    gone = install(here, "Gone Goods", gone_at=timezone.now())
    keyless = install(here, "Keyless", authentication=[{"AuthType": "None"}])
    linked = make_link(connectors=[third])
    every = [*broken, slack, gone, keyless]

    run = preview(lead, every, **{email_of(first): "ana@a.example"})
    html = text_of(lead.get(run.get_absolute_url()))

    assert run.title == "Reconnect HubSpot"
    assert "Reconnect HubSpot for 2 accounts" in html
    assert "nothing has been created or sent yet" in html
    assert "Start makes 2 links, one for each account, over 2 connectors." in html
    assert "1 e-mail is sent." in " ".join(html.split())
    assert "1 account has no address: its link is created, and you copy it." in " ".join(
        html.split()
    )
    assert "3 accounts are left out" in html
    problems = {row.account_id: row.problem for row in run.rows.exclude(problem="")}
    assert problems == {
        third.account_id: "HubSpot already has an open link.",
        gone.account_id: "HubSpot is gone from Cyclr.",
        keyless.account_id: "HubSpot cannot be connected by a link.",
    }
    assert "Slack is authenticated." in html
    assert not Link.objects.exclude(pk=linked.pk).exists()


def test_what_is_linked_or_authenticated_can_be_taken_in(
    lead: Client, here: Console, hands: Hands
) -> None:
    linked, fine = install(here, "A"), install(here, "B", authenticated=True)
    old = make_link(connectors=[linked])

    run = preview(lead, [linked, fine], skips_linked="", skips_authenticated="")
    carry_out(run, hands)

    made = Link.objects.exclude(pk=old.pk)
    assert {link.account_id for link in made} == {linked.account_id, fine.account_id}


def test_the_same_form_sent_twice_is_one_campaign(
    lead: Client, broken: list[AccountConnector]
) -> None:
    data = form_of(broken)

    first, again = lead.post(NEW, data), lead.post(NEW, data)
    other = lead.post(NEW, data | {"message": "Other words"}, follow=True)

    assert first["Location"] == again["Location"] == other.redirect_chain[0][0]
    assert "already sent, with different entries" in text_of(other)
    assert BulkRun.objects.count() == 1


def test_a_preview_can_be_changed_and_the_new_one_replaces_it(
    lead: Client, broken: list[AccountConnector]
) -> None:
    run = preview(
        lead, broken, message="First words", expires="86400", **{email_of(broken[0]): "a@b.example"}
    )
    html = text_of(lead.get(run.get_absolute_url()))
    form = lead.get(NEW, {"change": run.reference}).context["form"]
    entries = {bound.html_name: bound.value() or "" for bound in form}
    selection = run.display_input["selection"]

    lead.post(NEW, entries | {"selection": selection, "change": run.reference, "message": "New"})

    again = BulkRun.objects.exclude(pk=run.pk).get()
    run.refresh_from_db()
    assert f'href="/links/campaigns/new/?change={run.reference}"' in html
    assert entries["message"] == "First words"
    assert entries["expires"] == "86400"
    assert again.rows.all()[0].display_input["email"] == "a@b.example"
    assert (run.state, again.state) == (RunState.ENDED, RunState.DRAFT)
    assert run.rows.exclude(encrypted_input="").count() == 0


def test_what_was_started_is_not_changed_any_more(
    lead: Client, broken: list[AccountConnector]
) -> None:
    run = preview(lead, broken)
    bulk.start(run, run.actor)

    for reference in (run.reference, "\x00", "runx"):
        page = text_of(lead.get(NEW, {"change": reference}))
        assert "Choose connectors first" in page


def test_a_campaign_with_nobody_in_it_cannot_start(lead: Client, here: Console) -> None:
    fine = [install(here, name, authenticated=True) for name in ("A", "B")]

    run = preview(lead, fine)
    html = text_of(lead.get(run.get_absolute_url()))

    assert "Every account is left out" in html
    assert "Start for" not in html


# -- making --------------------------------------------------------------------------------------


def test_each_account_gets_one_link_and_its_message_once(
    lead: Client, here: Console, broken: list[AccountConnector], hands: Hands
) -> None:
    first, second, third = broken
    slack = install(here, account=first.account, name="Slack")
    run = preview(
        lead,
        [*broken, slack],
        message="Sign in again",
        language="de",
        expires="86400",
        ticket_url="https://desk.example/7",
        has_reminders="on",
        **{email_of(first): "ana@a.example", f"name-{first.account_id}": "Ana"},
    )

    lead.post(reverse("bulk_run_start", args=[run.reference]))
    lead.post(reverse("bulk_run_start", args=[run.reference]))
    run.refresh_from_db()
    for _ in range(5):
        feed_runs()
        hands.work()

    links = {link.account_id: link for link in run.links.all()}
    assert set(links) == {one.account_id for one in broken}
    link = links[first.account_id]
    assert [item.account_connector for item in link.items.all()] == [first, slack]
    assert (link.recipient_email, link.recipient_name) == ("ana@a.example", "Ana")
    assert (link.message, link.language) == ("Sign in again", "de")
    assert (link.ticket_url, link.has_reminders) == ("https://desk.example/7", True)
    assert timedelta(hours=23) < link.expires_at - timezone.now() <= timedelta(days=1)
    assert link.row.account == first.account
    assert [mail.recipient for mail in LinkMail.objects.all()] == ["ana@a.example"]
    assert AuditEntry.objects.filter(action="links.create").count() == 3


def test_without_the_tick_nobody_is_written_to(
    lead: Client, broken: list[AccountConnector], hands: Hands
) -> None:
    run = preview(lead, broken, mails="", **{email_of(broken[0]): "ana@a.example"})

    carry_out(run, hands)

    assert run.links.filter(recipient_email="ana@a.example").exists()
    assert not LinkMail.objects.exists()


def test_what_is_connected_gone_or_linked_meanwhile_gets_no_link(
    lead: Client, broken: list[AccountConnector], hands: Hands
) -> None:
    first, second, third = broken
    run = preview(lead, broken)
    AccountConnector.objects.filter(pk=first.pk).update(authenticated=True)
    Account.objects.filter(pk=second.account_id).update(gone_at=timezone.now())
    make_link(connectors=[third])

    carry_out(run, hands)

    assert not run.links.exists()
    assert set(run.rows.values_list("operation__state", flat=True)) == {State.DONE}
    assert text_of(lead.get(run.get_absolute_url())).count(NOTHING_LEFT) >= 3


def test_the_link_after_an_install_is_made_as_before(here: Console, hands: Hands) -> None:
    connector = install(here, "A")
    operation = make_operation(
        kind=planning.KIND, account=connector.account, account_connector=connector
    )

    hands.work()

    operation.refresh_from_db()
    link = Link.objects.get()
    assert operation.outcome == {"link": link.pk}
    assert (link.run, link.row, link.items.get().account_connector) == (None, None, connector)


def test_nothing_of_a_recipient_stays_with_the_operation(
    lead: Client, broken: list[AccountConnector], hands: Hands
) -> None:
    run = preview(lead, broken, message="A private word")

    carry_out(run, hands)

    operations = str(list(Operation.objects.values()))
    assert "A private word" not in operations


# -- the board -----------------------------------------------------------------------------------


@pytest.fixture
def campaign(here: Console) -> BulkRun:
    """A campaign with a link in each state that there is."""
    run = make_campaign(here, 11)
    moment = timezone.now()
    for state in ("sent", "opened", "started", "returned", "partly-connected"):
        link_in(run, state=state)
    link_in(run, state=LinkState.CONNECTED, connected_at=moment)
    link_in(run, state=LinkState.OPENED, expires_at=moment - timedelta(days=1))
    link_in(run, state=LinkState.OPENED, revoked_at=moment)
    failing = link_in(run, state=LinkState.STARTED)
    failing.items.update(failures=3, failure="The customer closed HubSpot's page")
    bounced = link_in(run, state=LinkState.SENT)
    mail_to(bounced, state=MailState.BOUNCED, last_error="No such mailbox")
    return run


def mail_to(link: Link, **values: Any) -> LinkMail:
    mail = LinkMail(link=link, kind="invitation", recipient=link.recipient_email, **values)
    mail.finished_at = None if mail.state == MailState.WAITING else timezone.now()
    mail.actor = Actor.system()
    mail.save()
    return mail


def test_every_account_stands_in_one_place(lead: Client, campaign: BulkRun) -> None:
    counts = board.counts_of(campaign)

    assert counts == {
        "failing": 2,
        "expired": 1,
        "not-sent": 1,
        "sent": 1,
        "opened": 1,
        "started": 1,
        "returned": 1,
        "partly-connected": 1,
        "connected": 1,
        "revoked": 1,
    }
    html = text_of(lead.get(campaign.get_absolute_url()))
    assert "1 of 11 connected" in html
    assert 'aria-valuetext="2 failing, 1 expired, 1 not sent, ' in html
    assert "The customer closed HubSpot&#x27;s page" in html
    assert "No such mailbox" in html


def test_each_place_has_an_address(lead: Client, campaign: BulkRun) -> None:
    for key, count in board.counts_of(campaign).items():
        response = lead.get(campaign.get_absolute_url(), {"show": key})
        places = {line.place.key for line in response.context["lines"]}
        assert (places, len(response.context["lines"])) == ({key}, count)

    rubbish = lead.get(campaign.get_absolute_url(), {"show": "\x00x", "page": "-3"})
    assert len(rubbish.context["lines"]) == 11


def test_rows_that_were_not_made_say_why(lead: Client, here: Console) -> None:
    run = make_campaign(here, 1)
    BulkRow.objects.create(run=run, number=2, label="x", problem="HubSpot is gone from Cyclr.")
    failed = make_operation(
        kind=planning.KIND,
        state=State.FAILED,
        reason="broken",
        error="It broke.",
        finished_at=timezone.now(),
    )
    BulkRow.objects.create(run=run, number=3, account=failed.account, label="x", operation=failed)
    BulkRow.objects.create(run=run, number=4, account=make_account(), label="x")

    counts = board.counts_of(run)
    html = text_of(lead.get(run.get_absolute_url()))

    assert counts == {"not-sent": 1, "left-out": 1, "not-made": 1, "waiting": 1}
    assert "HubSpot is gone from Cyclr." in html
    assert "It broke." in html


def test_the_board_is_live_until_nothing_can_change(lead: Client, here: Console) -> None:
    run = make_campaign(here, 2)
    url = run.get_absolute_url()
    page = lead.get(url)
    version = page.context["version"]

    same = part(lead, url, "campaign-rows", seen=version)
    link_in(run, state=LinkState.OPENED)
    moved = part(lead, url, "campaign-rows", seen=version)
    run.links.update(revoked_at=timezone.now())
    ended = part(lead, url, "campaign-rows", seen=version)

    assert "poll-5s from:body" in text_of(page)
    assert same.status_code == 204
    assert text_of(moved).strip().startswith('<div id="campaign-rows"')
    assert "from:body" not in text_of(ended)


def test_the_head_is_asked_for_when_what_its_buttons_do_has_changed(
    lead: Client, here: Console
) -> None:
    run = make_campaign(here, 1)
    url = run.get_absolute_url()
    turn = lead.get(url).context["turn"]
    run.links.update(revoked_at=timezone.now())

    answer = lead.get(
        url, headers={"HX-Request": "true", "HX-Target": "campaign-rows", "X-Turn": turn}
    )
    head = part(lead, url, "campaign-head")

    assert "turned" in answer["HX-Trigger-After-Settle"]
    assert text_of(head).strip().startswith('<div id="campaign-head"')
    assert "Revoke all unfinished" not in text_of(head)


def test_the_query_count_does_not_grow_with_the_campaign(lead: Client, here: Console) -> None:
    few = queries_of(lead, make_campaign(here, 2, state="started").get_absolute_url())
    run = make_campaign(here, 40, state="started")
    LinkItem.objects.update(failures=1, failure="Closed")
    for link in run.links.all():
        timeline.record(link, "started", "Started")
        mail_to(link)

    assert queries_of(lead, run.get_absolute_url()) == few <= 18


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_only_letters(lead: Client, here: Console, name: str) -> None:
    connectors = [
        install(here, name, name=name, connector_name=name),
        install(here, "B", name=name, connector_name=name),
    ]

    form = lead.post(NEW, {"pick": [one.pk for one in connectors]})
    run = preview(lead, connectors, message=name[:500])

    for html in (form, lead.get(run.get_absolute_url()), lead.get("/links/campaigns/")):
        assert_only_letters(text_of(html))


def test_campaigns_are_listed_with_how_far_they_are(lead: Client, here: Console) -> None:
    run = make_campaign(here, 2)
    link_in(run, state=LinkState.CONNECTED, connected_at=timezone.now())
    other = BulkRun(kind="installs.install", title="Install Till", console=here)
    other.actor = Actor.system()
    other.save()

    html = text_of(lead.get("/links/campaigns/"))

    assert "Reconnect HubSpot for 2 accounts" in html
    assert "1 of 2" in html
    assert "Install Till" not in html
    assert 'href="/links/campaigns/"' in text_of(lead.get("/links/"))


def test_the_run_of_a_campaign_is_shown_as_a_campaign(lead: Client, here: Console) -> None:
    run = make_campaign(here, 1)

    response = lead.get(f"/bulk/{run.reference}/")

    assert response["Location"] == f"/links/campaigns/{run.reference}/"
    assert lead.get(f"/links/campaigns/{run.reference}x/").status_code == 404


def test_a_bulk_run_of_another_kind_is_no_campaign(lead: Client, here: Console) -> None:
    other = BulkRun(kind="installs.install", title="Install Till", console=here)
    other.actor = Actor.system()
    other.save()

    assert lead.get(f"/links/campaigns/{other.reference}/").status_code == 404


# -- acting on all -------------------------------------------------------------------------------


def test_who_did_not_open_is_written_to_again_and_only_once(
    lead: Client, campaign: BulkRun
) -> None:
    url = reverse("campaign_resend", args=[campaign.reference])
    addressless = link_in(campaign)
    page = lead.get(url)
    data = {"submission": page.context["form"]["submission"].value()}
    LinkMail.objects.update(created_at=timezone.now() - timedelta(hours=2))
    LinkMail.objects.filter(state=MailState.BOUNCED).delete()

    lead.post(url, data)
    lead.post(url, data)
    lead.post(url, {"submission": str(uuid.uuid4())})

    waiting = LinkMail.objects.filter(state=MailState.WAITING)
    sent_to = [mail.link.state for mail in waiting.select_related("link")]
    assert sorted(sent_to) == ["created", "sent", "sent"]
    assert addressless.mails.count() == 1
    assert AuditEntry.objects.filter(action="links.resend_all").count() == 1


def test_a_link_without_an_address_or_written_to_lately_is_passed_over(here: Console) -> None:
    run = make_campaign(here, 3)
    link_in(run, recipient_email="")
    written = run.links.exclude(recipient_email="").earliest("pk")
    mail_to(written, state=MailState.SENT)

    count = acting.send_again(run, Actor.system(), uuid.uuid4())

    assert count == 1
    assert LinkMail.objects.filter(link=written).count() == 1


def test_all_unfinished_links_work_longer(lead: Client, campaign: BulkRun) -> None:
    url = reverse("campaign_extend", args=[campaign.reference])
    before = {link.pk: link.expires_at for link in campaign.links.all()}

    for _ in range(2):
        lead.post(url, {"expires": "2592000"})

    longer = [link for link in campaign.links.all() if link.expires_at > before[link.pk]]
    assert len(longer) == 9
    assert board.counts_of(campaign).get("expired") is None
    assert all(link.events.filter(event="extended").count() == 1 for link in longer)
    assert AuditEntry.objects.get(action="links.extend_all").result == "9 links"


def test_no_link_is_shortened(here: Console) -> None:
    until = timezone.now() + timedelta(days=20)
    run = make_campaign(here, 1, expires_at=until)

    assert acting.extend_all(run, Actor.system(), timedelta(days=1)) == 0
    assert run.links.get().expires_at == until


@pytest.mark.parametrize("word", ["", "x", "revoked", "\x00"])
def test_nothing_is_revoked_without_the_word(lead: Client, campaign: BulkRun, word: str) -> None:
    url = reverse("campaign_revoke", args=[campaign.reference])

    response = lead.post(url, {"word": word})

    assert response.status_code == 422
    assert board.counts_of(campaign)["revoked"] == 1


def test_all_unfinished_links_end_and_what_was_requested_is_worthless(
    lead: Client, campaign: BulkRun
) -> None:
    item = LinkItem.objects.get(link__run=campaign, link__state="started", failures=0)
    attempt = ConnectAttempt.objects.create(
        item=item, state=AttemptState.READY, encrypted_url="x", finished_at=timezone.now()
    )

    lead.post(reverse("campaign_revoke", args=[campaign.reference]), {"word": " Revoke "})

    attempt.refresh_from_db()
    assert board.counts_of(campaign) == {"connected": 1, "revoked": 10}
    assert (attempt.state, attempt.encrypted_url) == (AttemptState.OVER, "")
    assert item.link.events.filter(event="revoked").exists()


def test_revoking_ends_a_campaign_that_is_still_being_made(
    lead: Client, here: Console, hands: Hands
) -> None:
    connectors = [install(here, f"Shop {n:02}") for n in range(20)]
    run = preview(lead, connectors)
    bulk.start(run, run.actor)
    feed_runs()
    hands.work()
    feed_runs()

    lead.post(reverse("campaign_revoke", args=[run.reference]), {"word": "revoke"})
    feed_runs()
    hands.work()

    counts = board.counts_of(run)
    assert set(counts) == {"revoked", "left-out"}
    assert sum(counts.values()) == 20


def test_a_link_that_a_worker_is_making_while_all_are_revoked_is_not_made(
    lead: Client, here: Console, monkeypatch: pytest.MonkeyPatch, hands: Hands
) -> None:
    run = preview(lead, [install(here, "Apple Books")])
    bulk.start(run, run.actor)
    feed_runs()
    act = CreateLink.act

    def slow(self: CreateLink, *given: Any) -> Any:
        wanted = act(self, *given)
        acting.revoke_all(run, Actor.system())
        return wanted

    monkeypatch.setattr(CreateLink, "act", slow)
    hands.work()

    row = run.rows.get()
    (line,) = board.lines(run, [(row.pk, "left-out")])
    assert not run.links.exists()
    assert board.counts_of(run) == {"left-out": 1}
    assert line.why == STOPPED


def test_the_export_has_a_line_for_each_account_and_no_working_address(
    lead: Client, campaign: BulkRun, settings: Any
) -> None:
    settings.DESK_URL = "https://desk.example"
    Account.objects.filter(links__run=campaign).update(name='=HYPERLINK("x")')

    response = lead.post(reverse("campaign_export", args=[campaign.reference]))
    text = text_of_stream(response).removeprefix("\ufeff")

    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 11
    assert rows[0]["Account"] == '\'=HYPERLINK("x")'
    assert {row["State"] for row in rows} >= {"Failing", "Connected", "Not sent"}
    for link in campaign.links.all():
        assert link.token() not in text
        assert link.public_id not in text
        assert f"https://desk.example{link.get_absolute_url()}" in text
    assert AuditEntry.objects.filter(action="bulk.export").exists()


# -- who may -------------------------------------------------------------------------------------


def test_only_leads_make_campaigns_and_act_on_them(campaign: BulkRun) -> None:
    agent = signed_in(make_user(Role.AGENT))
    ends = ("resend", "extend", "revoke", "export")
    urls = [reverse(f"campaign_{end}", args=[campaign.reference]) for end in ends]

    with nothing_changes():
        for url in [NEW, "/links/campaigns/new/table/", *urls]:
            assert agent.post(url, {"word": "revoke", "expires": "3600"}).status_code == 403
    html = text_of(agent.get(campaign.get_absolute_url()))
    assert "Extend all" not in html
    assert "1 of 11 connected" in html


def test_a_campaign_is_seen_by_those_of_its_console_only(campaign: BulkRun) -> None:
    stranger = signed_in(make_user(Role.ADMIN, console=make_console()))
    ends = ("detail", "resend", "extend", "revoke")

    for end in ends:
        url = reverse(f"campaign_{end}", args=[campaign.reference])
        assert stranger.get(url).status_code == 404
    assert "Reconnect HubSpot" not in text_of(stranger.get("/links/campaigns/"))


def test_looking_changes_nothing(
    lead: Client, campaign: BulkRun, broken: list[AccountConnector]
) -> None:
    ends = ("detail", "resend", "extend", "revoke")

    with nothing_changes():
        lead.post(NEW, {"pick": [one.pk for one in broken]})
        lead.get("/links/campaigns/")
        for end in ends:
            assert lead.get(reverse(f"campaign_{end}", args=[campaign.reference])).content


def test_five_thousand_links_take_one_query_for_all_counts(campaign: BulkRun) -> None:
    with CaptureQueriesContext(connection) as asked:
        board.counts_of(campaign)

    assert len(asked) == 1
