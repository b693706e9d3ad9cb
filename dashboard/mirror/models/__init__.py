"""The mirror: what Cyclr last told us. Pages read this and nothing else."""

from dashboard.mirror.connector_state import WhyBroken
from dashboard.mirror.models.accounts import Account, AccountQuerySet
from dashboard.mirror.models.base import Mirrored, MirrorQuerySet
from dashboard.mirror.models.connectors import (
    NOT_WORKING,
    AccountConnector,
    AccountConnectorQuerySet,
    few_accounts_with,
    in_accounts,
)
from dashboard.mirror.models.cycles import (
    Cycle,
    CycleConnector,
    CycleQuerySet,
    Template,
    TemplateConnector,
    TemplateQuerySet,
)
from dashboard.mirror.models.history import ConnectorState
from dashboard.mirror.models.icons import Icon
from dashboard.mirror.models.library import (
    CatalogueConnector,
    CatalogueConnectorQuerySet,
    InstallRefusal,
)
from dashboard.mirror.models.releases import Release
from dashboard.mirror.models.runs import DailyFigure, SyncHelper, SyncRun

__all__ = [
    "ConnectorState",
    "NOT_WORKING",
    "Account",
    "AccountConnector",
    "AccountConnectorQuerySet",
    "AccountQuerySet",
    "CatalogueConnector",
    "CatalogueConnectorQuerySet",
    "Cycle",
    "CycleConnector",
    "CycleQuerySet",
    "DailyFigure",
    "Icon",
    "InstallRefusal",
    "MirrorQuerySet",
    "Mirrored",
    "Release",
    "SyncHelper",
    "SyncRun",
    "Template",
    "TemplateConnector",
    "TemplateQuerySet",
    "WhyBroken",
    "few_accounts_with",
    "in_accounts",
]
