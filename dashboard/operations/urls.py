"""Addresses of operations."""

from django.urls import path

from dashboard import navigation
from dashboard.audit.switches import EXPORTS
from dashboard.features.registry import closes
from dashboard.operations import views

navigation.register(
    navigation.Place("Operations", "operation_list", "list-check", group=3, order=0)
)

urlpatterns = navigation.under(
    "operation_list",
    [
        path("operations/", views.operation_list, name="operation_list"),
        path("operations/export/", views.operation_export, name="operation_export"),
        path("operations/<slug:reference>/", views.operation_detail, name="operation_detail"),
        path(
            "operations/<slug:reference>/cancel/", views.operation_cancel, name="operation_cancel"
        ),
        path(
            "operations/<slug:reference>/dismiss/",
            views.operation_dismiss,
            name="operation_dismiss",
        ),
        path("operations/<slug:reference>/retry/", views.operation_retry, name="operation_retry"),
    ],
)

closes(EXPORTS, "operation_export")
