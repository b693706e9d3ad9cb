"""What links register: the labels of their audit actions, and answers about links."""

from dashboard.audit import labels
from dashboard.links import answers  # noqa: F401

labels.register(
    {
        "links.show_address": "Saw the address of",
        "links.show_qr": "Saw the QR code of",
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
