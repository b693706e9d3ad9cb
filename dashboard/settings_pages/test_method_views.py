"""Settings: which safe method proves each kind of connector to work, and as whom.

A page is about one installed connector: it stands for its kind, and methods are looked up through
its account. Cyclr is asked by workers alone.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Min, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dashboard.audit import services as audit
from dashboard.audit.models import Actor
from dashboard.common.htmx import is_swap, render_page
from dashboard.common.paging import paged
from dashboard.common.polling import is_seen, nothing_new, version_of
from dashboard.common.untrusted_text import storable
from dashboard.connectors import lookups
from dashboard.connectors.answers import proposed
from dashboard.connectors.forms import ScheduleForm
from dashboard.connectors.models import ConnectionTestMethod, LookUp, LookUpKind, TestEvery
from dashboard.installs.fields import UntrustedText
from dashboard.mirror.freshness import consoles_in_view
from dashboard.mirror.icons import add_icons
from dashboard.mirror.keys import key_of
from dashboard.mirror.models import AccountConnector
from dashboard.people.access import StaffRequest, consoles_for, get_for, role_required
from dashboard.people.models import Role

CONNECTORS = AccountConnector.objects.select_related("account__console")
TRIED_AT_MOST = 50
"""Authenticated connectors that are offered for a try."""


@require_safe
@role_required(Role.ADMIN)
def test_method_list(request: StaffRequest) -> HttpResponse:
    """Every kind of connector that is installed, with the method that proves it."""
    consoles = consoles_for(request.user, Role.ADMIN)
    if console := consoles_in_view(request).chosen:
        consoles = consoles.filter(pk=console.pk)
    kinds = (
        AccountConnector.objects.there()
        .filter(account__console__in=consoles, account__gone_at=None)
        .exclude(connector_name="")
        .order_by()
        .values("account__console", "account__console__name", "connector_name", "connector_version")
        .annotate(
            installed=Count("pk"),
            sample=Min("pk"),
            # One that is authenticated is asked in preference: only through it can be tried.
            good=Min("pk", filter=Q(authenticated=True)),
        )
        .order_by("connector_name", "connector_version", "account__console")
    )
    page = paged(request, kinds)
    chosen = {
        (one.console_id, one.kind_key): one
        for one in ConnectionTestMethod.objects.filter(console__in=consoles)
    }
    rows = [
        {
            **kind,
            "pk": kind["good"] or kind["sample"],
            "method": chosen.get(
                (
                    kind["account__console"],
                    key_of(kind["connector_name"], kind["connector_version"]),
                )
            ),
        }
        for kind in page
    ]
    context = {"page": page, "rows": rows, "has_many_consoles": len(consoles) > 1}
    return render(request, "settings/test_method_list.html", context)


class MethodForm(forms.Form):
    """The choice of one of the methods that were looked up."""

    method = forms.ChoiceField(
        label="Method", widget=forms.RadioSelect, error_messages={"required": "Choose a method."}
    )
    is_safe = forms.BooleanField(
        label="I know that this method changes nothing",
        help_text="Needed for one whose name does not say that it only reads.",
        required=False,
    )

    def __init__(self, methods: list[dict[str, Any]], current: str = "", data: Any = None) -> None:
        """`current`: the key of the one that is chosen now; without it one is proposed."""
        self.by_key = {one["key"]: one for one in methods if not one["why_not"]}
        names = {key: one["name"] for key, one in self.by_key.items() if one["reads"]}
        self.proposed = "" if current else proposed(names)
        super().__init__(data, initial={"method": current or self.proposed})
        field = self.fields["method"]
        assert isinstance(field, forms.ChoiceField)
        # Those that read come first: the others are not forbidden, but meant to be thought about.
        offered = sorted(
            self.by_key.values(), key=lambda one: (one["key"] != self.proposed, not one["reads"])
        )
        field.choices = [(one["key"], one["name"] or "No name") for one in offered]
        field.choice_help = {  # type: ignore[attr-defined]
            one["key"]: f"{'Proposed. ' if one['key'] == self.proposed else ''}{one['description']}"
            if one["reads"]
            else f"Its name does not say that it only reads. {one['description']}".strip()
            for one in offered
        }
        if all(one["reads"] for one in offered):
            del self.fields["is_safe"]

    def clean(self) -> dict[str, Any]:
        """Whoever chooses a method that may write says that it does not."""
        values = super().clean() or {}
        chosen = self.by_key.get(values.get("method", ""))
        if chosen and not chosen["reads"] and not values.get("is_safe"):
            self.add_error("is_safe", "Tick this if you are sure. Otherwise choose another method.")
        return values

    def chosen(self) -> dict[str, Any]:
        """The method that was chosen."""
        return self.by_key[self.cleaned_data["method"]]


class IdentityForm(forms.Form):
    """Where the answer says whose account it is."""

    path = UntrustedText(
        label="Place in the answer",
        help_text="Such as data.user.email or [0].login. Empty: it does not say.",
        max_length=300,
        strip=True,
        required=False,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADMIN)
def test_method_choose(request: StaffRequest, pk: int) -> HttpResponse:
    """Choose the method of one kind; then try it, and say where it tells whose account it is."""
    connector = get_for(request, CONNECTORS, Role.ADMIN, pk=pk)
    context = _context(connector)
    if is_swap(request) and request.htmx.target == "test-try":
        if is_seen(request, context["try_version"]):
            return nothing_new()
        return render(request, "settings/_test_method_try.html", context)
    if request.method == "POST" and context["form"] is not None:
        form = MethodForm(context["methods"], data=request.POST)
        if form.is_valid():
            _choose(request, connector, form.chosen())
            messages.success(request, "Test method chosen. Try it to see what it answers.")
            return redirect("test_method_choose", connector.pk)
        context["form"] = form
        return render_page(
            request,
            "settings/test_method_choose.html",
            "settings/_test_methods.html",
            context,
            status=422,
        )
    if request.method == "POST":
        messages.warning(request, "The methods have to be looked up again before one is chosen.")
        return redirect("test_method_choose", connector.pk)
    if is_swap(request) and is_seen(request, context["version"]):
        return nothing_new()
    return render_page(
        request, "settings/test_method_choose.html", "settings/_test_methods.html", context
    )


def _context(connector: AccountConnector) -> dict[str, Any]:
    add_icons([connector])
    look_up = lookups.latest(connector, LookUpKind.METHODS)
    answer = lookups.answer_of(look_up) or {}
    methods: list[dict[str, Any]] = answer.get("methods") or []
    method = ConnectionTestMethod.of(connector)
    tried = _newest_try(connector)
    current = "" if method is None else method.unique_id or str(method.method_id)
    found = lookups.answer_of(tried)
    return {
        "connector": connector,
        "method": method,
        "look_up": look_up,
        "methods": methods,
        "left_out": [one for one in methods if one["why_not"]],
        "form": MethodForm(methods, current) if methods else None,
        "is_waiting": look_up is None or not look_up.is_finished,
        "version": version_of(look_up and (look_up.pk, look_up.finished_at)),
        "candidates": list(_candidates(connector)),
        "tried": tried,
        "found": found if found and method and found.get("method") == str(method) else None,
        "try_version": version_of(tried and (tried.pk, tried.finished_at)),
        "identity_form": IdentityForm(initial={"path": method.identity_path if method else ""}),
        "schedule_form": ScheduleForm(
            initial={"every_hours": method.every_hours if method else TestEvery.NEVER}
        ),
    }


def _of_kind(connector: AccountConnector) -> QuerySet[Any]:
    """The installed connectors of the same kind, in the same console."""
    return CONNECTORS.there().filter(
        account__console=connector.account.console_id,
        connector_name=connector.connector_name,
        connector_version=connector.connector_version,
    )


def _candidates(connector: AccountConnector) -> QuerySet[Any]:
    """Those through which the method can be tried."""
    good = _of_kind(connector).filter(authenticated=True, account__gone_at=None)
    return good.order_by("account__sort_name", "pk")[:TRIED_AT_MOST]


def _newest_try(connector: AccountConnector) -> LookUp | None:
    tries = LookUp.objects.filter(
        kind=LookUpKind.ANSWER, account_connector__in=_of_kind(connector)
    ).select_related("account_connector__account")
    newest = tries.first()
    return newest and lookups.latest(newest.account_connector, LookUpKind.ANSWER)


def _choose(request: StaffRequest, connector: AccountConnector, chosen: dict[str, Any]) -> None:
    kind: dict[str, Any] = {
        "console": connector.account.console,
        "connector_name": connector.connector_name,
        "connector_version": connector.connector_version,
    }
    with transaction.atomic():
        before = ConnectionTestMethod.of(connector)
        values = {
            "method_id": chosen["id"],
            "unique_id": chosen["unique_id"],
            "method_name": chosen["name"],
        }
        if before is None or (before.unique_id, before.method_id) != (
            chosen["unique_id"],
            chosen["id"],
        ):
            values["identity_path"] = ""  # another method's answer has other places
        ConnectionTestMethod.objects.update_or_create(**kind, defaults=values)
        _record(request, connector, "connectors.choose_proof", method=chosen["name"])


def _record(request: StaffRequest, connector: AccountConnector, action: str, **more: str) -> None:
    audit.record(
        Actor.staff(request.user),
        action,
        console=connector.account.console,
        target=f"{connector.connector_name} {connector.connector_version}".strip(),
        **more,
    )


@require_POST
@role_required(Role.ADMIN)
def test_method_look_up(request: StaffRequest, pk: int) -> HttpResponse:
    """Have the methods of the kind looked up; the page shows them when they are there."""
    connector = get_for(request, CONNECTORS, Role.ADMIN, pk=pk)
    lookups.ask(connector, LookUpKind.METHODS)
    if not is_swap(request):
        return redirect("test_method_choose", connector.pk)
    return render(request, "settings/_test_methods.html", _context(connector))


@require_POST
@role_required(Role.ADMIN)
def test_method_try(request: StaffRequest, pk: int) -> HttpResponse:
    """Have the chosen method called once through one authenticated connector of the kind."""
    connector = get_for(request, CONNECTORS, Role.ADMIN, pk=pk)
    wanted = request.POST.get("connector", "")
    one = next((each for each in _candidates(connector) if str(each.pk) == wanted), None)
    if one is None or ConnectionTestMethod.of(connector) is None:
        messages.warning(request, "Choose a method, and an authenticated connector to try it on.")
        return redirect("test_method_choose", connector.pk)
    lookups.ask(one, LookUpKind.ANSWER)
    if not is_swap(request):
        return redirect("test_method_choose", connector.pk)
    return render(request, "settings/_test_method_try.html", _context(connector))


@require_POST
@role_required(Role.ADMIN)
def test_method_identity(request: StaffRequest, pk: int) -> HttpResponse:
    """Keep where the answer says whose account it is."""
    connector = get_for(request, CONNECTORS, Role.ADMIN, pk=pk)
    method = ConnectionTestMethod.of(connector)
    form = IdentityForm(request.POST)
    if method is None:
        messages.warning(request, "Choose a method first.")
    elif not form.is_valid():
        context = _context(connector) | {"identity_form": form}
        return render(request, "settings/test_method_choose.html", context, status=422)
    else:
        with transaction.atomic():
            path = str(storable(form.cleaned_data["path"]))
            method.identity_path = path
            method.save(update_fields=["identity_path", "changed_at"])
            _record(request, connector, "connectors.choose_proof", identity=path)
        message = "It says whose account it is." if path else "It does not say whose account it is."
        messages.success(request, f"Saved. {message}")
    return redirect("test_method_choose", connector.pk)


@require_POST
@role_required(Role.ADMIN)
def test_method_remove(request: StaffRequest, pk: int) -> HttpResponse:
    """Prove this kind no more. What was proven before stays known."""
    connector = get_for(request, CONNECTORS, Role.ADMIN, pk=pk)
    method = ConnectionTestMethod.of(connector)
    if method is not None:
        with transaction.atomic():
            method.delete()
            _record(request, connector, "connectors.drop_proof", method=method.method_name)
        messages.success(request, "Test method removed. It is no longer used.")
    return redirect("test_method_list")
