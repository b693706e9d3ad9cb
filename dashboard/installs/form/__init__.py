"""The install form, made at run time from what the connector's Parameters ask for."""

from dashboard.installs.form.install import InstallForm
from dashboard.installs.form.names import free_name

__all__ = ["InstallForm", "free_name"]
