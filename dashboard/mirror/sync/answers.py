"""What Cyclr answered about one account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from cyclr_api import CyclrError
from dashboard.mirror.missing import Answers
from dashboard.mirror.models import Account

T = TypeVar("T")


@dataclass(slots=True)
class Answer(Generic[T]):
    """To a listing that began then: what it lists, or why it does not.

    `listed` says how many elements it `skipped` if it is a `cyclr_api.Listing`. `answers`: what
    was asked for by itself since the listing lacks it.
    """

    account: Account
    began: datetime
    listed: Sequence[T] | None = None
    answers: Answers[Any, T] | None = None
    error: CyclrError | None = None
