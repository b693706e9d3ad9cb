"""Addresses of notifications."""

from django.urls import path

from dashboard import navigation
from dashboard.notifications import views

navigation.offer(
    navigation.Command("Notifications", "notification_list", "bell", 80),
    navigation.Command(
        "Notifications by e-mail", "notification_preferences", "mail", 90, "mail settings rules"
    ),
)

urlpatterns = [
    path("notices/", views.notification_list, name="notification_list"),
    path("notices/bell/", views.notification_bell, name="notification_bell"),
    path("notices/seen/", views.notification_seen, name="notification_seen"),
    path("notices/wishes/", views.notification_preferences, name="notification_preferences"),
]
