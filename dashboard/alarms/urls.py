"""Addresses of alarms."""

from django.urls import path

from dashboard import navigation
from dashboard.alarms import views

navigation.register(navigation.Place("Alarms", "alarm_list", "alert-triangle", group=0, order=1))

urlpatterns = navigation.under(
    "alarm_list",
    [
        path("alarms/", views.alarm_list, name="alarm_list"),
        path("alarms/<int:pk>/", views.alarm_detail, name="alarm_detail"),
        path("alarms/<int:pk>/take/", views.alarm_take, name="alarm_take"),
        path("alarms/<int:pk>/release/", views.alarm_release, name="alarm_release"),
        path("alarms/<int:pk>/hand-over/", views.alarm_hand_over, name="alarm_hand_over"),
        path("alarms/<int:pk>/snooze/", views.alarm_snooze, name="alarm_snooze"),
        path("alarms/<int:pk>/wake/", views.alarm_wake, name="alarm_wake"),
    ],
)
