"""The form of an account that is there: only what was changed is sent."""

from __future__ import annotations

import json
import re
from typing import Any

from django.core.exceptions import ValidationError

from dashboard.accounts.forms.base import ENABLED, HOURS, JSON, URL, WARNINGS, AccountForm
from dashboard.common.pasted import clean_pasted
from dashboard.mirror.keys import key_of
from dashboard.mirror.models import Account

TEXTS = ("name", "description", "timezone", "audit_info", "task_audit_info")


def before_of(account: Account) -> JSON:
    """What the mirror has of it, by field."""
    columns = {name: getattr(account, name) for name in ("name", "description", "timezone")}
    return {**account.attributes, **columns}


class EditForm(AccountForm):
    """Change some of an account."""

    def __init__(self, account: Account, data: Any = None) -> None:
        before = before_of(account)
        seen = key_of(json.dumps(before, sort_keys=True, default=str))
        super().__init__(data, before=before, seen=seen)

    def clean(self) -> JSON:
        """Something must have changed."""
        super().clean()
        if not self.errors and not self.given():
            raise ValidationError("Nothing was changed, so there is nothing to save.")
        return self.cleaned_data

    def given(self) -> JSON:
        """What differs from what the form was drawn with. To enable the webhook, or to give it
        another address, is to say both; the worker adds the stored address to the former."""
        values = self.cleaned_data
        given = {
            name: values.get(name) or ""
            for name in TEXTS
            if (values.get(name) or "") != self._drawn(name)
        }
        given |= {
            name: values.get(name) for name in HOURS if values.get(name) != self.before.get(name)
        }
        return given | self._webhook()

    def _webhook(self) -> JSON:
        values, given = self.cleaned_data, {}
        is_on = bool(values.get(ENABLED))
        if values.get(URL):
            given[URL] = values[URL]
        if is_on != bool(self.before.get(ENABLED)) or (is_on and URL in given):
            given[ENABLED] = is_on
        if bool(values.get(WARNINGS)) != bool(self.before.get(WARNINGS)):
            given[WARNINGS] = bool(values.get(WARNINGS))
        return given

    def _drawn(self, name: str) -> str:
        """As an untouched field comes back: browsers and pasted marks lose something."""
        text = str(self.before.get(name) or "")
        return clean_pasted(text if name == "description" else re.sub(r"[\r\n]", "", text))

    def values(self) -> JSON:
        """The worker's input."""
        return {"fields": self.given()}
