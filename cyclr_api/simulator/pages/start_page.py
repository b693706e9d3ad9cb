"""The page at `/`: Cyclr's side of the story, for whoever watches a test or a demonstration.

No script and nothing from elsewhere, so whatever the state's names hold is text here.
"""

import itertools
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from html import escape
from typing import Any
from urllib.parse import urlencode

from cyclr_api.simulator.http import Reply, Request
from cyclr_api.simulator.state.request_log import Call
from cyclr_api.simulator.state.state import CyclrState
from cyclr_api.simulator.state.values import Account, Effect

SHOWN_ACCOUNTS = 100
SHOWN_CALLS = 50
SHOWN_EFFECTS = 50

REFRESH_SECONDS = 3
"""With `?live=1`."""

POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'"

USUAL = {"skip": 0, "times": None, "probability": 1.0, "as_date": False, "after_effect": False}
"""What a fault need not tell."""

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #59636e; --line: #d1d9e0; --paper: #fff;
  --panel: #f6f8fa; --bad: #b3261e; --good: #0b5d3b; --link: #0a58ca; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9198a1; --line: #3d444d;
  --paper: #0d1117; --panel: #151b23; --bad: #ff8b80; --good: #5fd0a0; --link: #6cb0ff; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: .9375rem/1.45 system-ui,
  sans-serif; }
header, main { max-width: 90rem; margin: 0 auto; padding: 1rem 1.5rem; }
header { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; align-items: baseline;
  border-bottom: 1px solid var(--line); }
h1 { font-size: 1.25rem; margin: 0; }
h2 { font-size: 1rem; margin: 0 0 .5rem; }
header p { margin: 0; color: var(--soft); }
header a { margin-left: auto; }
a { color: var(--link); }
section { margin-bottom: 2rem; min-width: 0; }
.columns { display: grid; gap: 0 2.5rem; }
@media (min-width: 75rem) { .columns { grid-template-columns: 1fr 1fr; } }
.scroll { overflow-x: auto; max-height: 26rem; overflow-y: auto; border: 1px solid var(--line);
  border-radius: .375rem; }
table { border-collapse: collapse; width: 100%; min-width: 32rem;
  font-variant-numeric: tabular-nums; }
th { position: sticky; top: 0; background: var(--panel); font-weight: 600; color: var(--soft); }
th, td { text-align: left; padding: .3rem .75rem; vertical-align: top; }
tr + tr td { border-top: 1px solid var(--line); }
td { overflow-wrap: break-word; }
.tight { white-space: nowrap; width: 1%; }
.path { font: .875em/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
.bad { color: var(--bad); }
.good { color: var(--good); }
.soft { color: var(--soft); }
details pre { margin: .25rem 0 0; white-space: pre-wrap; overflow-wrap: anywhere;
  font: .8125rem/1.4 ui-monospace, monospace; }
summary { cursor: pointer; }
form { display: flex; gap: .5rem; margin-bottom: .5rem; }
input, button { font: inherit; padding: .25rem .625rem; color: inherit; background: var(--panel);
  border: 1px solid var(--line); border-radius: .375rem; }
input { width: min(22rem, 100%); }
"""


def start(state: CyclrState, request: Request) -> Reply:
    """The whole page. `?q=` narrows the accounts, `?live=1` lets it load itself again."""
    query = request.query
    wanted, is_live = query.get("q", "").strip(), query.get("live") == "1"
    refresh = f'<meta http-equiv="refresh" content="{REFRESH_SECONDS}">' if is_live else ""
    reply = Reply.html(
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"{refresh}<title>Simulated Cyclr</title><style>{STYLE}</style></head><body>"
        f"{_header(state, wanted, is_live)}<main>{_faults(state)}"
        f'<div class="columns">{_calls(state)}{_effects(state)}</div>'
        f"{_accounts(state, wanted, is_live)}</main></body></html>\n"
    )
    reply.headers["Content-Security-Policy"] = POLICY
    return reply


def _header(state: CyclrState, wanted: str, is_live: bool) -> str:
    installed = sum(len(found) for found in state.account_connectors.values())
    label = "Stop refreshing" if is_live else "Keep this page up to date"
    return (
        "<header><h1>Simulated Cyclr</h1>"
        f"<p>{len(state.accounts):,} accounts, {installed:,} installed connectors, "
        f"{len(state.connectors):,} connector releases. "
        f"The time here is {state.clock().astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC.</p>"
        f'<a href="{escape(_address(wanted, not is_live))}">{label}</a></header>'
    )


def _address(wanted: str, is_live: bool) -> str:
    values = {"q": wanted} if wanted else {}
    query = urlencode(values | ({"live": "1"} if is_live else {}), errors="replace")
    return f"/?{query}" if query else "/"


# -- the parts -----------------------------------------------------------------------------------


def _faults(state: CyclrState) -> str:
    rows = [_fault(one) for one in state.faults.described()]
    names = ("Fault", "Requests", "Hit", "Settings")
    return _section("Faults", "", _table(names, rows)) if rows else ""


def _fault(described: dict[str, Any]) -> str:
    head = {name: described.pop(name, "") for name in ("fault", "method", "path", "met")}
    rest = {name: one for name, one in described.items() if one != USUAL.get(name, ...)}
    return _row(
        _cell(head["fault"], "tight"),
        _cell(f"{head['method']} {head['path']}"),
        _cell(head["met"], "tight"),
        _cell(_values(rest)),
    )


def _calls(state: CyclrState) -> str:
    latest = list(state.requests)[: -SHOWN_CALLS - 1 : -1]
    names = ("Time", "Method", "Path", "Account", "Answer")
    return _section("Latest calls", "None yet.", _table(names, map(_call, latest)))


def _call(call: Call) -> str:
    path = f'<span class="path">{_text(call.path)}</span>'
    if call.body is not None:
        path = f"<details><summary>{path}</summary><pre>{_text(call.body)}</pre></details>"
    is_fine = call.status is not None and call.status < 400
    answer = f'<span class="{"good" if is_fine else "bad"}">{call.status or "none"}</span>'
    if call.fault:
        answer += f' <span class="soft">{_text(call.fault)}</span>'
    return _row(
        _cell(_time(call.time), "tight"),
        _cell(call.method, "tight"),
        f"<td>{path}</td>",
        _cell(call.account or ""),
        f"<td>{answer}</td>",
    )


def _effects(state: CyclrState) -> str:
    latest = state.ledger[: -SHOWN_EFFECTS - 1 : -1]
    names = ("Time", "What happened", "Account", "By")
    return _section("Latest effects", "None yet.", _table(names, map(_effect, latest)))


def _effect(effect: Effect) -> str:
    details = f' <span class="soft">{_text(_values(effect.ids))}</span>' if effect.ids else ""
    return _row(
        _cell(_time(effect.time), "tight"),
        f"<td>{_text(effect.kind.replace('_', ' '))}{details}</td>",
        _cell(effect.account or ""),
        _cell(effect.by, "tight"),
    )


def _accounts(state: CyclrState, wanted: str, is_live: bool) -> str:
    found = (one for one in state.accounts.values() if _is_wanted(one, wanted.casefold()))
    shown = list(itertools.islice(found, SHOWN_ACCOUNTS))
    count = len(shown) + sum(1 for _ in found)
    live = '<input type="hidden" name="live" value="1">' if is_live else ""
    search = (
        f'<form action="/"><input type="search" name="q" value="{escape(wanted)}"'
        f' aria-label="Name or id" placeholder="Name or id">{live}<button>Find</button></form>'
    )
    which = f"The first {len(shown)} of {count:,}." if count > len(shown) else f"{count:,} in all."
    names = ("Name", "Id", "Connectors", "Not authenticated", "Cycles")
    table = _table(names, (_account(state, one) for one in shown))
    none = "No account has that name or id." if wanted else "None yet."
    return _section("Accounts", none, table, f'{search}<p class="soft">{which}</p>')


def _is_wanted(account: Account, wanted: str) -> bool:
    return wanted in account.name.casefold() or wanted in account.id.casefold()


def _account(state: CyclrState, account: Account) -> str:
    installed = state.account_connectors[account.id].values()
    missing = sum(not one.authenticated for one in installed)
    names = ", ".join(one.name for one in installed)
    connectors = f"<details><summary>{len(installed)}</summary>{_text(names)}</details>"
    return _row(
        _cell(account.name),
        _cell(account.id),
        f"<td>{connectors if names else len(installed)}</td>",
        _cell(missing or "", "bad"),
        _cell(len(state.cycles.of(account.id)) or ""),
    )


# -- HTML ----------------------------------------------------------------------------------------


def _section(title: str, none: str, table: str, before: str = "") -> str:
    content = table or f'<p class="soft">{none}</p>'
    return f"<section><h2>{title}</h2>{before}{content}</section>"


def _table(names: Iterable[str], rows: Iterable[str]) -> str:
    """A table, or nothing when there are no rows."""
    body = "".join(rows)
    head = "".join(f"<th>{name}</th>" for name in names)
    return f'<div class="scroll"><table><tr>{head}</tr>{body}</table></div>' if body else ""


def _row(*cells: str) -> str:
    return f"<tr>{''.join(cells)}</tr>"


def _cell(value: object, kind: str = "") -> str:
    return f'<td class="{kind}">{_text(value)}</td>' if kind else f"<td>{_text(value)}</td>"


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%H:%M:%S}"


def _values(given: dict[str, Any]) -> str:
    """`name: value` after `name: value`."""
    return ", ".join(f"{name.replace('_', ' ')}: {_plain(v)}" for name, v in given.items())


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)


def _text(value: object) -> str:
    """Any text as text, on its own: one written from right to left turns nothing around it."""
    return f"<bdi>{escape(str(value))}</bdi>"
