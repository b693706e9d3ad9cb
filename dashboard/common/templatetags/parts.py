"""Parts of a page that enclose a sentence; built in everywhere, no `{% load %}` needed."""

from __future__ import annotations

from functools import cache

from django import template
from django.template import Context
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
@cache
def fixed(name: str) -> SafeString:
    """`{% fixed "_head.html" %}`: a part in which nothing varies, drawn once by each process.

    Each address of a file in it is looked up by name, on every page.
    """
    return render_to_string(name)


@register.simple_block_tag
def empty_state(content: SafeString, heading: str, url: str = "", action: str = "") -> SafeString:
    """`{% empty_state "No link yet" url=… action="Create link" %}Why.{% endempty_state %}`."""
    return render_to_string(
        "_empty.html",
        {"heading": heading, "why": content.strip(), "url": url, "action": action},
    )


@register.simple_block_tag(takes_context=True)
def ask_first(
    context: Context,
    content: SafeString,
    ident: str,
    word: str,
    heading: str,
    *,
    url: str,
    yes: str,
    keep: str = "Keep it",
) -> SafeString:
    """A red button that asks before it acts: the enclosed sentence says what will happen.

    `{% ask_first "revoke" "Revoke" "Revoke this link?" url=… yes="Revoke link" %}It stops
    working.{% endask_first %}`: `ident` is the button's id.
    """
    return render_to_string(
        "_ask_first.html",
        {
            "ident": ident,
            "url": url,
            "word": word,
            "heading": heading,
            "message": content.strip(),
            "keep": keep,
            "yes": yes,
        },
        request=context.get("request"),
    )
