"""What the trail registers: the labels of its own acts."""

from dashboard.audit import labels

labels.register(
    {
        "audit.prune": "Deleted entries of the audit trail",
        "audit.keep_for": "Changed how long the audit trail is kept",
        "audit.heads_to": "Changed where heads of the audit trail are sent",
        "audit.send_heads": "Sent heads of the audit trail to",
    }
)
