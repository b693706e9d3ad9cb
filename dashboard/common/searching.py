"""Letters as people type them: what search compares, and what counts as the same name.

Who is on the telephone types `zaglowki` for “Żaglówki”, `mueller` or `muller` for “Müller”, words
in the order that comes to mind, and punctuation or none. A row keeps the `search_text` of its
names in a column; `words_in` asks that column.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, reduce
from itertools import islice, product
from operator import and_
from typing import Any

from anyascii import anyascii
from django.db import models
from django.db.models import Q

from dashboard.common.untrusted_text import storable

_MARKS = re.compile(
    "["
    "\u0300-\u036f\u0483-\u0487\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed"
    "]+"
)
"""What people leave out when they type: accents, Hebrew points, Arabic vowel signs.

Marks of other scripts are letters of a word there, and stay.
"""
_NOT_WORD = re.compile(r"[^a-z0-9]+")
_BETWEEN = re.compile(r"[^\w]+|_+")
_SPELT_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})
"""How these are written where the keyboard has none of them."""
KEPT_UP_TO = 200
"""Letters of the longest text of which the spellings are remembered."""
SHORTEST_PART = 3
"""Letters of the parts into which a word with punctuation may fall."""
MOST_WORDS = 32
"""Words of a search, and parts of a word, that are looked for: a whole mail may be pasted, and
databases refuse conditions that are nested a thousand deep.
"""


def normalize_for_search(text: object) -> str:
    """The text without case, accents and dress of its letters; blanks are single.

    >>> normalize_for_search(" Żaglówki  ＆ Straße ")
    'zaglowki & strasse'
    """
    plain = "" if text is None else str(text)
    if not plain.isascii():
        plain = _bare(_one_form(plain))
    return " ".join(plain.lower().replace("\x00", " ").split())


def nfkc_casefold(text: object) -> str:
    """The text without case and dress of its letters; every accent counts. For addresses and keys.

    >>> nfkc_casefold(" ＡＣＭＥ  Straße ")
    'acme strasse'
    """
    plain = "" if text is None else str(storable(str(text)))
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", plain).casefold())
    return " ".join(folded.split())


def squeeze(text: object) -> str:
    """The same, and nothing but its letters and digits.

    >>> squeeze("E-Mail Adresse")
    'emailadresse'
    """
    return _squeezed(normalize_for_search(text))


def _squeezed(normal: str) -> str:
    if normal.isascii():
        return _NOT_WORD.sub("", normal)
    return "".join(letter for letter in normal if unicodedata.category(letter)[0] in "LNM")


def is_same(one: object, other: object) -> bool:
    """Whether two names are one, as people write them: letters and digits alike.

    Names without any are compared as they stand.
    """
    squeezed = squeeze(one), squeeze(other)
    if not any(squeezed):
        return normalize_for_search(one) == normalize_for_search(other)
    return squeezed[0] == squeezed[1]


def is_shortened(one: object, other: object) -> bool:
    """Whether one name is the other less some words, such as its legal form."""
    words = [set(_BETWEEN.split(normalize_for_search(name))) - {""} for name in (one, other)]
    few, many = sorted(words, key=len)
    return few <= many and any(len(word) > 1 and word not in LEGAL_FORMS for word in few)


LEGAL_FORMS = frozenset(
    [
        "ab",
        "ag",
        "aps",
        "as",
        "asa",
        "bv",
        "co",
        "company",
        "corp",
        "corporation",
        "gbr",
        "gmbh",
        "inc",
        "kg",
        "limited",
        "llc",
        "llp",
        "ltd",
        "ltda",
        "mbh",
        "nv",
        "oy",
        "oyj",
        "plc",
        "pty",
        "sa",
        "sarl",
        "sas",
        "sl",
        "slu",
        "spa",
        "srl",
        "sro",
        "ug",
    ]
)


def search_text(*texts: object) -> str:
    """What a row is found by: every spelling of each text, a line each."""
    lines: dict[str, None] = {}
    for text in texts:
        if text not in (None, ""):
            whole = str(text)
            lines |= dict.fromkeys(_kept(whole) if len(whole) <= KEPT_UP_TO else _lines(whole))
    lines.pop("", None)
    return "\n".join(lines)


def words_in(text: str, *columns: str) -> Q:
    """The condition that every word of `text` stands in one of the columns; true for no text.

    The columns hold `search_text`. Order, punctuation and blanks do not matter.
    """
    return reduce(and_, (_any(asked, columns) for asked in _asked_words(text)), Q())


def has_words(text: str, name: object) -> bool:
    """The same of one name: whether every word of `text` stands in it.

    >>> has_words("sell zendusk", "Zendüsk Sell")
    True
    """
    found = search_text(name)
    return all(
        any(all(part in found for part in parts) for parts in asked) for asked in _asked_words(text)
    )


def ways_to_find(
    text: str, here: str, there: str, *, of_owners: Callable[[Q], Q | None], most_words: int = 2
) -> list[Q]:
    """The same for columns of two tables: conditions of which exactly one holds for what is found.

    Each says which words stand here, and which only there, so that each can go by the tables'
    indexes; `OR` between columns of two tables cannot. One alone for many words, or for none.
    `of_owners` gets the condition over there as one on the other table's `search_text`, and answers
    the keys that fulfil it as a condition here; None if those are many.
    """
    words = _asked_words(text)
    if not 1 <= len(words) <= most_words:
        return [words_in(text, here, there)]
    conditions = [_here_or_there(asked, here, there, of_owners) for asked in words]
    return [reduce(and_, one) for one in product(*conditions)]


def plain_words(text: str) -> list[str]:
    """A word or two as they are looked for, if each is written in one way and whole; else none.

    Conditions for such words differ in nothing but the words: a query can be prepared for them.
    """
    words = _asked_words(text)
    is_plain = len(words) <= 2 and all(len(ways) == len(ways[0]) == 1 for ways in words)
    return [ways[0][0] for ways in words] if is_plain else []


def _here_or_there(
    asked: Sequence[Sequence[str]], here: str, there: str, of_owners: Callable[[Q], Q | None]
) -> tuple[Q, Q]:
    is_here = _any(asked, [here])
    is_there = of_owners(_any(asked, ["search_text"]))
    return is_here, (_any(asked, [there]) if is_there is None else is_there) & ~is_here


def _asked_words(text: str) -> list[list[list[str]]]:
    """Each word of the text, up to `MOST_WORDS`, with the ways to find it."""
    typed = islice(dict.fromkeys(str(storable(text)).split()), MOST_WORDS)
    words = [_asked(word) for word in typed]
    if not any(words) and (whole := normalize_for_search(storable(text))):
        return [[[whole]]]  # punctuation alone
    return [asked for asked in words if asked]


def _any(asked: Sequence[Sequence[str]], columns: Sequence[str]) -> Q:
    condition = Q()
    for column in columns:
        for parts in asked:
            every = Q()
            for part in parts:
                every &= Q(**{f"{column}__contains": part})
            condition |= every
    return condition


def _asked(word: str) -> list[list[str]]:
    """The ways to find a word: each is a list of texts that must all be there."""
    ways: dict[str, None] = {}
    for spelling in _spellings(word):
        ways[_squeezed(spelling)] = None
    found = [[way] for way in ways if way]
    parts = [part for part in _BETWEEN.split(normalize_for_search(word)) if part]
    if len(parts) > 1 and all(len(part) >= SHORTEST_PART for part in parts):
        found.append(list(dict.fromkeys(parts))[:MOST_WORDS])
    return found


@lru_cache(maxsize=32_768)
def _kept(text: str) -> tuple[str, ...]:
    """Remembered: a sync asks for the same names every few minutes."""
    return tuple(_lines(text))


def _lines(text: str) -> Iterator[str]:
    for spelling in _spellings(text):
        yield spelling
        yield _squeezed(spelling)


def _spellings(text: str) -> Iterator[str]:
    """As it is, with ä and the like spelt out, and in Latin letters."""
    yield normalize_for_search(text)
    if text.isascii():
        return
    composed = unicodedata.normalize("NFC", _one_form(text))
    spelt = composed.translate(_SPELT_OUT)
    if spelt != composed:
        yield normalize_for_search(spelt)
    yield normalize_for_search(anyascii(composed))


def _one_form(text: str) -> str:
    """Compatibility forms and case made one; what is not seen is gone."""
    folded = unicodedata.normalize("NFKC", str(storable(text))).casefold()
    return "".join(letter for letter in folded if unicodedata.category(letter) != "Cf")


def _bare(text: str) -> str:
    """Letters without marks, and Latin ones as a plain keyboard has them."""
    apart = _MARKS.sub("", unicodedata.normalize("NFKD", text))
    whole = unicodedata.normalize("NFC", apart)
    return whole if whole.isascii() else "".join(map(_plain, whole))


@lru_cache(maxsize=4096)
def _plain(letter: str) -> str:
    is_latin = unicodedata.name(letter, "").startswith("LATIN ")
    return anyascii(letter).strip("'").lower() if is_latin else letter


_LAST = "\U0010fffd"
"""Behind all letters, in whatever order a database has them."""
_TURNS_TEXT = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
LONGEST_SORT_NAME = 100


def sort_name(name: object) -> str:
    """What lists by name are ordered by, case and accents aside.

    Behind the others stand names that begin with neither letter nor digit, have nothing to be seen,
    or hold characters that turn the text around: nobody looks for a customer there.

    >>> sorted(["=1+1", "Żaglówki", "  ", "ember", "Zoo"], key=sort_name)
    ['ember', 'Żaglówki', 'Zoo', '  ', '=1+1']
    """
    normal = normalize_for_search(name)
    is_ordinary = normal[:1].isalnum() and not _TURNS_TEXT.search(str(name))
    return (normal if is_ordinary else _LAST + normal)[:LONGEST_SORT_NAME]


class SearchField(models.TextField):  # type: ignore[type-arg]  # at run time it takes none
    """`search_text` of other columns, set by itself whenever a row is made or saved.

    An `update` of those columns must set it too.
    """

    def __init__(self, *, of: Sequence[str], **options: Any) -> None:
        self.of = list(of)
        # Code of the release before makes rows too while an upgrade is under way.
        fixed: dict[str, Any] = {"editable": False, "blank": True, "default": "", "db_default": ""}
        super().__init__(**fixed | options)

    def deconstruct(self) -> Any:
        """For migrations."""
        name, path, arguments, options = super().deconstruct()
        return name, path, arguments, options | {"of": self.of}

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        """Also called for each row of a `bulk_create`."""
        text = search_text(*(getattr(model_instance, name) for name in self.of))
        setattr(model_instance, self.attname, text)
        return text


AT_A_TIME = 1000


def fill_search_text(model: type[models.Model], columns: dict[str, Callable[[Any], str]]) -> None:
    """For migrations: set search columns of every row, in sets of a size that holds nobody up.

    Harmless when repeated, and beside work under way: each set is a statement of its own, by key,
    and touches rows only whose text is another.
    """
    rows = model._base_manager.order_by("pk")
    last = 0
    while some := list(rows.filter(pk__gt=last)[:AT_A_TIME]):
        last = some[-1].pk
        changed = []
        for row in some:
            found = {column: text_of(row) for column, text_of in columns.items()}
            if any(getattr(row, column) != text for column, text in found.items()):
                for column, text in found.items():
                    setattr(row, column, text)
                changed.append(row)
        model._base_manager.bulk_update(changed, list(columns), batch_size=200)
