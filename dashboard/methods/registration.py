"""What methods register: the labels of their audit actions."""

from dashboard.audit import labels

labels.register(
    {
        "methods.call": "Called",
        "methods.mark": "Marked",
        "methods.read_answer": "Read the answer of",
        "methods.download_answer": "Downloaded the answer of",
    }
)
