"""What templates say over and over; built in everywhere, no `{% load %}` needed.

Text from outside goes through `{% foreign %}` (or `|plain` inside an attribute). Nothing here
marks text as safe: markup is put together by `format_html`, which escapes what is put in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms, template
from django.forms.boundfield import BoundField
from django.http import HttpRequest
from django.template import Context
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_noop, ngettext

from dashboard.common import timing
from dashboard.common.foreign import as_text, is_blank, tile_letters, visible
from dashboard.common.foreign import initials as initials_of
from dashboard.common.mail import is_delivered
from dashboard.environment.email_address import mailto_address

register = template.Library()

NO_NAME = gettext_noop("No name")
HELP_FOLDS_BEYOND = 160
"""Characters of help that stay unfolded."""
TYPE_AGAIN = gettext_noop("Type it again. What you typed before was not kept.")


# ---- icons, names, ids ----


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """`{% icon "copy" %}`: a picture beside words; it says nothing to a screen reader."""
    return format_html(
        '<svg class="icon{}" aria-hidden="true"><use href="{}#{}"></use></svg>',
        f" {extra}" if extra else "",
        static("img/sprite.svg"),
        name,
    )


@register.simple_tag
def foreign(text: object, blank: str = "") -> SafeString:
    """`{% foreign account.name %}`: isolated, escaped, tricks made visible, never empty.

    Within a translated sentence: `{% foreign account.name as account %}`, then `{{ account }}`.
    """
    if is_blank(text):
        return format_html('<span class="nameless">{}</span>', blank or gettext(NO_NAME))
    return format_html("<bdi>{}</bdi>", _pieces(text))


def _pieces(text: object) -> SafeString:
    return format_html_join(
        "",
        "{}",
        (
            (
                format_html('<span class="ctl" title="{}">{}</span>', piece.name, piece.text)
                if piece.name
                else piece.text,
            )
            for piece in visible(text)
        ),
    )


@register.filter
def plain(text: object) -> str:
    """`title="{{ account.name|plain }}"`: the same without markup, for attributes and `<title>`."""
    return gettext(NO_NAME) if is_blank(text) else as_text(text)


@register.simple_tag
def strong(text: object) -> SafeString:
    """`{% strong account.name as account %}`: foreign text that stands out in a sentence."""
    return format_html('<b class="strong">{}</b>', foreign(text))


@register.simple_tag
def mail_is_delivered() -> bool:
    """`{% mail_is_delivered as is_delivered %}`: whether messages reach anybody from here."""
    return is_delivered()


@register.simple_tag
def mail_to(address: str) -> SafeString:
    """`{% mail_to support_email as address %}`: an address that opens the mail program."""
    return format_html('<a href="mailto:{}">{}</a>', mailto_address(address), foreign(address))


@register.simple_tag
def tile(name: object, size: str = "") -> SafeString:
    """`{% tile connector.name %}`, `{% tile name "l" %}`: two letters instead of a logo."""
    return format_html(
        '<span class="tile{}" aria-hidden="true">{}</span>',
        f" {size}" if size else "",
        tile_letters(name),
    )


@register.filter
def initials(name: object) -> str:
    """Two letters for a person."""
    return initials_of(name)


@register.simple_tag
def copyable(text: object, label: str = "id") -> SafeString:
    """`{% copyable account.cyclr_id "id" %}`: shown clipped, copied whole and as it really is."""
    if is_blank(text):
        return format_html('<span class="faint">{}</span>', "–")
    return format_html(
        '<span class="id"><code title="{}"><bdi>{}</bdi></code>'
        '<button class="copy" type="button" data-copy-text="{}" aria-label="Copy {} {}">{}</button>'
        "</span>",
        as_text(text),
        _pieces(text),
        str(text).encode("utf-8", "replace").decode(),
        label,
        as_text(text),
        icon("copy"),
    )


@register.simple_tag
def copy_button(text: str, what: str, name: object) -> SafeString | str:
    """`{% copy_button address "the address of the link for" account %}`: nothing without text."""
    if not text:
        return ""
    return format_html(
        '<button class="copy push" type="button" data-copy-text="{}" aria-label="Copy {} {}" '
        'title="Copy">{}</button>',
        text,
        what,
        plain(name),
        icon("copy"),
    )


@register.filter
def spaced(number: object) -> str:
    """`10482` as `10,482`; what is no number stays as it is."""
    if isinstance(number, bool) or not isinstance(number, int | float):
        return str(number)
    return f"{number:,}"


# ---- states ----


@register.simple_tag
def state(name: str, words: object = "") -> SafeString:
    """`{% state "not-authenticated" "2 not authenticated" %}`: shape, word and tone."""
    return _state("state", name, words)


@register.simple_tag
def pill(name: str, words: object = "") -> SafeString:
    """The same beside a heading."""
    return _state("pill", name, words)


@register.simple_tag
def mark(name: str) -> SafeString:
    """The shape alone, where words stand beside it: notes, timelines."""
    return format_html('<span class="mark-of" data-state="{}" aria-hidden="true"></span>', name)


def _state(kind: str, name: str, words: object) -> SafeString:
    slug = str(name).lower().replace(" ", "-").replace("_", "-")
    said = words or slug.replace("-", " ").capitalize()
    return format_html('<span class="{}" data-state="{}">{}</span>', kind, slug, said)


# ---- times ----


@register.simple_tag
def ago(moment: datetime | None, never: str = "–") -> SafeString:
    """`{% ago row.seen_at %}`: `4 min ago` with the exact moment in the title."""
    if moment is None:
        return format_html('<span class="faint">{}</span>', never)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        timing.aware(moment).isoformat(timespec="seconds"),
        timing.exact_words(moment),
        timing.ago_words(moment),
    )


@register.simple_tag
def exact(moment: datetime | None, never: str = "–") -> SafeString:
    """`{% exact row.created_at %}`: `10 Mar 2026, 14:31:05 UTC`."""
    return at(moment, "exact", never)


@register.simple_tag
def clock(moment: datetime) -> SafeString:
    """`{% clock console.trouble_since %}`: `14:02 UTC`, with the date if it is not today's."""
    return at(moment, "clock")


@register.simple_tag
def at(moment: datetime | None, form: str, never: str = "–") -> SafeString:
    """`{% at link.expires_at "short" %}`: one of `timing.FORMS`, which says UTC.

    `static/js/times.js` says the same in the reader's zone, by `data-form`, with UTC in the title.
    Where a list says `{% zone_note %}`, `{% at event.at "step" %}` does not say UTC again.
    """
    if moment is None:
        return format_html('<span class="faint">{}</span>', never)
    return format_html(
        '<time datetime="{}" data-form="{}" title="{}">{}</time>',
        timing.aware(moment).isoformat(timespec="seconds"),
        form,
        timing.exact_words(moment),
        timing.FORMS[form](moment),
    )


@register.simple_tag
def zone_note() -> SafeString:
    """`{% zone_note %}`: in which zone the times of a list are; the script knows the reader's."""
    return format_html("<span data-zone-note>{}</span>", "Times in UTC")


@register.simple_tag
def timed(text: object) -> SafeString:
    """`{% timed row.why %}`: a sentence of ours, like `foreign`; moments in it are times."""
    said = "" if text is None else str(text)
    parts, end = [], 0
    for found, moment in timing.moments_in(said):
        parts += [_pieces(said[end : found.start()]), at(moment, "clock")]
        end = found.end()
    if not parts:
        return foreign(text)
    return format_html(
        "<bdi>{}</bdi>",
        format_html_join("", "{}", ((one,) for one in [*parts, _pieces(said[end:])])),
    )


@register.simple_tag
def local_time(zone_name: object) -> SafeString:
    """`{% local_time account.time_zone %}`: `14:32 there, Europe/London`.

    It goes on by `data-offsets`: what the zone is ahead of UTC, in seconds, from when on. A
    browser's own rules may be older than the server's.
    """
    name = str(zone_name or "")
    clock = timing.clock_words(name)
    if not clock:
        return foreign(name, "No time zone")
    offsets = " ".join(f"{since}:{ahead}" for since, ahead in timing.offsets(name))
    return format_html('<time data-offsets="{}">{}</time> there, {}', offsets, clock, foreign(name))


# ---- links ----


@register.simple_tag(takes_context=True)
def query_with(context: Context, **changes: object) -> str:
    """`href="{% query_with state="failed" page=None %}"`: this address with other values.

    `None` and empty take a key out; the page number goes unless it is what changes.
    """
    request: HttpRequest = context["request"]
    query = request.GET.copy()
    query.pop("page", None)
    for key, value in changes.items():
        if isinstance(value, list | tuple):
            query.setlist(key, [str(one) for one in value])
        elif value is None or value == "":
            query.pop(key, None)
        else:
            query[key] = str(value)
    return f"?{query.urlencode()}"


@register.simple_tag(takes_context=True)
def theme(context: Context) -> str:
    """` data-bs-theme="dark"` if the person chose one; without it the page follows the system."""
    request = context.get("request")
    chosen = request.COOKIES.get("theme", "") if request is not None else ""
    if chosen not in {"light", "dark"}:
        return ""
    return format_html(' data-bs-theme="{}"', chosen)


# ---- forms ----


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


@register.inclusion_tag("_oops.html")
def oops(bound: BoundField) -> dict[str, Any]:
    """`{% oops form.name %}`: a field's errors alone, for a form that checks while one types."""
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
    errors = [_in_words(bound, str(error)) for error in bound.errors]
    form = bound.form
    if not errors and form.is_bound and form.errors and is_secret(bound) and _was_typed(bound):
        errors.append(gettext(TYPE_AGAIN))
    return errors


def _in_words(bound: BoundField, error: str) -> str:
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
    return foreign(bound.label)


def _target(bound: BoundField) -> str:
    """The id to jump to: of the field or, in a group, of its first button."""
    ident = bound.auto_id or bound.html_name
    if isinstance(bound.field.widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return f"{ident}_0"
    return ident


def _heading(fields: int) -> str:
    if not fields:
        return gettext("This needs another look")
    words = {
        1: gettext("One field needs another look"),
        2: gettext("Two fields need another look"),
        3: gettext("Three fields need another look"),
        4: gettext("Four fields need another look"),
    }
    return words.get(fields) or ngettext(
        "%(count)d field needs another look", "%(count)d fields need another look", fields
    ) % {"count": fields}


def _help(text: object) -> Help | None:
    """Our own help may hold markup (`format_html`); any other is foreign text and may fold."""
    if is_blank(text):
        return None
    if isinstance(text, SafeString):
        return Help(text)
    whole = str(text).strip()
    if len(whole) <= HELP_FOLDS_BEYOND:
        return Help(_pieces(whole))
    end = re.search(r"[.!?…](?=\s)|\n", whole[:HELP_FOLDS_BEYOND])
    if end:
        cut = end.end()
    else:
        space = whole.rfind(" ", 0, HELP_FOLDS_BEYOND)
        cut = space if space > 0 else HELP_FOLDS_BEYOND
    return Help(_pieces(whole[:cut].rstrip()), _pieces(whole[cut:].strip()))


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
                foreign(data["label"]),
                help_ if isinstance(help_, SafeString) else _pieces(help_),
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
