"""Addresses of the default connectors, among the settings."""

from django.urls import path

from dashboard import navigation
from dashboard.defaults import views

urlpatterns = navigation.under(
    "settings_index",
    [
        path("settings/defaults/", views.default_list, name="default_list"),
        path("settings/defaults/pick/", views.default_pick, name="default_pick"),
        path("settings/defaults/new/<int:pk>/", views.default_new, name="default_new"),
        path("settings/defaults/<int:pk>/", views.default_edit, name="default_edit"),
        path("settings/defaults/<int:pk>/move/", views.default_move, name="default_move"),
        path("settings/defaults/<int:pk>/remove/", views.default_remove, name="default_remove"),
    ],
)
