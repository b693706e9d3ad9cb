"""What connectors register: the labels of their audit actions."""

from dashboard.audit import labels

labels.register({"connectors.test": "Tested"})
