"""The form of a call: a field for each parameter and request field, by its name."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from cyclr_api import Parameter
from dashboard.common.confirming import ConfirmField, confirming_word
from dashboard.common.untrusted_text import storable
from dashboard.installs.fields import ChoiceOrAnother, field_for, looks_secret
from dashboard.installs.fields.text import UntrustedText
from dashboard.methods.calling import placed
from dashboard.methods.choices import Found, name_of
from dashboard.methods.inputs import PARAMETER, CallInput, Given, MethodInput, inputs_of
from dashboard.methods.models import Method
from dashboard.mirror.keys import key_of
from dashboard.operations.submissions import SubmissionField

BY_NAME, BY_BODY = "names", "body"
LONGEST_BODY = 1_000_000
DEEPEST = 6
"""Levels of a path that are drawn further to the right each."""
RELEASE_CHANGED = (
    "The methods were read again while the form was open, and what this one takes has changed. "
    "Check the values and call again."
)
ONE_A_LINE = "Several values: one a line."


def _parameter(one: MethodInput) -> Parameter:
    """The same as a connector's setting is described, whose fields are made for it."""
    return Parameter(
        id=one.id or 0,
        name=one.label,
        target_name=one.target,
        description=one.description or None,
        is_optional=not one.is_required,
        is_sensitive=one.is_sensitive,
        data_type=one.data_type or None,
        values=one.values,
        default=one.default or None,
    )


class Lines(UntrustedText):
    """Several values, one a line."""

    def __init__(self, item: forms.Field, **options: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": 2}), **options)
        self.item = item
        self.item.required = False

    def clean(self, value: Any) -> Any:
        """Each line as its type wants it; one line is one value."""
        text = super().clean(value)
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        values = [str(self.item.clean(line)) for line in lines]
        return values if len(values) > 1 else "".join(values)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the form: a field, or the name of a part of a path that stands above some."""

    depth: int
    heading: str = ""
    is_list: bool = False
    bound: forms.BoundField | None = None

    @property
    def indent(self) -> int:
        """How far to the right it is drawn."""
        return min(self.depth, DEEPEST)


class CallForm(forms.Form):
    """Values by name, or the third party's own body; a writing call is confirmed by typing."""

    submission = SubmissionField()
    layout = forms.CharField(widget=forms.HiddenInput, required=False)
    """A sign for which values stand where."""
    mode = forms.ChoiceField(
        choices=[(BY_NAME, "Values by name"), (BY_BODY, "The third party’s own body")],
        required=False,
        widget=forms.HiddenInput,
    )
    body = forms.CharField(
        required=False,
        strip=False,
        max_length=LONGEST_BODY,
        label="Body",
        help_text="JSON or XML, sent to the third party as it is.",
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false", "class": "mono"}),
    )

    def __init__(
        self,
        method: Method,
        data: Any = None,
        *,
        is_writing: bool,
        mode: str = BY_NAME,
        found: Found | None = None,
        filled: Sequence[Given] = (),
    ) -> None:
        """`found`: what was looked up for dynamic values; `filled`: what it begins with."""
        self.method, self.is_writing = method, is_writing
        self.inputs = inputs_of(method)
        self.layout_now = key_of(*(f"{one.group}:{one.id}:{one.target}" for one in self.inputs))
        initial = {"submission": uuid.uuid4(), "layout": self.layout_now, "mode": mode}
        super().__init__(data, initial=initial)
        self.is_by_body = (self.data.get("mode") if self.is_bound else mode) == BY_BODY
        self.word = confirming_word(method.name, "CALL")
        if self.is_by_body:
            self.fields["body"].required = True
        else:
            self._add_values(found, filled)
        if is_writing:  # the last, as on the page: errors are told in the order of the fields
            why = "confirm that this call may change something"
            self.fields["confirm"] = ConfirmField(self.word, why)

    def _add_values(self, found: Found | None, filled: Sequence[Given]) -> None:
        """A field for each value, filled with what it begins with."""
        for place, one in enumerate(self.inputs):
            name = f"value-{place}"
            listed = (found or {}).get(name_of(one), {}).get("choices") or []
            pairs = [(str(value), str(label)) for value, label in listed]
            self.fields[name] = self._choice(name, one, pairs) or _field(one, self.inputs)
        self._fill(filled)

    def _fill(self, filled: Sequence[Given]) -> None:
        """Begin with these values, each where its technical name stands now."""
        values = {(one.group, one.target, one.turn): one.value for one in filled}
        for place, (where, _) in enumerate(placed(self.inputs)):
            if where in values:
                value = values[where]
                lines = "\n".join(value) if isinstance(value, list) else value
                self.initial[f"value-{place}"] = lines

    def _choice(
        self, name: str, one: MethodInput, pairs: Sequence[tuple[str, str]]
    ) -> forms.Field | None:
        """A choice where there are choices; a form that was sent stays as it was drawn then."""
        if not pairs or (self.is_bound and f"{name}_other" not in self.data):
            return None
        return ChoiceOrAnother(
            values=tuple(value for value, _ in pairs),
            labels=dict(pairs),
            is_sensitive=looks_secret(_parameter(one)),
            label=one.label,
            help_text=one.description,
            required=one.is_required,
        )

    def clean_layout(self) -> str:
        """The values that the form was drawn with must be those of now."""
        layout = str(self.cleaned_data["layout"])
        if layout != self.layout_now and not self.is_by_body:
            raise ValidationError(RELEASE_CHANGED)
        return layout

    def clean_body(self) -> str:
        """What looks like JSON must be JSON; what no text can hold is refused."""
        body = str(self.cleaned_data["body"])
        if not self.is_by_body:
            return ""
        if storable(body) != body:
            raise ValidationError("This contains characters that cannot be sent.")
        if body.lstrip()[:1] in {"{", "["}:
            try:
                json.loads(body)
            except (ValueError, RecursionError) as error:
                line = getattr(error, "lineno", None)
                where = f" (line {line})" if line else ""
                raise ValidationError(f"This is not valid JSON{where}.") from None
        return body

    def sends(self) -> CallInput:
        """What is to be sent."""
        if self.is_by_body:
            return CallInput(body=self.cleaned_data["body"])
        return CallInput(tuple(self._given()))

    def _given(self) -> Iterator[Given]:
        for place, ((group, target, turn), one) in enumerate(placed(self.inputs)):
            value = self.cleaned_data.get(f"value-{place}")
            if value in (None, "", []):
                continue
            yield Given(
                group=group,
                id=one.id or 0,
                target=target,
                turn=turn,
                label=one.label,
                value=value if isinstance(value, list) else str(value),
                is_secret=looks_secret(_parameter(one)),
            )

    # ---- as it is drawn ----

    @property
    def parameters(self) -> list[forms.BoundField]:
        """The parameters' fields, in Cyclr's order."""
        return [bound for one, bound in self._bound() if one.group == PARAMETER]

    @property
    def rows(self) -> list[Row]:
        """The request fields as a tree: each part of a path once, above what stands in it."""
        return list(_rows([pair for pair in self._bound() if pair[0].group != PARAMETER]))

    def _bound(self) -> list[tuple[MethodInput, forms.BoundField]]:
        if self.is_by_body:
            return []
        return [(one, self[f"value-{place}"]) for place, one in enumerate(self.inputs)]


def _rows(pairs: Sequence[tuple[MethodInput, forms.BoundField]]) -> Iterator[Row]:
    """Those of one parent stand together, wherever Cyclr lists them."""
    places: dict[tuple[str, ...], int] = {}
    for one, _ in pairs:
        for depth in range(len(one.steps) + 1):
            places.setdefault(tuple(one.steps[:depth]), len(places))
    ordered = sorted(
        pairs,
        key=lambda pair: [
            places[tuple(pair[0].steps[:depth])] for depth in range(1, len(pair[0].steps) + 1)
        ],
    )
    above: list[str] = []
    for one, bound in ordered:
        parents = one.steps[:-1]
        same = 0
        while same < min(len(parents), len(above)) and parents[same] == above[same]:
            same += 1
        for depth in range(same, len(parents)):
            step = parents[depth]
            yield Row(depth, heading=step.strip("[]") or "list", is_list=step.startswith("["))
        above = parents
        yield Row(len(parents), bound=bound)


def _field(one: MethodInput, every: Sequence[MethodInput]) -> forms.Field:
    """As a connector's setting of its type is asked for; of twins each says its technical name."""
    field = field_for(_parameter(one))
    if one.is_many and not one.is_sensitive and not one.values:
        field = Lines(
            field,
            label=field.label,
            required=one.is_required,
            help_text=f"{one.description} {ONE_A_LINE}".strip(),
        )
    if one.default and not one.is_sensitive:
        field.help_text = f"{field.help_text} Default: {one.default[:200]}".strip()
    if sum(other.label == one.label for other in every) > 1:
        field.help_text = f"{field.help_text} Sent as “{one.target}”.".strip()
    return field
