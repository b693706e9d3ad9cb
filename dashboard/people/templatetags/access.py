"""What a template asks about roles: `{% load access %}`."""

from __future__ import annotations

from django import template
from django.template import Context

from dashboard.consoles.models import Console
from dashboard.features.registry import of_page
from dashboard.people.access import is_on
from dashboard.people.access import may_open as _may_open
from dashboard.people.models import User

register = template.Library()


@register.simple_block_tag(takes_context=True)
def while_on(
    context: Context, content: str, url_name: str, console: Console | int | None = None
) -> str:
    """`{% while_on "campaign_list" %}…{% endwhile_on %}`: drawn while what that page takes is on.

    In this console; without one, in the console in view, or in any of the person's.
    """
    user = getattr(context.get("request"), "user", None)
    if not isinstance(user, User):
        return content
    where = console if console is not None else _in_view(context, user, url_name)
    return content if is_on(user, url_name, where) else ""


@register.simple_block_tag(takes_context=True)
def unless_retired(context: Context, content: str) -> str:
    """`{% unless_retired %}…{% endunless_retired %}`: what changes something and takes no role;
    not drawn while what a retired console had is read.
    """
    user = getattr(context.get("request"), "user", None)
    return "" if isinstance(user, User) and user.reads_retired else content


def _in_view(context: Context, user: User, url_name: str) -> Console | None:
    """The console that the page's address names, if the other page takes what can be off."""
    named = context["request"].GET.get("console", "")
    if not named or not of_page(url_name) or not user.switched_off:
        return None
    return next((one for one in user.consoles if str(one.pk) == named), None)


@register.simple_tag(takes_context=True)
def may_open(context: Context, url_name: str) -> bool:
    """`{% may_open "brand_edit" as may_brand %}`: whether the page would let the person in."""
    user = getattr(context.get("request"), "user", None)
    if not isinstance(user, User) or not _may_open(user, url_name):
        return False
    return is_on(user, url_name, _in_view(context, user, url_name))
