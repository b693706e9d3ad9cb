"""Addresses of templates and cycles."""

from django.urls import path

from dashboard import navigation
from dashboard.cycles import views

navigation.register(navigation.Place("Templates", "template_list", "template", group=2, order=0))
navigation.register(navigation.Place("Cycles", "cycle_list", "repeat", group=2, order=1))

urlpatterns = [
    *navigation.under(
        "template_list", [path("templates/", views.template_list, name="template_list")]
    ),
    *navigation.under("cycle_list", [path("cycles/", views.cycle_list, name="cycle_list")]),
]
