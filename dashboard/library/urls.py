"""Addresses of the library."""

from django.urls import path

from dashboard.library import views

urlpatterns = [
    path("library/", views.library_list, name="library_list"),
    path("library/<int:pk>/", views.library_detail, name="library_detail"),
]
