"""Django's connection, with work before each commit."""

from django.db.backends.sqlite3 import base

from dashboard.common.databases.before_commit import BeforeCommit


class DatabaseWrapper(BeforeCommit, base.DatabaseWrapper):
    """See the module."""
