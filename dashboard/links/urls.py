"""Addresses of the staff's pages of links."""

from django.urls import path

from dashboard import navigation
from dashboard.audit.switches import EXPORTS
from dashboard.features.registry import closes
from dashboard.links import sending_views, views

navigation.register(navigation.Place("Links", "link_list", "link", group=1, order=3))

navigation.offer(
    navigation.Command(
        "Create link for", "link_new", "link", 20, "connection connect", is_of_account=True
    )
)

STAFF = navigation.under(
    "link_list",
    [
        path("links/", views.link_list, name="link_list"),
        path("links/export/", views.link_export, name="link_export"),
        path("links/<int:pk>/", views.link_detail, name="link_detail"),
        path("links/<int:pk>/revoke/", views.link_revoke, name="link_revoke"),
        path("links/<int:pk>/extend/", views.link_extend, name="link_extend"),
        path("links/<int:pk>/edit/", sending_views.link_edit, name="link_edit"),
        path("links/<int:pk>/send/", sending_views.link_send, name="link_send"),
        path("links/<int:pk>/letter/", sending_views.link_letter, name="link_letter"),
        path("links/<int:pk>/sent/", sending_views.link_sent, name="link_sent"),
        path("links/<int:pk>/send-anew/", sending_views.link_send_anew, name="link_send_anew"),
        path("links/<int:pk>/qr.<str:kind>", sending_views.link_qr, name="link_qr"),
        path("links/<int:pk>/reminders/", sending_views.link_remind, name="link_remind"),
    ],
)
OF_AN_ACCOUNT = navigation.under(
    "account_list",
    [
        path("accounts/<int:pk>/links/", views.link_account_tab, name="link_account_tab"),
        path("accounts/<int:pk>/links/new/", views.link_new, name="link_new"),
        path("accounts/<int:pk>/links/panel/", views.link_panel, name="link_panel"),
    ],
)
urlpatterns = [
    *STAFF,
    *OF_AN_ACCOUNT,
]

closes(EXPORTS, "link_export")
