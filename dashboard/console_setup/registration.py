"""What this package registers: the labels of its audit actions."""

from dashboard.audit import labels

labels.register(
    {
        "console_setup.add": "Added the console",
        "console_setup.change": "Changed the console",
        "console_setup.credentials": "Replaced the credentials of",
        "console_setup.check_failed": "Could not connect the console",
        "console_setup.retire": "Retired the console",
        "console_setup.restore": "Restored the console",
    }
)
