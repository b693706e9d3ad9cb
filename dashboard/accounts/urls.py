"""Addresses of the accounts."""

from django.urls import path

from dashboard import navigation
from dashboard.accounts import (
    editing_views,
    inside_views,
    read_views,
    tag_many_views,
    tag_views,
    time_zone_views,
    views,
)
from dashboard.accounts.switches import DELETING, USERS
from dashboard.audit.switches import EXPORTS
from dashboard.features.registry import closes

navigation.register(navigation.Place("Accounts", "account_list", "building", group=1, order=0))

navigation.offer(
    navigation.Command("Create account", "account_new", "plus", 10, "add new customer"),
    navigation.Command(
        "Edit", "account_edit", "pencil", 60, "account rename change", is_of_account=True
    ),
)

urlpatterns = navigation.under(
    "account_list",
    [
        path("accounts/", views.account_list, name="account_list"),
        path("accounts/export/", views.account_export, name="account_export"),
        path("accounts/refresh/", views.account_list_refresh, name="account_list_refresh"),
        path("accounts/new/", editing_views.account_new, name="account_new"),
        path("accounts/tags/", tag_many_views.account_tag_many, name="account_tag_many"),
        path("accounts/time-zones/", time_zone_views.time_zone_list, name="time_zone_list"),
        path("accounts/time-zones/pick/", time_zone_views.time_zone_pick, name="time_zone_pick"),
        path("accounts/<int:pk>/", views.account_detail, name="account_detail"),
        path("accounts/<int:pk>/edit/", editing_views.account_edit, name="account_edit"),
        path("accounts/<int:pk>/delete/", editing_views.account_delete, name="account_delete"),
        path("accounts/<int:pk>/settings/", inside_views.account_settings, name="account_settings"),
        path(
            "accounts/<int:pk>/sub-accounts/",
            inside_views.account_sub_accounts,
            name="account_sub_accounts",
        ),
        path("accounts/<int:pk>/users/", read_views.account_users, name="account_users"),
        path(
            "accounts/<int:pk>/users/read/",
            read_views.account_users_read,
            name="account_users_read",
        ),
        path("accounts/<int:pk>/users/add/", read_views.account_user_add, name="account_user_add"),
        path(
            "accounts/<int:pk>/users/remove/",
            read_views.account_user_remove,
            name="account_user_remove",
        ),
        path("accounts/<int:pk>/usage/", read_views.account_usage, name="account_usage"),
        path(
            "accounts/<int:pk>/usage/read/",
            read_views.account_usage_read,
            name="account_usage_read",
        ),
        path("accounts/<int:pk>/tags/", tag_views.account_tags, name="account_tags"),
        path("accounts/<int:pk>/activity/", views.account_activity, name="account_activity"),
        path("accounts/<int:pk>/refresh/", views.account_refresh, name="account_refresh"),
    ],
)

closes(DELETING, "account_delete")
closes(USERS, "account_users", "account_users_read", "account_user_add", "account_user_remove")
closes(EXPORTS, "account_export")
