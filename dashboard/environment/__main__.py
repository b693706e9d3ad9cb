"""`python -m dashboard.environment`: write what is made of the settings' declarations."""

from dashboard.environment.documents import documents

for path, text in documents().items():
    path.write_text(text)
