"""Whose a submission is: the id that a form carries counts only together with who sent it for what.

A form has a new id each time it is drawn, so that the same form sent twice is one act. The id
comes from the browser, though: alone it would lead whoever knows it to somebody else's work.
What is stored is made of the id and of its owner, so a used one of anybody else's is never met.
"""

from __future__ import annotations

import json
import uuid
from typing import Any

from django import forms
from django.http import QueryDict

from dashboard.audit.models import Actor
from dashboard.consoles.models import Console
from dashboard.mirror.models import Account


class SubmissionField(forms.UUIDField):
    """The hidden id that a form has anew each time it is drawn.

    Without it a form does not count: it is drawn again, with an id.
    """

    def __init__(self) -> None:
        super().__init__(
            widget=forms.HiddenInput,
            initial=uuid.uuid4,
            error_messages={
                "required": "Nothing was sent yet: the session had ended. Check what you entered, "
                "and press the button again."
            },
        )

    def bound_data(self, data: Any, initial: Any) -> Any:
        """What was sent if it is an id, else a new one."""
        try:
            return str(uuid.UUID(str(data)))
        except ValueError:
            return str(uuid.uuid4())


def draw_anew(form: forms.BaseForm, **values: str) -> None:
    """A form that is shown again is a new submission; `values`: what else it is drawn for now."""
    assert isinstance(form.data, QueryDict)
    data = form.data.copy()
    data["submission"] = str(uuid.uuid4())
    for name, value in values.items():
        data[name] = value
    form.data = data


def own_submission(
    sent: uuid.UUID, actor: Actor, kind: str, console: Console, account: Account | None = None
) -> uuid.UUID:
    """The id to store for a form's `sent` one; the same only for the same owner.

    The owner is a person (or a link, or the dashboard itself), what they ask for, and where.
    """
    who = actor.user.pk if actor.user is not None else actor.link_id
    owner = [str(actor.kind), who, kind, console.pk, account and account.pk]
    return uuid.uuid5(sent, json.dumps(owner))
