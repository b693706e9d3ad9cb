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


def draw_lines(
    lines: Sequence[Line], columns: Sequence[Column], *, is_picking: bool
) -> list[SafeString]:
    """The table's rows; with `is_picking` each begins with a place for a tick."""
    cells: list[Cell] = [_pick] if is_picking else []
    cells += [column.cell for column in columns]
    return [_draw(line, cells) for line in lines]


def _draw(line: Line, cells: Sequence[Cell]) -> SafeString:
    inner = reduce(add, (cell(line) for cell in cells))
    return format_html('<tr id="row-connector-{}">{}</tr>', line.row.pk, inner)


def _pick(line: Line) -> SafeString:
    if not line.may_pick:
        return NO_PICK
    return format_html(
        '<td class="mid-only w0"><input class="tick" type="checkbox" id="pick-{0}" hx-preserve '
        'form="reconnect" name="pick" value="{0}" aria-label="Select {1} of {2}"><input '
        'type="hidden" form="reconnect" name="shown" value="{0}"></td>',
        line.row.pk,
        _title(str(line.row)),
        _title(line.row.account),
    )


def _name(line: Line) -> SafeString:
    row = line.row
    return format_html(
        '<td><div class="line fix">{} <div class="min"><a class="name clip" href="{}" title="{}">'
        '{}</a><span class="clip muted tiny mid-only" title="{}">{}</span><span class="below '
        'muted tiny"><span class="clip">{}</span></span></div></div></td>',
        avatar(row.connector_name, line.icon),
        line.url,
        _title(row.name),
        untrusted(row.name),
        _title(f"{row.connector_name} {row.connector_version}".strip()),
        _kind(row),
        untrusted(row.account_name),
    )


def _kind(row: Row) -> SafeString | str:
    """What it is: its connector where the name does not say that, and the version."""
    is_named = row.connector_name and row.connector_name != row.name
    kind = untrusted(row.connector_name) if is_named else row.method_label
    if not row.connector_version:
        return kind
    return format_html("{} · {}", kind, untrusted(row.connector_version))


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
    return format_html('<td class="pad">{}{}</td>', state(row.state), _why(row))


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
