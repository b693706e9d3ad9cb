"""Addresses of the API, of the MCP server, and of the page of their tokens."""

from django.urls import path

from dashboard import navigation
from dashboard.api import mcp, token_views, views
from dashboard.api.resources import RESOURCES
from dashboard.api.switches import API as API_SWITCH
from dashboard.api.switches import MCP
from dashboard.features.registry import closes

_LISTS = [
    path(
        f"api/v1/{one.name}",
        views.links_view(one) if one.name == "links" else views.list_view(one),
        name=f"api_{one.one.lower()}_list",
    )
    for one in RESOURCES
]
_SINGLE = [
    path(f"api/v1/{one.name}/<str:key>", views.one_view(one), name=f"api_{one.one.lower()}")
    for one in RESOURCES
]
API = [
    path("api/v1/openapi.json", views.openapi_document, name="api_document"),
    *_LISTS,
    path("api/v1/accounts/<str:key>/refresh", views.account_refresh, name="api_account_refresh"),
    path(
        "api/v1/connectors/<str:key>/refresh",
        views.connector_refresh,
        name="api_connector_refresh",
    ),
    *_SINGLE,
    path("mcp", mcp.server, name="mcp"),
    path("api/", views.nothing_here, name="api_root"),
    path("api/<path:rest>", views.nothing_here, name="api_nothing"),
]
TOKENS = navigation.under(
    "settings_index",
    [
        path("settings/tokens/", token_views.token_list, name="token_list"),
        path("settings/tokens/<int:pk>/revoke/", token_views.token_revoke, name="token_revoke"),
    ],
)
urlpatterns = [*API, *TOKENS]

closes(API_SWITCH, *(one.name for one in [*_LISTS, *_SINGLE] if one.name))
closes(API_SWITCH, "api_account_refresh", "api_connector_refresh", "mcp")
closes(MCP, "mcp")
