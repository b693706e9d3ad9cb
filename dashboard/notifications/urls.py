"""Addresses of notifications."""

from django.urls import path

from dashboard import navigation
from dashboard.notifications import rule_views, views

navigation.offer(
    navigation.Command("Notifications", "notification_list", "bell", 80),
    navigation.Command(
        "Notifications by e-mail", "notification_preferences", "mail", 90, "mail settings rules"
    ),
    navigation.Command(
        "Notification rules", "notification_rule_list", "bell", 85, "settings mail webhook quiet"
    ),
)

OF_SETTINGS = navigation.under(
    "settings_index",
    [
        path(
            "settings/notifications/",
            rule_views.notification_rule_list,
            name="notification_rule_list",
        ),
        path(
            "settings/notifications/<int:console_pk>/new/",
            rule_views.notification_rule_new,
            name="notification_rule_new",
        ),
        path(
            "settings/notifications/<int:pk>/",
            rule_views.notification_rule_edit,
            name="notification_rule_edit",
        ),
        path(
            "settings/notifications/<int:pk>/remove/",
            rule_views.notification_rule_remove,
            name="notification_rule_remove",
        ),
    ],
)
urlpatterns = [
    *OF_SETTINGS,
    path("notices/", views.notification_list, name="notification_list"),
    path("notices/bell/", views.notification_bell, name="notification_bell"),
    path("notices/seen/", views.notification_seen, name="notification_seen"),
    path("notices/wishes/", views.notification_preferences, name="notification_preferences"),
]
