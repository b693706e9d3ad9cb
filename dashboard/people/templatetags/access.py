"""What a template asks about roles: `{% load access %}`."""

from __future__ import annotations

from django import template
from django.template import Context

from dashboard.people.access import may_open as _may_open
from dashboard.people.models import User

register = template.Library()


@register.simple_tag(takes_context=True)
def may_open(context: Context, url_name: str) -> bool:
    """`{% may_open "brand_edit" as may_brand %}`: whether the page would let the person in."""
    user = getattr(context.get("request"), "user", None)
    return isinstance(user, User) and _may_open(user, url_name)
