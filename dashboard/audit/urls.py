"""Addresses of the audit trail."""

from django.urls import path

from dashboard import navigation
from dashboard.audit import views

navigation.register(navigation.Place("Audit", "audit_list", "shield", group=3, order=1))

urlpatterns = navigation.under(
    "audit_list",
    [
        path("audit/", views.audit_list, name="audit_list"),
        path("audit/export/", views.audit_export, name="audit_export"),
    ],
)
