"""What notifications register: the labels of their audit actions."""

from dashboard.audit import labels

labels.register(
    {
        "notifications.rule_save": "Saved a notification rule of",
        "notifications.rule_remove": "Removed a notification rule of",
    }
)
