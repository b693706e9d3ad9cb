"""A client of the Cyclr REST API v1.0.

::

    client = Client("https://api.cyclr.uk", client_id="…", client_secret="…")
    for account in client.accounts.iterate():
        client.account(account.id).connectors.all()

Five minutes to read: docs/cyclr_api.md.
"""

from .account_connectors import InstallOptions
from .accounts import AccountApi
from .addresses import connect_url, sign_in_url
from .answers import RawAnswer
from .auth import MemoryTokenStore, Token, TokenStore
from .auth_values import basic_auth_value, oauth_auth_value
from .calls import UNSET, Pages, Unset
from .client import Client
from .cycles import INTERVALS
from .decoding import Listing, UndecodableError
from .errors import (
    AccountIdInUseError,
    AccountRefusedError,
    AddressRefusedError,
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
from .library import Icons
from .models import (
    Account,
    AccountConnector,
    AuthMethod,
    BrowserSession,
    Choice,
    Connector,
    ConnectorAuthentication,
    CustomConnector,
    CustomField,
    Cycle,
    CycleConnector,
    Edge,
    Incident,
    MappedField,
    Method,
    MethodField,
    Parameter,
    Prerequisite,
    Property,
    PropertyValue,
    SignInToken,
    Step,
    StepMapping,
    Template,
    TemplateConnector,
    Transaction,
    TransactionItem,
    Trigger,
    Usage,
    Variable,
)
from .pacing import NoPacing, Pacing
from .page_sizes import PageSize, PageSizes
from .regions import REGIONS, Region, region
from .secret import Secret
from .transport import Retries, Timeouts
from .wire import HostNotAllowedError, Resolve

__all__ = [
    "INTERVALS",
    "REGIONS",
    "UNSET",
    "Account",
    "AccountApi",
    "AccountConnector",
    "AccountIdInUseError",
    "AccountRefusedError",
    "AddressRefusedError",
    "AuthMethod",
    "BrowserSession",
    "Choice",
    "Client",
    "ConflictError",
    "Connector",
    "ConnectorAuthentication",
    "CredentialsRefusedError",
    "CustomConnector",
    "CustomField",
    "Cycle",
    "CycleConnector",
    "CyclrError",
    "Edge",
    "ForbiddenError",
    "HostNotAllowedError",
    "Icons",
    "InstallOptions",
    "Incident",
    "Listing",
    "MappedField",
    "MemoryTokenStore",
    "Method",
    "MethodField",
    "NameInUseError",
    "NoPacing",
    "NotFoundError",
    "OutcomeUnknownError",
    "PageSize",
    "PageSizes",
    "Pacing",
    "Pages",
    "PagingError",
    "Parameter",
    "PermanentError",
    "Prerequisite",
    "Property",
    "PropertyValue",
    "RateLimitedError",
    "RawAnswer",
    "RedirectedError",
    "RefusedError",
    "Region",
    "Resolve",
    "Retries",
    "Secret",
    "SignInToken",
    "Step",
    "StepMapping",
    "Template",
    "TemplateConnector",
    "TemporaryError",
    "Timeouts",
    "Token",
    "TokenStore",
    "Transaction",
    "TransactionItem",
    "Trigger",
    "UndecodableError",
    "UnexpectedAnswerError",
    "UnreachableError",
    "UnreadableError",
    "UnsendableError",
    "Unset",
    "Usage",
    "Variable",
    "basic_auth_value",
    "connect_url",
    "oauth_auth_value",
    "region",
    "sign_in_url",
]
