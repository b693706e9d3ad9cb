"""A client of the Cyclr REST API v1.0.

::

    client = Client("https://api.cyclr.uk", client_id="…", client_secret="…")
    for account in client.accounts.iterate():
        client.account(account.id).connectors.all()
"""

from .addresses import connect_url
from .auth import MemoryTokenStore, Token, TokenStore
from .client import Client
from .decoding import Listing, UndecodableError
from .errors import (
    AccountRefusedError,
    ConflictError,
    CredentialsRefusedError,
    CyclrError,
    ForbiddenError,
    NameInUseError,
    NotFoundError,
    OutcomeUnknownError,
    PagingError,
    PermanentError,
    RateLimitedError,
    RedirectedError,
    RefusedError,
    TemporaryError,
    UnexpectedAnswerError,
    UnreachableError,
    UnreadableError,
    UnsendableError,
)
from .models import (
    Account,
    AccountConnector,
    AuthMethod,
    Connector,
    Parameter,
    Property,
    PropertyValue,
    SignInToken,
    Trigger,
)
from .pacing import NoPacing, Pacing
from .secret import Secret
from .transport import Retries, Timeouts

__all__ = [
    "Account",
    "AccountConnector",
    "AccountRefusedError",
    "AuthMethod",
    "Client",
    "ConflictError",
    "Connector",
    "CredentialsRefusedError",
    "CyclrError",
    "ForbiddenError",
    "Listing",
    "MemoryTokenStore",
    "NameInUseError",
    "NoPacing",
    "NotFoundError",
    "OutcomeUnknownError",
    "Pacing",
    "PagingError",
    "Parameter",
    "PermanentError",
    "Property",
    "PropertyValue",
    "RateLimitedError",
    "RedirectedError",
    "RefusedError",
    "Retries",
    "Secret",
    "SignInToken",
    "TemporaryError",
    "Timeouts",
    "Token",
    "TokenStore",
    "Trigger",
    "UndecodableError",
    "UnexpectedAnswerError",
    "UnreachableError",
    "UnreadableError",
    "UnsendableError",
    "connect_url",
]
