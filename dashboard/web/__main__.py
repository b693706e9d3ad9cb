"""`python -m dashboard.web --bind 127.0.0.1:8000`: gunicorn for the dashboard, with its options.

The command `gunicorn` itself reads WEB_CONCURRENCY before anybody can say what is wrong with it.
"""

from __future__ import annotations

import os
import sys

from django.core.exceptions import ImproperlyConfigured

from dashboard.environment.reading import read


def main() -> None:
    """Complain of the settings in one sentence, or serve."""
    try:
        read(os.environ)
    except ImproperlyConfigured as error:
        sys.exit(f"ImproperlyConfigured: {error}")
    from gunicorn.app.wsgiapp import run

    sys.argv.append("dashboard.wsgi")
    run(prog="dashboard.web")


if __name__ == "__main__":
    main()
