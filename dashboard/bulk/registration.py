"""What bulk runs register: the labels of their audit actions."""

from dashboard.audit import labels

labels.register(
    {
        "bulk.start": "Started bulk run",
        "bulk.confirm": "Confirmed lines of bulk run",
        "bulk.pause": "Paused bulk run",
        "bulk.resume": "Resumed bulk run",
        "bulk.hand_over": "Handed over bulk run",
        "bulk.end": "Ended bulk run",
        "bulk.retry": "Retried in bulk run",
        "bulk.export": "Exported bulk run",
    }
)
