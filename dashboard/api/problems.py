"""Errors of the API in plain words, as RFC 9457 has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse, JsonResponse

CONTENT_TYPE = "application/problem+json"


class ProblemError(Exception):
    """A call that is not carried out: its status, why, and what to do next."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors = status, detail, list(errors)
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        """The problem as JSON has it."""
        told: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            told["errors"] = [{"field": name, "message": message} for name, message in self.errors]
        return told

    def response(self) -> HttpResponse:
        """The problem as an answer."""
        answer = JsonResponse(self.body(), status=self.status, content_type=CONTENT_TYPE)
        for name, value in self.headers.items():
            answer[name] = value
        return answer
