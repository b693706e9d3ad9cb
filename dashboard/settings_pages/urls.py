"""Addresses of the settings."""

from django.urls import path

from dashboard.settings_pages import views

urlpatterns = [path("settings/", views.settings_index, name="settings_index")]
