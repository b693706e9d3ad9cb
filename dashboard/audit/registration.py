"""What the trail registers: the labels of its own acts."""

from dashboard.audit import labels

labels.register(
    {
        "audit.prune": "Deleted entries of the audit trail",
        "audit.keep_for": "Changed how long the audit trail is kept",
        "audit.heads_to": "Changed where audit heads go",
        "audit.send_heads": "Sent audit heads to",
    }
)
