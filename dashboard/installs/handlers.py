"""The install operation: exactly one connector, whatever breaks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

import cyclr_api
from cyclr_api import (
    AccountRefusedError,
    Client,
    InstallOptions,
    NameInUseError,
    NotFoundError,
    PermanentError,
    Property,
)
from dashboard.common.untrusted_text import storable
from dashboard.installs.form import free_name
from dashboard.installs.input import InstallInput
from dashboard.installs.services import DRAFT, NOT_OFFERED, record_refusal
from dashboard.mirror import sync, writing
from dashboard.mirror.models import Account, CatalogueConnector
from dashboard.operations.handlers import (
    Doubtful,
    Found,
    Handler,
    Look,
    NotThere,
    PrepareAgain,
    ReconcileAgain,
    Refusal,
    register,
)
from dashboard.operations.models import Operation

JSON = dict[str, Any]

_PROPERTY = re.compile(
    r"\bproperty\b(?: that matches)?(?: named?)?[:\s]*(['\"`‘“„«])(.*)", re.DOTALL | re.IGNORECASE
)
"""All of Cyclr's sentences about a setting that it does not take name it so, in some quotes."""
_CLOSING = {"‘": "’", "“": "”", "„": "“", "«": "»"}
_SPACES = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
MOST_QUOTES = 20
KEPT = "kept"
"""In an outcome: the length of the description that Cyclr listed with our mark, uncut."""
KEPT_FOR = timedelta(days=30)
"""So long it counts that Cyclr kept one."""
UNEDITED_FOR = timedelta(minutes=1)
"""Nobody finds a new connector, opens it and changes its description sooner."""
_HIDDEN, _CUT = "***", "…"
"""What the client leaves in Cyclr's words for a typed value, and where they go on."""


def mark_of(operation: Operation) -> str:
    """What the description ends with until the install is known: only ours bears it."""
    return f"[desk:{operation.reference}]"


def typed_description(operation: Operation) -> str:
    """The description as the person wants it; known once it is prepared."""
    sent = description_of(operation)
    return sent.removesuffix(mark_of(operation)).rstrip()


def description_of(operation: Operation) -> str:
    """The description as it is sent: with the mark at its end; known once it is prepared."""
    return str((operation.prepared or {}).get("description") or mark_of(operation))


def account_id_of(operation: Operation) -> str:
    """Cyclr's id of the account it is done in."""
    assert operation.account is not None
    return operation.account.cyclr_id


def taken_names(operation: Operation, there: Iterable[cyclr_api.AccountConnector]) -> set[str]:
    """The names that an install must not have: there, reserved by others, or refused before."""
    others = Operation.objects.active().filter(account=operation.account).exclude(pk=operation.pk)
    reserved = others.exclude(prepared=None).values_list("prepared", flat=True)
    # A listing may lag behind: what was refused once is taken.
    refused = operation.events.filter(event="again").values_list("details", flat=True)
    names = {str(kept.get("name", "")) for kept in (*reserved, *refused)}
    return names | {connector.name for connector in there}


def bears_marks(operation: Operation) -> bool:
    """Whether what it sent would bear its mark: one of its name that does not is another's.

    So it is where Cyclr has lately listed an install of this console with a description as long as
    this one, whole, and while it is too early for somebody to have edited it.
    """
    moment = timezone.now()
    if operation.sent_at is None or moment - operation.sent_at > UNEDITED_FOR:
        return False
    listed = Operation.objects.filter(console=operation.console, kind=operation.kind)
    listed = listed.filter(finished_at__gt=moment - KEPT_FOR)
    least = len(description_of(operation))
    return bool(listed.filter(**{f"outcome__{KEPT}__gte": least}).exists())


@register
class InstallConnector(Handler):
    """Install one connector into one account."""

    kind = "installs.install"
    label = "Install connector"

    def fix_url(self, operation: Operation) -> str:
        """The form, filled but for secrets."""
        if operation.account_id is None or operation.connector_id is None:
            return ""
        form = reverse("install_new", args=[operation.account_id, operation.connector_id])
        return f"{form}?from={operation.reference}"

    def needless(self, account: Account, connector: CatalogueConnector | None, values: JSON) -> str:
        """An account that has the connector needs no other one."""
        assert connector is not None
        same = account.connectors.there().filter(
            connector_name=connector.name, connector_version=connector.version
        )
        return f"It has {connector.name} already." if same.exists() else ""

    def prepare(self, operation: Operation, client: Client) -> JSON:
        """Reserve a name that is free, and remember which connectors are there already."""
        there = client.account(account_id_of(operation)).connectors.all()
        entered = InstallInput.of(operation)
        name = free_name(entered.name or operation.title, taken_names(operation, there))
        message = f"Looked at the {len(there)} connectors that are there; the name “{name}” is free"
        return {
            "name": name,
            "description": f"{entered.description} {mark_of(operation)}".strip(),
            "authentication_id": entered.authentication_id or "",
            "ids_before": [connector.id for connector in there],
            "words": message,
        }

    def act(self, operation: Operation, client: Client, values: JSON) -> JSON:
        """The install call itself."""
        entered = InstallInput.from_json(values)
        there = client.account(account_id_of(operation)).connectors
        is_named = bool(entered.connector_name)  # the ids of settings belong to a release
        options: InstallOptions = {
            "description": description_of(operation),
            "authentication_id": entered.authentication_id,
            "auth_value": entered.auth_value,
            "properties": [
                Property(one.name, one.value, 0 if is_named else one.id)
                for one in entered.properties
            ],
            "is_native": entered.is_native,
        }
        name = (operation.prepared or {})["name"]
        if not is_named:
            return outcome_of(there.install(entered.release_id, name=name, **options))
        version = entered.connector_version or None
        return outcome_of(
            there.install_named(entered.connector_name, version=version, name=name, **options)
        )

    def reconcile(self, operation: Operation, client: Client) -> Look:
        """Ours bears the mark. One with our name but no mark may be a customer's: never adopted."""
        there = client.account(account_id_of(operation)).connectors.all()
        prepared = operation.prepared or {}
        new = [connector for connector in there if connector.id not in set(prepared["ids_before"])]
        marked = [c for c in new if mark_of(operation) in (c.description or "")]
        if len(marked) == 1:
            outcome = outcome_of(marked[0])
            if outcome["description"] == description_of(operation):
                outcome[KEPT] = len(outcome["description"])
            return Found(outcome)
        if marked:
            ids = ", ".join(str(connector.id) for connector in marked)
            return Doubtful(
                f"Cyclr shows more than one connector of this install (ids {ids}). "
                "Delete the extra one in Cyclr."
            )
        named = [connector for connector in new if connector.name == prepared["name"]]
        if not named:
            return NotThere()
        try:
            if len(named) == 1 and self._is_ours_cut(operation, client, named[0]):
                return Found(outcome_of(named[0]))
        except NotFoundError:  # deleted since it was listed
            return NotThere()
        if bears_marks(operation):
            name = free_name(prepared["name"], taken_names(operation, there))
            known = [*prepared["ids_before"], *(one.id for one in named)]
            return NotThere({**prepared, "name": name, "ids_before": known})
        return Doubtful(
            f"Cyclr did not answer, and has since a connector “{named[0].name}” "
            f"(id {named[0].id}) without this install’s mark. Check in Cyclr whether it "
            "is the right one, and install again only if it is not."
        )

    def _is_ours_cut(
        self, operation: Operation, client: Client, named: cyclr_api.AccountConnector
    ) -> bool:
        """Whether the one of our name bears our description, cut off or left out of the list.

        The cut must have left the mark's beginning: what was typed may stand in a colleague's own
        install of that name too.
        """
        mark = mark_of(operation)
        sent = description_of(operation)
        whole = client.account(account_id_of(operation)).connector(named.id).get()
        description = whole.description or ""
        least = len(sent) - len(mark) + len("[desk:")
        return mark in description or (len(description) >= least and sent.startswith(description))

    def finalize(self, operation: Operation, client: Client, outcome: JSON) -> JSON:
        """Take the mark out of the description again."""
        typed, there = typed_description(operation), outcome.get("description") or ""
        if there == typed:
            return outcome
        client.account(account_id_of(operation)).connector(outcome["id"]).update(description=typed)
        columns = {**outcome["columns"], "description": typed, "left_mark": ""}
        return {**outcome, "columns": columns, "description": typed}

    def finish(self, operation: Operation, outcome: JSON) -> str:
        """Put the new connector into the mirror."""
        assert operation.account is not None
        chosen = str((operation.prepared or {}).get("authentication_id") or "")
        columns = dict(outcome["columns"])
        is_tidy = outcome.get("description") == typed_description(operation)
        columns["left_mark"] = "" if is_tidy else mark_of(operation)
        row = writing.write_installed(
            operation.account,
            outcome["id"],
            columns,
            authentication_id=chosen,
            by=operation.actor_name,
        )
        sync.fill_methods(operation.account.console, [operation.account.pk])
        operation.account_connector = row
        return f"Installed as “{row.name}”"

    def refused_by_cyclr(self, operation: Operation, error: PermanentError) -> Refusal:
        """Which field Cyclr's message is about; a name in use is looked into first."""
        if isinstance(error, NameInUseError):
            if operation.is_resent:
                raise ReconcileAgain
            raise PrepareAgain
        said = error.cyclr_message or ""
        name = operation.connector.name if operation.connector else "the connector"
        if target := setting_refused(said, operation):
            return Refusal(
                f"Cyclr does not take the setting “{target}” of {name}. Nothing was installed.",
                field=f"property:{target}",
            )
        if "is a draft" in said:
            _record_refusal(operation, None, DRAFT)
            return Refusal(
                f"{name} is a draft in Cyclr now and cannot be installed. Nothing was installed. "
                "Release it in the Cyclr console first."
            )
        entered = InstallInput.of(operation)
        if isinstance(error, NotFoundError) and entered.connector_name:
            called = f"{entered.connector_name} {entered.connector_version}".strip()
            return Refusal(
                f"Cyclr offers this account no live release under the name “{called}”. Nothing was "
                "installed. Refresh the account, or choose the release by its id.",
                field="installs_by",
            )
        if isinstance(error, NotFoundError):
            _record_refusal(operation, operation.account, NOT_OFFERED)
            return Refusal(
                f"Cyclr does not offer this release of {name} to this account: it was replaced, or "
                "belongs to another account. Nothing was installed. Refresh the account, which "
                "asks Cyclr again, before you try again."
            )
        if isinstance(error, AccountRefusedError):
            return Refusal(
                "Cyclr refuses access to this account; it may have been deleted there. "
                "Nothing was installed. Refresh the account."
            )
        message = f"Cyclr refused to install {name}"
        return Refusal(
            f"{message}: “{said}” Nothing was installed."
            if said
            else f"{message}. Nothing was installed."
        )


def _record_refusal(operation: Operation, account: Account | None, why: str) -> None:
    """The release is offered no longer. Noted twice it is noted once."""
    release = InstallInput.of(operation).release_id
    if operation.connector is not None and release:
        record_refusal(operation.connector, account, release, why)


def setting_refused(said: str, operation: Operation) -> str:
    """Cyclr's name of the setting that a refusal is about, as quoted if unknown; empty for none."""
    match = _PROPERTY.search(said)
    if match is None:
        return ""
    mark, quoted = match.groups()
    close = _CLOSING.get(mark, mark)
    return setting_meant(quoted, operation, close) or quoted.rpartition(close)[0] or quoted


def setting_meant(quoted: str, operation: Operation, close: str = "'") -> str:
    """Cyclr's name of the one setting that `quoted`, the end of its message, can mean, or empty.

    In a message typed values are hidden, spaces are single, and its end may be cut off.
    """
    asked = operation.connector.asked_parameters if operation.connector else []
    targets = dict.fromkeys([*(one.target_name for one in asked), "ClientId", "ClientSecret"])
    ends = [place for place, letter in enumerate(quoted) if letter == close][:MOST_QUOTES]
    wholes = [quoted[:end] for end in reversed(ends)]  # a name, and what follows, may hold quotes
    tries = [([whole], False) for whole in wholes]
    tries += [(whole.split(_HIDDEN), False) for whole in wholes]
    if quoted.endswith(_CUT):
        tries.append((quoted.removesuffix(_CUT).split(_HIDDEN), True))
    for parts, is_open in tries:
        folded = [part.casefold() for part in parts]
        shown = {name: _SPACES.sub(" ", name).casefold() for name in targets}
        meant = [name for name, text in shown.items() if _fits(text, folded, is_open)]
        if meant:
            exact = [name for name in meant if _SPACES.sub(" ", name) == "".join(parts)]
            found = exact or meant
            return found[0] if len(found) == 1 else ""
    return ""


def _fits(name: str, parts: list[str], is_open: bool) -> bool:
    """Whether a name consists of these parts, in this order, with anything between them."""
    *before, last = parts
    place = 0
    for number, part in enumerate(before):
        found = name.find(part, place)
        if found < 0 or (number == 0 and found > 0):
            return False
        place = found + len(part)
    if is_open:
        return name.startswith(last) if not before else last in name[place:]
    return name == last if not before else name[place:].endswith(last)


def outcome_of(installed: cyclr_api.AccountConnector) -> JSON:
    """What is remembered of an installed connector: nothing secret."""
    columns = sync.account_connector_columns(installed)
    description = storable(installed.description or "")  # with our mark, as it is in Cyclr
    return {"id": installed.id, "columns": columns, "description": description}
