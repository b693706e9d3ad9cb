"""What an install asks, and what comes of the answers."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import ErrorDict, ErrorList
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from cyclr_api import AuthMethod
from dashboard.common.searching import normalize_for_search
from dashboard.common.untrusted_text import storable
from dashboard.installs import credentials
from dashboard.installs.fields import UntrustedText, field_among, looks_secret, recipient_fields
from dashboard.installs.form.layout import layout_of, now_called
from dashboard.installs.form.methods import method_field
from dashboard.installs.form.names import LONGEST_NAME, free_name
from dashboard.installs.form.release import asked_by, release_field, release_label
from dashboard.installs.form.sections import Sections
from dashboard.installs.naming import By
from dashboard.mirror.catalogue import TRIED_BY_CYCLR, AuthType, auth_type_of, label_of
from dashboard.mirror.models import Account, CatalogueConnector
from dashboard.operations.submissions import SubmissionField


class InstallForm(Sections):
    """What an install asks: our own fields, the method's fields, one field for each Parameter.

    Names from outside never become ours: a Parameter's field is named by its position, and the
    form carries the release it was made from.
    """

    never_shown: ClassVar[frozenset[str]] = frozenset()
    """Fields that are about more than one account's install."""
    takes_recipient: ClassVar[bool] = True
    """Whether the link that follows is for one customer, who can be named."""
    stays_in_browser: ClassVar[str] = ""
    """Inputs, with commas, that the page keeps by itself when another method redraws the form."""

    submission = SubmissionField()
    release = forms.IntegerField(widget=forms.HiddenInput)
    layout = forms.CharField(widget=forms.HiddenInput, required=False)
    """Which settings stand where: another release may have others in their places."""

    def __init__(
        self,
        connector: CatalogueConnector,
        account: Account | None,
        data: Any = None,
        *,
        method: str = "",
        taken: set[str] | None = None,
        asks_another: str = "",
        ways: Sequence[By] = (By.ID,),
    ) -> None:
        """`asks_another`: words about an install of a moment ago, which must be meant to double.

        `ways`: by what Cyclr may be asked for it (`naming.ways_of`).
        """
        self.connector, self.account = connector, account
        self.taken = taken or set()
        self.asks_another = bool(asks_another)
        self.methods = connector.methods
        self.method = self._chosen(method)
        self.auth_type = auth_type_of(self.method) if self.method else AuthType.NOTHING
        self.parameters = connector.asked_parameters
        blanks: dict[str, Any] = {
            "submission": uuid.uuid4(),
            "release": connector.release_id,
            "layout": self.layout_now,
            "name": free_name(connector.name[:LONGEST_NAME], self.taken),
            "method": self.method_key,
            "wants_link": True,
        }
        super().__init__(data, initial=blanks, prefix=None)
        self.fields["name"] = UntrustedText(label="Name", max_length=LONGEST_NAME, strip=True)
        self.fields["description"] = UntrustedText(
            label="Description", max_length=2000, strip=True, required=False
        )
        if len(self.methods) > 1:
            self.fields["method"] = method_field(self.methods)
        self._add_authentication()
        if self.takes_recipient and (self.offers_customer or self.asks_for_link):
            self.fields |= recipient_fields()
        for position, parameter in enumerate(self.parameters):
            field = field_among(parameter, self.parameters)
            self.fields[f"parameter-{position}"] = field
        if self.offers_customer and self._is_ticked("by_customer"):
            self._leave_to_customer()
        if asks_another:
            self.fields["another"] = forms.BooleanField(
                label=f"Install another {connector.name}",
                help_text=asks_another,
                error_messages={"required": "Tick this only if the account needs two of them."},
            )
        if len(ways) > 1:
            self.fields["installs_by"] = release_field(connector, ways)
            self.initial["installs_by"] = By.ID
        self.fields["is_native"] = forms.BooleanField(
            label="This is our own product’s connector",
            help_text="Cyclr then treats it as the partner’s integration connector.",
            required=False,
        )

    def keep(self, posted: QueryDict) -> None:
        """Take over what was typed into an earlier drawing, less secrets; nothing is checked."""
        asked_before = "had_link" in posted
        then = {now: then for then, now in self.now_called(posted.get("layout", "")).items()}
        for name, field in self.fields.items():
            if name in {"submission", "release", "layout"}:
                continue
            if name.startswith("parameter-") and name not in then:
                continue
            is_check = isinstance(field, forms.BooleanField)
            if is_check and name == "wants_link" and not asked_before:
                continue  # it was not on the form that came: ticked, as on a new one
            source = then.get(name, name)
            if is_check or any(key == source or key.startswith(f"{source}_") for key in posted):
                self.initial[name] = field.widget.value_from_datadict(
                    posted, MultiValueDict(), source
                )
        self.initial["method"] = self.method_key

    @property
    def layout_now(self) -> str:
        """A short digest for each setting, by what Cyclr calls it and whether it is a secret."""
        return layout_of(self.parameters)

    def now_called(self, layout: str) -> dict[str, str]:
        """The settings of a form with this layout: what they were called to what they are here."""
        return now_called(self.layout_now, layout)

    def moved(self, values: dict[str, Any], layout: str) -> dict[str, Any]:
        """Entries of a form with this layout, under the names that their fields have here."""
        names = self.now_called(layout)
        return {
            names.get(name, name): value
            for name, value in values.items()
            if name in names or (name in self.fields and not name.startswith("parameter-"))
        }

    def _chosen(self, method: str) -> AuthMethod | None:
        for place, candidate in enumerate(self.methods):
            if method and method in {candidate.id, str(place)}:
                return candidate
        return self.methods[0] if self.methods else None

    @property
    def method_key(self) -> str:
        """The chosen method's value in the form."""
        if self.method is None:
            return ""
        return self.method.id or str(self.methods.index(self.method))

    def _add_authentication(self) -> None:
        method, auth_type = self.method, self.auth_type
        if (
            auth_type not in {AuthType.SIGN_IN, AuthType.NOTHING, AuthType.UNKNOWN}
            or self.parameters
        ):
            self.fields["by_customer"] = forms.BooleanField(
                label="Let the customer fill this in",
                help_text="Leave empty what you do not have. The customer types it on a "
                "connection link, which is created right after; you never see it.",
                required=False,
            )
        goes = "Sent to Cyclr once and never shown again."
        self.fields |= credentials.credential_fields(method, auth_type, goes=goes)
        scheme = ((method.scheme if method else "") or "").strip()
        if auth_type == AuthType.API_KEY and scheme and scheme.casefold() != "null":
            self.fields["auth-key"].label = f"API key ({scheme})"
        if auth_type in {AuthType.SIGN_IN, AuthType.PASSWORD}:
            self.fields["wants_link"] = forms.BooleanField(
                label="Create a connection link now",
                help_text="You get an address for the customer as soon as it is installed.",
                required=False,
            )
        if auth_type in {AuthType.SIGN_IN, AuthType.PASSWORD, AuthType.CLIENT}:
            whose = "Leave empty if your console has its own app."
            self.fields |= credentials.own_app_fields(self.parameters, whose=whose)
        if auth_type == AuthType.SIGN_IN:
            self.fields |= credentials.token_fields()

    def _is_ticked(self, name: str) -> bool:
        widget = self.fields[name].widget
        return self.is_bound and bool(widget.value_from_datadict(self.data, MultiValueDict(), name))

    def _leave_to_customer(self) -> None:
        """Credentials and settings may stay empty: the customer types them."""
        for name, field in self.fields.items():
            if name.startswith(("auth-", "parameter-")):
                field.required = False

    def link_for(self) -> dict[str, str]:
        """The recipient's columns of the link that follows; without them it is for nobody."""
        names = [bound.name for bound in self.recipient]
        return {name: self.cleaned_data[name] for name in names if self.cleaned_data[name]}

    def is_secret(self, name: str) -> bool:
        """Whether what is typed into a field is a credential or looks like a secret."""
        if name.startswith("parameter-"):
            return looks_secret(self.parameters[int(name.removeprefix("parameter-"))])
        return name.startswith("auth-")

    def hides(self, name: str) -> bool:
        """Whether not even colleagues may see what was entered.

        They see user names, but not one without a password: services that want none take their
        key as the user's name.
        """
        is_named = name == "auth-user" and bool(self.cleaned_data.get("auth-password"))
        return self.is_secret(name) and not is_named

    @property
    def secret_names(self) -> str:
        """The names of the inputs that nothing but the install itself may get, with commas."""
        names = [name for name in self.fields if self.is_secret(name)]
        return ",".join([*names, *(f"{name}_other" for name in names)])

    # ---- cleaning ----

    def clean_name(self) -> str:
        """A name that the account does not have; Cyclr would refuse another of the same."""
        name: str = self.cleaned_data["name"]
        if normalize_for_search(name) in {normalize_for_search(other) for other in self.taken}:
            free = free_name(name, self.taken)
            raise ValidationError(
                f"This account already has a connector with that name. “{free}” is free."
            )
        return name

    def clean(self) -> dict[str, Any]:
        """What no field can tell by itself."""
        super().clean()
        self.check_halves()
        return self.cleaned_data

    def check_halves(self) -> None:
        """Halves of things: one of client id and secret, a refresh token without the access one."""
        for name, message in credentials.pairing_errors(self.cleaned_data, self.fields).items():
            if name not in self.errors:
                self.add_error(name, message)

    # ---- what comes of it ----

    def auth_value(self) -> str | None:
        """`AuthValue` as Cyclr wants it for the chosen method; None = authenticated later."""
        if self.auth_type in TRIED_BY_CYCLR and self.cleaned_data.get("by_customer") and self.lacks:
            return None  # Cyclr would sign in at once, with what is not there yet
        return credentials.auth_value(self.auth_type, self.cleaned_data)

    @property
    def lacks(self) -> bool:
        """Whether something is left for the customer to type: a required setting, or all of it."""
        values = self.cleaned_data
        needed = [
            f"parameter-{place}"
            for place, parameter in enumerate(self.parameters)
            if not parameter.is_optional
        ]
        is_missing = any(values.get(name) in (None, "") for name in needed)
        return is_missing or (self.auth_type in TRIED_BY_CYCLR and not self.properties())

    def properties(self) -> list[dict[str, Any]]:
        """The cleaned values as Cyclr's install call wants them: text, and nothing for nothing."""
        named = [(f"parameter-{place}", one) for place, one in enumerate(self.parameters)]
        return credentials.properties(named, self.cleaned_data)

    def install_values(self) -> dict[str, Any]:
        """Everything the worker needs; to be encrypted."""
        values = self.cleaned_data
        return {
            "release_id": values["release"],
            "name": values["name"],
            "description": values["description"],
            "authentication_id": self.method.id if self.method else None,
            "auth_value": self.auth_value(),
            "properties": self.properties(),
            "is_native": values["is_native"],
            **asked_by(self.connector, values.get("installs_by") or By.ID),
        }

    def wants_link(self) -> bool:
        """Whether a connection link is to be made after the install."""
        # What a user name and password are good for is known afterwards: what Cyclr calls
        # authenticated by then gets no link.
        values = self.cleaned_data
        is_open = self.auth_value() is None or self.auth_type == AuthType.PASSWORD
        if values.get("by_customer"):
            takes_none = self.auth_type in {AuthType.NOTHING, AuthType.UNKNOWN}
            return self.lacks or (is_open and not takes_none)
        return bool(values.get("wants_link")) and is_open

    def display_input(self) -> dict[str, Any]:
        """What was entered, for people: secrets masked. `initial` fills the form again."""
        values = self.cleaned_data
        entries, initial = [], {}
        for bound in self.visible_fields():
            name = bound.name
            if name in self.never_shown:
                continue
            value = values.get(name)
            if self.hides(name):
                entries.append([str(bound.label), "set" if value else "not set"])
                continue
            shown = ("Yes" if value else "No") if isinstance(value, bool) else str(value or "")
            if name == "method" and self.method:
                shown = self.method.name or label_of(self.method)
            if name == "installs_by":
                shown = release_label(self.connector, value or By.ID)
            entries.append([str(bound.label), shown])
            initial[name] = value
        result: dict[str, Any] = storable(
            {
                "entries": entries,
                "initial": initial,
                "method": self.method_key,
                "layout": self.layout_now,
                "release": values.get("release"),
                "authentication_id": (self.method.id if self.method else None) or "",
            }
        )
        return result

    def show_error(self, about: str, message: str) -> None:
        """Show an earlier refusal at the field it was about (`name`, or `property:<target>`)."""
        name = about if about in self.fields else self.field_named(about.removeprefix("property:"))
        if name and not self.is_bound:
            self._errors = ErrorDict({name: ErrorList([message])})

    def field_named(self, target: str) -> str:
        """The form field that a Cyclr property name is about, or empty."""
        for position, parameter in enumerate(self.parameters):
            if parameter.target_name == target:
                return f"parameter-{position}"
        name = f"auth-{target}"
        return name if name in self.fields else ""
