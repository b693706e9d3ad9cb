"""Installing: pick a connector, fill in the form that its Parameters ask for."""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard.audit.models import Actor
from dashboard.common.htmx import is_swap, render_page
from dashboard.common.paging import Page, paged
from dashboard.common.untrusted_text import storable
from dashboard.installs import drafts
from dashboard.installs.form import InstallForm
from dashboard.installs.models import Draft
from dashboard.installs.naming import ways_of
from dashboard.installs.services import KIND, exclusivity_key, install_request, refused_in
from dashboard.mirror.catalogue import AUTH_TYPES, LABELS
from dashboard.mirror.freshness import library_read_at
from dashboard.mirror.icons import add_icons
from dashboard.mirror.models import Account, CatalogueConnector
from dashboard.mirror.usage import counts_of
from dashboard.operations.models import Operation, State
from dashboard.operations.submissions import own_submission
from dashboard.operations.submitting import AlreadyActiveError, OtherInputError, submit
from dashboard.people.access import StaffRequest, get_for, role_required
from dashboard.people.models import Role

PAGE, PARTIAL = "installs/install_new.html", "installs/_install_form.html"


@require_GET
@role_required(Role.AGENT)
def install_pick(request: StaffRequest, pk: int) -> HttpResponse:
    """The library, to pick from; drafts and Cyclr's own connectors are shown but not pickable."""
    account = get_for(request, Account.objects, Role.AGENT, pk=pk)
    search = request.GET.get("q", "").strip()
    category = request.GET.get("category", "").strip()
    auth_type = request.GET.get("auth", "")
    auth_type = auth_type if auth_type in AUTH_TYPES else ""
    library = CatalogueConnector.objects.for_account(account).there()
    found = library.search(search).filter(is_system=False)
    if category or auth_type:
        rows = [
            row.pk for row in found.light() if row.is_among(category=category, auth_type=auth_type)
        ]
        found = found.filter(pk__in=rows)
    page = paged(request, found.order_by("is_draft", "sort_name", "version", "pk"))
    add_icons(page)
    context: dict[str, Any] = {
        "account": account,
        "page": page,
        "rows": _choices(page, account),
        "search": search,
        "category": category,
        "auth_type": auth_type,
        "age_of": library_read_at(account.console),
        "library_is_empty": not library.exists(),
    }
    if not is_swap(request):
        context["categories"] = library.categories()
        context["auth_types"] = [(each, LABELS[each]) for each in AUTH_TYPES]
    return render_page(
        request, "installs/install_pick.html", "installs/_connector_picker.html", context
    )


def _choices(page: Page[CatalogueConnector], account: Account) -> list[dict[str, Any]]:
    """Each connector with why it cannot be installed, in how many accounts it is, and how often
    in this one."""
    refused = refused_in(account, page.items)
    everywhere = counts_of(page.items)
    own = account.connectors.there().values_list("connector_name", "connector_version")
    here = Counter(own)
    return [
        {
            "connector": one,
            "refused": refused.get(one.pk, ""),
            "accounts": everywhere.get((account.console_id, one.name, one.version), 0),
            "here": here[one.name, one.version],
        }
        for one in page
    ]


@require_http_methods(["GET", "POST"])
@role_required(Role.AGENT)
def install_new(request: StaffRequest, pk: int, connector_pk: int) -> HttpResponse:
    """The generated form; a valid POST becomes an operation and leads back to the account."""
    account, connector = _of_form(request, pk, connector_pk)
    earlier = _earlier(request, account, connector)
    draft = _draft(request, account, connector, earlier)
    form = _form(request, account, connector, earlier, draft)
    add_icons([connector])
    context: dict[str, Any] = {
        "account": account,
        "draft": draft,
        "connector": connector,
        "age_of": library_read_at(account.console),
        "form": form,
        "refused": refused_in(account, [connector]).get(connector.pk, ""),
        "earlier": earlier,
        "same": account.connectors.there().filter(
            connector_name=connector.name, connector_version=connector.version
        ),
        "active": _active(account, connector),
    }
    if request.method != "POST":
        return render_page(request, PAGE, PARTIAL, context)
    if "redraw" in request.POST or is_swap(request):
        context["form"] = _redrawn(request, account, connector)
        return render_page(request, PAGE, PARTIAL, context)
    if _is_outdated(request, connector):
        context["form"] = _redrawn(request, account, connector)
        context["outdated"] = True
        return render_page(request, PAGE, PARTIAL, context, status=409)
    if not form.is_valid():
        _renew_submission(form)
        return render_page(request, PAGE, PARTIAL, context, status=422)
    try:
        with transaction.atomic():
            submit(install_request(Actor.staff(request.user), account, connector, form))
            drafts.discard(request.user, account, connector)
            if earlier is not None:
                Operation.objects.filter(pk=earlier.pk).update(
                    is_superseded=True, encrypted_input=""
                )
    except AlreadyActiveError as error:
        context |= {"active": error.operation, "form": _redrawn(request, account, connector)}
        return render_page(request, PAGE, PARTIAL, context, status=409)
    except OtherInputError as error:
        context |= {"sent_before": error.operation, "form": _redrawn(request, account, connector)}
        return render_page(request, PAGE, PARTIAL, context, status=409)
    return redirect(account)


@require_POST
@role_required(Role.AGENT)
def install_check(request: StaffRequest, pk: int, connector_pk: int) -> HttpResponse:
    """What the fields say that were left, and a draft of what was typed; secrets are not sent."""
    account, connector = _of_form(request, pk, connector_pk)
    form = _made(
        request, account, connector, data=request.POST, method=request.POST.get("method", "")
    )
    kept = drafts.kept_fields(form)
    form.is_valid()
    if not _was_sent(request, account):  # it may have overtaken this
        drafts.save(request.user, form, account)
    context = {"fields": [form[name] for name in kept if form[name].errors]}
    return render(request, "installs/_install_checks.html", context)


@require_POST
@role_required(Role.AGENT)
def install_discard(request: StaffRequest, pk: int, connector_pk: int) -> HttpResponse:
    """Forget the draft and begin with an empty form."""
    account, connector = _of_form(request, pk, connector_pk)
    drafts.discard(request.user, account, connector)
    return redirect("install_new", account.pk, connector.pk)


def _of_form(
    request: StaffRequest, pk: int, connector_pk: int
) -> tuple[Account, CatalogueConnector]:
    """The account and the connector that the address names, if it can be installed there."""
    account = get_for(request, Account.objects.select_related("console"), Role.AGENT, pk=pk)
    library = CatalogueConnector.objects.for_account(account).installable()
    connector = library.filter(pk=connector_pk).first()
    if connector is None or account.gone_at:
        raise Http404
    return account, connector


def _draft(
    request: StaffRequest,
    account: Account,
    connector: CatalogueConnector,
    earlier: Operation | None,
) -> Draft | None:
    """What this person typed before, when the form is opened as such."""
    if request.method == "POST" or earlier is not None or "method" in request.GET:
        return None
    return drafts.find(request.user, account, connector)


def _taken(account: Account) -> set[str]:
    return set(account.connectors.there().values_list("name", flat=True))


def _form(
    request: StaffRequest,
    account: Account,
    connector: CatalogueConnector,
    earlier: Operation | None,
    draft: Draft | None,
) -> InstallForm:
    if request.method == "POST":
        return _made(
            request,
            account,
            connector,
            data=request.POST,
            method=request.POST.get("method", ""),
            # The name may be taken by what this very form has installed.
            taken=set() if _was_sent(request, account) else None,
        )
    if draft is not None:
        form = _made(request, account, connector, method=draft.method)
        kept = form.moved(draft.values, str(draft.values.get("layout", "")))
        form.initial.update({**kept, "method": form.method_key, "layout": form.layout_now})
        return form
    if earlier is None:
        return _made(request, account, connector, method=request.GET.get("method", ""))
    shown = earlier.display_input
    method = str(shown.get("method", ""))
    form = InstallForm(
        connector, account, method=method, taken=_taken(account), ways=ways_of(connector)
    )
    form.initial.update(form.moved(shown.get("initial", {}), str(shown.get("layout", ""))))
    form.show_error(earlier.error_field, earlier.error)
    return form


def _made(
    request: StaffRequest,
    account: Account,
    connector: CatalogueConnector,
    *,
    method: str,
    data: QueryDict | None = None,
    taken: set[str] | None = None,
) -> InstallForm:
    """A form that knows which names are taken and whether the same was installed just now."""
    return InstallForm(
        connector,
        account,
        data,
        method=method,
        taken=_taken(account) if taken is None else taken,
        asks_another=_another(request, account, connector),
        ways=ways_of(connector),
    )


JUST_NOW = timedelta(minutes=15)


def _another(request: StaffRequest, account: Account, connector: CatalogueConnector) -> str:
    """Words about an install of the same that ended a moment ago, unless this form began it.

    Who comes back to the form by the back button and presses Install again rarely wants two.
    """
    same = Operation.objects.filter(
        exclusivity_key=exclusivity_key(account, connector),
        state=State.DONE,
        finished_at__gt=timezone.now() - JUST_NOW,
    )
    last = same.select_related("account_connector").first()
    if last is None or last.submission == _submission(request, account):
        return ""
    return f"{last.actor_name} installed “{last.account_connector}” here a moment ago."


def _submission(request: StaffRequest, account: Account) -> uuid.UUID | None:
    """What the form that was sent is stored as; None if none was sent."""
    try:
        sent = uuid.UUID(request.POST.get("submission", ""))
    except ValueError:
        return None
    return own_submission(sent, Actor.staff(request.user), KIND, account.console, account)


def _was_sent(request: StaffRequest, account: Account) -> bool:
    submission = _submission(request, account)
    return submission is not None and Operation.objects.filter(submission=submission).exists()


def _redrawn(request: StaffRequest, account: Account, connector: CatalogueConnector) -> InstallForm:
    """The form made anew with what was typed, less secrets; nothing is checked yet."""
    form = _made(request, account, connector, method=request.POST.get("method", ""))
    form.keep(request.POST)
    return form


def _renew_submission(form: InstallForm) -> None:
    """A form that is shown again is a new submission."""
    assert isinstance(form.data, QueryDict)
    data = form.data.copy()
    data["submission"] = str(uuid.uuid4())
    form.data = data


def _is_outdated(request: StaffRequest, connector: CatalogueConnector) -> bool:
    return request.POST.get("release") != str(connector.release_id)


def _active(account: Account, connector: CatalogueConnector) -> Operation | None:
    key = exclusivity_key(account, connector)
    active: Operation | None = Operation.objects.active().filter(exclusivity_key=key).first()
    return active


def _earlier(
    request: StaffRequest, account: Account, connector: CatalogueConnector
) -> Operation | None:
    """The failed install that this form is to mend, from `?from=`."""
    reference = str(storable(request.GET.get("from", "")))
    if not reference:
        return None
    same = Q(connector=connector) | Q(
        connector__name=connector.name, connector__version=connector.version
    )
    earlier: Operation | None = (
        Operation.objects.visible_to(request.user)
        .filter(same, reference=reference, account=account, kind=KIND)
        .filter(state="failed")
        .first()
    )
    return earlier
