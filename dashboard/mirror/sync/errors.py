"""Why a read failed, in words."""

from __future__ import annotations

from celery.exceptions import SoftTimeLimitExceeded
from django.db import DatabaseError

from cyclr_api import (
    AccountRefusedError,
    CredentialsRefusedError,
    CyclrError,
    RateLimitedError,
    TemporaryError,
    UnreadableError,
    UnsendableError,
)
from dashboard.common.encryption import DecryptionError
from dashboard.consoles.models import CREDENTIALS_REFUSED
from dashboard.consoles.pacing import PacedError


def message_for(error: BaseException) -> str:
    """Why a read failed, for the page that shows old data."""
    match error:
        case PacedError() | RateLimitedError():
            return "Cyclr allows no more calls for now."
        case UnreadableError():
            return "Cyclr’s answer could not be read."
        case TemporaryError(status=None):
            return "Cyclr does not answer."
        case TemporaryError():
            return f"Cyclr answers with an error ({error.status})."
        case UnsendableError():
            return "Its id in Cyclr cannot be sent to Cyclr."
        case CredentialsRefusedError() if not isinstance(error, AccountRefusedError):
            return CREDENTIALS_REFUSED
        case CyclrError(status=None):
            return "Cyclr refuses to tell."
        case CyclrError():
            return f"Cyclr refuses to tell ({error.status})."
        case DecryptionError():
            return "The console’s client secret cannot be decrypted: see CREDENTIAL_KEYS."
        case SoftTimeLimitExceeded():
            return "Cyclr answers too slowly to be read in time."
        case DatabaseError():
            return "The database rejected it: see the worker’s log."
    return "A fault of ours stopped it: see the worker’s log."
