"""Addresses about releases of the library's connectors."""

from django.urls import path

from dashboard import navigation
from dashboard.releases import drift_views, views

navigation.offer(
    navigation.Command("Older releases", "release_drift_list", "book", 95, "drift version upgrade")
)

_HERE = "library/<int:pk>/"

urlpatterns = navigation.under(
    "library_list",
    [
        path("library/older/", drift_views.release_drift_list, name="release_drift_list"),
        path("library/older/read/", drift_views.release_drift_read, name="release_drift_read"),
        path(
            f"{_HERE}older/<int:release_id>/",
            drift_views.release_drift_detail,
            name="release_drift_detail",
        ),
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
