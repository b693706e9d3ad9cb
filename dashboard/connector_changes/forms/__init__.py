"""The forms of changes of an installed connector."""

from dashboard.connector_changes.forms.credentials import CredentialsForm
from dashboard.connector_changes.forms.editing import EditForm, LossForm, NativeForm
from dashboard.connector_changes.forms.settings import SettingsForm
from dashboard.operations.forms import ChangeForm

__all__ = [
    "ChangeForm",
    "CredentialsForm",
    "EditForm",
    "LossForm",
    "NativeForm",
    "SettingsForm",
]
