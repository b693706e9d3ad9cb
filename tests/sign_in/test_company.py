"""Signing in through the company's provider, against a real provider's library on this machine."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from django.test import Client
from django.utils import timezone

from dashboard.audit.models import AuditEntry
from dashboard.environment.allauth import providers
from dashboard.people.models import Membership, Role, User
from dashboard.sign_in import company_leave
from tests.factories import make_user

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import oidc_provider_mock

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # the provider's own
]

DESK = "http://testserver"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with oidc_provider_mock.run_server_in_thread() as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def company(issuer: str, settings: Any) -> str:
    """A dashboard that knows the provider; answers its address."""
    settings.DESK_URL = DESK
    settings.OIDC = settings.OIDC | {
        "DESK_OIDC_ISSUER": issuer,
        "DESK_OIDC_NAME": "Larkfield",
        "DESK_OIDC_CLIENT_ID": "desk",
        "DESK_OIDC_CLIENT_SECRET": "s3cret",
        "DESK_OIDC_ROLES": [("support", "agent"), ("heads", "admin")],
    }
    settings.SOCIALACCOUNT_PROVIDERS = providers(settings.OIDC)
    return issuer


def claims(issuer: str, subject: str, **said: Any) -> None:
    """What the provider says about somebody."""
    requests.put(f"{issuer}/users/{subject}", json=said, timeout=5).raise_for_status()


def to_provider(client: Client, target: str = "") -> str:
    """Press the button, and follow the page that comes; answers the provider's address."""
    page = client.post("/sign-in/company/", {"next": target})
    assert page.status_code == 200 and 'url=/sign-in/company/go/"' in page.text
    return str(client.get("/sign-in/company/go/")["Location"])


def sign_in(client: Client, subject: str, target: str = "") -> Any:
    """All the way there and back."""
    there = requests.post(
        to_provider(client, target), data={"sub": subject}, allow_redirects=False, timeout=5
    )
    return client.get(there.headers["Location"].removeprefix(DESK))


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_the_button_is_there_only_with_a_provider(client: Client, settings: Any) -> None:
    assert "Go on with" not in client.get("/sign-in/").text
    assert client.post("/sign-in/company/").status_code == 404
    settings.OIDC = settings.OIDC | {"DESK_OIDC_ISSUER": "https://x", "DESK_OIDC_NAME": "Larkfield"}

    assert "Larkfield" in client.get("/sign-in/").text


def test_somebody_new_comes_in_with_the_role_of_their_claims(client: Client, company: str) -> None:
    claims(company, "ann", email="Ann@Desk.example", email_verified=True, groups=["support", "x"])

    answer = sign_in(client, "ann", "/accounts/?q=a")

    assert answer["Location"] == "/accounts/?q=a"
    user = User.objects.get()
    assert is_in(client) and user.email == "Ann@Desk.example"
    assert user.highest_role == Role.AGENT and not user.has_usable_password()
    assert SocialAccount.objects.get().extra_data == {}
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"joined by single sign-on", "signed in"} <= actions


def test_roles_follow_the_claims_at_each_sign_in(company: str) -> None:
    make_user(Role.ADMIN)
    said: dict[str, Any] = {"email": "bob@desk.example", "email_verified": True}
    roles = []
    for groups in (["support"], ["support", "heads"], ["support"], []):
        claims(company, "bob", **said, groups=groups)
        answer = sign_in(Client(), "bob")
        bobs = Membership.objects.filter(console=None, user__email="bob@desk.example")
        held = bobs.values_list("role", flat=True)
        roles.append((answer.status_code, list(held)))

    assert roles == [(302, [Role.AGENT]), (302, [Role.ADMIN]), (302, [Role.AGENT]), (403, [])]


@pytest.mark.parametrize("groups", [["support"], []])
def test_the_last_admin_stays_one_whatever_the_claims_say(company: str, groups: list[str]) -> None:
    user = make_user(Role.ADMIN, email="eve@desk.example")
    switched_off = make_user(Role.ADMIN)
    User.objects.filter(pk=switched_off.pk).update(is_active=False)
    claims(company, "eve", email="eve@desk.example", email_verified=True, groups=groups)
    sign_in(Client(), "eve")

    assert Membership.objects.get(user=user, console=None).role == Role.ADMIN


def test_an_address_that_was_a_colleagues_before_opens_nothing_of_theirs(company: str) -> None:
    said: dict[str, Any] = {"email_verified": True, "groups": ["support"]}
    claims(company, "fay-1", email="fay@desk.example", **said)
    sign_in(Client(), "fay-1")
    claims(company, "fay-2", email="fay@desk.example", **said)
    client = Client()
    answer = sign_in(client, "fay-2")

    assert answer.status_code == 403 and "belongs to another account" in answer.text
    assert not is_in(client) and SocialAccount.objects.count() == 1


def test_a_colleague_keeps_their_password_and_their_address_may_change(company: str) -> None:
    user = make_user(Role.AGENT, email="Cleo@desk.example")
    claims(company, "cleo", email="cleo@desk.example", email_verified=True, groups=["support"])
    sign_in(Client(), "cleo")
    claims(company, "cleo", email="other@desk.example", email_verified=True, groups=["support"])
    client = Client()
    sign_in(client, "cleo")

    assert client.session["_auth_user_id"] == str(user.pk)
    user.refresh_from_db()
    assert user.has_usable_password() and User.objects.count() == 1


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"email_verified": False}, "not verified"),
        ({}, "not verified"),
        ({"email_verified": True, "email": "no address"}, "not verified"),
        ({"email_verified": True, "groups": ["x"]}, "gives you no role"),
        ({"email_verified": True, "groups": {"support": 1}}, "gives you no role"),
    ],
)
def test_who_may_not_come_in_is_told_why(
    client: Client, company: str, said: dict[str, Any], words: str
) -> None:
    claims(company, "dora", **({"email": "dora@desk.example", "groups": ["support"]} | said))

    answer = sign_in(client, "dora")

    assert answer.status_code == 403 and words in answer.text
    assert not is_in(client) and not User.objects.exists()
    assert AuditEntry.objects.filter(action="refused a sign-in").exists()


def test_an_address_of_which_nothing_is_said_counts_if_the_settings_say_so(
    client: Client, company: str, settings: Any
) -> None:
    settings.OIDC = settings.OIDC | {"DESK_OIDC_TRUST_EMAIL": True}
    claims(company, "eve", email="eve@desk.example", groups=["support"])

    assert sign_in(client, "eve").status_code == 302


def test_somebody_switched_off_stays_out(client: Client, company: str) -> None:
    make_user(Role.AGENT, email="finn@desk.example", is_active=False)
    claims(company, "finn", email="finn@desk.example", email_verified=True, groups=["heads"])

    answer = sign_in(client, "finn")

    assert answer.status_code == 403 and "switched off" in answer.text
    assert Membership.objects.get().role == Role.AGENT


def test_who_comes_by_the_provider_needs_no_factor_of_ours(client: Client, company: str) -> None:
    claims(company, "gus", email="gus@desk.example", email_verified=True, groups=["heads"])
    sign_in(client, "gus")
    User.objects.update(grace_began_at="2020-01-01T00:00Z")

    assert client.get("/accounts/").status_code == 200


def test_a_provider_that_is_away_is_a_page(client: Client, company: str, settings: Any) -> None:
    settings.OIDC = settings.OIDC | {"DESK_OIDC_ISSUER": "http://127.0.0.1:9"}
    settings.SOCIALACCOUNT_PROVIDERS = providers(settings.OIDC)
    client.post("/sign-in/company/")
    answer = client.get("/sign-in/company/go/")

    assert answer.status_code == 503 and "does not answer" in answer.text


@pytest.mark.parametrize(
    "query", ["", "?error=access_denied", "?code=x&state=y", "?state=", "?code=%00&state=%00"]
)
def test_a_way_back_that_we_did_not_begin_is_a_page(
    client: Client, company: str, query: str
) -> None:
    answer = client.get(f"/sign-in/company/back/{query}")

    assert answer.status_code == 403 and "not finished" in answer.text


def test_the_way_there_is_open_once_for_each_press(client: Client, company: str) -> None:
    to_provider(client)

    assert client.get("/sign-in/company/go/")["Location"] == "/sign-in/"


def test_the_provider_leads_back_to_the_settings_address(client: Client, company: str) -> None:
    client.post("/sign-in/company/", headers={"Host": "localhost"})
    there = client.get("/sign-in/company/go/", headers={"Host": "localhost"})["Location"]

    assert "redirect_uri=http%3A%2F%2Ftestserver%2Fsign-in%2Fcompany%2Fback%2F" in there
    assert "code_challenge_method=S256" in there


# ---- how fresh, and how strong ----


def asked_of(address: str) -> dict[str, str]:
    """What the provider is asked for."""
    return dict(parse_qsl(urlsplit(address).query))


def again(client: Client, subject: str, target: str = "/me/") -> Any:
    """Who is signed in confirms it at the provider."""
    return sign_in(client, subject, target)


def now() -> int:
    return int(timezone.now().timestamp())


def come_in(client: Client, issuer: str, **said: Any) -> None:
    """Sign in as an Admin of whom the provider says this."""
    usual = {"email": "ida@desk.example", "email_verified": True, "groups": ["heads"]}
    claims(issuer, "ida", **usual, **said)
    assert sign_in(client, "ida")["Location"] == "/"


def test_to_confirm_it_the_provider_is_asked_for_a_new_sign_in(
    client: Client, company: str
) -> None:
    assert not {"prompt", "max_age", "acr_values"} & asked_of(to_provider(client)).keys()
    come_in(client, company, auth_time=now())

    asked = asked_of(to_provider(client))

    assert asked["prompt"] == "login" and asked["max_age"] == "0"


def test_a_new_sign_in_there_is_a_proof(client: Client, company: str) -> None:
    come_in(client, company, auth_time=now() - 7200)
    assert client.get("/security/app/")["Location"].startswith("/security/again/")

    claims(
        company,
        "ida",
        email="ida@desk.example",
        email_verified=True,
        groups=["heads"],
        auth_time=now(),
    )
    assert again(client, "ida", "/security/app/")["Location"] == "/security/app/"

    assert client.get("/security/app/").status_code == 200


@pytest.mark.parametrize("late", [{"auth_time": at} for at in (-7200, -120, 3600, None, "x")])
def test_who_comes_back_without_signing_in_anew_is_refused(
    client: Client, company: str, late: dict[str, Any]
) -> None:
    come_in(client, company, auth_time=now() - 7200)
    said = {name: now() + at if isinstance(at, int) else at for name, at in late.items()}
    claims(company, "ida", email="ida@desk.example", email_verified=True, groups=["heads"], **said)

    answer = again(client, "ida", "/security/app/")

    assert answer.status_code == 403
    assert "did not ask you to sign in again" in answer.text and "/security/again/" in answer.text
    assert is_in(client)
    assert client.get("/security/app/")["Location"].startswith("/security/again/")
    assert AuditEntry.objects.filter(action="refused a sign-in").exists()


def test_signing_in_by_a_session_there_is_no_proof_here(company: str) -> None:
    """Else whoever sits at an open desk would sign out and in again, unasked."""
    for at, is_proof in ((now() - 7200, False), (None, False), (now(), True)):
        client = Client()
        come_in(client, company, auth_time=at)

        assert (client.get("/security/app/").status_code == 200) is is_proof


@pytest.mark.parametrize(
    ("setting", "said", "is_enough"),
    [
        ({}, {}, True),
        ({"DESK_OIDC_AMR": ["mfa", "hwk"]}, {}, False),
        ({"DESK_OIDC_AMR": ["mfa", "hwk"]}, {"amr": ["pwd"]}, False),
        ({"DESK_OIDC_AMR": ["mfa", "hwk"]}, {"amr": "mfa"}, False),
        ({"DESK_OIDC_AMR": ["mfa", "hwk"]}, {"amr": ["pwd", "hwk"]}, True),
        ({"DESK_OIDC_ACR": ["urn:mfa"]}, {"acr": "urn:pwd"}, False),
        ({"DESK_OIDC_ACR": ["urn:mfa"]}, {"acr": ["urn:mfa"]}, False),
        ({"DESK_OIDC_ACR": ["urn:mfa"]}, {"acr": "urn:mfa"}, True),
        ({"DESK_OIDC_ACR": ["urn:mfa"], "DESK_OIDC_AMR": ["otp"]}, {"amr": ["otp"]}, True),
    ],
)
def test_what_counts_as_a_second_factor_there(
    client: Client,
    company: str,
    settings: Any,
    setting: dict[str, Any],
    said: dict[str, Any],
    is_enough: bool,
) -> None:
    settings.OIDC = settings.OIDC | setting
    come_in(client, company, auth_time=now(), **said)
    User.objects.update(grace_began_at="2020-01-01T00:00Z")

    answer = client.get("/accounts/")

    assert (answer.status_code == 200) is is_enough
    if not is_enough:
        assert answer["Location"] == "/security/"
        assert "Sign in again with" in client.get("/security/again/").text


def test_the_levels_that_count_are_asked_for(client: Client, company: str, settings: Any) -> None:
    settings.OIDC = settings.OIDC | {"DESK_OIDC_ACR": ["urn:mfa", "urn:phr"]}

    assert asked_of(to_provider(client))["acr_values"] == "urn:mfa urn:phr"


# ---- signing out there too ----


@pytest.fixture
def signs_out(company: str, settings: Any) -> str:
    settings.OIDC = settings.OIDC | {"DESK_OIDC_SIGN_OUT": True}
    return company


def overridden(settings: Any, endpoint: Any) -> None:
    """A provider whose discovery document says this of its sign-out."""
    known = providers(settings.OIDC)
    app = known["openid_connect"]["APPS"][0]
    app["settings"]["openid_configuration_overrides"] = {"end_session_endpoint": endpoint}
    settings.SOCIALACCOUNT_PROVIDERS = known


def test_who_signs_out_here_is_led_to_sign_out_there_and_back(
    client: Client, signs_out: str
) -> None:
    come_in(client, signs_out)

    page = client.post("/sign-out/")

    assert page.status_code == 200 and 'url=/sign-out/company/"' in page.text
    assert page["Clear-Site-Data"] == '"cache", "storage"'
    assert not is_in(client) and "id_token_hint" not in page.text
    there = client.get("/sign-out/company/")["Location"]
    asked = asked_of(there)
    assert there.startswith(f"{signs_out}/oauth2/end_session?") and asked["client_id"] == "desk"
    assert asked["id_token_hint"].count(".") == 2
    form = requests.get(there, timeout=5)
    back = re.search(r'name="redirect_uri" value="([^"]+)"', form.text)
    assert form.status_code == 200 and back is not None
    ended = requests.post(
        f"{signs_out}/oauth2/end_session/confirm",
        data={"redirect_uri": back[1]},
        allow_redirects=False,
        timeout=5,
    )
    assert ended.headers["Location"] == f"{DESK}/sign-in/"
    assert client.get("/sign-out/company/")["Location"] == "/sign-in/"


def test_without_the_setting_the_session_there_is_left_alone(client: Client, company: str) -> None:
    come_in(client, company)
    assert company_leave.TOKEN not in client.session

    assert client.post("/sign-out/")["Location"] == "/sign-in/"
    assert client.get("/sign-out/company/")["Location"] == "/sign-in/"


def test_who_came_by_password_is_not_led_away(client: Client, signs_out: str) -> None:
    client.force_login(make_user(Role.AGENT))

    assert client.post("/sign-out/")["Location"] == "/sign-in/"


@pytest.mark.parametrize(
    "endpoint",
    [None, "", 7, "javascript:alert(1)", "http://elsewhere.example/out", "//x.example", "http://["],
)
def test_a_provider_without_a_sign_out_that_can_be_used_is_left_alone(
    client: Client, signs_out: str, settings: Any, endpoint: Any
) -> None:
    come_in(client, signs_out)
    overridden(settings, endpoint)
    client.post("/sign-out/")

    assert client.get("/sign-out/company/")["Location"] == "/sign-in/"


def test_an_address_that_has_a_query_keeps_it(
    client: Client, signs_out: str, settings: Any
) -> None:
    come_in(client, signs_out)
    overridden(settings, "https://login.example.com/out?tenant=a%20b")
    client.post("/sign-out/")

    there = client.get("/sign-out/company/")["Location"]

    assert asked_of(there)["tenant"] == "a b" and "id_token_hint" in asked_of(there)


def test_a_provider_that_is_away_at_signing_out_is_told(
    client: Client, signs_out: str, settings: Any
) -> None:
    come_in(client, signs_out)
    client.post("/sign-out/")
    settings.OIDC = settings.OIDC | {"DESK_OIDC_ISSUER": "http://127.0.0.1:9"}
    settings.SOCIALACCOUNT_PROVIDERS = providers(settings.OIDC)

    answer = client.get("/sign-out/company/")

    assert answer.status_code == 503 and "You are signed out here" in answer.text
    assert not is_in(client)
