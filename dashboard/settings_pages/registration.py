"""What the settings register: the labels of their audit actions."""

from dashboard.audit import labels

labels.register(
    {
        "connectors.choose_proof": "Chose the test method",
        "connectors.drop_proof": "Removed the test method",
        "features.switch_off": "Switched off",
        "features.switch_on": "Switched on",
        "settings.brand": "Changed branding for",
        "settings.email_text": "Changed e-mail texts of",
    }
)
