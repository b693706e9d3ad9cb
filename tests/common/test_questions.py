"""Questions that a package above answers."""

from __future__ import annotations

import sys

from dashboard.common.questions import Question


def test_a_question_is_answered_by_who_registers() -> None:
    @Question
    def size_of(text: str) -> int:
        """How long it is."""
        return 0

    assert size_of("four") == 0
    assert size_of.__doc__ == "How long it is."

    @size_of.answered_by
    def length(text: str) -> int:
        return len(text)

    assert size_of("four") == length("four") == 4


def test_every_question_has_an_answer() -> None:
    found = {
        name: thing
        for module in list(sys.modules.values())
        if module.__name__.startswith("dashboard.")
        for name, thing in vars(module).items()
        if isinstance(thing, Question)
    }

    assert {"link_count", "with_open_link", "testable_kinds"} <= set(found)
    assert [name for name, question in found.items() if not question.is_answered] == []
