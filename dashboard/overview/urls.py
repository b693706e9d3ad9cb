"""Addresses of the home page and of health."""

from django.urls import path

from dashboard.overview import health, views

urlpatterns = [
    path("", views.overview, name="overview"),
    path("sync-health/", views.overview_sync, name="overview_sync"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
