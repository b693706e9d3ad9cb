"""Connectors and accounts that are deleted in Cyclr while a link asks for them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from dashboard.audit.models import Actor
from dashboard.links import deletions, filters, notification_kinds, services, tasks
from dashboard.links.attempts import confirming
from dashboard.links.mail import email_content, mailing, reminders
from dashboard.links.models import ConnectAttempt, Link, LinkItem, LinkMail, MailKind, MailState
from dashboard.mirror import sync
from dashboard.mirror.models import Account, AccountConnector
from dashboard.notifications.models import Notification
from dashboard.operations.models import Operation
from tests.links.steps import address, consent, press_continue, to_cyclr
from tests.simulated import Hands


@pytest.fixture
def pair(cyclr: CyclrState, harbour: Account) -> Link:
    """A link over two installed connectors that are not authenticated."""
    hubspot = AccountConnector.objects.get(account=harbour, connector_name="HubSpot")
    made = cyclr.install(harbour.cyclr_id, hubspot.release_id or 0, name="HubSpot two")
    sync.refresh_account(harbour)
    second = AccountConnector.objects.get(account=harbour, cyclr_id=made.id)
    return services.create_link(
        Actor.system(), harbour, [hubspot, second], recipient_email="jane@customer.example"
    )


def item_of(link: Link, position: int = 0) -> LinkItem:
    """One of a link's items, as it is now."""
    item: LinkItem = link.items.select_related("account_connector", "link__account").order_by(
        "position"
    )[position]
    return item


def delete(cyclr: CyclrState, item: LinkItem) -> None:
    """Somebody deletes it in Cyclr, and a colleague refreshes the account."""
    cyclr.delete(item.account_connector.cyclr_id)
    sync.refresh_account(item.link.account)
    tasks.follow_deletions()


def events(link: Link) -> list[str]:
    """What the timeline says, oldest first."""
    return [line.event for line in link.events.order_by("at", "pk")]


def test_what_is_gone_leaves_the_list_and_the_rest_is_asked_for(
    cyclr: CyclrState, pair: Link, customer: Client, hands: Hands
) -> None:
    delete(cyclr, item_of(pair))

    page = customer.get(address(pair)).content.decode()
    assert len(re.findall(r'action="/c/[^"]+/continue"', page)) == 1
    assert "is not needed any more: there is nothing to do for it." in page
    to_cyclr(customer, pair, hands)


def test_the_link_finishes_without_it(
    cyclr: CyclrState, pair: Link, customer: Client, hands: Hands
) -> None:
    delete(cyclr, item_of(pair))
    returned = consent(cyclr, to_cyclr(customer, pair, hands), "Approve")
    customer.get(returned)
    tasks.check_account(pair.account_id)

    pair.refresh_from_db()
    assert pair.state_label == "Connected"
    assert "Everything is connected" in customer.get(address(pair)).content.decode()


def test_a_link_of_which_the_rest_was_connected_finishes_when_it_is_deleted(
    cyclr: CyclrState, pair: Link
) -> None:
    confirming.accept(item_of(pair, 1))
    pair.refresh_from_db()
    assert pair.state_label == "Partly connected"
    delete(cyclr, item_of(pair))

    pair.refresh_from_db()
    assert pair.state_label == "Connected"


def test_staff_are_told_truly_on_the_timeline_by_a_notification_and_on_the_page(
    cyclr: CyclrState, pair: Link, agent: Client
) -> None:
    delete(cyclr, item_of(pair))
    tasks.follow_deletions()

    assert events(pair) == ["created", "gone"]
    notification = Notification.objects.get(kind=notification_kinds.CONNECTOR_GONE)
    assert "was deleted in Cyclr" in notification.message
    page = agent.get(pair.get_absolute_url()).content.decode()
    assert 'data-state="gone"' in page and "is not asked for any more" in page


def test_a_press_of_continue_finds_out_that_it_is_gone(
    cyclr: CyclrState, link: Link, customer: Client, hands: Hands
) -> None:
    item = item_of(link)
    cyclr.delete(item.account_connector.cyclr_id)
    wait = press_continue(customer, link)
    hands.work()

    page = customer.get(wait["Location"]).content.decode()
    assert "is not needed any more" in page
    item = item_of(link)
    assert item.is_gone and item.failures == 0
    assert "refused" not in events(link)
    link.refresh_from_db()
    assert link.state_label == "Gone"


def test_deleted_while_the_customer_is_at_the_provider(
    cyclr: CyclrState, link: Link, customer: Client, hands: Hands
) -> None:
    to_cyclr(customer, link, hands)
    attempt = ConnectAttempt.objects.get()
    cyclr.delete(item_of(link).account_connector.cyclr_id)
    returned = reverse("link_return", args=[attempt.public_id])
    customer.get(returned)
    tasks.check_account(link.account_id)

    page = customer.get(returned).content.decode()
    assert "is not needed any more" in page and "You may close this page." in page
    link.refresh_from_db()
    assert link.state_label == "Gone" and not link.is_usable


def test_all_of_them_deleted_leaves_nothing_to_do_and_nothing_to_send(
    cyclr: CyclrState, pair: Link, customer: Client
) -> None:
    for position in (0, 1):
        delete(cyclr, item_of(pair, position))

    pair.refresh_from_db()
    assert pair.state_label == "Gone"
    page = customer.get(address(pair))
    assert page.status_code == 200
    assert "There is nothing left to do" in page.content.decode()
    assert filters.counted(Link.objects.all())["gone"] == 1
    assert filters.counted(Link.objects.all())["waiting"] == 0
    assert not Link.objects.open().exists()


def test_more_time_is_not_offered_to_a_link_whose_connectors_are_all_gone(
    cyclr: CyclrState, link: Link, agent: Client
) -> None:
    delete(cyclr, item_of(link))
    Link.objects.filter(pk=link.pk).update(is_new_link_asked=True)
    before = Link.objects.get(pk=link.pk).expires_at

    page = agent.get(link.get_absolute_url()).content.decode()
    agent.post(reverse("link_extend", args=[link.pk]))

    assert "Extend" not in page
    (first,) = re.findall(r'<a class="btn btn-primary" href="([^"]+)"', page)
    assert first == reverse("link_new", args=[link.account_id])
    assert Link.objects.get(pk=link.pk).expires_at == before


def test_before_the_link_itself_knows_nobody_is_asked(
    cyclr: CyclrState, pair: Link, customer: Client
) -> None:
    for position in (0, 1):
        cyclr.delete(item_of(pair, position).account_connector.cyclr_id)
    sync.refresh_account(pair.account)

    assert "There is nothing left to do" in customer.get(address(pair)).content.decode()


def test_a_message_names_what_is_left(cyclr: CyclrState, pair: Link) -> None:
    delete(cyclr, item_of(pair))

    letter = email_content.write(pair)
    assert "HubSpot two" in letter.subject


def test_a_message_about_nothing_is_dropped(cyclr: CyclrState, link: Link) -> None:
    Link.objects.filter(pk=link.pk).update(recipient_email="jane@customer.example")
    link.refresh_from_db()
    mailing.queue_mail(link, Actor.system(), MailKind.INVITATION)
    delete(cyclr, item_of(link))
    tasks.send_mail(LinkMail.objects.get().pk)

    assert LinkMail.objects.get().state == MailState.DROPPED


def test_no_reminder_of_what_is_gone(cyclr: CyclrState, link: Link) -> None:
    invited = timezone.now() - timedelta(days=1, hours=1)
    Link.objects.filter(pk=link.pk).update(
        recipient_email="jane@customer.example", has_reminders=True, sent_at=invited
    )
    LinkMail.objects.create(
        link=link,
        kind=MailKind.INVITATION,
        recipient="jane@customer.example",
        state=MailState.SENT,
        finished_at=timezone.now(),
        sent_at=invited,
        actor_kind="system",
    )
    assert reminders._candidates(timezone.now())
    delete(cyclr, item_of(link))

    assert not reminders._candidates(timezone.now())


def test_what_comes_back_is_asked_for_again(
    cyclr: CyclrState, link: Link, customer: Client
) -> None:
    item = item_of(link)
    AccountConnector.objects.filter(pk=item.account_connector_id).update(
        gone_at=timezone.now() - timedelta(minutes=5),
        changed_at=timezone.now() - timedelta(minutes=5),
    )
    tasks.follow_deletions()
    link.refresh_from_db()
    assert link.state_label == "Gone"
    sync.refresh_account(link.account)
    tasks.follow_deletions()

    link.refresh_from_db()
    assert link.is_usable and link.state_label == "Created"
    assert events(link) == ["created", "gone", "back"]
    press_continue(customer, link)


def test_a_deleted_account_takes_its_links_along(
    cyclr: CyclrState, link: Link, customer: Client, hands: Hands
) -> None:
    cyclr.delete_account(cyclr.accounts[link.account.cyclr_id])
    wait = press_continue(customer, link)
    hands.work()

    assert "is not needed any more" in customer.get(wait["Location"]).content.decode()
    link.refresh_from_db()
    assert link.state_label == "Gone"
    assert "refused" not in events(link)


def test_typed_credentials_of_what_is_gone_are_no_failure(
    cyclr: CyclrState, harbour: Account, customer: Client, hands: Hands
) -> None:
    freshdesk = next(one for one in cyclr.connectors.values() if one.name == "Freshdesk")
    made = cyclr.install(harbour.cyclr_id, freshdesk.id)
    sync.refresh_account(harbour)
    link = services.create_link(
        Actor.system(), harbour, [AccountConnector.objects.get(cyclr_id=made.id)]
    )
    page = customer.get(address(link)).content.decode()
    form = re.search(r'<form[^>]*id="entry-form".*?</form>', page, re.S)
    assert form, page
    action = re.search(r'action="([^"]+)"', form.group(0))
    names = re.findall(r'name="([^"]+)"(?: value="([^"]*)")?', form.group(0))
    cyclr.delete(made.id)
    assert action
    data = {name: value or "typed" for name, value in names if not name.startswith("choice")}
    for name, value in re.findall(r'name="([^"]+)" value="([^"]*)"', form.group(0)):
        data[name] = value or "typed"
    answer = customer.post(action.group(1), data)
    assert answer.status_code == 303, answer.content.decode()
    hands.work()

    assert Operation.objects.get(kind="links.enter").state == "failed"
    shown = customer.get(answer["Location"], follow=True).content.decode()
    assert "is not needed any more" in shown or "There is nothing left to do" in shown
    assert "entry-refused" not in events(link) and item_of(link).failures == 0


def test_its_form_is_not_drawn_any_more(cyclr: CyclrState, pair: Link, customer: Client) -> None:
    item = item_of(pair)
    delete(cyclr, item)

    page = customer.get(reverse("entry_new", args=[pair.token(), item.pk])).content.decode()
    assert "is not needed any more" in page and "Go on with the next app" in page


def test_what_was_connected_stays_connected_when_it_is_deleted(
    cyclr: CyclrState, link: Link
) -> None:
    confirming.accept(item_of(link))
    delete(cyclr, item_of(link))

    link.refresh_from_db()
    assert link.state_label == "Connected"
    assert item_of(link).state_label == "Connected"
    assert "gone" not in events(link)


def test_a_link_that_was_revoked_is_left_alone(cyclr: CyclrState, link: Link) -> None:
    services.revoke(link, Actor.system())
    delete(cyclr, item_of(link))
    deletions.follow(link.pk)

    link.refresh_from_db()
    assert link.state_label == "Revoked"
    assert "gone" not in events(link)


def test_looking_for_deletions_is_cheap(link: Link, django_assert_num_queries: object) -> None:
    with django_assert_num_queries(1):  # type: ignore[operator]
        tasks.follow_deletions()
