"""The page on which an administrator words the messages to customers."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html import unescape
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.views.decorators.http import require_http_methods, require_POST

from dashboard.audit.models import Actor
from dashboard.common import languages
from dashboard.consoles.branding import Brand, brand_of
from dashboard.consoles.models import Console
from dashboard.links.mail import own_texts
from dashboard.links.mail.own_texts import CustomerMessage, Texts
from dashboard.links.mail.written_email import EmailContent
from dashboard.links.models import EmailText
from dashboard.people.access import StaffRequest, consoles_for, role_required
from dashboard.people.models import Role
from dashboard.settings_pages.email_text_forms import EmailTextForm
from dashboard.settings_pages.email_texts import (
    ChangedMeanwhileError,
    address_of,
    save_texts,
    version_of,
)

PAGE, PREVIEW = "settings/email_text_edit.html", "settings/_email_text_preview.html"
STALE = (
    "Somebody else changed this in the meantime. Your entries are below: save again to replace "
    "theirs."
)
NAMES = dict(settings.LANGUAGES)


@dataclass(frozen=True, slots=True)
class Wording:
    """What the address is about, and the words that are stored for it."""

    console: Console
    message: CustomerMessage
    language: str
    stored: Texts

    def form(self, data: Any = None) -> EmailTextForm:
        """The form, with our words where nothing is typed."""
        with translation.override(self.language):
            ours = self.message.ours()
        return EmailTextForm(self.stored, self.message, ours, data)


@dataclass(frozen=True, slots=True)
class SampleAccount:
    """A made-up account."""

    name: str = "Harbour Books"
    timezone: str = "Europe/London"

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class SampleLink:
    """A made-up link, as far as messages tell of it."""

    console: Console
    brand: Brand
    language: str
    address: str = "https://example.com/c/the-address-of-the-link"
    recipient_name: str = "Ana Ruiz"
    recipient_email: str = "ana.ruiz@harbour-books.example"
    account: SampleAccount = field(default_factory=SampleAccount)
    asked_by: str = "Sam Lee"
    message: str = ""
    expires_at: datetime = field(default_factory=lambda: timezone.now() + timedelta(days=7))


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADMIN)
def email_text_edit(request: StaffRequest) -> HttpResponse:
    """Subject and opening of one message in one language, for one console."""
    consoles = list(consoles_for(request.user, Role.ADMIN))
    if not consoles:
        return render(request, PAGE, {"consoles": []})
    wording = _wording(request, consoles)
    form = wording.form(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        saved = _save(request, wording, form.texts, form.cleaned_data["version"])
        if saved is not None:
            return saved
        form.add_error(None, STALE)
    return _page(request, wording, form, consoles)


@require_POST
@role_required(Role.ADMIN)
def email_text_reset(request: StaffRequest) -> HttpResponse:
    """Our words again, for one message in one language."""
    wording = _wording(request, list(consoles_for(request.user, Role.ADMIN)))
    saved = _save(request, wording, Texts(), request.GET.get("version", ""))
    if saved is None:
        messages.error(request, "Somebody else changed this in the meantime. Look at it first.")
        return redirect(address_of(wording.console, wording.message, wording.language))
    return saved


@require_POST
@role_required(Role.ADMIN)
def email_text_preview(request: StaffRequest) -> HttpResponse:
    """The message as it would be with what stands in the form; nothing is stored."""
    wording = _wording(request, list(consoles_for(request.user, Role.ADMIN)))
    content = sample(wording, wording.form(request.POST).shown())
    return render(request, PREVIEW, {"content": content} | _about(wording))


def sample(wording: Wording, texts: Texts) -> EmailContent:
    """The message about a made-up link, with these words."""
    link = SampleLink(wording.console, brand_of(wording.console), wording.language)
    return wording.message.sample(link, texts)


def _wording(request: StaffRequest, consoles: list[Console]) -> Wording:
    """What the address names, or the first of each; `Http404` for what there is not."""
    asked = request.GET
    console = _one(consoles, lambda one: str(one.pk), asked.get("console", ""))
    message = _one(own_texts.messages(), lambda one: one.name, asked.get("message", ""))
    language = _one(list(languages.CODES), str, asked.get("language", ""))
    return Wording(console, message, language, own_texts.stored(console, message.name, language))


def _one(things: list[Any], name: Any, asked: str) -> Any:
    for thing in things:
        if asked in {"", name(thing)}:
            return thing
    raise Http404


def _save(
    request: StaffRequest, wording: Wording, texts: Texts, version: str
) -> HttpResponse | None:
    """Where to go when it is saved; None when somebody else was first."""
    console, message, language = wording.console, wording.message, wording.language
    actor = Actor.staff(request.user)
    try:
        is_changed = save_texts(actor, console, message, language, texts, version)
    except ChangedMeanwhileError:
        return None
    if not is_changed:
        messages.info(request, "Nothing was changed.")
    elif texts == Texts():
        messages.success(request, "Customers get our words from now on.")
    else:
        messages.success(request, "Text saved. Customers get it from now on.")
    return redirect(address_of(console, message, language))


def _page(
    request: StaffRequest, wording: Wording, form: EmailTextForm, consoles: list[Console]
) -> HttpResponse:
    content = sample(wording, form.shown() if form.is_bound else wording.stored)
    context = {
        "form": form,
        "consoles": consoles,
        "content": content,
        "placeholders": [
            (f"{{{name}}}", own_texts.PLACEHOLDERS[name]) for name in wording.message.placeholders
        ],
        "is_own": wording.stored != Texts(),
        **_choices(wording),
        **_about(wording),
    }
    response = render(request, PAGE, context, status=422 if form.is_bound else 200)
    # The preview's frame has this page's policy: the styles of this mail are let in, by their
    # hashes, and no others.
    update = {"style-src-attr": ["'unsafe-hashes'", *style_hashes(content.html)]}
    setattr(response, "_csp_update", update)  # noqa: B010 - what `csp_update` does, by request
    return response


def style_hashes(html: str) -> list[str]:
    """Of each style attribute in the HTML, what a content security policy calls it by."""
    styles = {unescape(style) for style in re.findall(r'\sstyle="([^"]*)"', html)}
    digests = sorted(hashlib.sha256(style.encode()).digest() for style in styles)
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]


def _about(wording: Wording) -> dict[str, Any]:
    console, message, language = wording.console, wording.message, wording.language
    return {
        "console": console,
        "message": message,
        "language": language,
        "language_name": NAMES[language],
        "edit_url": address_of(console, message, language),
        "preview_url": address_of(console, message, language, "email_text_preview"),
        "reset_url": address_of(console, message, language, "email_text_reset")
        + f"&version={version_of(wording.stored)}",
    }


def _choices(wording: Wording) -> dict[str, Any]:
    """The messages and languages to go to, and which have own words."""
    rows = EmailText.objects.filter(console=wording.console)
    own = set(rows.values_list("message", "language"))
    console, message, language = wording.console, wording.message, wording.language
    return {
        "messages_shown": [
            (one, address_of(console, one, language), (one.name, language) in own)
            for one in own_texts.messages()
        ],
        "languages_shown": [
            (code, name, address_of(console, message, code), (message.name, code) in own)
            for code, name in settings.LANGUAGES
        ],
    }
