"""Django's connection, with work before each commit."""

from django.db.backends.postgresql import base

from dashboard.common.databases.before_commit import BeforeCommit


class DatabaseWrapper(BeforeCommit, base.DatabaseWrapper):
    """See the module."""
