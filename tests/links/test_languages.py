"""The customers' pages in four languages: which one, wholly translated, and well."""

from __future__ import annotations

import ast
import re
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from babel.messages.catalog import Message
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.template import engines
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from cyclr_api.simulator import CyclrState
from dashboard.audit.models import Actor
from dashboard.common import languages
from dashboard.common.templatetags.form_fields import TYPE_AGAIN
from dashboard.consoles.branding import brand_of
from dashboard.consoles.models import Branding
from dashboard.customer import pages
from dashboard.installs.fields import WholeNumber
from dashboard.links import opening, services
from dashboard.links.attempts import sign_in_tokens
from dashboard.links.languages import format_pause, format_until
from dashboard.links.mail import email_content
from dashboard.links.models import AttemptState, ConnectAttempt, Link, LinkItem, MailKind
from dashboard.mirror import sync
from dashboard.mirror.models import Account, AccountConnector
from tests.factories import API_KEY, OAUTH, make_account_connector
from tests.installs.test_install_form import BASIC, CLIENT, STRANGE
from tests.links.steps import PERSON, address, press_continue
from tests.simulated import Hands
from tests.support import translations

GERMAN = {**PERSON, "Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}
OTHERS = sorted(translations.NAMES)


def reads(headers: dict[str, str]) -> Client:
    """A customer whose browser says this; CSRF is checked."""
    return Client(enforce_csrf_checks=True, headers=headers)


def text(response: Any) -> str:
    """What an answer holds."""
    return str(response.content.decode())


def language_in(response: Any) -> str:
    """The language that the page says it is in."""
    found = re.search(r'<html lang="([^"]*)"', text(response))
    assert found
    assert response["Content-Language"] == found.group(1)
    return found.group(1)


# ---- which language ----


def test_the_browser_s_language_is_spoken_whatever_its_country(link: Link) -> None:
    page = reads(GERMAN).get(address(link))

    assert language_in(page) == "de"
    assert "bittet Sie," in text(page)
    assert ">Weiter</button>" in text(page)
    assert "Accept-Language" in page["Vary"]


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("ja,pt;q=0.9,fr;q=0.1,es;q=0.2", "es"),
        ("de;q=0,fr", "fr"),
        ("ja", "en"),
        ("*", "en"),
        ("", "en"),
        ("<script>;q=1,de", "en"),
        ("d" * 5000, "en"),
    ],
)
def test_the_browser_s_first_choice_among_ours_counts(
    header: str, language: str, link: Link
) -> None:
    page = reads({**PERSON, "Accept-Language": header}).get(address(link))

    assert language_in(page) == language


def test_the_link_s_language_is_stronger_than_the_browser_s(link: Link) -> None:
    Link.objects.filter(pk=link.pk).update(language="fr")

    page = reads(GERMAN).get(address(link))

    assert language_in(page) == "fr"


def test_what_the_customer_chooses_is_stronger_than_all_and_is_kept(link: Link) -> None:
    Link.objects.filter(pk=link.pk).update(language="fr")
    customer = reads(GERMAN)

    chosen = customer.get(address(link) + "?lang=es")
    later = customer.get(address(link))

    assert language_in(chosen) == language_in(later) == "es"
    assert chosen.cookies["lang"]["path"] == "/c/"


def test_the_partner_s_language_stands_in_where_nothing_else_is_known(link: Link) -> None:
    Branding.objects.create(console=link.console, language="de")

    page = reads({"User-Agent": PERSON["User-Agent"], "Accept-Language": "ja"}).get(address(link))

    assert language_in(page) == "de"


@pytest.mark.parametrize("wish", ["xx", "de/../x", "", "DE", '"><script>', "de\r\nX-Evil: 1"])
def test_a_language_that_is_not_ours_changes_and_keeps_nothing(wish: str, link: Link) -> None:
    page = reads(PERSON).get(address(link), {"lang": wish})

    assert language_in(page) == "en"
    assert "lang" not in page.cookies
    assert "<script>" not in text(page).replace("<script src", "")


def test_a_cookie_that_somebody_made_up_is_no_language(link: Link) -> None:
    customer = reads(PERSON)
    customer.cookies["lang"] = "../../etc"

    page = customer.get(address(link))

    assert language_in(page) == "en"


def test_a_look_without_a_choice_sets_no_language_cookie(link: Link) -> None:
    page = reads(GERMAN).get(address(link))

    assert "lang" not in page.cookies


def test_the_menu_leads_to_the_same_page_in_the_other_languages(link: Link) -> None:
    page = text(reads(PERSON).get(address(link)))

    offered = re.findall(r'<li><a href="([^"]+)" lang="(\w+)" hreflang="(\w+)">([^<]+)</a>', page)
    assert [(code, name) for _, code, _, name in offered] == [
        ("de", "Deutsch"),
        ("fr", "Français"),
        ("es", "Español"),
    ]
    assert {url for url, *_ in offered} == {f"?lang={n}" for n in ("de", "fr", "es")}


def test_the_choice_is_kept_from_the_page_over_the_start_to_the_return(
    cyclr: CyclrState, link: Link, hands: Hands
) -> None:
    customer = reads(PERSON)
    customer.get(address(link) + "?lang=de")
    wait = press_continue(customer, link)["Location"]
    waiting = customer.get(wait)
    attempt = ConnectAttempt.objects.get()

    back = customer.get(reverse("link_return", args=[attempt.public_id]))

    assert language_in(waiting) == language_in(back) == "de"
    assert "wird vorbereitet" in text(waiting)


def test_the_link_s_language_holds_on_the_start_s_pages_too(
    cyclr: CyclrState, link: Link, customer: Client
) -> None:
    Link.objects.filter(pk=link.pk).update(language="es")
    wait = press_continue(customer, link)["Location"]

    assert language_in(customer.get(wait)) == "es"


def test_the_answer_to_a_form_offers_the_languages_of_the_link_s_page(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "STARTS_PER_ADDRESS_AND_MINUTE", 0)

    page = press_continue(reads(GERMAN), link)

    assert page.status_code == 429
    assert "Zu viele Versuche" in text(page)
    assert "1 Minute" in text(page)
    assert f'href="{address(link)}?lang=fr"' in text(page)


def test_staff_pages_stay_english_whatever_the_browser_says(agent: Client, link: Link) -> None:
    page = agent.get(link.get_absolute_url(), headers={"Accept-Language": "de"})
    again = agent.get(link.get_absolute_url() + "?lang=de")

    assert '<html lang="en"' in text(page)
    assert '<html lang="en"' in text(again)
    assert "Verbunden" not in text(page) + text(again)


def test_one_customer_s_language_is_not_the_next_one_s(link: Link) -> None:
    reads(GERMAN).get(address(link))

    assert translation.get_language() == "en"
    assert language_in(reads(PERSON).get(address(link))) == "en"


# ---- errors ----


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/c/nobody", 404, "Diese Adresse funktioniert nicht"),
        ("/c/no/such/page", 404, "Diese Adresse funktioniert nicht"),
        ("/c/brand/1/nothing", 404, "Unter dieser Adresse gibt es nichts"),
    ],
)
def test_what_was_never_ours_is_said_in_the_browser_s_language(
    path: str, status: int, words: str, db: None
) -> None:
    page = reads(GERMAN).get(path)

    assert page.status_code == status
    assert language_in(page) == "de"
    assert words in text(page)


def test_a_form_that_was_open_too_long_is_refused_in_the_chosen_language(link: Link) -> None:
    customer = reads(PERSON)
    customer.get(address(link) + "?lang=fr")

    page = customer.post(reverse("link_ask", args=[link.token()]))

    assert page.status_code == 403
    assert "Cette page est restée ouverte trop longtemps" in text(page)


def test_a_fault_of_ours_is_told_in_the_browser_s_language(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("canary")

    monkeypatch.setattr(opening, "find", fail)
    customer = Client(raise_request_exception=False, headers=GERMAN)

    page = customer.get(address(link))

    assert page.status_code == 500
    assert "Der Fehler liegt bei uns" in text(page)
    assert "canary" not in text(page)


def test_an_address_with_too_many_values_is_refused_in_words(link: Link) -> None:
    page = reads(GERMAN).get(address(link) + "?" + "a=1&" * 600)

    assert page.status_code == 400
    assert language_in(page) == "de"


# ---- what is stored in English ----


@pytest.mark.parametrize("stored", [sign_in_tokens.BUSY, sign_in_tokens.REFUSED, ""])
def test_why_a_start_failed_is_stored_once_and_said_in_each_language(
    stored: str, cyclr: CyclrState, link: Link
) -> None:
    customer = reads(PERSON)
    wait = press_continue(customer, link)["Location"]
    customer.get(wait)
    ConnectAttempt.objects.update(
        state=AttemptState.FAILED, last_error=stored, finished_at=timezone.now()
    )

    english = text(customer.get(wait))
    pages = {code: text(customer.get(f"{wait}?lang={code}")) for code in OTHERS}

    said = stored or "The sign-in could not be prepared in time."
    assert said in english
    for code in OTHERS:
        with translation.override(code):
            assert translation.gettext(said) in pages[code]
        assert said not in pages[code]


# ---- times ----


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Tuesday 17 March, 17:00 (Europe/Paris)"),
        ("de", "Dienstag, 17. März, 17:00 Uhr (Europe/Paris)"),
        ("fr", "mardi 17 mars à 17\u00a0h\u00a000 (Europe/Paris)"),
        ("es", "martes 17 de marzo, 17:00 (Europe/Paris)"),
    ],
)
def test_a_moment_is_said_as_people_say_it(language: str, words: str) -> None:
    with translation.override(language):
        assert format_until(datetime(2026, 3, 17, 16, 0, tzinfo=UTC), "Europe/Paris") == words


def test_the_first_of_a_month_is_an_ordinal_in_french() -> None:
    with translation.override("fr"):
        words = format_until(datetime(2026, 5, 1, 7, 5, tzinfo=UTC), "")

    assert words == "vendredi 1er mai à 7\u00a0h\u00a005 (UTC)"


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../x", "\x00"])
def test_a_zone_that_nobody_knows_is_utc(zone: str) -> None:
    words = format_until(datetime(2026, 3, 17, 16, 0, tzinfo=UTC), zone)

    assert words == "Tuesday 17 March, 16:00 (UTC)"


@pytest.mark.parametrize(
    ("minutes", "english", "german"),
    [
        (0, "1 minute", "1 Minute"),
        (5, "5 minutes", "5 Minuten"),
        (90, "90 minutes", "90 Minuten"),
        (125, "2 hours", "2 Stunden"),
    ],
)
def test_a_rest_is_said_in_minutes_or_hours(minutes: int, english: str, german: str) -> None:
    pause = timedelta(minutes=minutes)

    assert format_pause(pause) == english
    with translation.override("de"):
        assert format_pause(pause) == german


def test_until_when_the_link_works_is_said_in_the_page_s_language(link: Link) -> None:
    expires = datetime.now(UTC) + timedelta(days=3)
    Link.objects.filter(pk=link.pk).update(expires_at=expires)

    page = text(reads(GERMAN).get(address(link)))

    with translation.override("de"):
        assert format_until(expires, link.account.timezone) in page
    assert " Uhr (" in page


# ---- forms ----


class Trial(forms.Form):
    """What a form of a customer may hold."""

    number = WholeNumber(label="Number")
    note = forms.CharField(label="Note", required=False)
    colour = forms.ChoiceField(label="Colour", choices=[("", "-"), ("a", "A")])
    key = forms.CharField(label="Key", widget=forms.PasswordInput)


@pytest.mark.parametrize("code", OTHERS)
def test_a_form_complains_in_the_customer_s_language_and_in_no_other(code: str) -> None:
    form = Trial({"number": "x", "key": "secret-canary"})
    source = "{% error_summary form %}{% for bound in form %}{% field bound %}{% endfor %}"
    request = HttpRequest()

    with translation.override(code):
        html = engines["django"].from_string(source).render({"form": form}, request)
        ours = [TYPE_AGAIN, "Enter a whole number, such as 25.", "Choose one.", "optional"]
        ours.append("Three fields need another look")
        said = [translation.gettext(words) for words in ours]

    assert "canary" not in html
    for english, words in zip(ours, said, strict=True):
        assert words in html
        assert english == words or english not in html


# ---- the translations themselves ----


def messages_of(language: str) -> list[Message]:
    """What a language's `django.po` holds, without its header."""
    with translations.paths(language)[0].open("rb") as stream:
        return [message for message in read_po(stream, locale=language) if message.id]


def parts(text: Any) -> list[str]:
    """A sentence, or its singular and plural."""
    return [text] if isinstance(text, str) else list(text)


def pairs_of(language: str) -> list[tuple[str, str]]:
    """Each sentence with its translation; of plurals, form by form."""
    return [
        (english, said)
        for message in messages_of(language)
        for english, said in zip(parts(message.id), parts(message.string), strict=True)
    ]


def test_our_four_languages_are_the_settings_own() -> None:
    assert ("en", *translations.NAMES) == languages.CODES


def test_no_sentence_is_missing_doubtful_or_left_over(capsys: pytest.CaptureFixture[str]) -> None:
    status = translations.main(["--check"])

    assert capsys.readouterr().out == ""
    assert status == 0


def test_the_collector_finds_what_each_kind_of_mark_says() -> None:
    found = {text for _, text, _, _ in translations.sentences()}

    assert {"Continue", "Connected", "Start again", "No name", sign_in_tokens.BUSY} <= found
    assert ("%(count)d hour", "%(count)d hours") in found
    assert any(isinstance(one, str) and one.startswith("Is this page really") for one in found)


def marked_in(source: str) -> set[str]:
    """The sentences that a module hands to `_` and its kin, wherever the call stands."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return {
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Name)
        and call.func.id in translations.KEYWORDS.keys() - {"pgettext", "npgettext"}
        and call.args
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    }


def test_the_collector_overlooks_no_sentence_in_our_code() -> None:
    found = {text if isinstance(text, str) else text[0] for _, text, *_ in translations.sentences()}
    modules = [source for name, source in translations.sources() if name.endswith(".py")]

    marked = set().union(*map(marked_in, modules))

    assert "API key" in marked
    assert marked - found == set()  # within an f-string it would not see them


def test_a_new_sentence_is_not_taken_for_translated() -> None:
    wanted = translations.template()
    wanted.add("A sentence of tomorrow")

    book = translations.merged("de", wanted)

    assert translations.missing(book) == ["A sentence of tomorrow"]


@pytest.mark.parametrize("language", OTHERS)
def test_what_django_reads_is_what_people_wrote(language: str) -> None:
    with translations.paths(language)[1].open("rb") as stream:
        compiled = read_mo(stream)
    written = {(m.context, tuple(parts(m.id))): parts(m.string) for m in messages_of(language)}

    read = {}
    for message in compiled:
        context: Any = message.context
        if message.id:  # Babel leaves the context as bytes
            place = context.decode() if isinstance(context, bytes) else context
            read[place, tuple(parts(message.id))] = parts(message.string)
    assert read == written


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_takes_the_same_values_as_the_sentence(language: str) -> None:
    def values(text: str) -> Counter[str]:
        return Counter(re.findall(r"%\(\w+\)[a-z]|%[^(]", text))

    wrong = [said for english, said in pairs_of(language) if values(english) != values(said)]

    assert wrong == []


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_holds_no_markup(language: str) -> None:
    assert [said for _, said in pairs_of(language) if re.search(r"[<>&{}]", said)] == []


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_ends_as_the_sentence_does(language: str) -> None:
    def end(text: str) -> str:
        return text[-1] if text[-1] in ".?!:…" else ""

    letters_begin = {"Hello,", "Hello %(name)s,"}  # with a colon in Spanish

    pairs = [pair for pair in pairs_of(language) if pair[0] not in letters_begin]
    assert [said for english, said in pairs if end(english) != end(said)] == []


@pytest.mark.parametrize("language", OTHERS)
def test_there_are_as_many_plurals_as_the_language_has(language: str) -> None:
    with translations.paths(language)[0].open("rb") as stream:
        book = read_po(stream, locale=language)

    assert book.num_plurals == 2
    assert all(len(parts(m.string)) == 2 for m in book if m.id and m.pluralizable)


INTIMATE = {
    "de": r"\b(du|dich|dir|dein\w*|euch|euer)\b",
    "fr": r"\b(tu|toi|ton|ta|tes|t’\w+)\b",
    "es": r"\b(tú|tu|tus|ti|contigo|puedes|tienes|quieres|haz|vuelve)\b",
}


@pytest.mark.parametrize("language", OTHERS)
def test_customers_are_spoken_to_politely(language: str) -> None:
    rude = [s for _, s in pairs_of(language) if re.search(INTIMATE[language], s, re.IGNORECASE)]

    assert rude == []


def test_french_keeps_a_space_before_its_high_marks() -> None:
    dense = [
        said for _, said in pairs_of("fr") if re.search(r"[^\s\u202f\u00a0][?;!:](\s|$)", said)
    ]
    loose = [said for _, said in pairs_of("fr") if re.search(r" [?;!:]", said)]

    assert dense == loose == []


# ---- whole pages ----

STATES = ("open", "expired", "revoked", "connected", "returned", "failed", "used", "late")
ENGLISH = (
    r"\b(the|this|you|your|is|to|and|of|it|not|link has|again|Continue|Connected|Save|API key"
    r"|User name|Password|settings|Hello|Reminder|Privacy|Legal)\b"
)
"""Words that none of the other languages has; names from outside hold none of them."""


def page_in(state: str, customer: Client, link: Link, code: str) -> str:
    """The customer's page in a state of the link, in a language."""
    moment = timezone.now()
    rows = Link.objects.filter(pk=link.pk)
    if state in {"open", "expired", "revoked", "connected"}:
        if state == "expired":
            rows.update(expires_at=moment - timedelta(minutes=1))
        if state == "revoked":
            rows.update(revoked_at=moment)
        if state == "connected":
            LinkItem.objects.filter(link=link).update(connected_at=moment)
            rows.update(state="connected", connected_at=moment)
        return text(customer.get(f"{address(link)}?lang={code}"))
    wait = urlsplit(press_continue(customer, link)["Location"]).path
    attempt = ConnectAttempt.objects.get()
    if state in {"failed", "used"}:
        ended = AttemptState.FAILED if state == "failed" else AttemptState.USED
        ConnectAttempt.objects.update(
            state=ended, finished_at=moment, used_at=moment if state == "used" else None
        )
        return text(customer.get(f"{wait}?lang={code}"))
    ConnectAttempt.objects.update(state=AttemptState.USED, used_at=moment, finished_at=moment)
    back = reverse("link_return", args=[attempt.public_id])
    customer.get(back)
    if state == "late":
        LinkItem.objects.update(returned_at=moment - timedelta(seconds=60), checked_at=moment)
    return text(customer.get(f"{back}?lang={code}"))


def words_of(html: str) -> str:
    """What a person reads of a page, without names and addresses."""
    body = html[html.index("<main>") : html.index('<div id="said"')]
    body = re.sub(r"<bdi>.*?</bdi>|<[^>]*>", " ", body, flags=re.S)
    return " ".join(body.split())


@pytest.mark.parametrize("code", OTHERS)
@pytest.mark.parametrize("state", STATES)
def test_no_english_is_left_on_a_page(state: str, code: str, cyclr: CyclrState, link: Link) -> None:
    page = page_in(state, reads(PERSON), link, code)

    assert re.search(ENGLISH, words_of(page)) is None, words_of(page)
    assert words_of(page)


def typed_link(cyclr: CyclrState, account: Account, method: dict[str, Any]) -> Link:
    """A link over an app whose customer types: credentials, a setting, one more in the fold."""
    settings = [
        {"Id": 880201, "Name": "Ort", "TargetName": "Ort", "IsOptional": False},
        {"Id": 880202, "Name": "Zahl", "TargetName": "Zahl", "IsOptional": True},
    ]
    for one in settings:
        one |= {"IsAccountConnectorProperty": True, "DataType": "Integer", "Values": []}
    document = {"Name": "Lager", "Version": None, "Authentication": [method]}
    cyclr.add_connector(document, Id=17998, Parameters=settings, Status="Approved")
    installed = cyclr.install(account.cyclr_id, 17998, name="Lager")
    sync.refresh_library(account.console)
    sync.refresh_account(account)
    row = AccountConnector.objects.get(account=account, cyclr_id=installed.id)
    return services.create_link(Actor.system(), account, [row])


@pytest.mark.parametrize("code", OTHERS)
@pytest.mark.parametrize("method", [API_KEY, BASIC, CLIENT, OAUTH, STRANGE])
def test_no_english_is_left_on_a_form(
    method: dict[str, Any], code: str, cyclr: CyclrState, harbour: Account
) -> None:
    link = typed_link(cyclr, harbour, method)
    form = reverse("entry_new", args=[link.token(), link.items.get().pk])
    customer = Client(headers=PERSON)
    customer.cookies["lang"] = code

    pages = [text(customer.get(address(link))), text(customer.get(form))]
    pages.append(text(customer.post(form, {"submission": str(uuid.uuid4())})))

    for page in map(words_of, pages):
        assert re.search(ENGLISH, page) is None, page
    assert 'role="alert"' in pages[-1]


@pytest.mark.parametrize("code", OTHERS)
def test_no_english_is_left_on_the_way_of_what_was_typed(
    code: str, cyclr: CyclrState, harbour: Account, hands: Hands
) -> None:
    link = typed_link(cyclr, harbour, {**OAUTH})
    item = link.items.get()
    form = reverse("entry_new", args=[link.token(), item.pk])
    customer = Client(headers=PERSON)
    customer.cookies["lang"] = code
    name = re.search(r'name="(setting-[0-9a-f]+)"', text(customer.get(form)))
    assert name

    wait = customer.post(form, {"submission": str(uuid.uuid4()), name.group(1): "7"})["Location"]
    pages = [text(customer.get(wait)), text(customer.get(address(link)))]
    hands.work()
    pages.append(text(customer.get(wait)))

    for page in map(words_of, pages):
        assert re.search(ENGLISH, page) is None, page


@pytest.mark.parametrize("code", OTHERS)
def test_no_english_is_left_where_reminders_are_ended(code: str, link: Link) -> None:
    customer = Client(headers=PERSON)
    customer.cookies["lang"] = code
    page = reverse("link_reminders", args=[link.token()])

    answers = [customer.get(page), customer.post(page)]

    for answer in answers:
        assert re.search(ENGLISH, words_of(text(answer))) is None


# ---- messages ----


@pytest.mark.parametrize("code", OTHERS)
@pytest.mark.parametrize("kind", list(MailKind))
def test_no_english_is_left_in_a_message(kind: MailKind, code: str, link: Link) -> None:
    legal = {"privacy_url": "https://lark.example/p", "imprint_url": "https://lark.example/i"}
    Branding.objects.create(console=link.console, support_email="help@lark.example", **legal)
    values = {"recipient_name": "Ana", "message": "Bis bald"}
    Link.objects.filter(pk=link.pk).update(language=code, **values)
    link.refresh_from_db()

    letter = email_content.write(link, kind)

    html = re.sub(r"<[^>]*>", " ", letter.html[letter.html.index("<body") :])
    for words in (letter.subject, letter.text, html):
        assert re.search(ENGLISH, re.sub(r"\S+://\S+", "", words)) is None, words


@pytest.mark.parametrize(
    ("code", "one", "two"),
    [
        ("en", "{} asks you to connect HubSpot", "Reminder: {} asks you to connect 2 apps"),
        (
            "de",
            "{} bittet Sie, HubSpot zu verbinden",
            "Erinnerung: {} bittet Sie, 2 Apps zu verbinden",
        ),
        (
            "fr",
            "{} vous demande de connecter HubSpot",
            "Rappel : {} vous demande de connecter 2 applications",
        ),
        (
            "es",
            "{} le pide que conecte HubSpot",
            "Recordatorio: {} le pide que conecte 2 aplicaciones",
        ),
    ],
)
def test_a_subject_says_who_asks_for_what(code: str, one: str, two: str, link: Link) -> None:
    Link.objects.filter(pk=link.pk).update(language=code)
    link.refresh_from_db()
    partner = brand_of(link.console).name
    invitation = email_content.write(link).subject
    LinkItem.objects.create(
        link=link, account_connector=make_account_connector(account=link.account)
    )

    reminder = email_content.write(link, MailKind.REMINDER).subject

    assert invitation == one.format(partner)
    assert reminder == two.format(partner)


def test_the_names_of_languages_are_their_own() -> None:
    assert dict(settings.LANGUAGES)["fr"] == "Français"
