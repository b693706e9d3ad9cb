"""What a connector can do, and calling it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import replace_url

from dashboard.audit import services as audit
from dashboard.audit.models import Actor
from dashboard.common.addresses import back_to
from dashboard.common.htmx import is_swap, render_page
from dashboard.common.paging import clean_address, paged, query_number
from dashboard.common.polling import is_seen, nothing_new, version_of
from dashboard.connectors.services import library_entry
from dashboard.features import services as features
from dashboard.methods import calling, choices, marking, reading, saving
from dashboard.methods.calling import CallRequest, OtherCallError
from dashboard.methods.categories import is_category, render_category, tell_read
from dashboard.methods.forms import BY_BODY, BY_NAME, CallForm
from dashboard.methods.inputs import Given
from dashboard.methods.models import Method, MethodCall, SavedCall, SavedCallQuerySet
from dashboard.methods.switches import WRITING
from dashboard.mirror.icons import add_icons
from dashboard.mirror.models import AccountConnector
from dashboard.operations.submissions import draw_anew
from dashboard.people.access import StaffRequest, get_for, is_on, role_required
from dashboard.people.models import Role

CONNECTORS = AccountConnector.objects.select_related("account__console")
LAST_CALLS = 8
MOST_SAVED_SHOWN = 50


@require_safe
@role_required(Role.VIEWER)
def method_list(request: StaffRequest, pk: int) -> HttpResponse:
    """The methods of the installed release; a worker reads them when they are not there yet."""
    connector = get_for(request, CONNECTORS, pk=pk)
    newest = reading.latest(connector)
    search = request.GET.get("q", "").strip()[:300]
    category = request.GET.get("category", "")
    every = Method.objects.of(connector)
    if is_category(request):
        return render_category(request, every, reverse("method_list", args=[connector.pk]))
    rows = every.search(search).filter(**({"category": category} if category else {}))
    page = paged(request, rows.defer("inputs"))
    version = version_of(
        newest and (newest.pk, newest.finished_at), page.total, marking.version_of_marks(list(page))
    )
    if is_swap(request) and is_seen(request, version):
        return nothing_new()
    is_under_way = newest is not None and not newest.is_finished
    is_due = connector.release_id is not None and reading.is_due(newest)
    context: dict[str, Any] = {
        "connector": connector,
        "account": connector.account,
        "page": page,
        "methods": marking.with_effect(list(page)),
        "reading": newest,
        "is_under_way": is_under_way,
        "is_due": is_due and not is_under_way,
        "search": search,
        "category": category,
        "categories": every.categories(),
        "matching_search": every.search(search).count() if category else 0,
        "version": version,
    }
    if not is_swap(request) and request.user.role_in(connector.account.console_id):
        add_icons([connector])
        calls = MethodCall.objects.filter(account_connector=connector).select_related("actor_user")
        context["calls"] = list(calls.defer("encrypted_input", "encrypted_answer")[:LAST_CALLS])
        context["may_see_answers"] = _role(request, connector) >= Role.AGENT
        context["saved_calls"] = _saved(request, connector)[:MOST_SAVED_SHOWN]
    response = render_page(
        request, "methods/method_list.html", "methods/_method_table.html", context
    )
    if is_swap(request) and request.htmx.trigger_name:
        replace_url(response, clean_address(request))
    return tell_read(request, response, is_under_way=is_under_way)


def _role(request: StaffRequest, connector: AccountConnector) -> int:
    return int(request.user.role_in(connector.account.console_id) or 0)


@require_POST
@role_required(Role.VIEWER)
def method_read(request: StaffRequest, pk: int) -> HttpResponse:
    """Have the methods read; the page shows them when they are there."""
    connector = get_for(request, CONNECTORS, pk=pk)
    if connector.gone_at is None and connector.account.gone_at is None:
        reading.ask(connector)
    return redirect(back_to(request, reverse("method_list", args=[connector.pk])))


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.AGENT)
def method_detail(request: StaffRequest, pk: int, key: str) -> HttpResponse:
    """The form of a call. Sent, it leads to the page of the answer."""
    connector = get_for(request, CONNECTORS, Role.AGENT, pk=pk)
    method = _method(connector, key)
    is_writing = not reading.is_reading(method)
    has_role = _role(request, connector) >= (Role.LEAD if is_writing else Role.AGENT)
    off, console = request.user.switched_off, connector.account.console_id
    is_off = is_writing and features.is_off(WRITING, console, off)
    mode = BY_BODY if request.GET.get("mode") == BY_BODY else BY_NAME
    data = request.POST if request.method == "POST" else None
    look_up = choices.latest(connector, method)
    found = choices.found_by(look_up)
    filled = _filled(request, connector, method)
    form = CallForm(method, data, is_writing=is_writing, mode=mode, found=found, filled=filled)
    is_waiting = (
        request.method != "POST"
        and not form.is_by_body
        and "type" not in request.GET
        and bool(connector.authenticated)
        and bool(choices.dynamic_inputs(method))
        and (look_up is None or not look_up.is_finished)
    )
    version = version_of(look_up and (look_up.pk, look_up.finished_at), is_waiting)
    if is_swap(request) and is_seen(request, version):
        return nothing_new()
    context: dict[str, Any] = {
        "look_up": look_up,
        "no_choices": _without_choices(method, found),
        "is_waiting": is_waiting,
        "version": version,
        "connector": connector,
        "account": connector.account,
        "method": method,
        "form": form,
        "is_writing": is_writing,
        "may_call": has_role and not is_off and method.is_callable and _is_there(connector),
        "may_mark": _role(request, connector) >= Role.LEAD
        and is_on(request.user, "method_mark", console),
        "is_there": _is_there(connector),
        "needs_lead": is_writing and not has_role,
        "is_switched_off": is_off,
        "is_other_release": _is_other_release(connector, method),
        "saved_calls": [
            (one, saving.may_delete(one, request.user))
            for one in _saved(request, connector).filter(method_key=key)[:MOST_SAVED_SHOWN]
        ],
        "filled_by": query_number(request, "saved"),
    }
    status = 200
    if request.method == "POST":
        if is_writing:
            features.require(WRITING, console, off)
        if not context["may_call"]:
            raise PermissionDenied
        if form.is_valid():
            return _call(request, connector, method, form, context)
        status = 422
        draw_anew(form, layout=form.layout_now)
    return render_page(
        request, "methods/method_detail.html", "methods/_call_form.html", context, status=status
    )


def _saved(request: StaffRequest, connector: AccountConnector) -> SavedCallQuerySet:
    """The saved calls that may be used with it."""
    rows: SavedCallQuerySet = SavedCall.objects.of(connector).select_related("owner")
    return rows.visible_to(request.user, connector.account.console)


def _filled(
    request: StaffRequest, connector: AccountConnector, method: Method
) -> tuple[Given, ...]:
    """What the form begins with: a saved call's values, or those of a call to be made again."""
    if chosen := query_number(request, "saved"):
        saved = _saved(request, connector).filter(method_key=method.key, pk=chosen).first()
        return () if saved is None else saving.values_of(saved)
    if again := query_number(request, "again"):
        calls = MethodCall.objects.filter(account_connector=connector, method_key=method.key)
        call = calls.filter(pk=again).first()
        return () if call is None else saving.values_of(call)
    return ()


def _without_choices(method: Method, found: choices.Found) -> list[tuple[str, str]]:
    """The values that could not be looked up, and why."""
    failed = [(one, found.get(choices.name_of(one), {})) for one in choices.dynamic_inputs(method)]
    return [(one.label, entry["error"]) for one, entry in failed if "error" in entry]


@require_POST
@role_required(Role.AGENT)
def method_choices(request: StaffRequest, pk: int, key: str) -> HttpResponse:
    """Have the dynamic values looked up; the form shows them when they are there."""
    connector = get_for(request, CONNECTORS, Role.AGENT, pk=pk)
    method = _method(connector, key)
    if _is_there(connector) and choices.dynamic_inputs(method):
        choices.ask(connector, method)
    url = reverse("method_detail", args=[connector.pk, method.key])
    kept = {name: number for name in ("saved", "again") if (number := query_number(request, name))}
    return redirect(f"{url}?{urlencode(kept)}" if kept else url)


def _call(
    request: StaffRequest,
    connector: AccountConnector,
    method: Method,
    form: CallForm,
    context: dict[str, Any],
) -> HttpResponse:
    try:
        call = calling.ask(
            CallRequest(
                connector=connector,
                method=method,
                is_writing=form.is_writing,
                actor=Actor.staff(request.user),
                submission=form.cleaned_data["submission"],
                sends=form.sends(),
            )
        )
    except OtherCallError as error:
        draw_anew(form, layout=form.layout_now)
        context["other"] = error.call
        return render_page(
            request, "methods/method_detail.html", "methods/_call_form.html", context, status=409
        )
    return redirect(call)


def _method(connector: AccountConnector, key: str) -> Method:
    method = Method.objects.of(connector).filter(key=key).first()
    if method is None:
        raise Http404
    return method


def _is_there(connector: AccountConnector) -> bool:
    return connector.gone_at is None and connector.account.gone_at is None


def _is_other_release(connector: AccountConnector, method: Method) -> bool:
    """Whether Cyclr would run the method of a newer release than the installed one."""
    entry = library_entry(connector)
    return bool(method.unique_id) and entry is not None and entry.release_id != method.release_id


@require_POST
@role_required(Role.LEAD)
def method_mark(request: StaffRequest, pk: int, key: str) -> HttpResponse:
    """Say of a method whether it only reads, where its name does not tell."""
    connector = get_for(request, CONNECTORS, Role.LEAD, pk=pk)
    method = _method(connector, key)
    is_reading = request.POST.get("effect") == "reads"
    with transaction.atomic():
        marking.mark(method, is_reading=is_reading)
        audit.record(
            Actor.staff(request.user),
            "methods.mark",
            console=connector.account.console,
            target=f"{method} as {'reading' if is_reading else 'writing'}",
            target_url=reverse("method_detail", args=[connector.pk, method.key]),
        )
    effect = "only reading" if is_reading else "writing"
    messages.success(request, f"The method counts as {effect} now.")
    return redirect(reverse("method_detail", args=[connector.pk, method.key]))
