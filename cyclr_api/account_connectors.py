"""Connectors installed in an account: installing, changing, authenticating, using them."""

from collections.abc import Iterable, Mapping
from typing import Any, TypedDict, Unpack

from .answers import RawAnswer
from .auth_values import secrets_in
from .calls import Calls, Pages, given
from .decoding import Record, as_text, decode_one, decode_some
from .errors import UnsendableError
from .library import is_like_an_id, named_path
from .models import AccountConnector, Choice, CustomField, Property, PropertyValue
from .secret import texts_in
from .transport import Effect


class InstallOptions(TypedDict, total=False):
    """What may be told about a connector when it is installed; all of it can be left out [t]."""

    description: str | None
    authentication_id: str | None
    """Which of several methods [t]."""
    auth_value: str | None
    """An API key as it is; for the others see `auth_values` [D]."""
    properties: Iterable[Property]
    is_native: bool
    """The partner's own product [S]."""


class AccountConnectors(Pages[AccountConnector]):
    """The connectors installed in one account."""

    def __init__(self, calls: Calls) -> None:
        super().__init__(
            calls,
            "/account/connectors",
            decode=AccountConnector.from_json,
            key=lambda found: found.id,
        )

    def install(
        self, connector_id: int, *, name: str, **options: Unpack[InstallOptions]
    ) -> AccountConnector:
        """Install the release `connector_id` of a connector into this account.

        Not idempotent: another name installs a second one; a name in use is refused, with
        NameInUseError [C]. RefusedError for properties that are unknown or no account
        property, and for drafts [T]. OutcomeUnknownError if no readable answer came: look
        before asking again. UnsendableError for an empty name, which is needed to recognise
        what was installed.
        """
        return self._install("/connectors/{id}/install", int(connector_id), name=name, **options)

    def install_named(
        self,
        connector: str,
        *,
        version: str | None = None,
        name: str,
        **options: Unpack[InstallOptions],
    ) -> AccountConnector:
        """As `install`, but the latest release of the connector of this name [T] and version [S].

        UnsendableError for a connector whose name is digits alone: Cyclr would take it for
        an id [T], so look it up, with `library.named`, and install it by id.
        """
        template, *values = named_path(connector, version, "/install")
        if version is None and is_like_an_id(connector):
            reason = "a name of digits would be taken for an id: install by id"
            raise UnsendableError(f"POST {template}", reason=reason)
        return self._install(template, *values, name=name, **options)

    def _install(
        self,
        template: str,
        *values: object,
        name: str,
        description: str | None = None,
        authentication_id: str | None = None,
        auth_value: str | None = None,
        properties: Iterable[Property] = (),
        is_native: bool = False,
    ) -> AccountConnector:
        if not name.strip():
            raise UnsendableError(f"POST {template}", reason="the name is empty")
        wanted = list(properties)
        return self.calls.answer(
            "POST",
            template,
            *values,
            decode=_installed,
            effect=Effect.WRITE,
            body=given(
                Name=name,
                Description=description,
                AuthenticationId=authentication_id,
                AuthValue=auth_value,
                Properties=[value.to_json() for value in wanted] or None,
                IsPartnerIntegrationConnector=is_native or None,
            ),
            concealed=secrets_in(wanted, auth_value),
        )


class AccountConnectorApi:
    """One installed connector."""

    def __init__(self, calls: Calls, account_connector_id: int) -> None:
        self._calls = calls
        self.id = int(account_connector_id)

    def get(self) -> AccountConnector:
        """The installed connector as it is now. NotFoundError if it is gone [T]."""
        return self._calls.answer("GET", "/account/connectors/{id}", self.id, decode=_installed)

    def shown_credential(self, candidates: Iterable[str]) -> str | None:
        """Which of these texts Cyclr shows as its `AuthValue` [D]; None: none of them.

        What it shows is compared and kept nowhere. It may be a mask [?].
        """
        known = [text for text in candidates if text]
        return self._calls.answer(
            "GET",
            "/account/connectors/{id}",
            self.id,
            decode=lambda value: _auth_value_among(value, known),
        )

    def update(
        self,
        *,
        name: str | None = None,
        description: str | None = None,
        auth_value: str | None = None,
        properties: Iterable[Property] = (),
        is_native: bool | None = None,
    ) -> AccountConnector:
        """Change description [T], name [?], credentials [D], properties [C], native mark [?].

        None leaves a field as it is, and "" empties the description. Show what comes back,
        not what was sent. Setting `auth_value` makes it authenticated, right or wrong [D].
        Properties that are not named are kept or lost, that is unknown [?]: read what comes
        back, or change them one by one with `properties`.
        """
        template = "/account/connectors/{id}"
        wanted = list(properties)
        body = given(
            Name=name,
            Description=description,
            AuthValue=auth_value,
            Properties=[{"Name": value.name, "Value": value.value} for value in wanted] or None,
            IsPartnerIntegrationConnector=is_native,
        )
        if not body:
            raise UnsendableError(f"PUT {template}", reason="there is nothing to change")
        return self._calls.answer(
            "PUT",
            template,
            self.id,
            decode=_installed,
            effect=Effect.WRITE,
            body=body,
            concealed=secrets_in(wanted, auth_value),
        )

    def deauthenticate(self) -> str | None:
        """Take its credentials away [T]; Cyclr's words about it, if it said any.

        Cycles that use it stop, and webhooks at the third party are removed [D].
        """
        return self._calls.answer(
            "PUT",
            "/account/connectors/{id}/deauthenticate",
            self.id,
            decode=_message,
            effect=Effect.WRITE,
            body={},
            may_be_empty=True,
        )

    def delete(self) -> None:
        """Remove it from the account [T]. What becomes of cycles that use it is unknown [?]."""
        self._calls.act("DELETE", "/account/connectors/{id}", self.id)

    @property
    def properties(self) -> "Properties":
        return Properties(self._calls, self.id)

    @property
    def fields(self) -> "CustomFields":
        return CustomFields(self._calls, self.id)

    def run_trigger(self, trigger_id: int) -> list[Choice]:
        """The choices that a trigger of its connector looks up at the third party [T].

        It must be authenticated [D]. NotFoundError for a trigger that is not its own [T].
        """
        return self._calls.answer(
            "POST",
            "/account/connectors/{id}/triggers/{trigger}",
            self.id,
            int(trigger_id),
            decode=lambda value: decode_some(value, Choice.from_json),
            body={},
            through=self.id,
        )

    def call(
        self,
        method: int | str,
        *,
        parameters: Mapping[int, object] | None = None,
        fields: Mapping[int, object] | None = None,
        merge_fields: Mapping[str, object] | None = None,
        is_read: bool = False,
    ) -> Any:
        """The third party's answer to a method, as JSON that Cyclr may have reshaped [T][D].

        `method`: the id, or the unique id, a GUID, which means the method of the connector's
        latest release. `parameters` and `fields`: values by the numeric ids of that release.
        `is_read`: only for a method that changes nothing at the third party, which Cyclr does
        not tell: the call is repeated by itself then; without it a lost answer is an
        OutcomeUnknownError.

        NotFoundError for an unknown method, RefusedError for a malformed GUID or a parameter
        of another method [T]. AddressRefusedError unless Cyclr knows our IP address or the
        connector is native [D]. Whether an error of the third party comes with its own status
        is unknown [?]: any of these, and AccountRefusedError, may be about the third party.
        """
        return self._use(
            "/account/connectors/{id}/methods/{method}",
            method,
            body=_values(parameters, fields, merge_fields),
            is_read=is_read,
        )

    def call_with_body(self, method: int | str, text: str, *, is_read: bool = False) -> Any:
        """As `call`, with the third party's own request body, JSON or XML, as a text [D]."""
        template = "/account/connectors/{id}/methods/{method}/body"
        return self._use(template, method, body=text, is_read=is_read)

    def call_raw(
        self,
        method: int | str,
        *,
        parameters: Mapping[int, object] | None = None,
        fields: Mapping[int, object] | None = None,
        is_read: bool = False,
    ) -> RawAnswer:
        """As `call`, with the answer byte for byte: it may be anything, or nothing.

        An error has it as its `answer`. A writing method whose answer breaks off after its
        status was done: that answer is not whole.
        """
        template = "/account/connectors/{id}/methods/{method}"
        return self._raw(template, method, _values(parameters, fields, None), is_read=is_read)

    def call_raw_with_body(
        self, method: int | str, text: str, *, is_read: bool = False
    ) -> RawAnswer:
        """As `call_with_body`, with the answer as `call_raw` gives it."""
        template = "/account/connectors/{id}/methods/{method}/body"
        return self._raw(template, method, text, is_read=is_read)

    def _raw(self, template: str, method: int | str, body: object, *, is_read: bool) -> RawAnswer:
        return self._calls.raw_answer(
            "POST",
            template,
            self.id,
            method,
            effect=Effect.READ if is_read else Effect.WRITE,
            body=body,
            concealed=texts_in(body),
            through=self.id,
        )

    def test(
        self,
        method: int | str,
        *,
        parameters: Mapping[int, object] | None = None,
        fields: Mapping[int, object] | None = None,
        merge_fields: Mapping[str, object] | None = None,
        is_read: bool = False,
    ) -> Any:
        """Try a method, as `call` does [T][D]. What the answer holds is unknown [?]."""
        return self._use(
            "/account/connectors/{id}/test/{method}",
            method,
            body=_values(parameters, fields, merge_fields),
            is_read=is_read,
        )

    def _use(self, template: str, method: int | str, *, body: object, is_read: bool) -> Any:
        return self._calls.answer(
            "POST",
            template,
            self.id,
            method,
            decode=lambda value: value,
            effect=Effect.READ if is_read else Effect.WRITE,
            body=body,
            concealed=texts_in(body),
            may_be_empty=True,
            through=self.id,
        )


class Properties:
    """The properties of one installed connector, one by one [T]."""

    def __init__(self, calls: Calls, account_connector_id: int) -> None:
        self._calls = calls
        self._id = account_connector_id

    def all(self) -> list[PropertyValue]:
        """Every property. Values are in clear, secret ones too [C]."""
        return self._calls.elements(
            "/account/connectors/{id}/properties", self._id, decode=PropertyValue.from_json
        )

    def get(self, property_id: int) -> PropertyValue:
        """One property. NotFoundError if it is gone [T]."""
        return self._calls.answer(
            "GET",
            "/account/connectors/{id}/properties/{property}",
            self._id,
            int(property_id),
            decode=_property,
        )

    def add(self, name: str, value: str) -> PropertyValue:
        """Add a property [T]. Other than on install its name may be one that no parameter has [T].

        Not idempotent; what a second one of the same name does is unknown [?].
        """
        return self._calls.answer(
            "POST",
            "/account/connectors/{id}/properties",
            self._id,
            decode=_property,
            effect=Effect.WRITE,
            body=Property(name, value).to_json(),
            concealed=[value],
        )

    def change(self, property_id: int, *, name: str, value: str) -> PropertyValue:
        """Change a property [T]. Whether Cyclr keeps a part that is left out is unknown [?]."""
        return self._calls.answer(
            "PUT",
            "/account/connectors/{id}/properties/{property}",
            self._id,
            int(property_id),
            decode=_property,
            effect=Effect.WRITE,
            body=Property(name, value).to_json(),
            concealed=[value],
        )

    def delete(self, property_id: int) -> None:
        """Remove a property [T]."""
        self._calls.act(
            "DELETE",
            "/account/connectors/{id}/properties/{property}",
            self._id,
            int(property_id),
        )


class CustomFields:
    """The custom fields of one installed connector [T]."""

    def __init__(self, calls: Calls, account_connector_id: int) -> None:
        self._calls = calls
        self._id = account_connector_id

    def all(self) -> list[CustomField]:
        """Every custom field."""
        return self._calls.elements(
            "/account/connectors/{id}/fields", self._id, decode=CustomField.from_json
        )

    def get(self, field_id: int) -> CustomField:
        """One custom field. NotFoundError if it is gone [T]."""
        return self._calls.answer(
            "GET",
            "/account/connectors/{id}/fields/{field}",
            self._id,
            int(field_id),
            decode=_custom_field,
        )

    def add(self, field: CustomField) -> CustomField:
        """Add a custom field [T]; the one that comes back has an id. Not idempotent."""
        return self._calls.answer(
            "POST",
            "/account/connectors/{id}/fields",
            self._id,
            decode=_custom_field,
            effect=Effect.WRITE,
            body=field.to_json(),
        )

    def change(self, field_id: int, field: CustomField) -> CustomField:
        """Make a custom field be like `field` [T], whose id does not matter.

        What is None is not sent; whether Cyclr keeps or clears that is unknown [?].
        """
        return self._calls.answer(
            "PUT",
            "/account/connectors/{id}/fields/{field}",
            self._id,
            int(field_id),
            decode=_custom_field,
            effect=Effect.WRITE,
            body=field.to_json(),
        )

    def delete(self, field_id: int) -> None:
        """Remove a custom field [T]."""
        self._calls.act(
            "DELETE", "/account/connectors/{id}/fields/{field}", self._id, int(field_id)
        )


def _installed(value: object) -> AccountConnector:
    return decode_one(value, AccountConnector.from_json)


def _auth_value_among(value: object, known: list[str]) -> str | None:
    shown = Record(value, "account connector").text("AuthValue")
    return shown if shown in known else None


def _property(value: object) -> PropertyValue:
    return decode_one(value, PropertyValue.from_json)


def _custom_field(value: object) -> CustomField:
    return decode_one(value, CustomField.from_json)


def _message(value: object) -> str | None:
    """The words of an answer that is `{"Message": …}` [T], or a bare text."""
    return Record(value, "message").text("Message") if isinstance(value, dict) else as_text(value)


def _values(
    parameters: Mapping[int, object] | None,
    fields: Mapping[int, object] | None,
    merge_fields: Mapping[str, object] | None,
) -> dict[str, dict[str, object]]:
    """The body of a method call; what is empty is left out."""
    values: dict[str, Mapping[Any, object] | None] = {
        "Parameters": parameters,
        "Fields": fields,
        "Mergefields": merge_fields,
    }
    return {
        name: {str(key): value for key, value in given_values.items()}
        for name, given_values in values.items()
        if given_values
    }
