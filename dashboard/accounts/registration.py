"""What accounts register: the labels of their audit actions."""

from dashboard.audit import labels

labels.register({"accounts.tag": "Changed the tags of"})
