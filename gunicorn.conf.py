"""The web server's settings, which gunicorn reads by itself, here and in production."""

import logging
import os
import sys
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from dashboard.common.logs import OneLine
from dashboard.common.preloading import preload
from dashboard.environment import names
from dashboard.environment.reading import read

try:
    workers = read(os.environ)[names.WEB_CONCURRENCY]
except ImproperlyConfigured as error:
    sys.exit(f"ImproperlyConfigured: {error}")
worker_class = "dashboard.web.worker.Worker"
threads = 4
# Loaded once: half the time to start, and shared memory.
preload_app = True
# One queue for all: with one each, a worker that is frozen or ends takes its queue with it.
reuse_port = False
# Files take the way of every other answer: it is the main loop that writes to clients.
sendfile = False
# Waiting costs no thread, and a phone keeps its connection longer than a page is read.
keepalive = 65
timeout = 30
# Who stands before us says so to Django (`BEHIND_TLS_PROXY`, `TRUSTED_PROXIES`); nobody's header
# moves a path or changes the scheme here, not even a proxy's on this machine.
forwarded_allow_ips = ""
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}
graceful_timeout = 8
# No access log: the address of a link page is a secret of its customer.
accesslog = None
# It would lie in the home directory, one for all that run there.
control_socket_disable = True


def when_ready(server: Any) -> None:
    """All is loaded, and no worker is there yet."""
    preload()


def on_starting(server: Any) -> None:
    """Errors name the request's address: keep link tokens out of them too."""
    logging.getLogger("gunicorn.error").addFilter(OneLine())
