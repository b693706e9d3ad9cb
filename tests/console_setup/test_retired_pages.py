"""What a retired console had: to be read, without anything that would change it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.test import Client
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone

from dashboard.consoles.models import Console
from dashboard.people.access import decision_on
from dashboard.people.models import Role, User
from tests.factories import make_user
from tests.features.test_features import ADDRESS, Place
from tests.pages import signed_in

pytestmark = pytest.mark.django_db

FORM = re.compile(r'<form\b[^>]*\bmethod="post"[^>]*>', re.IGNORECASE)
OF_THE_PERSON = {
    "sign_out",
    "factor_later",
    "notification_seen",
    "connector_columns",
}
"""What is one's own, whatever is in view."""
LISTS = (
    *("overview", "account_list", "connector_list", "library_list", "link_list", "template_list"),
    *("cycle_list", "operation_list", "bulk_run_list", "alarm_list", "audit_list", "campaign_list"),
    *("launch_link_list", "onboarding_run_list", "release_drift_list", "notification_list"),
)


@pytest.fixture
def place() -> Place:
    found = Place("Old EU")
    Place("Larkfield")
    Console.objects.filter(pk=found.console.pk).update(retired_at=timezone.now())
    return found


@pytest.fixture
def admin(place: Place) -> Client:
    return signed_in(make_user(Role.ADMIN))


def pages_of(place: Place) -> list[str]:
    account = place.account.get_absolute_url()
    return [
        *(f"{reverse(name)}?console={place.console.pk}" for name in LISTS),
        *(f"{account}{tab}" for tab in ("", "links/", "cycles/", "activity/", "settings/")),
        *(f"{account}{tab}" for tab in ("sub-accounts/", "users/", "usage/")),
        place.connector.get_absolute_url(),
        place.entry.get_absolute_url(),
        place.template.get_absolute_url(),
        place.cycle.get_absolute_url(),
        place.link.get_absolute_url(),
        place.launch_link.get_absolute_url(),
        place.run.get_absolute_url(),
        place.campaign.get_absolute_url(),
        place.onboarding.get_absolute_url(),
    ]


def changing(page: str, html: str) -> set[str]:
    """Addresses on a page that change something, or that only more than Viewers may open."""
    found = set()
    main = html[html.index("<main") : html.index("</main>")]
    for form in FORM.findall(main):
        to = re.search(r'\saction="([^"]*)"', form)
        found.add(_name_of(page, to[1] if to else page))
    for address in ADDRESS.findall(main):
        name = _name_of(page, address)
        access = decision_on(resolve(urlsplit(urljoin(page, address)).path).func) if name else None
        if access is not None and access.at_least is not None and access.at_least > Role.VIEWER:
            found.add(name)
    return found - OF_THE_PERSON - {""}


def _name_of(page: str, address: str) -> str:
    parts = urlsplit(urljoin(page, address.replace("&amp;", "&")))
    try:
        return "" if parts.netloc else str(resolve(parts.path).url_name)
    except Resolver404:
        return ""


def test_no_page_of_a_retired_console_offers_a_change(admin: Client, place: Place) -> None:
    offered = {}
    for page in pages_of(place):
        response = admin.get(page)
        assert response.status_code == 200, page
        offered[page] = changing(page, response.text)

    assert {page: names for page, names in offered.items() if names} == {}


def test_the_same_pages_offer_changes_while_it_is_in_use(admin: Client, place: Place) -> None:
    Console.objects.filter(pk=place.console.pk).update(retired_at=None)
    offering = [page for page in pages_of(place) if changing(page, admin.get(page).text)]

    assert len(offering) > 12


@pytest.mark.parametrize("name", ["account_list_refresh", "account_export", "library_read"])
def test_a_form_sent_all_the_same_says_that_it_is_retired(
    admin: Client, place: Place, name: str
) -> None:
    args = [place.entry.pk] if name == "library_read" else []
    answer: Any = admin.post(f"{reverse(name, args=args)}?console={place.console.pk}")

    assert answer.status_code == 403
    assert "This console is retired" in answer.text and "Old EU" in answer.text
    assert "restore the console" in answer.text


def test_so_do_pages_and_forms_of_its_things(admin: Client, place: Place) -> None:
    account, connector = place.account, place.connector
    for ask in (
        admin.post(reverse("account_refresh", args=[account.pk])),
        admin.get(reverse("account_edit", args=[account.pk])),
        admin.post(reverse("connector_test", args=[connector.pk])),
        admin.get(reverse("install_pick", args=[account.pk])),
        admin.post(reverse("link_revoke", args=[place.link.pk])),
    ):
        assert ask.status_code == 403 and "This console is retired" in ask.text


def test_who_has_no_role_there_learns_nothing(place: Place) -> None:
    other = Console.objects.get(name="Larkfield")
    stranger = signed_in(make_user(Role.ADMIN, console=other))

    assert stranger.post(reverse("account_refresh", args=[place.account.pk])).status_code == 404
    assert stranger.post(f"/accounts/refresh/?console={place.console.pk}").status_code == 404


def test_reading_it_does_not_do_away_with_the_second_factor(place: Place, settings: Any) -> None:
    """What is read counts as a Viewer's; the person is an Admin all the same."""
    settings.CYCLR_CLIENT_ID = "a-real-one"
    user = make_user(Role.ADMIN)
    browser = signed_in(user)
    User.objects.filter(pk=user.pk).update(grace_began_at=timezone.now() - timedelta(days=15))

    answer = browser.get(f"{reverse('account_list')}?console={place.console.pk}")

    assert answer.status_code == 302 and answer["Location"] == reverse("security")
