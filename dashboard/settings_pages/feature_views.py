"""Settings: which parts of the dashboard are switched off, in one console or in all."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from dashboard.audit.models import Actor
from dashboard.consoles.models import Console
from dashboard.features import registry
from dashboard.features.registry import Feature
from dashboard.operations.submissions import SubmissionField
from dashboard.people.access import StaffRequest, console_named, consoles_for, role_required
from dashboard.people.models import Role, User
from dashboard.people.proof import reauthenticated
from dashboard.settings_pages.features import switch


class FeaturesForm(forms.Form):
    """What is ticked is to be on. `was` tells what stood ticked: only what was turned is changed,
    so nobody turns back what a colleague has changed meanwhile, and sent twice it is once.

    `submission` is not for that: a form that waited until somebody had signed in comes without one
    (`people.held`), and is drawn again as it was ticked instead of taken.
    """

    on = forms.MultipleChoiceField(required=False, widget=forms.MultipleHiddenInput)
    was = forms.MultipleChoiceField(required=False, widget=forms.MultipleHiddenInput)
    submission = SubmissionField()

    def __init__(self, every: Sequence[Feature], data: QueryDict) -> None:
        super().__init__(data)
        self.every, self.ticked = every, set(data.getlist("on"))
        for name in ("on", "was"):
            self.fields[name].choices = [(one.key, one.label) for one in every]  # type: ignore[attr-defined]

    def turned(self) -> tuple[list[Feature], list[Feature]]:
        """What is to be switched on, and what off."""
        on, was = set(self.cleaned_data["on"]), set(self.cleaned_data["was"])
        return (
            [one for one in self.every if one.key in on - was],
            [one for one in self.every if one.key in was - on],
        )


@dataclass(frozen=True, slots=True)
class Line:
    """One switch as the page shows it."""

    feature: Feature
    is_on: bool
    was_on: bool
    is_off_for_all: bool
    """Switched off in all consoles: the switch of one does nothing meanwhile."""
    elsewhere: str
    """In which consoles it is off, where the switch is the one of all."""


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADMIN)
def settings_features(request: StaffRequest) -> HttpResponse:
    """A switch for each feature: of the console that the address names, else of all."""
    consoles = list(consoles_for(request.user, Role.ADMIN))
    console = _console(request, consoles)
    if request.method == "POST":
        return _change(request, console, consoles)
    return _page(request, console, consoles)


@reauthenticated
def _change(
    request: StaffRequest, console: Console | None, consoles: list[Console]
) -> HttpResponse:
    """Not for whoever finds a desk open."""
    form = FeaturesForm(registry.every(), request.POST)
    if not form.is_valid():
        return _page(request, console, consoles, form)
    on, off = form.turned()
    if switch(Actor.staff(request.user), console, on=on, off=off):
        messages.success(request, "Saved. It holds from now on; what is under way is finished.")
    else:
        messages.info(request, "Nothing was changed.")
    url = reverse("settings_features")
    return redirect(f"{url}?console={console.pk}" if console else url)


def _page(
    request: StaffRequest,
    console: Console | None,
    consoles: list[Console],
    form: FeaturesForm | None = None,
) -> HttpResponse:
    """`form`: one that was not taken; what is ticked in it stays ticked."""
    context = {
        "form": form,
        "lines": _lines(request.user, console, consoles, form.ticked if form else None),
        "console": console,
        "consoles": consoles,
        "may_all": request.user.is_admin_of_all,
        "submission": uuid.uuid4(),
    }
    status = 422 if form else 200
    return render(request, "settings/settings_features.html", context, status=status)


def _lines(
    user: User, console: Console | None, consoles: list[Console], ticked: set[str] | None
) -> list[Line]:
    off = user.switched_off
    pk = console.pk if console else None
    lines = []
    for one in registry.every():
        was_on = (one.key, pk) not in off
        names = [other.name for other in consoles if (one.key, other.pk) in off]
        lines.append(
            Line(
                feature=one,
                is_on=was_on if ticked is None else one.key in ticked,
                was_on=was_on,
                is_off_for_all=console is not None and (one.key, None) in off,
                elsewhere=", ".join(names) if console is None and len(consoles) > 1 else "",
            )
        )
    return lines


def _console(request: StaffRequest, consoles: list[Console]) -> Console | None:
    """The one that the address names; `None`: all. Who decides about one alone sees that one."""
    if not request.GET.get("console") and request.user.is_admin_of_all:
        return None
    return console_named(request, consoles)
