"""What happens to people that is recorded by who knows of the audit trail."""

from django.dispatch import Signal

password_set = Signal()
"""Somebody at the server's command line gave `user` another password."""
