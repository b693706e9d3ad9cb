"""What links register: the labels of their audit actions."""

from dashboard.audit import labels

labels.register(
    {
        "links.revoke": "Revoked",
        "links.extend": "Extended",
        "links.edit": "Changed",
        "links.mail": "Mailed",
        "links.sent": "Sent another way",
        "links.unsubscribe": "Ended reminders for",
        "links.remind": "Began reminders again of",
        "links.ask": "Asked for a new link",
        "links.connect": "Connected",
    }
)
