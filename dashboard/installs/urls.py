"""Addresses of installing."""

from django.urls import path

from dashboard.installs import views

urlpatterns = [
    path("accounts/<int:pk>/install/", views.install_pick, name="install_pick"),
    path("accounts/<int:pk>/install/<int:connector_pk>/", views.install_new, name="install_new"),
]
