"""Calls kept under a name: for oneself or shared, never a secret, to be called again."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from cyclr_api.simulator import CyclrState
from dashboard.audit.models import AuditEntry
from dashboard.common import encryption
from dashboard.methods import saving
from dashboard.methods.models import MethodCall, SavedCall
from dashboard.mirror.models import AccountConnector
from dashboard.people.models import Membership, Role
from dashboard.settings_pages.keys import rotate_keys
from tests.factories import make_user
from tests.methods.conftest import call_of, method, send, url_of, work
from tests.pages import signed_in, text_of


def save(browser: Client, call: MethodCall, **values: str) -> None:
    """Save a call through its page."""
    url = reverse("method_call_save", args=[call.account_connector_id, call.pk])
    answer = browser.post(url, {"name": "Nightly", **values})
    assert answer.status_code == 302, text_of(answer)


def called(browser: Client, connector: AccountConnector, **values: str) -> MethodCall:
    """A call of List Subscribers that has ended."""
    send(browser, connector, "List Subscribers", **(values or {"Limit": "25"}))
    work()
    found: MethodCall = MethodCall.objects.order_by("-pk")[0]
    return found


def test_a_saved_call_fills_the_form(
    cyclr: CyclrState, mailchimp: AccountConnector, agent: Client
) -> None:
    call = called(agent, mailchimp)
    page = text_of(agent.get(call.get_absolute_url()))
    url = reverse("method_call_save", args=[mailchimp.pk, call.pk])
    assert url in page
    assert "25" in text_of(agent.get(url))

    save(agent, call)

    saved = SavedCall.objects.get()
    listed = text_of(agent.get(reverse("method_list", args=[mailchimp.pk])))
    assert "Nightly" in listed and f"?saved={saved.pk}" in listed
    form = agent.get(f"{url_of(mailchimp, 'List Subscribers')}?saved={saved.pk}")
    assert 'value="25"' in text_of(form) and "Only you" in text_of(form)
    assert 'value="25"' not in text_of(agent.get(url_of(mailchimp, "List Subscribers")))
    entry = AuditEntry.objects.get(action="methods.save_call")
    assert entry.target == "Nightly of List Subscribers"


def test_a_call_is_made_again_with_its_values(
    cyclr: CyclrState, mailchimp: AccountConnector, agent: Client
) -> None:
    call = called(agent, mailchimp)
    page = text_of(agent.get(call.get_absolute_url()))
    again = f"{url_of(mailchimp, 'List Subscribers')}?again={call.pk}"
    assert again in page

    assert 'value="25"' in text_of(agent.get(again))
    for odd in ("0", "-1", "x", "9" * 30, "٣", str(call.pk + 1)):
        url = f"{url_of(mailchimp, 'List Subscribers')}?again={odd}&saved={odd}"
        answer = agent.get(url)
        assert answer.status_code == 200 and 'value="25"' not in text_of(answer)


def test_colleagues_see_what_is_shared(
    cyclr: CyclrState, mailchimp: AccountConnector, agent: Client, lead: Client
) -> None:
    call = called(agent, mailchimp)
    save(agent, call, name="Mine")
    save(agent, call, name="Everybody’s", is_shared="on")
    mine, shared = SavedCall.objects.order_by("-name")
    form = url_of(mailchimp, "List Subscribers")

    page = text_of(lead.get(form))

    assert "Everybody’s" in page and "Mine" not in page
    assert 'value="25"' in text_of(lead.get(f"{form}?saved={shared.pk}"))
    assert 'value="25"' not in text_of(lead.get(f"{form}?saved={mine.pk}"))
    other = signed_in(make_user(Role.AGENT))
    assert "Everybody’s" in text_of(other.get(form))


def test_who_may_delete_a_saved_call(
    cyclr: CyclrState, mailchimp: AccountConnector, agent: Client, lead: Client
) -> None:
    call = called(agent, mailchimp)
    save(agent, call, name="Mine")
    save(agent, call, name="Shared", is_shared="on")
    mine, shared = SavedCall.objects.order_by("name")
    other = signed_in(make_user(Role.AGENT))

    def delete(browser: Client, saved: SavedCall) -> int:
        url = reverse("saved_call_delete", args=[mailchimp.pk, saved.pk])
        return int(browser.post(url).status_code)

    assert delete(other, mine) == 404 and delete(lead, mine) == 404
    assert delete(other, shared) == 403 and SavedCall.objects.count() == 2
    assert delete(lead, shared) == 302 and delete(agent, mine) == 302
    assert not SavedCall.objects.exists()
    assert AuditEntry.objects.filter(action="methods.delete_saved_call").count() == 2


def test_the_same_name_again_replaces_what_was_saved(
    cyclr: CyclrState, mailchimp: AccountConnector, agent: Client
) -> None:
    save(agent, called(agent, mailchimp, Limit="25"))
    save(agent, called(agent, mailchimp, Limit="77"), is_shared="on")

    saved = SavedCall.objects.get()

    assert [one.value for one in saving.values_of(saved)] == ["77"] and saved.is_shared


def test_no_secret_is_saved(cyclr: CyclrState, mailchimp: AccountConnector, agent: Client) -> None:
    one = method(mailchimp, "List Subscribers")
    one.inputs[0] |= {"is_sensitive": True, "data_type": "Text"}
    one.save()
    call = called(agent, mailchimp, **{one.inputs[0]["name"].replace(" ", "_"): "planted-secret"})
    url = reverse("method_call_save", args=[mailchimp.pk, call.pk])

    page = text_of(agent.get(url))
    save(agent, call)

    saved = SavedCall.objects.get()
    form = text_of(agent.get(f"{url_of(mailchimp, 'List Subscribers')}?saved={saved.pk}"))
    again = text_of(agent.get(f"{url_of(mailchimp, 'List Subscribers')}?again={call.pk}"))
    assert "Not saved, as it is secret" in page and saving.values_of(saved) == ()
    assert "planted-secret" not in page + form + again


def test_an_own_body_or_wiped_values_are_not_saved(
    cyclr: CyclrState, mailchimp: AccountConnector, agent: Client
) -> None:
    page = text_of(agent.get(url_of(mailchimp, "List Subscribers") + "?mode=body"))
    data = {"mode": "body", "body": '{"limit": 1}'}
    data["submission"] = page.split('name="submission" value="')[1].split('"')[0]
    agent.post(url_of(mailchimp, "List Subscribers"), data)
    work()
    call = call_of()
    url = reverse("method_call_save", args=[mailchimp.pk, call.pk])
    assert "Save call" not in text_of(agent.get(call.get_absolute_url()))
    assert agent.get(url).status_code == 404

    MethodCall.objects.update(encrypted_input="")
    assert agent.get(url).status_code == 404 and agent.post(url).status_code == 404


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\x00b"])
def test_a_name_that_cannot_be_one_is_refused(
    cyclr: CyclrState, mailchimp: AccountConnector, agent: Client, name: str
) -> None:
    call = called(agent, mailchimp)
    url = reverse("method_call_save", args=[mailchimp.pk, call.pk])

    answer = agent.post(url, {"name": name})

    assert answer.status_code == 422 and not SavedCall.objects.exists()


def test_a_person_can_fill_no_list(
    cyclr: CyclrState, mailchimp: AccountConnector, agent: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saving, "MOST_SAVED", 2)
    call = called(agent, mailchimp)
    for name in ("A", "B"):
        save(agent, call, name=name)
    url = reverse("method_call_save", args=[mailchimp.pk, call.pk])

    assert agent.post(url, {"name": "C"}).status_code == 422
    save(agent, call, name="B", is_shared="on")


def test_values_outlive_a_new_key_and_a_lost_one_says_nothing(
    cyclr: CyclrState, mailchimp: AccountConnector, agent: Client, settings: object
) -> None:
    save(agent, called(agent, mailchimp))
    saved = SavedCall.objects.get()
    before = saved.encrypted_input

    settings.CREDENTIAL_KEYS = ["another-key-" + "k" * 40, *settings.CREDENTIAL_KEYS]  # type: ignore[attr-defined]
    rotate_keys()

    saved.refresh_from_db()
    assert saved.encrypted_input != before
    assert [one.value for one in saving.values_of(saved)] == ["25"]
    saved.encrypted_input = encryption.encrypt("[]", associated_data="another row's")
    assert saving.values_of(saved) == ()


def test_another_console_sees_nothing(
    cyclr: CyclrState, mailchimp: AccountConnector, agent: Client
) -> None:
    save(agent, called(agent, mailchimp), is_shared="on")
    saved = SavedCall.objects.get()
    stranger = make_user(Role.ADMIN)
    Membership.objects.filter(user=stranger).delete()

    answer = signed_in(stranger).post(reverse("saved_call_delete", args=[mailchimp.pk, saved.pk]))

    assert answer.status_code in {403, 404} and SavedCall.objects.exists()
