"""Addresses of the settings of consoles."""

from django.urls import path

from dashboard import navigation
from dashboard.console_setup import views

navigation.offer(navigation.Command("Consoles", "console_list", "settings", 72, words="add api"))

urlpatterns = navigation.under(
    "settings_index",
    [
        path("settings/consoles/", views.console_list, name="console_list"),
        path("settings/consoles/new/", views.console_new, name="console_new"),
        path("settings/consoles/checks/<int:pk>/", views.console_check, name="console_check"),
        path("settings/consoles/<int:pk>/", views.console_detail, name="console_detail"),
        path(
            "settings/consoles/<int:pk>/credentials/",
            views.console_credentials,
            name="console_credentials",
        ),
        path("settings/consoles/<int:pk>/retire/", views.console_retire, name="console_retire"),
        path("settings/consoles/<int:pk>/restore/", views.console_restore, name="console_restore"),
    ],
)
