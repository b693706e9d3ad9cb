"""Addresses of links: the staff's pages, and the customers'."""

from django.urls import path, re_path

from dashboard import navigation
from dashboard.links import (
    brand,
    entry_pages,
    public,
    sending_views,
    views,
)

navigation.register(navigation.Place("Links", "link_list", "link", group=1, order=3))

STAFF = navigation.under(
    "link_list",
    [
        path("links/", views.link_list, name="link_list"),
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
    path("c/brand/<int:console_pk>/<str:digest>", brand.brand_logo, name="brand_logo"),
    path("c/brand/<str:colour>.css", brand.brand_css, name="brand_css"),
    path("c/m/<str:mint_id>", public.mint_wait, name="mint_wait"),
    path("c/r/<str:mint_id>", public.link_return, name="link_return"),
    path("c/<str:token>", public.public_link, name="public_link"),
    path("c/<str:token>/<int:item_pk>/continue", public.link_continue, name="link_continue"),
    path("c/<str:token>/<int:item_pk>/form", entry_pages.entry_new, name="entry_new"),
    path("c/<str:token>/<int:item_pk>/entry", entry_pages.entry_wait, name="entry_wait"),
    path("c/<str:token>/ask", public.link_ask, name="link_ask"),
    path("c/<str:token>/reminders", public.link_reminders, name="link_reminders"),
    # Last: whatever else is asked for below /c/, as mail programs may write it.
    re_path(r"^(?:/+)?[cC]/+(?P<rest>.+)$", public.link_glued, name="link_glued"),
]
