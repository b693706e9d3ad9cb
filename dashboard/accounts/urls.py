"""Addresses of the accounts."""

from django.urls import path

from dashboard import navigation
from dashboard.accounts import views

navigation.register(navigation.Place("Accounts", "account_list", "building", group=1, order=0))

urlpatterns = navigation.under(
    "account_list",
    [
        path("accounts/", views.account_list, name="account_list"),
        path("accounts/refresh/", views.account_list_refresh, name="account_list_refresh"),
        path("accounts/<int:pk>/", views.account_detail, name="account_detail"),
        path("accounts/<int:pk>/activity/", views.account_activity, name="account_activity"),
        path("accounts/<int:pk>/refresh/", views.account_refresh, name="account_refresh"),
    ],
)
