"""Addresses of notifications."""

from django.urls import path

from dashboard.notifications import views

urlpatterns = [
    path("notices/", views.notification_list, name="notification_list"),
    path("notices/bell/", views.notification_bell, name="notification_bell"),
    path("notices/seen/", views.notification_seen, name="notification_seen"),
    path("notices/wishes/", views.notification_preferences, name="notification_preferences"),
]
