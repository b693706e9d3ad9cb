"""What comes back from Cyclr: frozen values, each made in one place, its `from_json`.

Names and descriptions are text from outside, kept exactly as they came (markup, NUL, emoji):
escape them where they are shown. A field that was missing, null or not understood is None,
"" or (). `extra` holds the fields this version does not know, less those that look secret.
Icons (large, untrusted) and `AuthValue` are dropped here and kept nowhere; a connector's icon is
handed over while the library is read (`Library.readable`).

How sure we are: [T] asserted against the real API, [D] documented, [C] seen by other clients,
[?] unknown.
"""

from .account_connectors import AccountConnector, CustomField, Property, PropertyValue
from .accounts import Account, SignInToken, Usage
from .connectors import AuthMethod, Choice, Connector, CustomConnector, Parameter, Trigger
from .cycles import (
    Cycle,
    CycleConnector,
    Incident,
    Prerequisite,
    Transaction,
    TransactionItem,
    Variable,
)
from .launch import BrowserSession, ConnectorAuthentication
from .methods import Method, MethodField
from .steps import Edge, MappedField, Step, StepMapping
from .templates import Template, TemplateConnector

__all__ = [
    "Account",
    "AccountConnector",
    "AuthMethod",
    "BrowserSession",
    "Choice",
    "Connector",
    "ConnectorAuthentication",
    "CustomConnector",
    "CustomField",
    "Cycle",
    "CycleConnector",
    "Edge",
    "Incident",
    "MappedField",
    "Method",
    "MethodField",
    "Parameter",
    "Prerequisite",
    "Property",
    "PropertyValue",
    "SignInToken",
    "Step",
    "StepMapping",
    "Template",
    "TemplateConnector",
    "Transaction",
    "TransactionItem",
    "Trigger",
    "Usage",
    "Variable",
]
