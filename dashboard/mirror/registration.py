"""What the mirror registers: the labels of its audit actions."""

from dashboard.audit import labels

labels.register(
    {
        "consoles.adopt": "Changed the address of console",
        "consoles.add": "Added console",
        "sync.stop": "Stopped the sync of",
        "sync.resume": "Resumed the sync of",
    }
)
