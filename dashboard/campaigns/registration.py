"""What campaigns register: the page of their runs, and the labels of their audit actions."""

from dashboard.audit import labels
from dashboard.bulk import pages
from dashboard.links.handlers import CreateLink

pages.register(CreateLink.kind, "campaign_detail")
labels.register(
    {
        "links.resend_all": "Resent unopened links",
        "links.extend_all": "Extended all unfinished links",
        "links.revoke_all": "Revoked all unfinished links",
    }
)
