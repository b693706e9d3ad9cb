"""Addresses of what changes an installed connector."""

from django.urls import path

from dashboard import navigation
from dashboard.connector_changes import views
from dashboard.connector_changes.switches import DELETING
from dashboard.features.registry import closes

urlpatterns = navigation.under(
    "connector_list",
    [
        path("connectors/<int:pk>/edit/", views.connector_edit, name="connector_edit"),
        path("connectors/<int:pk>/settings/", views.connector_settings, name="connector_settings"),
        path(
            "connectors/<int:pk>/credentials/",
            views.connector_credentials,
            name="connector_credentials",
        ),
        path("connectors/<int:pk>/native/", views.connector_native, name="connector_native"),
        path(
            "connectors/<int:pk>/deauthenticate/",
            views.connector_deauthenticate,
            name="connector_deauthenticate",
        ),
        path("connectors/<int:pk>/delete/", views.connector_delete, name="connector_delete"),
    ],
)

closes(DELETING, "connector_delete")
