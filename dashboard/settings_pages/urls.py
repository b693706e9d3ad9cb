"""Addresses of the settings."""

from django.urls import path

from dashboard.settings_pages import branding_views, views

urlpatterns = [
    path("settings/", views.settings_index, name="settings_index"),
    path("settings/branding/", branding_views.brand_edit, name="brand_edit"),
    path("settings/branding/preview/", branding_views.brand_preview, name="brand_preview"),
]
