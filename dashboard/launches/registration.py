"""What launch links register: the labels of their audit actions."""

from dashboard.audit import labels

labels.register(
    {
        "launches.create": "Created",
        "launches.mail": "Mailed",
        "launches.revoke": "Revoked",
        "launches.extend": "Extended",
        "launches.start": "Led a customer on by",
    }
)
