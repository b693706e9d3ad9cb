"""Addresses of customers' pages: in messages for months, so none ever changes."""

from django.urls import path, re_path

from dashboard.customer import attempt_pages, brand, entry_pages, link_pages
from dashboard.customer.switches import ASKING
from dashboard.features.registry import closes

urlpatterns = [
    path("c/brand/<int:console_pk>/<str:digest>", brand.brand_logo, name="brand_logo"),
    path("c/icon/<str:digest>", brand.connector_icon, name="connector_icon"),
    path("c/brand/<str:colour>.css", brand.brand_css, name="brand_css"),
    path("c/m/<str:attempt_id>", attempt_pages.attempt_wait, name="attempt_wait"),
    path("c/r/<str:attempt_id>", attempt_pages.link_return, name="link_return"),
    path("c/<str:token>", link_pages.public_link, name="public_link"),
    path("c/<str:token>/<int:item_pk>/continue", attempt_pages.link_continue, name="link_continue"),
    path("c/<str:token>/<int:item_pk>/form", entry_pages.entry_new, name="entry_new"),
    path("c/<str:token>/<int:item_pk>/entry", entry_pages.entry_wait, name="entry_wait"),
    path("c/<str:token>/ask", link_pages.link_ask, name="link_ask"),
    path("c/<str:token>/reminders", link_pages.link_reminders, name="link_reminders"),
    # Last: whatever else is asked for below /c/, as mail programs may write it.
    re_path(r"^(?:/+)?[cC]/+(?P<rest>.+)$", link_pages.link_glued, name="link_glued"),
]

closes(ASKING, "link_ask")
