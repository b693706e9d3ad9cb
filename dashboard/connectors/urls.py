"""Addresses of one installed connector."""

from django.urls import path

from dashboard import navigation
from dashboard.connectors import schedule_views, setup_views, views

urlpatterns = navigation.under(
    "connector_list",
    [
        path("connectors/<int:pk>/", views.connector_detail, name="connector_detail"),
        path("connectors/<int:pk>/test/", views.connector_test, name="connector_test"),
        path(
            "connectors/<int:pk>/schedule/",
            schedule_views.connector_schedule,
            name="connector_schedule",
        ),
        path("connectors/<int:pk>/setup/", setup_views.connector_setup, name="connector_setup"),
        path(
            "connectors/<int:pk>/setup/look-up/",
            setup_views.connector_look_up,
            name="connector_look_up",
        ),
    ],
)
