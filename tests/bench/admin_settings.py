"""The settings of tests, and beside them Django's admin, which the product itself does not have."""

from __future__ import annotations

from tests.settings import *  # noqa: F403

INSTALLED_APPS = ["django.contrib.admin", *INSTALLED_APPS]  # noqa: F405
TEMPLATES = [
    *TEMPLATES,  # noqa: F405
    {
        "NAME": "admin",
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    },
]
