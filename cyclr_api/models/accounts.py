"""Accounts and what belongs to them alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from ..decoding import Record, UndecodableError
from .base import DROPPED, no_extra

SIGN_IN_TOKEN_LIFE = timedelta(minutes=5)
"""How long a sign-in token lives [D]."""


@dataclass(frozen=True, slots=True)
class Account:
    """One end customer's account [T]. `id` is the API id: any text, chosen by the partner."""

    id: str
    name: str = ""
    description: str | None = None
    timezone: str | None = None
    created_at: datetime | None = None
    parent_id: str | None = None
    """Whether answers carry the parent is unknown [?]."""
    next_bill_at: datetime | None = None
    audit_info: str | None = None
    task_audit_info: str | None = None
    success_retention_hours: int | None = None
    """Hours for which step data of successful runs is kept; at most 744 [T]."""
    errored_retention_hours: int | None = None
    is_error_webhook_enabled: bool | None = None
    error_webhook_url: str | None = field(default=None, repr=False)
    error_webhook_includes_warnings: bool | None = None
    extra: Mapping[str, Any] = field(default_factory=no_extra, repr=False, compare=False)

    @classmethod
    def from_json(cls, value: object) -> Self:
        """From an account object. UndecodableError without an object or an id."""
        record = Record(value, "account")
        account_id = record.value("Id")
        if isinstance(account_id, int) and not isinstance(account_id, bool):
            account_id = str(account_id)
        if not isinstance(account_id, str) or not account_id:
            raise UndecodableError("account: no usable id")
        return cls(
            id=account_id,
            name=record.text("Name") or "",
            description=record.text("Description"),
            timezone=record.text("Timezone"),
            created_at=record.moment("CreatedDate"),
            parent_id=record.text("ParentAccountId"),
            next_bill_at=record.moment("NextBillDateUtc"),
            audit_info=record.text("AuditInfo"),
            task_audit_info=record.text("TaskAuditInfo"),
            success_retention_hours=record.whole("StepDataSuccessRetentionHours"),
            errored_retention_hours=record.whole("StepDataErroredRetentionHours"),
            is_error_webhook_enabled=record.flag("TransactionErrorWebhookEnabled"),
            error_webhook_url=record.text("TransactionErrorWebhookUrl"),
            error_webhook_includes_warnings=record.flag("TransactionErrorWebhookIncludeWarnings"),
            extra=record.unread(DROPPED),
        )


@dataclass(frozen=True, slots=True)
class Usage:
    """What an account has used in the current period; sub-accounts count separately [T][D]."""

    id: str = ""
    tasks_used: int | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    extra: Mapping[str, Any] = field(default_factory=no_extra, repr=False, compare=False)

    @classmethod
    def from_json(cls, value: object) -> Self:
        """From the answer to a usage call. UndecodableError without an object."""
        record = Record(value, "usage")
        return cls(
            id=record.text("Id") or "",
            tasks_used=record.whole("TasksUsed"),
            started_at=record.moment("StartTime"),
            ended_at=record.moment("EndTime"),
            extra=record.unread(DROPPED),
        )


@dataclass(frozen=True, slots=True)
class SignInToken:
    """Signs one person in to an account, once, until it expires (5 minutes) [D]."""

    token: str = field(repr=False)
    expires_at: datetime

    @classmethod
    def from_json(cls, value: object) -> Self:
        """From the answer to a sign-in token call. UndecodableError without a token."""
        record = Record(value, "sign-in token")
        token = record.value("Token")
        if not isinstance(token, str) or not token:
            raise UndecodableError("sign-in token: no token")
        expires_at = record.moment("ExpiresAtUtc")
        return cls(token=token, expires_at=expires_at or datetime.now(UTC) + SIGN_IN_TOKEN_LIFE)
