"""Accounts, and the way from an account to everything inside it."""

from datetime import datetime
from typing import Any, Unpack

from .account_connectors import AccountConnectorApi, AccountConnectors
from .auth import Authorized
from .calls import UNSET, Calls, Pages, Unset, changed, given, sendable_account_id
from .custom_connectors import CustomConnectors
from .cycles import CycleApi, Cycles
from .decoding import decode_one, moment_text
from .errors import UnsendableError
from .launch import LaunchOptions, MarketplaceOptions, open_session
from .library import Library
from .models import Account, BrowserSession, SignInToken, Usage
from .steps import StepApi
from .templates import AccountTemplates
from .transport import Effect
from .users import AccountUsers, checked_username

_NAMES = {
    "id": "Id",
    "parent_id": "ParentAccountId",
    "name": "Name",
    "description": "Description",
    "timezone": "Timezone",
    "next_bill_at": "NextBillDateUtc",
    "audit_info": "AuditInfo",
    "task_audit_info": "TaskAuditInfo",
    "success_retention_hours": "StepDataSuccessRetentionHours",
    "errored_retention_hours": "StepDataErroredRetentionHours",
    "is_error_webhook_enabled": "TransactionErrorWebhookEnabled",
    "error_webhook_url": "TransactionErrorWebhookUrl",
    "error_webhook_includes_warnings": "TransactionErrorWebhookIncludeWarnings",
}
"""What Cyclr calls an account's fields."""


class Accounts(Pages[Account]):
    """Every account of the console."""

    def __init__(self, calls: Calls) -> None:
        super().__init__(calls, "/accounts", decode=Account.from_json, key=lambda found: found.id)

    def create(
        self,
        *,
        name: str,
        id: str | None = None,
        parent_id: str | None = None,
        description: str | None = None,
        timezone: str | None = None,
        next_bill_at: datetime | None = None,
        audit_info: str | None = None,
        task_audit_info: str | None = None,
        success_retention_hours: int | None = None,
        errored_retention_hours: int | None = None,
        is_error_webhook_enabled: bool | None = None,
        error_webhook_url: str | None = None,
        error_webhook_includes_warnings: bool | None = None,
    ) -> Account:
        """Make an account [T]; None is not sent. Show what comes back, not what was sent.

        `id`: the API id, any text that is no other account's; Cyclr makes a GUID without it.
        `parent_id`: makes a sub-account [D]. The rest as in `AccountApi.update`.

        AccountIdInUseError if the id is taken [T]. OutcomeUnknownError if no readable answer
        came: with an id of your own ask whether it is there; without one every try makes
        another account.
        """
        body = _body(
            "POST /accounts",
            given(
                id=id,
                parent_id=parent_id,
                name=name,
                description=description,
                timezone=timezone,
                next_bill_at=next_bill_at,
                audit_info=audit_info,
                task_audit_info=task_audit_info,
                success_retention_hours=success_retention_hours,
                errored_retention_hours=errored_retention_hours,
                is_error_webhook_enabled=is_error_webhook_enabled,
                error_webhook_url=error_webhook_url,
                error_webhook_includes_warnings=error_webhook_includes_warnings,
            ),
        )
        return self.calls.answer(
            "POST",
            "/accounts",
            decode=_account,
            effect=Effect.WRITE,
            body=body,
            concealed=[error_webhook_url or ""],
        )


class AccountApi:
    """One account and what belongs to it."""

    def __init__(self, authorized: Authorized, account_id: str) -> None:
        self.id = sendable_account_id("account", account_id)
        self._calls = Calls(authorized, self.id)
        self._partner = Calls(authorized)

    def get(self) -> Account:
        """The account as it is now. NotFoundError if Cyclr does not know it [T]."""
        return self._partner.answer("GET", "/accounts/{id}", self.id, decode=_account)

    def update(
        self,
        *,
        name: str | Unset = UNSET,
        description: str | None | Unset = UNSET,
        timezone: str | Unset = UNSET,
        next_bill_at: datetime | Unset = UNSET,
        audit_info: str | None | Unset = UNSET,
        task_audit_info: str | None | Unset = UNSET,
        success_retention_hours: int | None | Unset = UNSET,
        errored_retention_hours: int | None | Unset = UNSET,
        is_error_webhook_enabled: bool | Unset = UNSET,
        error_webhook_url: str | None | Unset = UNSET,
        error_webhook_includes_warnings: bool | Unset = UNSET,
    ) -> Account:
        """Change the fields that are given and keep the others [T].

        Show what comes back, not what was sent. `timezone`: an IANA name. The retention of
        step data, in hours, is refused below 0, cut to 744 in silence, and cleared by None
        [T]; that None clears texts as well, and what a date does, is [?].

        To enable the error webhook its URL is sent again, even if Cyclr has one stored [T]:
        without it, UnsendableError. Cyclr puts https:// before a URL without a scheme [T].
        """
        call = "PUT /accounts/{id}"
        body = _body(
            call,
            changed(
                name=name,
                description=description,
                timezone=timezone,
                next_bill_at=next_bill_at,
                audit_info=audit_info,
                task_audit_info=task_audit_info,
                success_retention_hours=success_retention_hours,
                errored_retention_hours=errored_retention_hours,
                is_error_webhook_enabled=is_error_webhook_enabled,
                error_webhook_url=error_webhook_url,
                error_webhook_includes_warnings=error_webhook_includes_warnings,
            ),
        )
        if not body:
            raise UnsendableError(call, reason="there is nothing to change")
        return self._partner.answer(
            "PUT",
            "/accounts/{id}",
            self.id,
            decode=_account,
            effect=Effect.WRITE,
            body=body,
            concealed=[error_webhook_url] if isinstance(error_webhook_url, str) else [],
        )

    def delete(self) -> None:
        """Delete the account [T]; its id is free again then [t].

        What becomes of its active cycles is unknown [?]. NotFoundError if it is gone [T].
        """
        self._partner.act("DELETE", "/accounts/{id}", self.id)

    @property
    def subaccounts(self) -> Pages[Account]:
        """The accounts whose parent this one is [T]. NotFoundError if it is gone [T]."""
        return Pages(
            self._partner,
            "/accounts/{id}/subaccounts",
            (self.id,),
            decode=Account.from_json,
            key=lambda found: found.id,
        )

    def usage(self) -> Usage:
        """The tasks used in the current period [T]. Asking for another period is [?]."""
        return self._partner.answer(
            "GET",
            "/accounts/{id}/usage",
            self.id,
            decode=lambda value: decode_one(value, Usage.from_json),
        )

    @property
    def users(self) -> AccountUsers:
        return AccountUsers(self._partner, self.id)

    @property
    def connectors(self) -> AccountConnectors:
        return AccountConnectors(self._calls)

    def connector(self, account_connector_id: int) -> AccountConnectorApi:
        """One installed connector, by its account connector id; nothing is sent."""
        return AccountConnectorApi(self._calls, account_connector_id)

    @property
    def library(self) -> Library:
        return Library(self._calls)

    @property
    def custom_connectors(self) -> CustomConnectors:
        return CustomConnectors(self._calls)

    @property
    def templates(self) -> AccountTemplates:
        return AccountTemplates(self._calls)

    @property
    def cycles(self) -> Cycles:
        return Cycles(self._calls)

    def cycle(self, cycle_id: str) -> CycleApi:
        """One cycle, by its GUID; nothing is sent. UnsendableError for what is no GUID."""
        return CycleApi(self._calls, cycle_id)

    def step(self, step_id: str) -> StepApi:
        """One step of a cycle, by its GUID; nothing is sent."""
        return StepApi(self._calls, step_id)

    def sign_in_token(self, username: str) -> SignInToken:
        """A token that signs `username` in to this account, once, within five minutes [D].

        Creates the user if the name is new [D]. A lost answer is a TemporaryError: a token
        that nobody uses does no harm, so asking again is fine.
        """
        template = "/accounts/{id}/signintoken"
        checked_username(f"POST {template}", username)
        return self._partner.answer(
            "POST",
            template,
            self.id,
            decode=SignInToken.from_json,
            effect=Effect.HARMLESS,
            body={"Username": username},
        )

    def launch(self, **options: Unpack[LaunchOptions]) -> BrowserSession:
        """A URL at which a browser sets up templates in this account, within five minutes [D].

        **Creates the account** if Cyclr does not know it, and an "API user" in it [D]. A lost
        answer is a TemporaryError: asking again makes no second account, because its id is in
        the call. With `connector_authentications` it is an OutcomeUnknownError, for whether
        those are set up twice is unknown [?].
        """
        return self._open("launch", options)

    def orbit(self, **options: Unpack[LaunchOptions]) -> BrowserSession:
        """As `launch`, for the page on which what was set up is looked after [D]."""
        return self._open("orbit", options)

    def marketplace(self, **options: Unpack[MarketplaceOptions]) -> BrowserSession:
        """As `launch`, for one of the partner's Marketplaces [D]."""
        return self._open("marketplace", options)

    def _open(self, product: str, options: LaunchOptions | MarketplaceOptions) -> BrowserSession:
        return open_session(self._partner, f"/accounts/{{id}}/{product}", self.id, options=options)


def _account(value: object) -> Account:
    return decode_one(value, Account.from_json)


def _body(call: str, values: dict[str, Any]) -> dict[str, Any]:
    """The fields as Cyclr calls them. UnsendableError for what Cyclr would refuse or misread."""
    if "name" in values and not (values["name"] or "").strip():
        raise UnsendableError(call, reason="the name is empty")
    url = values.get("error_webhook_url")
    if values.get("is_error_webhook_enabled") and not str(url or "").strip():
        raise UnsendableError(call, reason="an error webhook needs its URL in the same call")
    for name in ("id", "parent_id"):
        if name in values:
            sendable_account_id(call, values[name])
    if "next_bill_at" in values:
        values = {**values, "next_bill_at": _written(call, values["next_bill_at"])}
    return {_NAMES[name]: value for name, value in values.items()}


def _written(call: str, moment: datetime) -> str:
    try:
        return moment_text(moment)
    except ValueError as error:
        words = str(error)
    raise UnsendableError(call, reason=words)
