"""The staff's pages about launch links."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dashboard.audit.models import Actor
from dashboard.common.htmx import is_swap, redirect_browser, render_page
from dashboard.common.paging import clean_address, paged
from dashboard.common.polling import is_seen, nothing_new, version_of
from dashboard.common.searching import words_in
from dashboard.environment.email_address import mailto_address
from dashboard.launches import mailing, services
from dashboard.launches.forms import LaunchForm, option_lines
from dashboard.launches.models import LaunchLink
from dashboard.mirror.freshness import consoles_in_view
from dashboard.mirror.models import Account
from dashboard.operations.submissions import draw_anew
from dashboard.people.access import StaffRequest, get_for, role_required
from dashboard.people.models import Role

LINKS = LaunchLink.objects.select_related("console", "account__console", "actor_user")
LANGUAGE_WORDS = dict(settings.LANGUAGES)


@require_safe
@role_required(Role.VIEWER)
def launch_link_list(request: StaffRequest) -> HttpResponse:
    """Every launch link, newest first; of one account with `?account=`."""
    if is_swap(request) and request.htmx.trigger_name == "console":
        return redirect_browser(clean_address(request))
    search = request.GET.get("q", "").strip().replace("\x00", "")[:300]
    rows = LINKS.visible_to(request.user).filter(words_in(search, "account__search_text"))
    in_view = consoles_in_view(request)
    if in_view.chosen:
        rows = rows.filter(console=in_view.chosen)
    account = _account_asked(request)
    if account is not None:
        rows = rows.filter(account=account)
    role = request.user.role_in(account.console) if account is not None else None
    context = {
        "page": paged(request, rows),
        "search": search,
        "in_view": in_view,
        "account": account,
        "may_create": role is not None and role >= Role.LEAD,
    }
    return render_page(
        request, "launches/launch_link_list.html", "launches/_launch_link_table.html", context
    )


def _account_asked(request: StaffRequest) -> Account | None:
    asked = request.GET.get("account", "")
    if not asked.isascii() or not asked.isdigit():
        return None
    rows = Account.objects.visible_to(request.user).select_related("console")
    return rows.filter(pk=int(asked[:18])).first()


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.LEAD)
def launch_link_new(request: StaffRequest, pk: int) -> HttpResponse:
    """Make a link into an account; sent twice it is made once."""
    account = get_for(request, Account.objects.select_related("console"), Role.LEAD, pk=pk)
    form = LaunchForm(account, request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {"account": account, "form": form}
    template = "launches/launch_link_new.html"
    if request.method != "POST":
        return render(request, template, context)
    if not form.is_valid():
        draw_anew(form)
        return render(request, template, context, status=422)
    try:
        link = services.create(
            Actor.staff(request.user),
            account,
            form.wanted(),
            submission=form.cleaned_data["submission"],
        )
    except services.OtherLaunchLinkError as error:
        context["sent_before"] = error.link
        draw_anew(form)
        return render(request, template, context, status=409)
    if link.recipient_email:
        return redirect("launch_link_send", link.pk)
    return redirect(f"{link.get_absolute_url()}?new=1")


@require_safe
@role_required(Role.VIEWER)
def launch_link_detail(request: StaffRequest, pk: int) -> HttpResponse:
    """One link: its address for a Lead, and its timeline; live while it works."""
    link = get_for(request, LINKS, pk=pk)
    mail = mailing.latest(link)
    sent = mail and (mail.pk, mail.state, mail.last_error, mail.not_before)
    version = version_of(link.pk, link.state_label, link.moved_at, link.expires_at, sent)
    if is_swap(request) and is_seen(request, version):
        return nothing_new()
    role = request.user.role_in(link.console)
    may_act = role is not None and role >= Role.LEAD
    address = services.address_of(link) if may_act else ""
    context = {
        "link": link,
        "events": list(link.events.all()[:200]),
        "options": option_lines(link.options),
        "tags": link.options.get("tags", []),
        "language": LANGUAGE_WORDS.get(link.language, "As the browser asks"),
        "may_act": may_act,
        "mail": mail,
        "address": address,
        "address_lost": may_act and link.is_usable and not address,
        "mailto": _mailto(link, address),
        "is_new": request.GET.get("new") == "1",
        "version": version,
    }
    return render_page(
        request, "launches/launch_link_detail.html", "launches/_launch_link.html", context
    )


def _mailto(link: LaunchLink, address: str) -> str:
    """An address that opens the colleague's own mail program; empty without the link's."""
    if not address:
        return ""
    to = mailto_address(link.recipient_email) if link.recipient_email else ""
    return f"mailto:{to}?body={quote(address)}"


@require_POST
@role_required(Role.LEAD)
def launch_link_revoke(request: StaffRequest, pk: int) -> HttpResponse:
    """End a link at once."""
    link = get_for(request, LINKS, Role.LEAD, pk=pk)
    if services.revoke(link, Actor.staff(request.user)):
        messages.success(request, "Link revoked. Its address stopped working.")
    return redirect(link)


@require_POST
@role_required(Role.LEAD)
def launch_link_extend(request: StaffRequest, pk: int) -> HttpResponse:
    """Let a link work for seven days from now."""
    link = get_for(request, LINKS, Role.LEAD, pk=pk)
    if services.extend(link, Actor.staff(request.user), timedelta(days=7)):
        messages.success(request, "Link extended: it works for seven days from now.")
    else:
        messages.info(request, "It works longer than that already, or was revoked.")
    return redirect(link)
