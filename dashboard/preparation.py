"""What `./run` does before the processes start, in one process since each costs a second to load.

`python -m dashboard.preparation [static]`: migrate, collectstatic if wanted, and `prepare` last: it
may make a password, which is lost if anything after it fails.
"""

from __future__ import annotations

import os
import sys

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command


def main() -> int:
    """The exit status; what is wrong is one sentence on stderr."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    try:
        django.setup()
        call_command("migrate", interactive=False, verbosity=0)
        if "static" in sys.argv[1:]:
            call_command("collectstatic", interactive=False, clear=True, verbosity=0)
        call_command("prepare")
    except (CommandError, ImproperlyConfigured) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
