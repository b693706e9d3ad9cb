"""Addresses of the installed connectors across accounts."""

from django.urls import path

from dashboard import navigation
from dashboard.fleet import views

navigation.register(navigation.Place("Connectors", "connector_list", "plug", group=1, order=1))

urlpatterns = navigation.under(
    "connector_list",
    [
        path("connectors/", views.connector_list, name="connector_list"),
    ],
)
