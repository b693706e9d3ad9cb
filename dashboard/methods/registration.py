"""What methods register: the labels of their audit actions."""

from dashboard.audit import labels

labels.register(
    {
        "methods.call": "Called",
        "methods.mark": "Marked",
        "methods.save_call": "Saved the call",
        "methods.delete_saved_call": "Deleted the saved call",
        "methods.read_answer": "Read the answer of",
        "methods.download_answer": "Downloaded the answer of",
    }
)
