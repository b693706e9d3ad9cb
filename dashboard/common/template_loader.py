"""Templates are laid out for whoever reads them; what is sent carries none of it."""

from __future__ import annotations

import re

from django.template import Origin
from django.template.loaders import filesystem

_TAG = re.compile(
    r"""<(?P<name>[a-zA-Z]\w*)(?:\{%.*?%\}|\{\{.*?\}\}|"[^"]*"|'[^']*'|[^<>"'])*>\s*""", re.DOTALL
)
_TRIMMED = {
    "button",
    "dd",
    "dt",
    "h1",
    "h2",
    "h3",
    "li",
    "option",
    "p",
    "summary",
    "td",
    "th",
    "title",
}
"""Elements that show no blanks at their edges."""
_END = re.compile(rf"\s+(?=</(?:{'|'.join(sorted(_TRIMMED))})>)")
_BREAK = re.compile(r"\s*\n\s*")
_BESIDE_WORDS = re.compile(r"(?<=[^>}\s])\s*\n\s*(?=\S)|(?<=\S)\s*\n\s*(?=[^<{\s])")
_TITLE = re.compile(r"(?<=\{% block title %\}).*?(?=\{% endblock)", re.DOTALL)
_BESIDE_LOGIC = re.compile(r"(?<=%\})\s*\n\s*|\s*\n\s*(?=\{%)")
_INDENTATION = re.compile(r"\n[ \t]+")


class Loader(filesystem.Loader):
    """The files of `templates/`; HTML with its tags and sentences in one line, not indented.

    Only blanks that mean nothing in HTML are touched: those in the source, not those in values.
    """

    def get_contents(self, origin: Origin) -> str:
        """The source of a template, ready to be compiled."""
        text = str(super().get_contents(origin))
        return compact(text) if str(origin.name).endswith(".html") else text


def compact(text: str) -> str:
    """A template's source with fewer blanks.

    >>> compact('<p\\n  class="lead"\\n>\\n  Two\\n  words\\n</p>')
    '<p class="lead">Two words</p>'
    """
    text = _TITLE.sub(lambda title: _BESIDE_LOGIC.sub("", title[0]), text)
    text = _TAG.sub(_one_line, text)
    text = _BESIDE_WORDS.sub(" ", text)
    return _INDENTATION.sub("\n", _END.sub("", text))


def _one_line(found: re.Match[str]) -> str:
    tag = found[0].rstrip()
    after = "" if found["name"] in _TRIMMED else found[0][len(tag) :]
    return re.sub(r" (?=/?>$)", "", _BREAK.sub(" ", tag)) + after
