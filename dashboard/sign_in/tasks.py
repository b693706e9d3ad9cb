"""The workers' part of signing in."""

from __future__ import annotations

from dashboard.jobs.leases import Lease
from dashboard.jobs.working import works_on
from dashboard.sign_in import notices, passwords
from dashboard.sign_in.models import PasswordMail, SecurityMail


@works_on(PasswordMail, gives_up=passwords.give_up)
def mail_password_link(lease: Lease[PasswordMail]) -> None:
    """Mail one link for a new password."""
    passwords.mail_link(lease)


@works_on(SecurityMail, gives_up=notices.give_up)
def mail_security_notice(lease: Lease[SecurityMail]) -> None:
    """Tell one person of one change of their sign-in."""
    notices.send(lease)
