"""Words of a search box that mean more than themselves: `is:broken connector:"Google Drive" acme`.

`parse` takes a text apart. Each key is a `Keyword`: what it takes, and the condition that it means
for installed connectors. Packages above register their own (`links` has `link:`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from dashboard.accounts.tags import having
from dashboard.common.searching import has_words, words_in
from dashboard.mirror.models import NOT_WORKING, AccountConnector, WhyBroken, in_accounts

Condition = Callable[[str], Q | None]
"""What a value means; None if it is none."""


@dataclass(frozen=True, slots=True)
class Keyword:
    """A key of the search box."""

    key: str
    takes: str
    """Its values, in words."""
    example: str
    condition: Condition


@dataclass(frozen=True, slots=True)
class Term:
    """A key with its value, as somebody typed it."""

    written: str
    key: str
    value: str
    start: int
    end: int
    meaning: Q | None
    """The condition; None if it is none. Made once, since it may have asked the database."""

    @property
    def label(self) -> str:
        """As its chip says it."""
        return f"{self.key}: {self.value}"


@dataclass(frozen=True, slots=True)
class Parsed:
    """A text taken apart."""

    terms: tuple[Term, ...]
    text: str
    """The free words beside the terms."""
    notes: tuple[str, ...]
    """What was not understood, in sentences."""

    def has(self, key: str, value: str) -> bool:
        """Whether one of the terms is this."""
        return any(one.key == key and one.value.lower() == value for one in self.terms)

    def condition(self) -> Q:
        """What all terms mean together."""
        found = Q()
        for term in self.terms:
            found &= term.meaning or Q()
        return found


KEYWORDS: dict[str, Keyword] = {}
"""By key, in the order of the help."""

_TERM = re.compile(
    r"""(?<!\S)(?P<key>[a-z][a-z-]*):(?:"(?P<quoted>[^"]*)"?(?!\S)|(?P<plain>[^\s"]*)(?!\S))""",
    re.IGNORECASE,
)
LONGEST = 300
"""Letters of a search that are read."""


def register(keyword: Keyword) -> None:
    """Add a key to the search box."""
    KEYWORDS[keyword.key] = keyword


def parse(search: str) -> Parsed:
    """Terms, free words, and what to tell of the rest.

    A key that nobody knows is searched for as it stands, since ids have colons too; a value that a
    key does not take narrows nothing. Both are told.
    """
    search = search[:LONGEST].replace("\x00", "")
    terms, notes, free, end = [], [], [], 0
    for found in _TERM.finditer(search):
        term = _term(found)
        note = _note(term)
        if note:
            notes.append(note)
        if term.key in KEYWORDS:
            free.append(search[end : found.start()])
            end = found.end()
            if not note:
                terms.append(term)
    free.append(search[end:])
    return Parsed(tuple(terms), " ".join(" ".join(free).split()), tuple(dict.fromkeys(notes)))


def without(search: str, term: Term) -> str:
    """The text without one of its terms."""
    return " ".join((search[: term.start] + search[term.end :]).split())


def _term(found: re.Match[str]) -> Term:
    quoted, plain = found["quoted"], found["plain"]
    value = " ".join((plain if quoted is None else quoted).split())
    key = found["key"].lower()
    meaning = KEYWORDS[key].condition(value) if key in KEYWORDS and value else None
    return Term(found[0], key, value, *found.span(), meaning)


def _note(term: Term) -> str:
    keyword = KEYWORDS.get(term.key)
    if keyword is None:
        known = ", ".join(f"{key}:" for key in KEYWORDS)
        return f"“{term.key}:” is searched for as text. Keys are {known}"
    if term.meaning is None:
        left_out = f"“{term.written}” narrows nothing: " if term.value else ""
        return f"{left_out}{term.key}: takes {keyword.takes}, such as {keyword.example}"
    return ""


# ---- the keys that the mirror can answer ----

IS = {
    "broken": Q(gone_at=None) & (~Q(authenticated=True) | Q(test_failed_at__isnull=False)),
    "authenticated": Q(gone_at=None, authenticated=True, test_failed_at=None),
    "not-authenticated": Q(gone_at=None) & ~Q(authenticated=True),
    "not-working": NOT_WORKING & Q(gone_at=None),
    "gone": Q(gone_at__isnull=False),
    "native": Q(is_native=True),
}
_MORE_IS: dict[str, Callable[[], Q]] = {}
TESTED = {
    "working": Q(proven_at__isnull=False, test_failed_at=None),
    "dead": Q(test_failed_at__isnull=False),
    "never": Q(proven_at=None, test_failed_at=None),
}
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_AGE = re.compile(r"([0-9]{1,4})([hdw])")
_V = re.compile(r"^v(?=[0-9])", re.IGNORECASE)


def one_of(values: dict[str, Q]) -> Condition:
    """A condition for each of a few words."""
    return lambda value: values.get(value.lower())


def _is(value: str) -> Q | None:
    made = _MORE_IS.get(value.lower())
    return made() if made else IS.get(value.lower())


def add_is(value: str, condition: Callable[[], Q]) -> None:
    """Let `is:` take one more word; its condition is made each time, since time may matter."""
    _MORE_IS[value] = condition
    register(Keyword("is", words([*IS, *_MORE_IS]), "is:broken", _is))


def words(values: Sequence[str]) -> str:
    """Values as the note and the help say them: `a, b or c`."""
    return f"{', '.join(values[:-1])} or {values[-1]}"


def _connector(value: str) -> Q | None:
    """Its kind has every word. `search_text` cannot tell: it holds the connector's own name too."""
    installed = AccountConnector.objects.order_by().values_list("connector_name", flat=True)
    names = [name for name in installed.distinct() if has_words(value, name)]
    return Q(connector_name__in=names)


def _account(value: str) -> Q | None:
    return in_accounts(words_in(value, "search_text")) or words_in(value, "account__search_text")


def _version(value: str) -> Q | None:
    """Itself and what is below it; Cyclr's are free text, and some begin with a v (`v43.0`)."""
    bare = _V.sub("", value)
    ways = [value, bare, f"v{bare}"] if bare[:1].isdigit() else [value]
    found = Q()
    for one in ways:
        found |= Q(connector_version__iexact=one) | Q(connector_version__istartswith=f"{one}.")
    return found


def _since(value: str) -> Q | None:
    moment = moment_of(value)
    if moment is None:
        return None
    # A process of the release before may have noted a failed test and not since when.
    first = Q(failing_since__gte=moment) | Q(failing_since=None, test_failed_at__gte=moment)
    is_changed = Q(authenticated_since__gte=moment) | (NOT_WORKING & first)
    return Q(gone_at__gte=moment) | Q(gone_at=None) & is_changed


def moment_of(value: str) -> datetime | None:
    """How long ago (`12h`, `7d`, `2w`), or a day (`2026-11-20`); None for what is neither."""
    if found := _AGE.fullmatch(value.lower()):
        return timezone.now() - int(found[1]) * _UNITS[found[2]]
    try:
        return timezone.make_aware(datetime.strptime(value, "%Y-%m-%d"))  # noqa: DTZ007
    except (ValueError, OverflowError):
        return None


def _why(value: str) -> Q | None:
    return Q(why_broken=value.lower(), gone_at=None) if value.lower() in WhyBroken.values else None


register(Keyword("is", words(list(IS)), "is:broken", _is))
register(Keyword("connector", "words of a connector’s name", "connector:hubspot", _connector))
register(Keyword("account", "words of an account’s name or id", "account:acme", _account))
register(Keyword("version", "a connector’s version", "version:2", _version))
register(Keyword("tested", words(list(TESTED)), "tested:dead", one_of(TESTED)))
register(Keyword("since", "how long ago it last changed, or a day", "since:7d", _since))
register(Keyword("why", words(WhyBroken.values), "why:consent", _why))
register(Keyword("tag", "a tag of its account", "tag:vip", lambda one: Q(account__in=having(one))))
