"""A form's fields in templates, with label, help, errors and what stands beside them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms, template
from django.forms.boundfield import BoundField
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_noop, ngettext

from dashboard.common.templatetags.desk import pieces, untrusted
from dashboard.common.untrusted_text import is_blank

register = template.Library()


HELP_FOLDS_BEYOND = 160
"""Characters of help that stay unfolded."""

TYPE_AGAIN = gettext_noop("Type it again. What you typed before was not kept.")


@dataclass(frozen=True)
class Help:
    """Help in two parts: what is always there, and what unfolds."""

    first: SafeString | str
    more: SafeString | str = ""


@dataclass(frozen=True)
class Choice:
    """One radio button or checkbox of a group."""

    id: str
    widget: SafeString
    label: SafeString
    help: SafeString | str


@register.inclusion_tag("_field.html")
def field(bound: BoundField, **extra: object) -> dict[str, Any]:
    """`{% field form.name %}`: label, help, error, field, in this order, and no secret echoed.

    Named arguments become attributes of the field: `{% field form.rows class="short" %}`.
    """
    widget = bound.field.widget
    ident = bound.auto_id or bound.html_name
    context: dict[str, Any] = {"bound": bound, "id": ident, "is_hidden": widget.is_hidden}
    context["never_kept"] = bound.html_name if is_secret(bound) else ""
    if widget.is_hidden:
        return context
    is_check = isinstance(widget, forms.CheckboxInput)
    is_group = isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple)
    errors = errors_of(bound)
    help_ = _help(bound.help_text)
    is_alternative = getattr(bound.field, "is_alternative", False)  # one of several is needed
    is_optional = not bound.field.required and not is_check and not is_alternative
    described = [
        f"{ident}-{part}"
        for part, there in (
            ("opt", is_optional and not is_group),
            ("help", help_),
            ("error", errors),
        )
        if there
    ]
    attrs = {name.replace("_", "-"): value for name, value in extra.items()}
    attrs["class"] = " ".join(
        str(part)
        for part in (
            "tick" if is_check or is_group else "form-control",
            widget.attrs.get("class", ""),
            attrs.get("class", ""),
        )
        if part
    )
    if described and not is_group:
        attrs["aria-describedby"] = " ".join(described)
    if errors and not is_group:
        attrs["aria-invalid"] = "true"
    context |= {
        "label": _label(bound),
        "is_check": is_check,
        "is_group": is_group,
        "is_optional": is_optional,
        "help": help_,
        "errors": errors,
        "described": " ".join(described),
    }
    if is_group:
        context["choices"] = _choices(bound, attrs)
    elif isinstance(widget, forms.MultiWidget):
        context |= _with_another(bound, attrs)
    else:
        context["widget"] = _widget(bound, attrs)
    return context


@register.inclusion_tag("_field_errors.html")
def field_errors(bound: BoundField) -> dict[str, Any]:
    """`{% field_errors form.name %}`: a field's errors alone, for forms checked while one types."""
    ident = bound.auto_id or bound.html_name
    return {"id": ident, "name": bound.html_name, "errors": errors_of(bound)}


@register.inclusion_tag("_error_summary.html")
def error_summary(form: forms.BaseForm) -> dict[str, Any]:
    """`{% error_summary form %}`: what needs another look, with links; takes the focus."""
    if not form.is_bound or not form.errors:
        return {"is_needed": False}
    entries = []
    for bound in form:
        for error in errors_of(bound):
            if bound.field.widget.is_hidden:
                entries.append(("", "", error))
            else:
                entries.append((_target(bound), _label(bound), error))
    general = list(form.non_field_errors())
    fields = len({target for target, _, _ in entries if target})
    return {
        "is_needed": True,
        "general": general,
        "entries": entries,
        "heading": _heading(fields),
    }


def errors_of(bound: BoundField) -> list[str]:
    """The field's errors and, for a secret typed into a form that has errors, to type it again."""
    errors = [_error_message(bound, str(error)) for error in bound.errors]
    form = bound.form
    if not errors and form.is_bound and form.errors and is_secret(bound) and _was_typed(bound):
        errors.append(gettext(TYPE_AGAIN))
    return errors


def _error_message(bound: BoundField, error: str) -> str:
    """What Django says about an empty field, said as what to do."""
    if error != str(forms.Field.default_error_messages["required"]):
        return error
    widget = bound.field.widget
    if isinstance(widget, forms.CheckboxInput):
        return gettext("Tick this to go on.")
    if isinstance(widget, forms.Select | forms.RadioSelect):
        return gettext("Choose one.")
    return gettext("Fill this in.")


def is_secret(bound: BoundField) -> bool:
    """Whether the field takes a secret: a password input, or a widget with `is_secret = True`."""
    return any(
        getattr(widget, "input_type", "") == "password" or getattr(widget, "is_secret", False)
        for widget in _all_widgets(bound.field.widget)
    )


def _all_widgets(widget: forms.Widget) -> Iterable[forms.Widget]:
    return [widget, *widget.widgets] if isinstance(widget, forms.MultiWidget) else [widget]


def _was_typed(bound: BoundField) -> bool:
    data = bound.data
    return any(data) if isinstance(data, list | tuple) else bool(data)


def _label(bound: BoundField) -> SafeString:
    return untrusted(bound.label)


def _target(bound: BoundField) -> str:
    """The id to jump to: of the field or, in a group, of its first button."""
    ident = bound.auto_id or bound.html_name
    if isinstance(bound.field.widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return f"{ident}_0"
    return ident


def _heading(fields: int) -> str:
    if not fields:
        return gettext("This needs another look")
    message = {
        1: gettext("One field needs another look"),
        2: gettext("Two fields need another look"),
        3: gettext("Three fields need another look"),
        4: gettext("Four fields need another look"),
    }
    return message.get(fields) or ngettext(
        "%(count)d field needs another look", "%(count)d fields need another look", fields
    ) % {"count": fields}


def _help(text: object) -> Help | None:
    """Our own help may hold markup (`format_html`); any other is untrusted text and may fold."""
    if is_blank(text):
        return None
    if isinstance(text, SafeString):
        return Help(text)
    whole = str(text).strip()
    if len(whole) <= HELP_FOLDS_BEYOND:
        return Help(pieces(whole))
    end = re.search(r"[.!?…](?=\s)|\n", whole[:HELP_FOLDS_BEYOND])
    if end:
        cut = end.end()
    else:
        space = whole.rfind(" ", 0, HELP_FOLDS_BEYOND)
        cut = space if space > 0 else HELP_FOLDS_BEYOND
    return Help(pieces(whole[:cut].rstrip()), pieces(whole[cut:].strip()))


def _widget(bound: BoundField, attrs: dict[str, Any]) -> SafeString:
    """The input; a secret one is drawn empty whatever was typed or stored."""
    widget = bound.field.widget
    if not is_secret(bound):
        return bound.as_widget(attrs=attrs)
    attrs = _secret_attrs(widget, attrs) | {"id": bound.auto_id or bound.html_name}
    if bound.field.required and not bound.field.disabled:
        attrs["required"] = bound.form.use_required_attribute
    drawn: SafeString = widget.render(bound.html_name, None, attrs, bound.form.renderer)
    note_of = getattr(widget, "note_of", None)
    return drawn + note_of(bound.html_name, bound.data) if note_of else drawn


def _secret_attrs(widget: forms.Widget, attrs: dict[str, Any]) -> dict[str, Any]:
    wanted = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}
    return attrs | {key: value for key, value in wanted.items() if key not in widget.attrs}


def _choices(bound: BoundField, attrs: dict[str, Any]) -> list[Choice]:
    """The buttons of a group; `field.choice_help` may hold a sentence for each value."""
    helps: Mapping[str, object] = getattr(bound.field, "choice_help", {})
    base = {"id": bound.auto_id or bound.html_name} | attrs
    found = []
    for option in bound.field.widget.subwidgets(bound.html_name, bound.value(), base):
        data: Any = option
        help_ = helps.get(str(data["value"]), "")
        ident = str(data["attrs"]["id"])
        data["attrs"]["aria-labelledby"] = f"{ident}-name"  # the name alone, without the help
        if help_:
            data["attrs"]["aria-describedby"] = f"{ident}-help"
        found.append(
            Choice(
                ident,
                _tick(data),
                untrusted(data["label"]),
                help_ if isinstance(help_, SafeString) else pieces(help_),
            )
        )
    return found


def _tick(option: Mapping[str, Any]) -> SafeString:
    attrs = {**option["attrs"], "type": option["type"], "name": option["name"]}
    attrs["value"] = option["value"]
    return format_html("<input{}>", _flat(attrs))


def _flat(attrs: Mapping[str, object]) -> SafeString:
    return format_html_join(
        "",
        "{}",
        (
            (format_html(" {}", name) if value is True else format_html(' {}="{}"', name, value),)
            for name, value in attrs.items()
            if value is not None and value is not False
        ),
    )


def _with_another(bound: BoundField, attrs: dict[str, Any]) -> dict[str, Any]:
    """A `MultiWidget` of a select whose last choice is `*` ("Another value") and a text field.

    The second stands in `.other`, which the style sheet uncovers while `*` is chosen.
    """
    widget: Any = bound.field.widget
    value: Any = bound.value()
    values: list[Any] = list(value) if isinstance(value, list | tuple) else widget.decompress(value)
    hides = is_secret(bound)
    ident = bound.auto_id or bound.html_name
    drawn = []
    for place, (part, suffix) in enumerate(zip(widget.widgets, widget.widgets_names, strict=True)):
        own = attrs | {"id": ident if place == 0 else f"{ident}{suffix}"}
        if hides:
            own = _secret_attrs(part, own)
        shown = None if hides or place >= len(values) else values[place]
        drawn.append(part.render(bound.html_name + suffix, shown, own, bound.form.renderer))
    names = [f"{ident}{suffix}" for suffix in widget.widgets_names]
    return {"widget": drawn[0], "others": list(zip(names[1:], drawn[1:], strict=True))}
