"""Addresses of bulk runs."""

from django.urls import path

from dashboard import navigation
from dashboard.audit.switches import EXPORTS
from dashboard.bulk import views
from dashboard.features.registry import closes

navigation.offer(navigation.Command("Bulk runs", "bulk_run_list", "list-check", 60, "many"))

urlpatterns = navigation.under(
    "operation_list",
    [
        path("bulk/", views.bulk_run_list, name="bulk_run_list"),
        path("bulk/<slug:reference>/", views.bulk_run_detail, name="bulk_run_detail"),
        path("bulk/<slug:reference>/start/", views.bulk_run_start, name="bulk_run_start"),
        path("bulk/<slug:reference>/confirm/", views.bulk_run_confirm, name="bulk_run_confirm"),
        path("bulk/<slug:reference>/pause/", views.bulk_run_pause, name="bulk_run_pause"),
        path("bulk/<slug:reference>/resume/", views.bulk_run_resume, name="bulk_run_resume"),
        path("bulk/<slug:reference>/end/", views.bulk_run_end, name="bulk_run_end"),
        path("bulk/<slug:reference>/retry/", views.bulk_run_retry, name="bulk_run_retry"),
        path("bulk/<slug:reference>/export/", views.bulk_run_export, name="bulk_run_export"),
    ],
)

closes(EXPORTS, "bulk_run_export")
