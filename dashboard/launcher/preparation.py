"""What `./run` does before the processes start, in one process since each costs a second to load.

`python -m dashboard.launcher.preparation [static] [demo]`: migrate, collectstatic if wanted, the
demo's story beside the bundled Cyclr, and `prepare` last: it may make a password, which is lost if
anything after it fails.
"""

from __future__ import annotations

import logging
import os
import sys

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection

logger = logging.getLogger(__name__)


def tell_demo() -> None:
    """Fill an empty console with the demo's story; without it the dashboard starts as well."""
    from dashboard.consoles.changes import ensure_environment_console
    from dashboard.demo.local_cyclr import ControlSurface
    from dashboard.demo.story import tell

    try:
        if console := ensure_environment_console():
            tell(console, ControlSurface(console.api_url))
    except Exception:
        logger.exception("demo not told")


def write_through_at_the_end() -> None:
    """SQLite waits for the disk at the end, not hundreds of times, until the connection is closed.

    With its write-ahead log a loss of power leaves the database as it was a moment before, whole.
    """
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous=NORMAL")


def main() -> int:
    """The exit status; what is wrong is one sentence on stderr."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    try:
        django.setup()
        write_through_at_the_end()
        call_command("migrate", interactive=False, verbosity=0)
        if "static" in sys.argv[1:]:
            call_command("collectstatic", interactive=False, clear=True, verbosity=0)
        if "demo" in sys.argv[1:]:
            tell_demo()
        connection.close()
        call_command("prepare")
    except (CommandError, ImproperlyConfigured) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
