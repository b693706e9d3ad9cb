"""Addresses of the installed connectors across accounts."""

from django.urls import path

from dashboard.fleet import views

urlpatterns = [
    path("connectors/", views.connector_list, name="connector_list"),
]
