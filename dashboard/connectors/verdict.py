"""Does an installed connector work, why not, and what now: one answer, made of all that is known.

Cyclr's "authenticated" says that it holds credentials; a test says that they work. Both stay facts
of their own on the page: this is what they mean together.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dashboard.connectors.models import ConnectionTest
from dashboard.connectors.why_broken import NEXT
from dashboard.mirror.catalogue import AuthType, auth_types_of
from dashboard.mirror.models import AccountConnector, WhyBroken


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer. `why` may hold text from outside; `kind` is the class of why."""

    state: str
    heading: str
    why: str = ""
    next: str = ""
    kind: WhyBroken | None = None
    at: datetime | None = None
    """Since when, or when it was found out."""


def verdict_of(
    connector: AccountConnector,
    ended: ConnectionTest | None,
    missing: list[str],
    *,
    may_be_tested: bool,
) -> Verdict:
    """The answer, from the mirror, the newest test that has ended, and settings without a value."""
    if connector.gone_at or connector.account.gone_at:
        return _gone(connector)
    if not connector.authenticated:
        return _not_authenticated(connector, missing)
    if connector.test_failed_at is not None:
        return _failed(connector)
    if _is_newer(ended, connector) and ended is not None:
        return _inconclusive(ended)
    if connector.proven_at is not None:
        return _proven(connector)
    if missing:
        why = f"Settings without a value: {', '.join(missing)}."
        now = "Give them a value, or ask the customer for them with a connection link."
        return Verdict("expired", "It may not work: settings are missing", why, now)
    now = "Test it." if may_be_tested else "Have an administrator choose a test method in Settings."
    why = "Cyclr holds credentials, right or wrong. Nobody has tested them from here."
    return Verdict("created", "Not known yet", why, now)


def _gone(connector: AccountConnector) -> Verdict:
    if connector.gone_at:
        now = "If the customer still needs it, install it again."
        return Verdict(
            "gone", "Gone from Cyclr", "Cyclr does not have it.", now, at=connector.gone_at
        )
    why = "Cyclr does not have its account any more."
    return Verdict("gone", "Gone with its account", why, at=connector.account.gone_at)


def _not_authenticated(connector: AccountConnector, missing: list[str]) -> Verdict:
    since = connector.authenticated_since
    why, kind = "Nobody has connected it yet, as far as is known here.", _kind(connector.why_broken)
    if connector.authenticated is None:
        why = "Cyclr does not say whether it holds credentials."
    elif kind is not None:
        why = connector.test_failure or "Cyclr stopped calling it authenticated."
    elif since is not None:
        why = "Its credentials were taken away, or new ones were not accepted."
    if missing_settings := [name for name in missing if name != connector.method_label]:
        why += f" Settings without a value: {', '.join(missing_settings)}."
    return Verdict(
        "not-authenticated",
        "It does not work: not authenticated",
        why,
        _how_to_connect(connector),
        kind,
        since,
    )


def _how_to_connect(connector: AccountConnector) -> str:
    if AuthType.UNKNOWN in auth_types_of(connector.methods):
        return "Finish it in Cyclr: how it authenticates is not known here."
    if connector.is_connected_by_visit:
        return "Send the customer a connection link, where they sign in."
    if connector.is_connected_by_link:
        return "Send the customer a connection link, where they enter what it needs."
    return "Nothing has to be typed: refresh, then look at it in Cyclr."


def _failed(connector: AccountConnector) -> Verdict:
    why = WhyBroken(connector.why_broken or WhyBroken.UNKNOWN)
    return Verdict(
        "not-working",
        "It does not work",
        connector.test_failure,
        _what_now(connector, why),
        why,
        connector.test_failed_at,
    )


def _what_now(connector: AccountConnector, why: WhyBroken) -> str:
    """What to do about a class of failure; a link helps only where a customer can use one."""
    if why in {WhyBroken.CONSENT, WhyBroken.CREDENTIALS} and not connector.is_connected_by_link:
        return "Ask the customer for the new ones, and enter them in Cyclr."
    return NEXT[why]


def _is_newer(ended: ConnectionTest | None, connector: AccountConnector) -> bool:
    """Whether the newest test told nothing, and nothing told since."""
    if ended is None or ended.worked is not None or ended.finished_at is None:
        return False
    told = [at for at in (connector.proven_at, connector.authenticated_since) if at is not None]
    return all(at < ended.finished_at for at in told)


def _inconclusive(ended: ConnectionTest) -> Verdict:
    why = _kind(ended.why)
    return Verdict(
        "expired",
        "It could not be tested",
        ended.summary,
        NEXT[why] if why else "",
        why,
        ended.finished_at,
    )


def _kind(stored: str) -> WhyBroken | None:
    return WhyBroken(stored) if stored else None


def _proven(connector: AccountConnector) -> Verdict:
    called = f"“{connector.proven_by}”" if connector.proven_by else "A test"
    why = f"{called} was answered{f', as {connector.identity}' if connector.identity else ''}."
    return Verdict("done", "It works", why, at=connector.proven_at)
