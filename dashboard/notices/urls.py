"""Addresses of notices."""

from django.urls import path

from dashboard.notices import views

urlpatterns = [
    path("notices/", views.notice_list, name="notice_list"),
    path("notices/bell/", views.notice_bell, name="notice_bell"),
    path("notices/seen/", views.notice_seen, name="notice_seen"),
    path("notices/wishes/", views.notice_wishes, name="notice_wishes"),
]
