"""Who needs a second factor and has had two weeks for it gets no further without one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from dashboard.common.htmx import redirect_browser
from dashboard.people.access import decision_on
from dashboard.people.models import User
from dashboard.sign_in import factors, provider

View = Callable[..., Any]


def opens_without_factor(view: Any) -> Any:
    """Mark a page that is needed to get a second factor."""
    view.opens_without_factor = True
    return view


class SecondFactorMiddleware:
    """Stands behind `AccessMiddleware`: the person may see the page as far as roles go."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: View, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Lead to the page where factors are added, or let pass with `None`."""
        decision = decision_on(view)
        if decision is None or decision.at_least is None:
            return None
        user = request.user
        if getattr(view, "opens_without_factor", False) or not isinstance(user, User):
            return None
        if not factors.is_missing(user) or factors.days_left(user) != 0:
            return None
        if provider.vouches_for(request):
            return None
        url = reverse("security")
        is_htmx = request.headers.get("HX-Request") == "true"
        return redirect_browser(url) if is_htmx else HttpResponseRedirect(url)
