"""Addresses of templates and cycles."""

from django.urls import path

from dashboard.cycles import views

urlpatterns = [
    path("templates/", views.template_list, name="template_list"),
    path("cycles/", views.cycle_list, name="cycle_list"),
]
