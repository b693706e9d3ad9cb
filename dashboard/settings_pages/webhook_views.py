"""Settings: the outgoing webhook of each console, its secret and what was delivered."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard.common.htmx import is_swap, render_page
from dashboard.common.paging import paged
from dashboard.common.polling import is_seen, nothing_new, version_of
from dashboard.notifications import webhooks
from dashboard.notifications.models import SendState, Webhook, WebhookDelivery
from dashboard.people.access import StaffRequest, administered_console, consoles_for, role_required
from dashboard.people.models import Role
from dashboard.people.proof import reauthenticated
from dashboard.settings_pages.webhook_forms import WebhookForm

PAGE = "settings/settings_webhook.html"
DELIVERIES_PER_PAGE = 20


@require_GET
@role_required(Role.ADMIN)
def settings_webhook_list(request: StaffRequest) -> HttpResponse:
    """The consoles and whether their notifications are sent on; with one console, its page."""
    consoles = list(consoles_for(request.user, Role.ADMIN))
    if len(consoles) == 1:
        return redirect("settings_webhook", consoles[0].pk)
    hooks = {hook.console_id: hook for hook in Webhook.objects.filter(console__in=consoles)}
    context = {"rows": [(console, hooks.get(console.pk)) for console in consoles]}
    return render(request, "settings/settings_webhook_list.html", context)


@sensitive_variables("secret")
@require_http_methods(["GET", "POST"])
@role_required(Role.ADMIN)
def settings_webhook(request: StaffRequest, pk: int) -> HttpResponse:
    """One console's webhook. Its secret is shown once, in the answer to what made it."""
    console = administered_console(request, pk)
    webhook = Webhook.objects.select_related("console").filter(console=console).first()
    form = _form(webhook, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        url, shape = form.cleaned_data["url"], form.cleaned_data["shape"]
        if webhook is None:
            webhook, secret = webhooks.create(console, url, request.user, shape)
            return _page(request, webhook, form, secret=secret)
        if webhooks.change(webhook, url, request.user, shape):
            messages.success(request, "Saved. Whatever is still waiting is sent like this.")
        return redirect("settings_webhook", console.pk)
    if webhook is None:
        status = 422 if request.method == "POST" else 200
        return render(request, PAGE, {"console": console, "form": form}, status=status)
    return _page(request, webhook, form)


@sensitive_variables("secret")
def _page(
    request: StaffRequest, webhook: Webhook, form: WebhookForm, *, secret: str = ""
) -> HttpResponse:
    rows = webhook.deliveries.select_related("notification__account").order_by("-pk")
    page = paged(request, rows, per_page=DELIVERIES_PER_PAGE)
    shown = [(one.pk, one.state, one.tries, one.last_error, one.said) for one in page]
    is_moving = any(one.state == SendState.WAITING for one in page) and webhook.is_on
    version = version_of(request.GET.get("page"), page.total, shown, is_moving)
    if request.method == "GET" and is_swap(request) and is_seen(request, version):
        return nothing_new()
    context: dict[str, Any] = {
        "console": webhook.console,
        "webhook": webhook,
        "form": form,
        "page": page,
        "is_moving": is_moving,
        "version": version,
        "secret": secret,
    }
    status = 422 if form.errors else 200
    partial = PAGE if request.method == "POST" else "settings/_webhook_deliveries.html"
    return render_page(request, PAGE, partial, context, status=status)


@sensitive_variables("secret")
@require_POST
@role_required(Role.ADMIN)
@reauthenticated
def settings_webhook_rotate(request: StaffRequest, pk: int) -> HttpResponse:
    """Another secret, shown in this answer and never again."""
    webhook = _webhook(request, pk)
    secret = webhooks.rotate(webhook, request.user)
    return _page(request, webhook, _form(webhook), secret=secret)


@require_POST
@role_required(Role.ADMIN)
@reauthenticated
def settings_webhook_end_secret(request: StaffRequest, pk: int) -> HttpResponse:
    """The former secret signs nothing any more."""
    if webhooks.end_previous_secret(_webhook(request, pk), request.user):
        messages.success(request, "Requests are signed with the new secret alone.")
    return redirect("settings_webhook", pk)


@require_POST
@role_required(Role.ADMIN)
def settings_webhook_switch(request: StaffRequest, pk: int) -> HttpResponse:
    """Begin or stop sending, as the pressed button says: pressed twice it changes once."""
    webhook = _webhook(request, pk)
    is_on = request.POST.get("on") == "1"
    if webhooks.switch(webhook, request.user, is_on=is_on):
        message = "Off. Nothing that happens now is sent."
        if is_on:
            message = "On. Whatever was waiting is sent."
        messages.success(request, message)
    return redirect("settings_webhook", pk)


@require_POST
@role_required(Role.ADMIN)
def settings_webhook_test(request: StaffRequest, pk: int) -> HttpResponse:
    """Send a test; what came of it stands in the list."""
    webhook = _webhook(request, pk)
    if webhook.is_on:
        webhooks.queue_test(webhook, request.user)
    else:
        messages.info(request, "The webhook is off. Switch it on to test it.")
    return redirect("settings_webhook", pk)


@require_POST
@role_required(Role.ADMIN)
def settings_webhook_again(request: StaffRequest, pk: int, delivery_pk: int) -> HttpResponse:
    """Try one that failed anew."""
    rows = WebhookDelivery.objects.filter(webhook=_webhook(request, pk))
    delivery = get_object_or_404(rows.select_related("webhook__console"), pk=delivery_pk)
    webhooks.queue_again(delivery, request.user)
    return redirect("settings_webhook", pk)


def _form(webhook: Webhook | None, data: Any = None) -> WebhookForm:
    """The form, filled in with what the webhook is."""
    if webhook is None:
        return WebhookForm(data)
    return WebhookForm(data, url=webhooks.readable_address(webhook), shape=webhook.shape)


def _webhook(request: StaffRequest, pk: int) -> Webhook:
    """Its webhook, if there is one."""
    rows = Webhook.objects.select_related("console")
    found = rows.filter(console=administered_console(request, pk)).first()
    if found is None:
        raise Http404
    return found
