"""How a webhook's requests are signed: by Standard Webhooks, and for one release as before.

How a receiver checks a request is told in `docs/webhooks.md`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import re
import secrets
from collections.abc import Mapping

from django.views.decorators.debug import sensitive_variables

from dashboard.common import encryption
from dashboard.notifications.models import Webhook, WebhookDelivery

logger = logging.getLogger(__name__)

PREFIX = "whsec_"
"""Tells libraries, and secret scanners, what it is; the key is the base64 behind it."""
SECRET_BYTES = 32
SCHEME = re.compile(r"^v1[,=]")


def new_secret() -> str:
    """256 random bits as Standard Webhooks writes them."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


@sensitive_variables("secret", "secrets_now")
def headers_for(delivery: WebhookDelivery, body: bytes, timestamp: int) -> dict[str, str]:
    """The headers that prove who sent it, and when. Raises `DecryptionError`.

    While a secret is being changed there is a signature by each of the two.
    """
    secrets_now = secrets_of(delivery.webhook)
    message_id = str(delivery.reference)
    signatures = [standard_signature(one, message_id, timestamp, body) for one in secrets_now]
    return {
        "Content-Type": "application/json",
        "User-Agent": "Cyclr-Desk",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
        # For receivers of 0.2: they go with the release after the next one.
        "X-Cyclr-Desk-Delivery": message_id,
        "X-Cyclr-Desk-Timestamp": str(timestamp),
        "X-Cyclr-Desk-Signature": f"v1={signature(secrets_now[0], timestamp, body)}",
    }


@sensitive_variables("secret")
def secrets_of(webhook: Webhook) -> list[str]:
    """The secret, and the one before as long as it signs too. Raises `DecryptionError`."""
    found = [encryption.decrypt(webhook.encrypted_secret, associated_data=webhook.associated_data)]
    if webhook.has_former_secret:
        try:
            found.append(
                encryption.decrypt(
                    webhook.encrypted_previous_secret, associated_data=webhook.associated_data
                )
            )
        except encryption.DecryptionError:
            logger.warning("previous webhook secret cannot be opened webhook=%d", webhook.pk)
    return found


@sensitive_variables("secret")
def standard_signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """`v1,` and the base64 HMAC-SHA256 over id, timestamp and body, joined by dots."""
    message = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(_key(secret), message, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


@sensitive_variables("secret")
def signature(secret: str, timestamp: int, body: bytes) -> str:
    """As before Standard Webhooks: hex HMAC-SHA256 over the timestamp, a dot and the body."""
    message = f"{timestamp}.".encode() + body
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


@sensitive_variables("secret")
def _key(secret: str) -> bytes:
    """The bytes that a secret stands for; one of before 0.3 stands for its own letters."""
    if secret.startswith(PREFIX):
        return base64.b64decode(secret.removeprefix(PREFIX))
    return secret.encode()


@sensitive_variables("found")
def secret_parts(webhook: Webhook, headers: Mapping[str, str]) -> set[str]:
    """What a receiver may repeat and nobody is to read: secrets, and what they signed."""
    found = {one for secret in secrets_of(webhook) for one in (secret, secret.removeprefix(PREFIX))}
    for value in headers.values():
        found |= {value, *(SCHEME.sub("", one) for one in value.split())}
    return found
