"""What comes back from Cyclr: frozen values, each made in one place, its `from_json`.

Names and descriptions are text from outside, kept exactly as they came (markup, NUL, emoji):
escape them where they are shown. A field that was missing, null or not understood is None,
"" or (). `extra` holds the fields this version does not know, less those that look secret.
Icons (large, untrusted) and `AuthValue` are dropped here and kept nowhere.

How sure we are: [T] asserted against the real API, [D] documented, [C] seen by other clients,
[?] unknown.
"""

from .accounts import Account, SignInToken
from .connectors import (
    AccountConnector,
    AuthMethod,
    Connector,
    Parameter,
    Property,
    PropertyValue,
    Trigger,
)

__all__ = [
    "Account",
    "AccountConnector",
    "AuthMethod",
    "Connector",
    "Parameter",
    "Property",
    "PropertyValue",
    "SignInToken",
    "Trigger",
]
