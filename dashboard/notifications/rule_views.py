"""The rules of consoles: who is told of what."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard.audit import services as audit
from dashboard.audit.models import Actor
from dashboard.consoles.models import Console
from dashboard.notifications import kinds
from dashboard.notifications.models import NotificationRule
from dashboard.notifications.rule_forms import RuleForm
from dashboard.people.access import StaffRequest, consoles_for, role_required
from dashboard.people.models import Role


@require_GET
@role_required(Role.ADMIN)
def notification_rule_list(request: StaffRequest) -> HttpResponse:
    """The rules of the consoles that the person administers."""
    consoles = list(consoles_for(request.user, Role.ADMIN))
    rows: dict[int, list[NotificationRule]] = {console.pk: [] for console in consoles}
    for rule in NotificationRule.objects.filter(console__in=consoles).prefetch_related("people"):
        rows[rule.console_id].append(rule)
    labels = dict(kinds.choices())
    context = {
        "consoles": [
            (console, [(rule, [labels.get(kind, kind) for kind in rule.kinds]) for rule in found])
            for console, found in ((console, rows[console.pk]) for console in consoles)
        ]
    }
    return render(request, "notifications/notification_rule_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADMIN)
def notification_rule_new(request: StaffRequest, console_pk: int) -> HttpResponse:
    """A rule for a console."""
    console = get_object_or_404(consoles_for(request.user, Role.ADMIN), pk=console_pk)
    form = RuleForm(console, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        _save(request, NotificationRule(console=console), form, "Added")
        return redirect("notification_rule_list")
    return _draw(request, console, form)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADMIN)
def notification_rule_edit(request: StaffRequest, pk: int) -> HttpResponse:
    """Another rule in the place of one."""
    rule = _rule(request, pk)
    form = RuleForm(rule.console, request.POST if request.method == "POST" else None, rule=rule)
    if request.method == "POST" and form.is_valid():
        _save(request, rule, form, "Saved")
        return redirect("notification_rule_list")
    return _draw(request, rule.console, form, rule)


@require_POST
@role_required(Role.ADMIN)
def notification_rule_remove(request: StaffRequest, pk: int) -> HttpResponse:
    """Nobody is told by it any more, also of what waits."""
    rule = _rule(request, pk)
    with transaction.atomic():
        _record(request, "notifications.rule_remove", rule)
        rule.delete()
    messages.success(request, "Removed the rule.")
    return redirect("notification_rule_list")


def _rule(request: StaffRequest, pk: int) -> NotificationRule:
    rows = NotificationRule.objects.select_related("console")
    consoles = consoles_for(request.user, Role.ADMIN)
    found: NotificationRule = get_object_or_404(rows.filter(console__in=consoles), pk=pk)
    return found


def _save(request: StaffRequest, rule: NotificationRule, form: RuleForm, done: str) -> None:
    values = dict(form.cleaned_data)
    people = values.pop("people")
    with transaction.atomic():
        for name, value in values.items():
            setattr(rule, name, value)
        rule.save()
        rule.people.set(people)
        _record(request, "notifications.rule_save", rule)
    messages.success(request, f"{done} the rule. It applies from now on.")


def _record(request: StaffRequest, action: str, rule: NotificationRule) -> None:
    audit.record(
        Actor.staff(request.user),
        action,
        console=rule.console,
        target=str(rule.console),
        kinds=list(rule.kinds),
        tag=rule.tag,
        people=[one.email for one in rule.people.all()],
        webhook=rule.is_for_webhook,
    )


def _draw(
    request: StaffRequest, console: Console, form: RuleForm, rule: NotificationRule | None = None
) -> HttpResponse:
    status = 422 if request.method == "POST" else 200
    context = {"form": form, "console": console, "rule": rule}
    return render(request, "notifications/notification_rule_form.html", context, status=status)
