"""The web server's settings, which gunicorn reads by itself, here and in production."""

import logging
import os
import sys
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from dashboard.common.logs import OneLine
from dashboard.environment import names
from dashboard.environment.reading import read

try:
    workers = read(os.environ)[names.WEB_CONCURRENCY]
except ImproperlyConfigured as error:
    sys.exit(f"ImproperlyConfigured: {error}")
worker_class = "gthread"
threads = 4
# Loaded once: half the time to start, and shared memory.
preload_app = True
# One worker would take all kept-alive connections otherwise.
reuse_port = True
timeout = 30
graceful_timeout = 8
# No access log: the address of a link page is a secret of its customer.
accesslog = None
# It would lie in the home directory, one for all that run there.
control_socket_disable = True


def on_starting(server: Any) -> None:
    """Errors name the request's address: keep link tokens out of them too."""
    logging.getLogger("gunicorn.error").addFilter(OneLine())
