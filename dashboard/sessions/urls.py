"""Addresses of what the script asks about its session."""

from django.urls import path

from dashboard.sessions import views

urlpatterns = [
    path("session/", views.session_state, name="session_state"),
    path("session/stay/", views.session_stay, name="session_stay"),
]
