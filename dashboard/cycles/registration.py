"""What cycles register: the labels of their audit actions."""

from dashboard.audit import labels

labels.register(
    {
        "cycles.read_incidents": "Read the incidents of",
        "cycles.read_transactions": "Read the transactions of",
    }
)
