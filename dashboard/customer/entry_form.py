"""The customer's form for one app: made at run time, written to and never read back."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _

from cyclr_api import Parameter
from dashboard.common.untrusted_text import display_text, storable
from dashboard.installs import credentials
from dashboard.installs.fields import field_among, looks_secret
from dashboard.links.models import Link, LinkItem
from dashboard.links.requirements import TYPED, Requirements
from dashboard.mirror.catalogue import TRIED_BY_CYCLR, AuthType
from dashboard.operations.models import Operation, Reason, State


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why the customer sees the form again. `said`: the answer of Cyclr, text from outside.

    `field`: the form's field that it is about, empty for none.
    """

    heading: str
    message: str
    said: str = ""
    field: str = ""


class EntryForm(forms.Form):
    """What one app needs from the customer: credentials, settings, and in a fold what may stay.

    Names from outside never become ours: a setting's field is named by a digest that is made of
    what Cyclr calls it and of whether it is a secret. So what was typed for a secret never turns
    up in a field that shows it, whatever was released or filled in meanwhile.
    """

    submission = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, requirements: Requirements, data: QueryDict | None = None) -> None:
        super().__init__(data, initial={"submission": uuid.uuid4()})
        self.requirements = requirements
        self.settings: dict[str, Parameter] = {}
        self._hints: set[str] = set()
        # Where a secret goes and who sees it stands once, above all fields.
        self.fields |= credentials.credential_fields(
            requirements.method, requirements.auth_type, goes=""
        )
        asked = requirements.library.asked_parameters if requirements.library else []
        for parameter in requirements.missing:
            self._add(parameter, asked)
        for parameter in requirements.optional:
            self._add(parameter, asked, is_optional=True)
        if requirements.auth_type == AuthType.CLIENT:
            whose = _("Leave this empty unless somebody told you to enter it.")
            known = {name.casefold() for name in requirements.filled}
            own = credentials.own_app_fields(asked, whose=whose)
            for name, field in own.items():
                if name.removeprefix("auth-").casefold() in known:
                    field.help_text = self._kept
            self.fields |= own

    def _add(
        self, parameter: Parameter, asked: list[Parameter], *, is_optional: bool = False
    ) -> None:
        field = field_among(parameter, asked)
        if is_optional:
            field.required, field.initial = False, None
        if parameter.target_name in self.requirements.filled:
            field.help_text = f"{field.help_text} {self._kept}".strip()
        told = f"{parameter.target_name}\0{looks_secret(parameter)}"
        name = hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:12]
        while f"setting-{name}" in self.fields:  # two settings may go by one name
            name += "-2"
        self.fields[f"setting-{name}"] = field
        self.settings[f"setting-{name}"] = parameter

    @property
    def _kept(self) -> str:
        return _("There is already a value. Leave this empty to keep it.")

    # ---- sections, for the template ----

    @property
    def asked(self) -> list[forms.BoundField]:
        """What has to be typed."""
        optional = {bound.name for bound in self.more}
        return [bound for bound in self.visible_fields() if bound.name not in optional]

    @property
    def more(self) -> list[forms.BoundField]:
        """What may be typed as well."""
        optional = {id(parameter) for parameter in self.requirements.optional}
        return [
            bound
            for bound in self.visible_fields()
            if id(self.settings.get(bound.name)) in optional
            or bound.name in {"auth-ClientId", "auth-ClientSecret"}
        ]

    @property
    def opens_more(self) -> bool:
        """Whether the fold is open: an error is in it, or there is nothing but it."""
        return not self.asked or any(bound.errors for bound in self.more)

    # ---- cleaning ----

    def clean(self) -> dict[str, Any]:
        """What no field can tell by itself."""
        super().clean()
        for name, message in credentials.pairing_errors(self.cleaned_data, self.fields).items():
            if name not in self.errors:
                self.add_error(name, message)
        if self.requirements.signs_in and not self.errors and not self.properties():
            raise ValidationError(_("Nothing was entered. Enter what has changed, or go back."))
        return self.cleaned_data

    def full_clean(self) -> None:
        """Also: a user name without a password may be a key, so it is not shown again either."""
        super().full_clean()
        name = "auth-user"
        is_key = bool(self.data.get(name)) and not self.data.get("auth-password")
        if self.errors and name in self.fields and is_key:
            if name not in self.errors:
                self.add_error(name, _("Type it again. What you typed before was not kept."))
            data = QueryDict(mutable=True)
            data.update(self.data)
            data[name] = ""
            self.data = data

    def renew_submission(self) -> None:
        """A form that is shown again is a new submission."""
        data = QueryDict(mutable=True)
        data.update(self.data)
        data["submission"] = str(uuid.uuid4())
        self.data = data

    # ---- what comes of it ----

    def properties(self) -> list[dict[str, Any]]:
        """The settings that were typed, as Cyclr wants them."""
        return credentials.properties(self.settings.items(), self.cleaned_data)

    def values(self) -> dict[str, Any]:
        """Everything the worker needs; to be encrypted."""
        auth_type = self.requirements.auth_type
        value = (
            credentials.auth_value(auth_type, self.cleaned_data)
            if auth_type in TYPED | TRIED_BY_CYCLR
            else None
        )
        return {"way": auth_type, "auth_value": value, "properties": self.properties()}

    def shown(self) -> dict[str, Any]:
        """What staff see: which fields were filled in, and nothing of what was typed."""
        entries = [
            [str(bound.label), "set" if self.cleaned_data.get(bound.name) else "not set"]
            for bound in self.visible_fields()
        ]
        found: dict[str, Any] = storable({"entries": entries})
        return found

    def field_named(self, target: str) -> str:
        """The field that a name of Cyclr's is about, or empty."""
        for name, parameter in self.settings.items():
            if parameter.target_name == target:
                return name
        name = f"auth-{target}"
        return name if name in self.fields else ""

    @property
    def first_secret(self) -> str:
        """The field of the key or the password, or empty."""
        return next((name for name in ("auth-key", "auth-user") if name in self.fields), "")


def trouble_of(item: LinkItem, form: EntryForm) -> Trouble | None:
    """What came of the last entry, if it came to nothing, in the customer's words."""
    entry = item.entry
    if entry is None or not entry.is_finished or item.connected_at is not None:
        return None
    again = _("Type everything again: what you typed before was not kept.")
    app = display_text(item.account_connector)
    if entry.state == State.DONE:
        if form.requirements.missing:
            heading = _("Some details are still missing")
            return Trouble(heading, _("What is asked for here is not there yet."))
        if form.requirements.auth_type not in {AuthType.API_KEY, AuthType.BASIC}:
            return None
        heading = _("%(app)s is not connected yet") % {"app": app}
        message = _("What you entered was passed on, but it does not seem to work. Check it.")
        return Trouble(heading, f"{message} {again}", field=form.first_secret)
    if entry.state == State.FAILED and entry.reason == Reason.REFUSED:
        return _refused(entry, item.link, form, again)
    heading = _("What you entered could not be saved")
    message = _("This was not your fault.")
    return Trouble(heading, f"{message} {again}")


def _refused(entry: Operation, link: Link, form: EntryForm, again: str) -> Trouble:
    status, _space, said = entry.cyclr_message.partition(" ")
    if status not in {"400", "422"}:  # it is about the account or the console, not the entries
        partner = display_text(link.brand.name)
        message = _("This was not your fault: %(partner)s has to look at it.")
        return Trouble(_("What you entered could not be saved"), message % {"partner": partner})
    field = form.field_named(entry.error_field.removeprefix("property:"))
    heading = _("What you entered was not accepted")
    if field:
        label = display_text(form.fields[field].label)
        heading = _("“%(field)s” was not accepted") % {"field": label}
    return Trouble(heading, again, said, field)


def single_item_form(item: LinkItem, requirements: Requirements) -> dict[str, Any]:
    """The form of a link's only app, to be drawn on the link's own page if it is to be typed."""
    is_under_way = item.entry is not None and not item.entry.is_finished
    if item.connected_at is not None or is_under_way or not requirements.must_type:
        return {}
    form = EntryForm(requirements)
    return {
        "form": form,
        "item": item,
        "requirements": requirements,
        "trouble": trouble_of(item, form),
    }
