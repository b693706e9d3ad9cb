"""Addresses of one installed connector."""

from django.urls import path

from dashboard.connectors import views

urlpatterns = [
    path("connectors/<int:pk>/", views.connector_detail, name="connector_detail"),
]
