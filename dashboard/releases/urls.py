"""Addresses about releases of the library's connectors."""

from django.urls import path

from dashboard import navigation
from dashboard.releases import views

_HERE = "library/<int:pk>/"

urlpatterns = navigation.under(
    "library_list",
    [
        path(f"{_HERE}methods/", views.library_method_list, name="library_method_list"),
        path(
            f"{_HERE}methods/<slug:key>/",
            views.library_method_detail,
            name="library_method_detail",
        ),
        path(f"{_HERE}read/", views.library_read, name="library_read"),
        path(f"{_HERE}compare/", views.library_compare, name="library_compare"),
    ],
)
