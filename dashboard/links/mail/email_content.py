"""What a customer is written about a link: made when it is shown or sent, and kept nowhere.

A content holds the link's address, so it is never stored, logged or handed to a task.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.template import Context, Engine
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboard.common import languages, mail
from dashboard.common.templatetags.desk import untrusted
from dashboard.common.untrusted_text import display_line, display_text
from dashboard.consoles.branding import Brand
from dashboard.consoles.colours import as_hex, palette
from dashboard.environment.email_address import mailto_address
from dashboard.links.languages import format_until
from dashboard.links.mail import own_texts
from dashboard.links.mail.own_texts import Texts
from dashboard.links.mail.written_email import EmailContent
from dashboard.links.models import Link, MailKind

NAME_AT_MOST, SUBJECT_AT_MOST = 60, 160
"""Characters of a name, and of a whole subject; longer ones are cut."""
OUR_COLOUR = "#434ab8"


def write(link: Link, kind: MailKind = MailKind.INVITATION) -> EmailContent:
    """The message about a link, in the link's language.

    Raises `DecryptionError` when the link's address can no longer be made.
    """
    reminders = settings.PUBLIC_URL + reverse("link_reminders", args=[link.token()])
    return compose(link, kind, link.url(), _apps(link), reminders)


def compose(
    link: Any,
    kind: MailKind,
    address: str,
    apps: list[str],
    reminders: str,
    own: Texts | None = None,
) -> EmailContent:
    """The message about a link, or about a made-up one.

    `reminders`: the address that ends them. `own`: words that were typed just now, instead of
    those that are stored.
    """
    with translation.override(language_of(link.language, link.brand)):
        context = basic_context(link, link.brand, address) | {
            "apps": apps,
            "reminders": reminders,
            "is_reminder": kind == MailKind.REMINDER,
        }
        if kind == MailKind.REMINDER:
            context["message"] = ""
        ours = our_texts(kind, context["partner"], context["account"], apps)
    content = render(f"links/mail/{kind}", str(kind), link, context, ours, own)
    if kind == MailKind.REMINDER:
        content.headers["List-Unsubscribe"] = f"<{reminders}>"
        content.headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return content


def render(
    template: str,
    message: str,
    link: Any,
    context: dict[str, Any],
    ours: Texts,
    own: Texts | None = None,
) -> EmailContent:
    """A message of two templates, `.txt` and `.html`, in the language of a link of any kind.

    `context`: what `basic_context` says, and what the templates need besides. `message`: as which
    the console may have words of its own for it, instead of `ours`.
    """
    brand: Brand = link.brand
    language = language_of(link.language, brand)
    if own is None:
        own = own_texts.stored(link.console, message, language)
    words = own_texts.worded(own, ours, _values(context))
    subject = one_line(words.subject, SUBJECT_AT_MOST)
    context["opening"] = own_texts.paragraphs(display_text(words.opening))
    with translation.override(language):
        text = _text(template, context)
        html = _html(template, context, brand, language, subject)
    return EmailContent(
        sender=one_line(brand.name, NAME_AT_MOST),
        recipient=link.recipient_email,
        reply_to=brand.support_email,
        subject=subject,
        language=language,
        text=text,
        html=html,
        headers={"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"},
    )


def as_message(content: EmailContent, message_id: str) -> mail.Message:
    """The content as it is sent; the sender's address is the settings'.

    Raises `UnwritableError`.
    """
    headers = content.headers | {
        "From": mail.display_address(content.sender, mail.sender_address()),
        "Message-ID": message_id,
    }
    return mail.compose(
        to=content.recipient,
        subject=content.subject,
        text=content.text,
        html=content.html,
        reply_to=content.reply_to,
        headers=headers,
    )


def mailto(link: Link, address: str) -> str:
    """A `mailto:` address that opens the colleague's own mail program with a short message."""
    brand = link.brand
    language = language_of(link.language, brand)
    own = own_texts.stored(link.console, MailKind.INVITATION, language)
    with translation.override(language):
        apps = _apps(link)
        context = basic_context(link, brand, address) | {"apps": apps}
        ours = our_texts(MailKind.INVITATION, context["partner"], context["account"], apps)
        words = own_texts.worded(own, ours, _values(context))
        subject = one_line(words.subject, SUBJECT_AT_MOST)
        until = _("It works until %(until)s, as often as you need.") % {"until": context["until"]}
        lines = [context["hello"], _("Open this page and follow the steps:"), address, until]
    body = "\r\n\r\n".join(lines) + "\r\n"
    to = mailto_address(link.recipient_email)
    return f"mailto:{to}?subject={quote(subject)}&body={quote(body)}"


def language_of(language: str, brand: Brand) -> str:
    """The link's language, else the partner's, else English."""
    known = languages.known(language) or languages.known(brand.language)
    return known or languages.DEFAULT


def one_line(text: object, at_most: int) -> str:
    """Untrusted text for a header or a sentence: one line, tricks made visible, cut."""
    # "=?" would begin an encoded word, in which a mail program reads what nobody here saw.
    line = display_line(text).replace("=?", "= ?")
    return line if len(line) <= at_most else f"{line[: at_most - 1].rstrip()}…"


def basic_context(link: Any, brand: Brand, address: str) -> dict[str, Any]:
    """What every message about a link of any kind says; in the language that is active."""
    name = one_line(link.recipient_name, NAME_AT_MOST)
    return {
        "customer": name or one_line(link.account, NAME_AT_MOST),
        "hello": _("Hello %(name)s,") % {"name": name} if name else _("Hello,"),
        "partner": one_line(brand.name, NAME_AT_MOST),
        "account": one_line(link.account, NAME_AT_MOST),
        "until": format_until(link.expires_at, link.account.timezone),
        "message": display_text(link.message).strip(),
        "asked_by": one_line(link.asked_by, NAME_AT_MOST),
        "address": address,
        "support_email": brand.support_email,
        "privacy_url": _web_address(brand.privacy_url),
        "imprint_url": _web_address(brand.imprint_url),
    }


def our_texts(kind: MailKind, partner: str, account: str, apps: list[str]) -> Texts:
    """Our words about a link, in the language that is active."""
    return Texts(_subject(partner, apps, kind), _opening(partner, account, apps, kind))


def _apps(link: Link) -> list[str]:
    items = link.items.left().select_related("account_connector")
    return [one_line(item.account_connector, NAME_AT_MOST) for item in items]


def _values(context: dict[str, Any]) -> dict[str, str]:
    """What placeholders of own words become."""
    values = {
        "customer": context["customer"],
        "account": context["account"],
        "partner": context["partner"],
        "asked_by": context["asked_by"] or context["partner"],
        "until": context["until"],
        "link": context["address"],
    }
    if "apps" in context:
        values["connectors"] = ", ".join(context["apps"])
    return values


def _subject(partner: str, apps: list[str], kind: MailKind) -> str:
    total = len(apps)
    if total == 1:
        asks = _("%(who)s asks you to connect %(app)s") % {"who": partner, "app": apps[0]}
    else:
        asks = ngettext(
            "%(who)s asks you to connect %(total)s app",
            "%(who)s asks you to connect %(total)s apps",
            total,
        ) % {"who": partner, "total": total}
    return _("Reminder: %(what)s") % {"what": asks} if kind == MailKind.REMINDER else asks


def _opening(partner: str, account: str, apps: list[str], kind: MailKind) -> str:
    values = {"partner": partner, "account": account, "count": len(apps)}
    if len(apps) == 1:
        values["app"] = apps[0]
        if kind == MailKind.REMINDER:
            return (
                _(
                    "%(partner)s still needs you to connect %(app)s for %(account)s. It takes a "
                    "few minutes."
                )
                % values
            )
        return (
            _(
                "%(partner)s asks you to connect %(app)s for %(account)s. It takes a few minutes, "
                "and you can stop and come back."
            )
            % values
        )
    if kind == MailKind.REMINDER:
        return (
            _(
                "%(partner)s still needs you to connect %(count)s apps for %(account)s. It takes "
                "a few minutes."
            )
            % values
        )
    return (
        _(
            "%(partner)s asks you to connect %(count)s apps for %(account)s. It takes a few "
            "minutes, and you can stop and come back."
        )
        % values
    )


def _text(template: str, context: dict[str, Any]) -> str:
    """Plain text: nothing is markup here, so nothing is escaped."""
    made = Engine.get_default().get_template(f"{template}.txt")
    lines = made.render(Context(context, autoescape=False)).splitlines()
    text = "\n".join(line.rstrip() for line in lines)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _html(template: str, context: dict[str, Any], brand: Brand, language: str, subject: str) -> str:
    colours = palette(as_hex(brand.colour) or OUR_COLOUR)
    shown = {
        "partner": untrusted(context["partner"]),
        "account": untrusted(context["account"]),
        "subject": subject,
        "language": language,
        "colour": colours.fill[0],
        "ink": colours.on[0],
        "edge": colours.edge[0],
    }
    return render_to_string(f"{template}.html", context | shown)


def _web_address(url: str) -> str:
    return url if url.startswith("https://") else ""
