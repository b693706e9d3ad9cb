"""The workers' part of signing in."""

from __future__ import annotations

from dashboard.jobs.leases import Lease
from dashboard.jobs.working import works_on
from dashboard.sign_in import passwords
from dashboard.sign_in.models import PasswordMail


@works_on(PasswordMail, gives_up=passwords.give_up)
def mail_password_link(lease: Lease[PasswordMail]) -> None:
    """Mail one link for a new password."""
    passwords.mail_link(lease)
