"""What the fleet list registers: the labels of its audit actions."""

from dashboard.audit import labels

labels.register(
    {
        "fleet.view.share": "Shared the view",
        "fleet.view.remove": "Removed the shared view",
    }
)
