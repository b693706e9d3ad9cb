"""Addresses of the home page and of health."""

from django.urls import path

from dashboard import navigation
from dashboard.overview import health, views

navigation.register(navigation.Place("Overview", "overview", "layout-dashboard", group=0, order=0))

PAGES = navigation.under(
    "overview",
    [
        path("", views.overview, name="overview"),
        path("sync-health/", views.overview_sync, name="overview_sync"),
        path("sync-health/<int:pk>/stop/", views.overview_sync_stop, name="overview_sync_stop"),
        path(
            "sync-health/<int:pk>/resume/", views.overview_sync_resume, name="overview_sync_resume"
        ),
    ],
)
urlpatterns = [
    *PAGES,
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
