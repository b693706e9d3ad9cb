"""Keeping how one looks at the list: views under a name, and columns."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from dashboard.common.text_fields import UntrustedText
from dashboard.consoles.models import Console
from dashboard.fleet import saved_views
from dashboard.fleet.drawing import USUAL
from dashboard.fleet.models import SavedView
from dashboard.people.access import StaffRequest, role_required
from dashboard.people.models import Role


class ViewForm(forms.Form):
    """A view to be saved."""

    name = UntrustedText(label="Name", max_length=60)
    is_shared = forms.BooleanField(label="Share with colleagues", required=False)
    query = forms.CharField(required=False, max_length=5000)

    def clean_query(self) -> str:
        """What is kept of it."""
        try:
            return saved_views.kept_query(self.cleaned_data["query"])
        except ValueError:
            raise forms.ValidationError("This search is too long to be saved.") from None


@require_POST
@role_required(Role.AGENT)
def connector_view_save(request: StaffRequest) -> HttpResponse:
    """Save what the list shows under a name."""
    form = ViewForm(request.POST)
    if not form.is_valid():
        return _draw_again(request, form)
    query, is_shared = form.cleaned_data["query"], form.cleaned_data["is_shared"]
    console = _shared_in(request, query) if is_shared else None
    name = form.cleaned_data["name"]
    if not is_shared and saved_views.shares(request.user, name):
        form.add_error("name", SHARED)
    elif not saved_views.save(request.user, name, query, is_shared=is_shared, console=console):
        form.add_error("name", f"You have {saved_views.MOST} views. Remove one first.")
    else:
        messages.success(request, f"Saved the view “{name}”.")
        return _back(query)
    return _draw_again(request, form)


SHARED = (
    "You share a view of this name with colleagues. Share this one too, so that it takes its "
    "place, or choose another name."
)


def _draw_again(request: StaffRequest, form: ViewForm) -> HttpResponse:
    """A page of its own, with what was typed: the list's form stands in a pop-up."""
    query = request.POST.get("query", "")
    context = {
        "form": form,
        "may_share": _may_share(request, query),
        "back": f"{reverse('connector_list')}?{_kept(query)}",
    }
    return render(request, "fleet/connector_view_save.html", context, status=422)


def _may_share(request: StaffRequest, query: str) -> bool:
    return saved_views.may_share(request.user, _console_of(request, query))


def _console_of(request: StaffRequest, query: str) -> Console | None:
    consoles = request.user.consoles
    asked = QueryDict(query).get("console", "")
    found = next((one for one in consoles if str(one.pk) == asked), None)
    return found or (consoles[0] if len(consoles) == 1 else None)


def _shared_in(request: StaffRequest, query: str) -> Console | None:
    """The console that the view is about, of which the person is a Lead; None for all of them."""
    console = _console_of(request, query)
    if not saved_views.may_share(request.user, console):
        raise PermissionDenied
    return console


@require_POST
@role_required(Role.AGENT)
def connector_view_remove(request: StaffRequest, pk: int) -> HttpResponse:
    """Remove a view."""
    view = _removable(request, pk)
    saved_views.remove(request.user, view)
    messages.success(request, f"Removed the view “{view.name}”.")
    return _back(request.POST.get("query", ""))


def _removable(request: StaffRequest, pk: int) -> SavedView:
    """One that the person may remove."""
    visible = SavedView.objects.visible_to(request.user)
    view: SavedView = get_object_or_404(visible, pk=min(pk, 2**63 - 1))
    if not saved_views.may_remove(request.user, view):
        raise PermissionDenied
    return view


@require_POST
@role_required(Role.VIEWER)
def connector_columns(request: StaffRequest) -> HttpResponse:
    """Keep the chosen columns, and show the list with them."""
    chosen = saved_views.named(",".join(request.POST.getlist("column"))) or USUAL
    saved_views.keep_columns(request.user, chosen)
    query = QueryDict(request.POST.get("query", ""), mutable=True)
    query["columns"] = saved_views.keys_of(chosen)
    return _back(query.urlencode())


def _kept(query: str) -> str:
    try:
        return saved_views.kept_query(query)
    except ValueError:
        return ""


def _back(query: str) -> HttpResponse:
    kept = _kept(query)
    return redirect(f"{reverse('connector_list')}?{kept}" if kept else "connector_list")
