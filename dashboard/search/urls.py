"""Addresses of the search over everything, and of the keyboard shortcuts."""

from django.urls import path

from dashboard import navigation
from dashboard.search import views

navigation.offer(
    navigation.Command("Keyboard shortcuts", "shortcut_list", "info-circle", 100, "keys help")
)

urlpatterns = [
    path("search/", views.search, name="search"),
    path("shortcuts/", views.shortcut_list, name="shortcut_list"),
]
