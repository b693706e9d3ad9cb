"""What links register: labels of audit actions, answers about links, messages to customers."""

from __future__ import annotations

from typing import Any

from dashboard.audit import labels
from dashboard.links import answers  # noqa: F401
from dashboard.links.mail import email_content, own_texts
from dashboard.links.mail.own_texts import CustomerMessage, Texts
from dashboard.links.mail.written_email import EmailContent
from dashboard.links.models import MailKind

SAMPLE_APPS = ["HubSpot", "Xero"]

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


def _register(kind: MailKind, label: str, when: str) -> None:
    def ours() -> Texts:
        return email_content.our_texts(kind, "{partner}", "{account}", ["{connectors}"])

    def sample(link: Any, own: Texts) -> EmailContent:
        end = f"{link.address}/reminders"
        return email_content.compose(link, kind, link.address, SAMPLE_APPS, end, own)

    own_texts.register(
        CustomerMessage(kind, label, when, tuple(own_texts.PLACEHOLDERS), ours, sample)
    )


_register(MailKind.INVITATION, "Invitation", "Brings a link over connectors to a customer.")
_register(MailKind.REMINDER, "Reminder", "Goes out while something is left to connect.")
