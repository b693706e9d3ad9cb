"""Addresses of this package."""

from django.urls import path

from dashboard.web_security import views

urlpatterns = [
    path("csp-report/", views.csp_report, name="csp_report"),
    path(".well-known/security.txt", views.security_txt, name="security_txt"),
]
