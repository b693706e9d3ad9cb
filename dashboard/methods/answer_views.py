"""The page of a call: what was asked, what was answered, as a tree and as it came."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.audit import services as audit
from dashboard.audit.models import Actor, AuditEntry
from dashboard.common.htmx import is_swap, render_page
from dashboard.common.paging import query_number
from dashboard.common.polling import is_seen, nothing_new, version_of
from dashboard.methods import answers, keeping, snippets, tree
from dashboard.methods.models import MethodCall
from dashboard.people.access import StaffRequest, get_for, role_required
from dashboard.people.models import Role

CALLS = MethodCall.objects.select_related("account_connector__account__console", "actor_user")
READ_AGAIN = timedelta(hours=1)
"""Who reads the same answer on within this time reads it once."""
LONGEST_SEARCH = 200


@require_safe
@role_required(Role.AGENT)
def method_call(request: StaffRequest, pk: int, call_pk: int) -> HttpResponse:
    """The call and, as soon as it is there, its answer. Who reads it is recorded."""
    call = call_for(request, pk, call_pk)
    version = version_of(call.pk, call.finished_at, call.sent_at, call.tries, bool(call.said))
    if is_swap(request) and is_seen(request, version):
        return nothing_new()
    given = keeping.given_of(call)
    context: dict[str, Any] = {
        "call": call,
        "connector": call.account_connector,
        "account": call.account_connector.account,
        "given": given,
        "version": version,
        "is_put_off": not call.is_finished and call.not_before > timezone.now(),
    }
    if given is not None:
        entries, length = given
        context["curl"] = snippets.curl_of(call, entries, has_body=bool(length))
        context["python"] = snippets.python_of(call, entries, has_body=bool(length))
    body = answers.body_of(call) if call.is_finished else None
    if body is not None:
        _note_reading(request, call, "methods.read_answer")
        context |= _answer(request, body, call)
    return render_page(request, "methods/method_call.html", "methods/_method_call.html", context)


def _answer(request: StaffRequest, body: bytes, call: MethodCall) -> dict[str, Any]:
    shown = answers.text_of(body)
    context: dict[str, Any] = {"has_answer": True, "is_empty": not body, "notes": shown.notes}
    context["raw"] = answers.raw_part(shown.text, query_number(request, "raw"))
    if call.is_json:
        context["branch"] = _branch(request, shown.tree_text)
        context["table"] = _table(request, shown.tree_text)
    return context


def _branch(request: StaffRequest, text: str) -> tree.Branch:
    try:
        return tree.branch_at(text, request.GET.get("at", ""), query_number(request, "first"))
    except LookupError:
        raise Http404 from None


def _table(request: StaffRequest, text: str) -> tree.Table | None:
    """The page as a table, if that is asked for and it is a list of objects."""
    if "table" not in request.GET:
        return None
    return tree.table_at(text, request.GET.get("at", ""), query_number(request, "first"))


@require_safe
@role_required(Role.AGENT)
def method_call_tree(request: StaffRequest, pk: int, call_pk: int) -> HttpResponse:
    """A part of the tree, or what a search found in the answer."""
    call = call_for(request, pk, call_pk)
    body = answers.body_of(call)
    if body is None or not call.is_json:
        raise Http404
    _note_reading(request, call, "methods.read_answer")
    text = answers.text_of(body).tree_text
    context: dict[str, Any] = {"call": call, "connector": call.account_connector}
    search = request.GET.get("q", "").strip()[:LONGEST_SEARCH]
    if search:
        found, is_more = tree.find(text, search)
        context |= {"found": found, "is_more": is_more, "search": search}
        return render(request, "methods/_answer_found.html", context)
    context["branch"] = _branch(request, text)
    name = "_answer_tree" if "q" in request.GET else "_answer_branch"
    if "table" in request.GET:
        context["table"] = _table(request, text)
        name = "_answer_table"
    return render(request, f"methods/{name}.html", context)


@require_safe
@role_required(Role.AGENT)
def method_call_download(request: StaffRequest, pk: int, call_pk: int) -> HttpResponse:
    """The answer byte for byte, as a file that no browser opens by itself."""
    call = call_for(request, pk, call_pk)
    body = answers.body_of(call)
    if body is None:
        raise Http404
    _note_reading(request, call, "methods.download_answer")
    return HttpResponse(
        body,
        content_type="application/octet-stream",
        headers={
            "Content-Disposition": f'attachment; filename="answer-{call.pk}.{_ending(call)}"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )


def _ending(call: MethodCall) -> str:
    kinds = {"json": "json", "xml": "xml", "html": "html", "csv": "csv"}
    said = call.content_type.casefold()
    return next((ending for word, ending in kinds.items() if word in said), "txt")


def call_for(request: StaffRequest, pk: int, call_pk: int) -> MethodCall:
    """An Agent's call, or 404."""
    call: MethodCall = get_for(request, CALLS, Role.AGENT, pk=call_pk, account_connector=pk)
    return call


def _note_reading(request: StaffRequest, call: MethodCall, action: str) -> None:
    """Record who reads the answer; who reads on is recorded once."""
    url, connector = call.get_absolute_url(), call.account_connector
    with transaction.atomic():
        recent = AuditEntry.objects.filter(
            console=connector.account.console_id,
            target_url=url,
            action=action,
            actor_user=request.user,
            at__gt=timezone.now() - READ_AGAIN,
        )
        if action == "methods.read_answer" and recent.exists():
            return
        audit.record(
            Actor.staff(request.user),
            action,
            console=connector.account.console,
            target=f"{call} through {connector}",
            target_url=url,
            account_name=str(connector.account),
        )
