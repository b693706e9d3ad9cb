"""Addresses of campaigns: below those of links, which tickets hold."""

from django.urls import path

from dashboard import navigation
from dashboard.audit.switches import EXPORTS
from dashboard.campaigns import link_views, views
from dashboard.campaigns.switches import CAMPAIGNS
from dashboard.features.registry import closes, part_of

navigation.offer(
    navigation.Command("Reconnect campaigns", "campaign_list", "send", 50, "bulk links many")
)

urlpatterns = navigation.under(
    "link_list",
    [
        path("links/campaigns/", views.campaign_list, name="campaign_list"),
        path("links/campaigns/new/", views.campaign_new, name="campaign_new"),
        path("links/campaigns/new/table/", views.campaign_table, name="campaign_table"),
        path(
            "links/campaigns/<slug:reference>/",
            views.campaign_detail,
            name="campaign_detail",
        ),
        path(
            "links/campaigns/<slug:reference>/resend/",
            link_views.campaign_resend,
            name="campaign_resend",
        ),
        path(
            "links/campaigns/<slug:reference>/extend/",
            link_views.campaign_extend,
            name="campaign_extend",
        ),
        path(
            "links/campaigns/<slug:reference>/revoke/",
            link_views.campaign_revoke,
            name="campaign_revoke",
        ),
        path(
            "links/campaigns/<slug:reference>/export/",
            link_views.campaign_export,
            name="campaign_export",
        ),
    ],
)

part_of(CAMPAIGNS, urlpatterns)
closes(EXPORTS, "campaign_export")
