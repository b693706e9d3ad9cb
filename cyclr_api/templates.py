"""Templates: listing them, moving them between consoles, installing them in an account."""

from collections.abc import Iterator, Mapping
from typing import Any, TypedDict, Unpack

from .calls import Calls, Pages, given, sendable_guid
from .decoding import Listing, UndecodableError, decode_one
from .errors import UnsendableError
from .models import Cycle, Template
from .transport import Effect

WITHOUT_ICONS = {"includeIcons": "false"}
"""Icons are large, and none are kept."""


class Filters(TypedDict, total=False):
    """Which templates or cycles are listed [T]."""

    tag: str | None
    """Spelt exactly so [D]."""
    connector_name: str | None
    connector_version: str | None


def narrowed(
    *,
    tag: str | None = None,
    connector_name: str | None = None,
    connector_version: str | None = None,
) -> dict[str, str]:
    """The query of a list with these filters, without icons."""
    found = given(tag=tag, connectorName=connector_name, connectorVersion=connector_version)
    return {**WITHOUT_ICONS, **found}


class Templates:
    """The published templates of the console."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def all(self, **filters: Unpack[Filters]) -> list[Template]:
        """Every template, or those that match, over as many pages as there are."""
        return self._pages(narrowed(**filters)).all()

    def iterate(self, **filters: Unpack[Filters]) -> Iterator[Template]:
        """As `all`, page by page. What was delivered before an error is not the whole list."""
        return self._pages(narrowed(**filters)).iterate()

    def readable(
        self, *, at_once: int = 1, max_wait: float = 0.0, **filters: Unpack[Filters]
    ) -> Listing[Template]:
        """As `all`, but an element that cannot be read is left out and counted; see `Pages`."""
        return self._pages(narrowed(**filters)).readable(at_once=at_once, max_wait=max_wait)

    def load(self, document: Mapping[str, Any], *, folder_id: str | None = None) -> Template | None:
        """Add what `export` gave, here or in another console, to a folder if one is named [T].

        Not idempotent. None if Cyclr's answer does not show the template: what it looks like
        is unknown [?]. RefusedError if Cyclr cannot read the document or knows no such
        folder [T]. OutcomeUnknownError if no answer came: look before asking again.
        """
        if folder_id is not None:
            sendable_guid("POST /templates/import", folder_id)
        return self._calls.answer(
            "POST",
            "/templates/import",
            decode=_template_or_none,
            effect=Effect.WRITE,
            query=given(folderid=folder_id),
            body=dict(document),
            may_be_empty=True,
        )

    def _pages(self, query: Mapping[str, str]) -> Pages[Template]:
        return Pages(
            self._calls,
            "/templates",
            decode=Template.from_json,
            key=lambda found: found.id,
            query=query,
        )


def _template_or_none(value: object) -> Template | None:
    try:
        return decode_one(value, Template.from_json)
    except UndecodableError:
        return None


class TemplateApi:
    """One template."""

    def __init__(self, calls: Calls, template_id: str) -> None:
        self._calls = calls
        self.id = sendable_guid("template", template_id)

    def get(self) -> Template:
        """The template as it is now. NotFoundError if there is none of this id [T]."""
        return self._calls.answer(
            "GET",
            "/templates/{id}",
            self.id,
            decode=lambda value: decode_one(value, Template.from_json),
            query=WITHOUT_ICONS,
        )

    def export(self) -> Mapping[str, Any]:
        """The template as a document for `Templates.load` [T], whatever is in it."""
        return self._calls.answer("GET", "/templates/{id}/export", self.id, decode=_document)


def _document(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise UndecodableError("template document: not an object")
    return value


class AccountTemplates:
    """What templates are for: becoming cycles of one account."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def install(self, template_id: str, *, name: str | None = None) -> Cycle:
        """Make a cycle from a template. It is paused, and may lack things to run [T][D].

        Not idempotent. `name`: what the cycle is called; None leaves that to Cyclr. Missing
        connectors are installed as well; one of the same type that the account has already is
        used instead, perhaps not the one you mean, unless the template asks for a new one [D].
        NotFoundError for an unknown template [T]. OutcomeUnknownError if no readable answer
        came: look for the name among the account's cycles before asking again.
        """
        template = "/templates/{id}/install"
        sendable_guid(f"POST {template}", template_id)
        if name is not None and not name.strip():
            raise UnsendableError(f"POST {template}", reason="the name is empty")
        return self._calls.answer(
            "POST",
            template,
            template_id,
            decode=Cycle.from_json,
            effect=Effect.WRITE,
            query=WITHOUT_ICONS,
            body=given(Name=name),
        )
