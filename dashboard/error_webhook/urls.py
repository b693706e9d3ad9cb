"""Addresses of Cyclr's error webhook: where Cyclr posts, and its settings."""

from django.urls import path

from dashboard import navigation
from dashboard.error_webhook import receiving_view, views

OF_CYCLR = [
    path("hooks/cyclr/<str:token>/", receiving_view.error_webhook_post, name="error_webhook_post"),
]
OF_STAFF = navigation.under(
    "settings_index",
    [
        path(
            "settings/error-webhook/",
            views.settings_error_webhook_list,
            name="settings_error_webhook_list",
        ),
        path(
            "settings/error-webhook/<int:pk>/",
            views.settings_error_webhook,
            name="settings_error_webhook",
        ),
        path(
            "settings/error-webhook/<int:pk>/make/",
            views.settings_error_webhook_make,
            name="settings_error_webhook_make",
        ),
        path(
            "settings/error-webhook/<int:pk>/rotate/",
            views.settings_error_webhook_rotate,
            name="settings_error_webhook_rotate",
        ),
        path(
            "settings/error-webhook/<int:pk>/accounts/<int:account_pk>/set/",
            views.settings_error_webhook_set,
            name="settings_error_webhook_set",
        ),
        path(
            "settings/error-webhook/<int:pk>/set/",
            views.settings_error_webhook_set_many,
            name="settings_error_webhook_set_many",
        ),
    ],
)
urlpatterns = [*OF_CYCLR, *OF_STAFF]
