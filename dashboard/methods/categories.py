"""The choice of a category beside a list of methods: filled anew when they have been read."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django_htmx.http import trigger_client_event

from dashboard.common.htmx import HtmxRequest, is_swap
from dashboard.methods.models import MethodQuerySet


def is_category(request: HtmxRequest) -> bool:
    """Whether the choice alone is asked for."""
    return is_swap(request) and request.htmx.target == "method-category"


def render_category(request: HtmxRequest, every: MethodQuerySet, list_url: str) -> HttpResponse:
    """The choice, of the categories that the methods have now."""
    context = {
        "list_url": list_url,
        "category": request.GET.get("category", ""),
        "categories": every.categories(),
    }
    return render(request, "methods/_method_category.html", context)


def tell_read(request: HtmxRequest, response: HttpResponse, *, is_under_way: bool) -> HttpResponse:
    """Have the choice filled anew, where the list that waited for the reading is drawn."""
    is_typed = bool(request.htmx.trigger_name)
    if is_swap(request) and not is_typed and not is_under_way:
        trigger_client_event(response, "methods-read", after="settle")
    return response
