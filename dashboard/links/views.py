"""The staff's pages about links."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import F, QuerySet, prefetch_related_objects
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard.accounts.services import head_context
from dashboard.audit import list_export
from dashboard.audit.models import Actor
from dashboard.common.htmx import is_swap, redirect_browser, render_page
from dashboard.common.paging import clean_address, paged
from dashboard.common.polling import NO_POLL, POLL_1S, POLL_5S, is_seen, nothing_new, version_of
from dashboard.common.searching import words_in
from dashboard.links import export, services
from dashboard.links.address_audit import note_shown
from dashboard.links.filters import SHOW, address_for, counted, filtered, why_failing
from dashboard.links.forms import LinkForm
from dashboard.links.mail import email_content, mailing, reminders
from dashboard.links.models import Link
from dashboard.links.requirements import requirements_of_all
from dashboard.links.ticket import ticket
from dashboard.mirror.freshness import InView, consoles_in_view
from dashboard.mirror.icons import add_icons
from dashboard.mirror.models import Account
from dashboard.notifications.addresses import staff_url
from dashboard.operations.models import Operation
from dashboard.people.access import StaffRequest, get_for, role_required
from dashboard.people.models import Role
from dashboard.people.proof import reauthenticated

LINKS = Link.objects.select_related("console", "account__console", "actor_user")

LANGUAGE_WORDS = dict(settings.LANGUAGES)


def _searched(links: QuerySet[Any], search: str) -> QuerySet[Any]:
    return links.filter(words_in(search, "search_text", "account__search_text"))


@require_GET
@role_required(Role.VIEWER)
def link_list(request: StaffRequest) -> HttpResponse:
    """Every link, newest first, or those of one list; live while one of those shown moves."""
    if is_swap(request) and request.htmx.trigger_name == "console":
        return redirect_browser(clean_address(request))
    search = request.GET.get("q", "").strip().replace("\x00", "")
    show = request.GET.get("show", "")
    in_view = consoles_in_view(request)
    links = _searched(_in_view(LINKS.visible_to(request.user), in_view), search)
    counts = counted(links)
    chips = [(key, label, counts[key]) for key, label in SHOW.items()]
    context = {"search": search, "show": show, "chips": chips, "in_view": in_view}
    return _table(request, "links/link_list.html", filtered(links, show), context)


@require_POST
@role_required(Role.LEAD)
@reauthenticated
def link_export(request: StaffRequest) -> HttpResponseBase:
    """What the list shows as CSV, of the consoles in which the person is a Lead."""
    search = request.GET.get("q", "").strip().replace("\x00", "")
    every = Link.objects.visible_to(request.user, Role.LEAD)
    links = _searched(_in_view(every, consoles_in_view(request)), search)
    rows = filtered(links, request.GET.get("show", ""))
    return list_export.export(request, "links", export.HEADINGS, export.table(rows))


def _in_view(links: QuerySet[Any], in_view: InView) -> QuerySet[Any]:
    return links.filter(console=in_view.chosen) if in_view.chosen else links


def _table(
    request: StaffRequest, template: str, links: QuerySet[Any], context: dict[str, Any]
) -> HttpResponse:
    """A page of links. While one of them can move its table looks again every few seconds."""
    page = paged(request, links)
    poll_event = POLL_5S if any(link.poll_event for link in page) else NO_POLL
    shown = [(link.pk, link.state_label, link.moved_at, link.account.name) for link in page]
    version = version_of(
        request.get_full_path(), page.total, shown, poll_event, context.get("chips")
    )
    if is_swap(request) and is_seen(request, version):
        return nothing_new()
    prefetch_related_objects(page.items, "items__account_connector", "mails")
    rows = [(link, why_failing(link), address_for(request.user, link)) for link in page]
    note_shown(request.user, [link for link, _, address in rows if address])
    context |= {"page": page, "rows": rows, "poll_event": poll_event, "version": version}
    return render_page(request, template, "links/_link_table.html", context)


@require_GET
@role_required(Role.VIEWER)
def link_account_tab(request: StaffRequest, pk: int) -> HttpResponse:
    """The links of one account; live while one of those shown moves."""
    account = get_for(request, Account.objects.select_related("console"), pk=pk)
    context = head_context(request, account, "links")
    return _table(request, "links/link_account_tab.html", LINKS.filter(account=account), context)


@require_GET
@role_required(Role.VIEWER)
def link_panel(request: StaffRequest, pk: int) -> HttpResponse:
    """The account page's corner about its newest link; live while it is open."""
    account = get_for(request, Account.objects.select_related("console"), pk=pk)
    link = LINKS.filter(account=account).prefetch_related("items__account_connector").first()
    events = list(link.events.all()[:6]) if link else []
    poll_event = link.poll_event if link else POLL_1S if _is_installing(account) else POLL_5S
    version = version_of(_seen_of(link), [event.pk for event in events], poll_event)
    if is_swap(request) and is_seen(request, version):
        return nothing_new()
    context = {"account": account, "link": link, "events": events, "poll_event": poll_event}
    context |= {"version": version, **_about(request, link)}
    return render_page(request, "links/link_panel.html", "links/_link_panel.html", context)


def _is_installing(account: Account) -> bool:
    """Whether a link may appear any moment."""
    return Operation.objects.active().filter(account=account).exists()


def _seen_of(link: Link | None) -> list[object]:
    """What a part of a page shows of a link, to tell whether it is new."""
    if link is None:
        return []
    items = [(item.state_label, item.starts, item.is_checking) for item in link.items.all()]
    return [link.pk, link.state_label, link.expires_at, link.moved_at, items]


def _about(request: StaffRequest, link: Link | None) -> dict[str, Any]:
    """What only those who may send links see: its address."""
    if link is None:
        return {}
    role = request.user.role_in(link.console)
    if role is None or role < Role.AGENT:
        return {"may_send": False, "reminders_ended_by": reminders.was_ended_by(link)}
    about: dict[str, Any] = {"may_send": True, "reminders_ended_by": reminders.was_ended_by(link)}
    if link.is_usable:
        address = address_for(request.user, link)
        if address:
            note_shown(request.user, [link])
            about |= {"address": address, "mailto": email_content.mailto(link, address)}
        else:
            about["address_lost"] = True
    return about


@require_GET
@role_required(Role.VIEWER)
def link_detail(request: StaffRequest, pk: int) -> HttpResponse:
    """One link: its address, its apps, its timeline; live while it is open."""
    link = get_for(request, LINKS, pk=pk)
    mail = mailing.latest(link)
    version = version_of(
        _seen_of(link), link.poll_event, mail and (mail.pk, mail.state, mail.tries)
    )
    if is_swap(request) and is_seen(request, version):
        return nothing_new()
    related = ("account_connector__account", "connection_test", "link__account")
    items = list(link.items.select_related(*related))
    add_icons(item.account_connector for item in items)
    events = list(link.events.select_related("item__account_connector")[:200])
    context = {
        "link": link,
        "version": version,
        "items": items,
        "events": events,
        "ticket": ticket(link, items, events, staff_url(link.get_absolute_url())),
        "ticket_url": link.ticket_url if _is_web(link.ticket_url) else "",
        "is_new": request.GET.get("new") == "1",
        "mail": mail,
        "language": LANGUAGE_WORDS.get(link.language, "As the browser asks"),
        "anew": uuid.uuid4(),
        **_about(request, link),
    }
    return render_page(request, "links/link_detail.html", "links/_link.html", context)


def _is_web(url: str) -> bool:
    """Whether a browser may be led there: no other kind of address does nothing but lead."""
    return url.lower().startswith(("https://", "http://"))


@require_http_methods(["GET", "POST"])
@role_required(Role.AGENT)
def link_new(request: StaffRequest, pk: int) -> HttpResponse:
    """Make a link over connectors of one account; sent twice it is made once."""
    account = get_for(request, Account.objects.select_related("console"), Role.AGENT, pk=pk)
    installed = account.connectors.there().order_by(
        F("authenticated").asc(nulls_first=True),
        F("test_failed_at").desc(nulls_last=True),
        "sort_name",
        "pk",
    )
    requirements = list(requirements_of_all(list(installed)).values())
    possible = [one for one in requirements if one.may_finish]
    sent_before: Link | None = None
    form = LinkForm(
        possible,
        request.POST if request.method == "POST" else None,
        chosen=request.GET.getlist("connector"),
    )
    if request.method == "POST" and form.is_valid():
        try:
            link = services.create_link(
                Actor.staff(request.user),
                account,
                form.chosen_connectors(),
                expires_in=form.lifetime(),
                submission=form.cleaned_data["submission"],
                **form.details(),
            )
        except services.OtherLinkError as error:
            sent_before = error.link
            form.renew_submission()
        else:
            return redirect(f"{link.get_absolute_url()}?new=1")
    context = {
        "sent_before": sent_before,
        "account": account,
        "form": form,
        "possible": possible,
        "left_out": [one.installed for one in requirements if not one.may_finish],
    }
    context["age_of"] = account.read_at
    status = 200 if request.method != "POST" else 409 if sent_before else 422
    return render_page(
        request, "links/link_new.html", "links/_link_form.html", context, status=status
    )


@require_POST
@role_required(Role.AGENT)
def link_revoke(request: StaffRequest, pk: int) -> HttpResponse:
    """End a link at once."""
    link = get_for(request, LINKS, Role.AGENT, pk=pk)
    if services.revoke(link, Actor.staff(request.user)):
        messages.success(request, "Link revoked. Its address stopped working.")
    return redirect(link)


@require_POST
@role_required(Role.AGENT)
def link_extend(request: StaffRequest, pk: int) -> HttpResponse:
    """Let a link work for seven days from now."""
    link = get_for(request, LINKS, Role.AGENT, pk=pk)
    if services.extend(link, Actor.staff(request.user), timedelta(days=7)):
        messages.success(request, "Link extended: it works for seven days from now.")
    else:
        messages.info(request, "It works longer than that already, or nothing is left to connect.")
    return redirect(link)
