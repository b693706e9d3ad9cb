"""What operations register: the labels of their audit actions."""

from dashboard.audit import labels

labels.register(
    {
        "operations.cancel": "Cancelled",
        "operations.hand_over": "Handed over",
        "operations.dismiss": "Dismissed",
        "operations.bring_back": "Brought back",
        "operations.retry": "Retried",
    }
)
