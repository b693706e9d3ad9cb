"""What launch links register: the labels of their audit actions, messages to customers."""

from __future__ import annotations

from typing import Any

from dashboard.audit import labels
from dashboard.launches import mailing
from dashboard.launches.models import Product
from dashboard.links.mail import own_texts
from dashboard.links.mail.own_texts import CustomerMessage, Texts
from dashboard.links.mail.written_email import EmailContent

labels.register(
    {
        "launches.create": "Created",
        "launches.mail": "Mailed",
        "launches.revoke": "Revoked",
        "launches.extend": "Extended",
        "launches.start": "Led a customer on by",
    }
)

PLACEHOLDERS = tuple(name for name in own_texts.PLACEHOLDERS if name != "connectors")


def _register(product: Product) -> None:
    def ours() -> Texts:
        return mailing.our_texts(product, "{partner}", "{account}")

    def sample(link: Any, own: Texts) -> EmailContent:
        return mailing.compose(link, product, link.address, own)

    when = f"Brings a link to Cyclr’s {product.label} to a customer."
    name = f"launch-{product}"
    label = f"{product.label} link"
    own_texts.register(CustomerMessage(name, label, when, PLACEHOLDERS, ours, sample))


for each in Product:
    _register(each)
