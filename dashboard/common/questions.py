"""Questions that a package asks and one above it answers, since imports go downwards only.

@Question
def link_count(account: Account) -> int:
    \"\"\"How many links it has; links answer.\"\"\"
    return 0

@link_count.answered_by          # in the package above, as it is loaded
def count_links(account: Account) -> int:
    return account.links.count()
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Question(Generic[P, R]):
    """Called like the function that it is made of, which answers while nobody else does."""

    def __init__(self, unanswered: Callable[P, R]) -> None:
        self._answer = unanswered
        self.is_answered = False
        self.__doc__ = unanswered.__doc__

    def answered_by(self, answer: Callable[P, R]) -> Callable[P, R]:
        """Have it answered by this function from now on."""
        self._answer, self.is_answered = answer, True
        return answer

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """The answer."""
        return self._answer(*args, **kwargs)
