"""The lines of the fleet list, drawn: fifty of them by a template would cost most of the page.

Each column is a heading and a function that draws its cell. The markup is put together by
`format_html`, which escapes what is put in, and by the same functions as templates use.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, reduce
from operator import add

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

from dashboard.common.templatetags.desk import avatar, plain, state, untrusted
from dashboard.common.templatetags.times import ago
from dashboard.fleet.rows import Row
from dashboard.forecasts.models import Forecast
from dashboard.links.models import Link

END = format_html("</tr>{}", "")
NO_LINES = format_html("{}", "")
NO_PICK = format_html('<td class="{}"></td>', "mid-only w0")
EMPTY = format_html('<td class="mid-only"><span class="muted-2">{}</span></td>', "–")


@dataclass(frozen=True, slots=True)
class Line:
    """A row and what is shown with it."""

    row: Row
    url: str
    """The installed connector's page."""
    account_url: str
    icon: str = ""
    """The digest of its icon."""
    link: Link | None = None
    """The newest open link on which it is not done yet."""
    may_pick: bool = False
    forecast: Forecast | None = None
    """When it will probably lose authentication, where that column is shown."""


@lru_cache(maxsize=4096)
def _title(text: str) -> SafeString:
    """A text from outside for an attribute; remembered, since names come again and again."""
    return escape(plain(text))


@lru_cache(maxsize=2048)
def _moment_cell(css: str, words: SafeString) -> SafeString:
    return format_html('<td class="{}">{}</td>', css, words)


Cell = Callable[[Line], SafeString]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the list; `key` is its name in addresses, `sort` that of its order, if any."""

    key: str
    label: str
    cell: Cell = field(repr=False)
    css: str = ""
    """The classes of its heading."""
    sort: str = ""


def draw_lines(lines: Sequence[Line], columns: Sequence[Column], *, is_picking: bool) -> SafeString:
    """The table's rows; with `is_picking` each begins with a place for a tick."""
    cells: list[Cell] = [_begin, _pick] if is_picking else [_begin]
    cells += [*(column.cell for column in columns), lambda _: END]
    drawn = [reduce(add, [cell(line) for cell in cells]) for line in lines]
    return format_html("{}" * len(drawn), *drawn) if drawn else NO_LINES


def _begin(line: Line) -> SafeString:
    return _row(line.row.pk)


@lru_cache(maxsize=4096)
def _row(pk: int) -> SafeString:
    return format_html('<tr id="row-connector-{}">', pk)


def _pick(line: Line) -> SafeString:
    if not line.may_pick:
        return NO_PICK
    return _kept(_pick_cell, line.row.pk, str(line.row), line.row.account)


def _pick_cell(pk: int, name: str, account: str) -> SafeString:
    return format_html(
        '<td class="mid-only w0"><input class="tick" type="checkbox" id="pick-{0}" hx-preserve '
        'form="reconnect" name="pick" value="{0}" aria-label="Select {1} of {2}"><input '
        'type="hidden" form="reconnect" name="shown" value="{0}"></td>',
        pk,
        _title(name),
        _title(account),
    )


def _name(line: Line) -> SafeString:
    row = line.row
    texts = (row.name, row.connector_name, row.connector_version, row.account_name)
    return _kept(_name_cell, line.url, line.icon, row.method_label, *texts)


def _name_cell(
    url: str, icon: str, method: str, name: str, connector: str, version: str, account: str
) -> SafeString:
    return format_html(
        '<td><div class="line fix">{} <div class="min"><a class="name clip" href="{}" title="{}">'
        '{}</a><span class="clip muted tiny mid-only" title="{}">{}</span><span class="below '
        'muted tiny"><span class="clip">{}</span></span></div></div></td>',
        avatar(connector, icon),
        url,
        _title(name),
        untrusted(name),
        _title(f"{connector} {version}".strip()),
        _kind(name, connector, version, method),
        untrusted(account),
    )


def _kind(name: str, connector: str, version: str, method: str) -> SafeString | str:
    """What it is: its connector where the name does not say that, and the version."""
    kind = untrusted(connector) if connector and connector != name else method
    return format_html("{} · {}", kind, untrusted(version)) if version else kind


KEPT_UP_TO = 300
"""Letters of a cell's texts up to which its drawing is remembered."""


def _kept(draw: Callable[..., SafeString], *values: str | int) -> SafeString:
    """What hardly ever changes: lists show the same connectors again and again.

    The values are plain texts from outside: markup of ours is equal to the text that looks like it.
    """
    is_short = sum([len(one) for one in values if isinstance(one, str)]) <= KEPT_UP_TO
    return _remembered(draw, *values) if is_short else draw(*values)


@lru_cache(maxsize=4096)
def _remembered(draw: Callable[..., SafeString], *values: str | int) -> SafeString:
    return draw(*values)


def _account(line: Line) -> SafeString:
    return _account_cell(line.account_url, line.row.account_name)


@lru_cache(maxsize=2048)
def _account_cell(url: str, name: str) -> SafeString:
    return format_html(
        '<td class="mid-only"><a class="clip" href="{}" title="{}">{}</a></td>',
        url,
        _title(name),
        untrusted(name),
    )


def _state(line: Line) -> SafeString:
    row = line.row
    why = _why(row)
    return _state_cell(row.state, why) if why else _kept(_state_cell, row.state)


def _state_cell(name: str, why: SafeString | str = "") -> SafeString:
    return format_html('<td class="pad">{}{}</td>', state(name), why)


def _why(row: Row) -> SafeString | str:
    if row.is_not_working:
        return format_html(
            '<span class="clip muted tiny mid-only" title="{}">{}: {}</span>',
            _title(row.test_failure),
            ago(row.test_failed_at),
            untrusted(row.test_failure),
        )
    if row.is_why_known and not row.gone_at:
        return format_html('<span class="clip muted tiny mid-only">{}</span>', row.why_label)
    return ""


def _since(line: Line) -> SafeString:
    return _moment_cell("mid-only muted", ago(line.row.authenticated_since))


def _proven(line: Line) -> SafeString:
    return _moment_cell("wide-only muted", ago(line.row.proven_at, "Never"))


def _link(line: Line) -> SafeString:
    if line.link is None:
        return EMPTY
    return format_html(
        '<td class="mid-only"><a class="name" href="{}" aria-label="{}: link for {}">{}</a></td>',
        line.link.get_absolute_url(),
        line.link.state_label,
        _title(str(line.row)),
        state(line.link.shape, line.link.state_label),
    )


def _text(value: object) -> SafeString:
    """A cell with one short text from outside."""
    if not value:
        return EMPTY
    return format_html(
        '<td class="mid-only muted"><span class="clip" title="{}">{}</span></td>',
        _title(str(value)),
        untrusted(value),
    )


def _wears(line: Line) -> SafeString:
    if line.forecast is None:
        return EMPTY
    return format_html(
        '<td class="mid-only">{}<span class="clip muted tiny">{} likely</span></td>',
        line.forecast.due_label,
        line.forecast.chance_label,
    )


ALL_COLUMNS = (
    Column("name", "Name", _name, "c-name", sort="name"),
    Column("account", "Account", _account, "mid-only", sort="account"),
    Column("state", "State", _state, "w4 pad", sort="state"),
    Column("since", "Since", _since, "mid-only w2", sort="since"),
    Column("proven", "Last proven", _proven, "wide-only w2"),
    Column("link", "Open link", _link, "mid-only w3"),
    Column("connector", "Connector", lambda line: _text(line.row.connector_name), "mid-only w3"),
    Column("version", "Version", lambda line: _text(line.row.connector_version), "mid-only w2"),
    Column("identity", "Connected as", lambda line: _text(line.row.identity), "mid-only w3"),
    Column("why", "Why broken", lambda line: _text(line.row.why_label), "mid-only w3"),
    Column(
        "account-id", "Account id", lambda line: _text(line.row.account_cyclr_id), "mid-only w3"
    ),
    Column("id", "Id in Cyclr", lambda line: _text(line.row.cyclr_id), "mid-only w2"),
    Column("wears", "Wears out", _wears, "mid-only w3", sort="wears"),
)
USUAL = ALL_COLUMNS[:6]
WEARS = ALL_COLUMNS[-1]


def with_wear(columns: Sequence[Column]) -> tuple[Column, ...]:
    """The columns with when each wears out: where that is looked for, it is the point."""
    if WEARS in columns:
        return tuple(columns)
    if tuple(columns) == USUAL:
        return tuple(WEARS if column.key == "proven" else column for column in columns)
    return (*columns, WEARS)
