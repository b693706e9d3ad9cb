"""What the API registers: the labels of its audit actions."""

from dashboard.audit import labels

labels.register(
    {
        "api.make_token": "Made the API token",
        "api.revoke_token": "Revoked the API token",
        "api.read": "Read by API with the token",
        "api.write": "Wrote by API with the token",
        "api.refuse": "Was refused with the API token",
    }
)
