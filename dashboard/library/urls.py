"""Addresses of the library."""

from django.urls import path

from dashboard import navigation
from dashboard.library import views

navigation.register(navigation.Place("Library", "library_list", "book", group=1, order=2))

urlpatterns = navigation.under(
    "library_list",
    [
        path("library/", views.library_list, name="library_list"),
        path("library/<int:pk>/", views.library_detail, name="library_detail"),
    ],
)
