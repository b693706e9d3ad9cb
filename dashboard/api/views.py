"""The endpoints below `/api/v1/`."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse

from dashboard.api import openapi, writing
from dashboard.api.access import Caller, View, endpoint, json_body, not_allowed
from dashboard.api.problems import ProblemError
from dashboard.api.resources import Resource, values_of
from dashboard.api.scopes import Scope


def list_view(resource: Resource) -> View:
    """The view of a list."""

    @endpoint(resource.scope, "GET")
    def view(request: HttpRequest, caller: Caller) -> JsonResponse:
        page = resource.page(caller, values_of(request.GET))
        if page["next"] is not None:
            query = request.GET.copy()
            query["after"] = str(page["next"])
            page["next"] = f"{request.path}?{query.urlencode()}"
        return JsonResponse(page)

    return view


def one_view(resource: Resource) -> View:
    """The view of a single one."""

    @endpoint(resource.scope, "GET")
    def view(request: HttpRequest, caller: Caller, key: str) -> JsonResponse:
        return JsonResponse(resource.get(caller, key))

    return view


def links_view(resource: Resource) -> View:
    """Links are listed, and made."""
    read = list_view(resource)

    def view(request: HttpRequest) -> HttpResponse:
        if request.method == "POST":
            return link_create(request)
        if request.method in {"GET", "HEAD"}:
            return read(request)
        return not_allowed(("GET", "POST")).response()

    view.access = read.access  # type: ignore[attr-defined]
    view.csrf_exempt = True  # type: ignore[attr-defined]
    view.methods = ("GET", "POST")  # type: ignore[attr-defined]
    return view


@endpoint(Scope.CREATE_LINK, "POST")
def link_create(request: HttpRequest, caller: Caller) -> JsonResponse:
    """Make a link; sent twice with one key it is made once."""
    key = request.headers.get("Idempotency-Key", "").strip()
    told, is_new = writing.create_link(caller, json_body(request), key)
    answer = JsonResponse(told, status=201 if is_new else 200)
    answer["Location"] = reverse("api_link", args=[told["id"]])
    return answer


@endpoint(Scope.REFRESH, "POST")
def account_refresh(request: HttpRequest, caller: Caller, key: str) -> JsonResponse:
    """Have an account read from Cyclr soon."""
    return JsonResponse(writing.refresh_account(caller, key), status=202)


@endpoint(Scope.REFRESH, "POST")
def connector_refresh(request: HttpRequest, caller: Caller, key: str) -> JsonResponse:
    """Have an installed connector read from Cyclr soon, with all of its account."""
    return JsonResponse(writing.refresh_connector(caller, key), status=202)


@endpoint(None, "GET", is_open=True)
def openapi_document(request: HttpRequest) -> JsonResponse:
    """What the API takes and answers, for programs."""
    return JsonResponse(openapi.document())


@endpoint(None, "GET", "POST", "PUT", "PATCH", "DELETE", is_open=True)
def nothing_here(request: HttpRequest, rest: str = "") -> JsonResponse:
    """Any other address below the API's."""
    raise ProblemError(404, "There is nothing at this address. See /api/v1/openapi.json.")
