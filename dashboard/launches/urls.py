"""Addresses of launch links: the staff's, and the customers', of which none ever changes."""

from django.urls import path

from dashboard import navigation
from dashboard.features.registry import part_of
from dashboard.launches import customer_views, sending_views, views
from dashboard.launches.switches import LAUNCHES

STAFF = navigation.under(
    "link_list",
    [
        path("links/launch/", views.launch_link_list, name="launch_link_list"),
        path("links/launch/<int:pk>/", views.launch_link_detail, name="launch_link_detail"),
        path(
            "links/launch/<int:pk>/send/", sending_views.launch_link_send, name="launch_link_send"
        ),
        path(
            "links/launch/<int:pk>/letter/",
            sending_views.launch_link_letter,
            name="launch_link_letter",
        ),
        path("links/launch/<int:pk>/revoke/", views.launch_link_revoke, name="launch_link_revoke"),
        path("links/launch/<int:pk>/extend/", views.launch_link_extend, name="launch_link_extend"),
    ],
)
OF_AN_ACCOUNT = navigation.under(
    "account_list",
    [
        path("accounts/<int:pk>/links/launch/", views.launch_link_new, name="launch_link_new"),
    ],
)
urlpatterns = [
    *STAFF,
    *OF_AN_ACCOUNT,
    path("c/l/<str:token>", customer_views.launch_page, name="launch_page"),
    path("c/l/<str:token>/continue", customer_views.launch_continue, name="launch_continue"),
    path("c/s/<str:attempt_id>", customer_views.launch_wait, name="launch_wait"),
]

part_of(LAUNCHES, [*STAFF, *OF_AN_ACCOUNT])
