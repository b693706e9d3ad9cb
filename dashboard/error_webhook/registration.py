"""What this package registers: the labels of its audit actions."""

from dashboard.audit import labels

labels.register(
    {
        "error_webhook.make": "Made an address for Cyclr’s error webhook of",
        "error_webhook.rotate": "Rotated the address for Cyclr’s error webhook of",
    }
)
