"""Addresses of the installed connectors across accounts."""

from django.urls import path

from dashboard import navigation
from dashboard.audit.switches import EXPORTS
from dashboard.bulk.switches import MANY
from dashboard.features.registry import closes
from dashboard.fleet import install_views, run_views, saving_views, views

navigation.register(navigation.Place("Connectors", "connector_list", "plug", group=1, order=1))

urlpatterns = navigation.under(
    "connector_list",
    [
        path("connectors/", views.connector_list, name="connector_list"),
        path("connectors/views/", saving_views.connector_view_save, name="connector_view_save"),
        path(
            "connectors/views/<int:pk>/remove/",
            saving_views.connector_view_remove,
            name="connector_view_remove",
        ),
        path("connectors/export/", views.connector_export, name="connector_export"),
        path("connectors/run/<slug:what>/", run_views.connector_run_new, name="connector_run_new"),
        path(
            "connectors/install/",
            install_views.connector_install_new,
            name="connector_install_new",
        ),
        path(
            "connectors/install/choices/",
            install_views.connector_install_choices,
            name="connector_install_choices",
        ),
        path("connectors/columns/", saving_views.connector_columns, name="connector_columns"),
    ],
)

closes(MANY, "connector_run_new", "connector_install_new", "connector_install_choices")
closes(EXPORTS, "connector_export")
