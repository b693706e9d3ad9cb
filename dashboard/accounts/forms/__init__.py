"""Forms on which accounts are created, edited and deleted."""

from dashboard.accounts.forms.deleting import DeleteForm
from dashboard.accounts.forms.editing import EditForm
from dashboard.accounts.forms.making import CreateForm

__all__ = ["CreateForm", "DeleteForm", "EditForm"]
