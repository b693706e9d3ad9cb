"""What is loaded before a fork is there once, for all processes, as long as nobody writes to it.

Python's garbage collector writes into every object that it looks at, and what is written to is
copied: soon each process has all of it once more. What is frozen is not looked at.
"""

from __future__ import annotations

import gc
import os
from functools import cache
from importlib import import_module

from django.apps import apps
from django.template import engines
from django.urls import get_resolver

LATE = (
    "django.contrib.messages.storage.fallback",
    "django.db.models.sql.compiler",
    "encodings.idna",
)
"""What Django and Python import at the first use."""


def preload() -> None:
    """Load now what each process would load for itself, and keep it out of the collector's way.

    Of Django's only where it was set up: gunicorn may serve another application.
    """
    if apps.ready:
        for name in LATE:
            import_module(name)
        _ = get_resolver().url_patterns
        _ = [engine.engine.template_loaders for engine in engines.all()]  # type: ignore[attr-defined]
    _freeze_at_forks()


@cache
def _freeze_at_forks() -> None:
    """Once: who is forked does it as well."""
    os.register_at_fork(before=_freeze)


def _freeze() -> None:
    """At each fork: what is there by then is shared by who is forked."""
    gc.collect()
    gc.freeze()
