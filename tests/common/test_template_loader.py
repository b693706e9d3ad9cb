"""Templates are laid out for readers of the source; what is sent is as small as before."""

from __future__ import annotations

import pytest

from dashboard.common.template_loader import compact


@pytest.mark.parametrize(
    ("source", "sent"),
    [
        ('<a\n  class="b"\n  {% if x > 1 %}hidden{% endif %}\n>', None),
        ("<p>\n  Two\n  words\n</p>\n", "<p>Two words</p>\n"),
        ("<div>\n    <b>x</b>\n  </div>", "<div>\n<b>x</b>\n</div>"),
        ("Two {% untrusted a %}\n  words", "Two {% untrusted a %} words"),
        ("<span>\n a\n</span>", "<span> a </span>"),
        ("<li>\n  {% if x %}\n    a\n  {% endif %}\n</li>", "<li>{% if x %} a {% endif %}</li>"),
        (
            "{% block title %}\n  {% if x %}\n    Two\n    words\n{% endif %}{% endblock title %}",
            "{% block title %}{% if x %}Two words{% endif %}{% endblock title %}",
        ),
    ],
)
def test_blanks_that_mean_nothing_are_not_sent(source: str, sent: str | None) -> None:
    assert compact(source) == (sent or '<a class="b" {% if x > 1 %}hidden{% endif %}>')


@pytest.mark.parametrize("value", ["{{ text }}", "{% untrusted text %}"])
def test_what_is_put_in_keeps_its_blanks(value: str) -> None:
    assert compact(f"<pre>{value}</pre>") == f"<pre>{value}</pre>"


def test_no_word_meets_another() -> None:
    source = "<b>one</b>\n<b>two</b>\n{{ three }}\n  four\n  <i>five</i>"

    assert compact(source).split() == source.split()
