"""Keeps `locale/` in step with the customers' pages: `python -m tests.support.translations`.

It collects what templates and code mark as to be translated, writes the new sentences into each
`django.po` without a translation, takes out what is no longer used, and writes the `django.mo` that
Django reads. `--check` writes nothing; both end with 1 while something is not translated.
`docs/translations.md` says how to go about it.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent.parent
NAMES = {"de": "German", "fr": "French", "es": "Spanish"}
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
MARK = re.compile(rf"\b(?:{'|'.join(KEYWORDS)})\s*\(")
HEADER = "# {language} for the customers' pages and messages of Cyclr Desk.\n#"
Found = tuple[str, str | tuple[str, ...], str | None, list[str]]
"""A file, a sentence or its singular and plural, its context, and notes for translators."""


def paths(language: str) -> tuple[Path, Path]:
    """Where a language's sentences are, for people and for Django."""
    folder = ROOT / "locale" / language / "LC_MESSAGES"
    return folder / "django.po", folder / "django.mo"


def sources() -> Iterator[tuple[str, str]]:
    """Each template and module with its Python: a template's is what its tags would call."""
    for path in sorted((ROOT / "templates").rglob("*")):
        if path.suffix in {".html", ".txt"}:
            name = path.relative_to(ROOT).as_posix()
            # Line by line: what stands between the tags is indented as HTML is.
            lines = templatize(path.read_text("utf-8"), origin=name).splitlines()
            yield name, "\n".join(line.strip() for line in lines)
    for path in sorted((ROOT / "dashboard").rglob("*.py")):
        yield path.relative_to(ROOT).as_posix(), path.read_text("utf-8")


def sentences() -> Iterator[Found]:
    """All that is to be translated, in the order of the files."""
    for name, source in sources():
        if not MARK.search(source):  # most modules have none, and reading one word by word is slow
            continue
        stream = io.BytesIO(source.encode())
        for _, text, notes, context in extract(
            "python", stream, KEYWORDS, comment_tags=["Translators:"], strip_comment_tags=True
        ):
            yield name, text, context, notes


class Book(Catalog):
    """A catalogue whose header names no moment and no tool: nothing changes where nothing did."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        """Only how to read it."""
        found = [("Language", str(self.locale)), ("Plural-Forms", self.plural_forms)]
        found += [("MIME-Version", "1.0"), ("Content-Type", "text/plain; charset=utf-8")]
        return [*found, ("Content-Transfer-Encoding", "8bit")]


def template() -> Catalog:
    """A catalogue of all sentences, without translations."""
    catalog = Catalog(fuzzy=False)
    for name, text, context, notes in sentences():
        catalog.add(text, locations=[(name, 0)], context=context, auto_comments=notes)
    return catalog


def read(language: str) -> Catalog:
    """The language's sentences as they are in its `django.po`; none if there is no such file."""
    po, _ = paths(language)
    if not po.exists():
        return Catalog(locale=language)
    with po.open("rb") as stream:
        return read_po(stream, locale=language)


def merged(language: str, wanted: Catalog) -> Book:
    """The wanted sentences with the translations that there are; nothing is guessed."""
    old = read(language)
    new = Book(locale=language, fuzzy=False, charset="utf-8")
    new.header_comment = HEADER.format(language=NAMES[language])
    for message in wanted:
        if not message.id:
            continue
        known = old.get(message.id, context=message.context)
        same_shape = known is not None and known.pluralizable == message.pluralizable
        new.add(
            message.id,
            known.string if known is not None and same_shape else None,
            locations=message.locations,
            auto_comments=message.auto_comments,
            context=message.context,
        )
    return new


def missing(catalog: Catalog) -> list[str]:
    """The sentences without a translation, or with one that somebody marked as doubtful."""
    found = []
    for message in catalog:
        parts = message.string if isinstance(message.string, tuple | list) else [message.string]
        if message.id and (message.fuzzy or not all(parts)):
            found.append(message.id if isinstance(message.id, str) else message.id[0])
    return found


def as_po(catalog: Book) -> bytes:
    """The file for people."""
    stream = io.BytesIO()
    write_po(stream, catalog, width=96, include_lineno=False, ignore_obsolete=True)
    return stream.getvalue()


def as_mo(catalog: Book) -> bytes:
    """The file for Django."""
    stream = io.BytesIO()
    write_mo(stream, catalog)
    return stream.getvalue()


def main(arguments: list[str]) -> int:
    """The exit status: 0 if every sentence is translated and the files are up to date."""
    if not settings.configured:
        settings.configure(USE_I18N=True)
    is_check, is_good, wanted = "--check" in arguments, True, template()
    for language in NAMES:
        po, mo = paths(language)
        catalog = merged(language, wanted)
        for path, content in {po: as_po(catalog), mo: as_mo(catalog)}.items():
            if path.exists() and path.read_bytes() == content:
                continue
            if is_check:
                is_good = False
                sys.stdout.write(f"{path.relative_to(ROOT)} is not up to date\n")
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        for sentence in missing(catalog):
            is_good = False
            sys.stdout.write(f"{language}: not translated: {sentence}\n")
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
