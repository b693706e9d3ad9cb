"""Changing an installed connector: its settings."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import transaction
from django.utils import timezone

from cyclr_api import (
    AccountRefusedError,
    Client,
    NotFoundError,
    PermanentError,
)
from cyclr_api.account_connectors import Properties
from dashboard.common.untrusted_text import storable
from dashboard.connectors import evidence
from dashboard.connectors.connection_tests import run_test
from dashboard.connectors.input import SettingsInput
from dashboard.mirror import writing
from dashboard.mirror.catalogue import TRIED_BY_CYCLR, TRY, auth_type_of
from dashboard.mirror.tasks import ask_for_refresh
from dashboard.operations.handlers import (
    Found,
    Handler,
    Look,
    NotDoneError,
    NotThere,
    Refusal,
    register,
)
from dashboard.operations.models import Operation

JSON = dict[str, Any]

SET_PROPERTIES = "connectors.set_properties"
TEST_INSTALLED = "connectors.test_installed"


def _properties(operation: Operation, client: Client) -> Properties:
    connector = operation.account_connector
    assert connector is not None and operation.account is not None
    return client.account(operation.account.cyclr_id).connector(connector.cyclr_id).properties


def try_signing_in(operation: Operation, client: Client, outcome: JSON) -> JSON:
    """Have Cyclr sign in with what stands among the settings, where that is all it needs."""
    connector, account = operation.account_connector, operation.account
    assert connector is not None and account is not None
    auth_types = {auth_type_of(method) for method in connector.methods}
    if connector.authenticated or not auth_types or auth_types - TRIED_BY_CYCLR:
        return outcome
    there = client.account(account.cyclr_id).connector(connector.cyclr_id)
    return {**outcome, "authenticated": there.update(auth_value=TRY).authenticated}


@register
class SetProperties(Handler):
    """Give settings of an installed connector their values, one by one.

    Doing it twice is doing it once: each time it looks first, and sends only what differs.
    """

    kind = SET_PROPERTIES
    label = "Set settings"
    is_idempotent: ClassVar[bool] = True

    def prepare(self, operation: Operation, client: Client) -> JSON:
        """Only the names: values are secrets, or may be."""
        there = _properties(operation, client).all()
        return {"words": f"Checked its {len(there)} settings"}

    def act(self, operation: Operation, client: Client, values: JSON) -> JSON:
        """Change what is there and differs, add what is missing."""
        properties = _properties(operation, client)
        there = {value.name: value for value in reversed(properties.all())}
        wanted = SettingsInput.from_json(values).properties
        for one in wanted:
            known = there.get(one.name)
            if known is None or known.id is None:
                properties.add(one.name, one.value)
            elif known.value != one.value:
                properties.change(known.id, name=one.name, value=one.value)
        return {"names": [one.name for one in wanted]}

    def reconcile(self, operation: Operation, client: Client) -> Look:
        """Whether every setting has its value now; what was typed is needed to tell."""
        wanted = SettingsInput.of(operation).properties
        listed = _properties(operation, client).all()
        there = {value.name: value.value for value in reversed(listed)}
        if wanted and all(there.get(one.name) == one.value for one in wanted):
            return Found({"names": [one.name for one in wanted]})
        return NotThere()

    def finalize(self, operation: Operation, client: Client, outcome: JSON) -> JSON:
        """With all it needs among the settings, Cyclr is asked to sign in with them."""
        return try_signing_in(operation, client, outcome)

    def finish(self, operation: Operation, outcome: JSON) -> str:
        """The mirror learns which settings have a value."""
        connector = operation.account_connector
        assert connector is not None
        names = [str(storable(name)) for name in outcome["names"]]
        writing.write_settings(
            connector, names, authenticated=outcome.get("authenticated"), by=operation.actor_name
        )
        count = len(names)
        return f"{count} setting{'' if count == 1 else 's'} saved"

    def refused_by_cyclr(self, operation: Operation, error: PermanentError) -> Refusal:
        """In words; settings before the refused one may have been saved."""
        if isinstance(error, NotFoundError | AccountRefusedError):
            assert operation.account is not None
            ask_for_refresh(operation.account)  # which of both is gone, Cyclr is asked again
        if isinstance(error, NotFoundError):
            return Refusal(
                "Cyclr does not know this connector or setting any more. The account is read again."
            )
        if isinstance(error, AccountRefusedError):
            return Refusal("Cyclr refuses to work in this account. It is read again: see its page.")
        said = error.cyclr_message or "no reason given"
        return Refusal(f"Cyclr refused: “{said}” Settings before that one may already be saved.")


@register
class TestInstalled(Handler):
    """Prove that an installed connector works, in a run over many; one that does not has failed.

    Doing it twice is doing it once: the test method reads.
    """

    __test__ = False  # pytest takes it for a test
    kind = TEST_INSTALLED
    label = "Test connection"
    is_idempotent: ClassVar[bool] = True

    def prepare(self, operation: Operation, client: Client) -> JSON:
        """Nothing is changed, so nothing has to be recognised."""
        return {"words": "Nothing to look up first"}

    def act(self, operation: Operation, client: Client, values: JSON) -> JSON:
        """The one call; what it tells is written at once, whether it works or not."""
        connector, began = operation.account_connector, timezone.now()
        assert connector is not None
        found = run_test(client, connector)
        with transaction.atomic():
            evidence.write(connector, found, began)
        if not found.worked:
            verdict = "Nothing was proven" if found.worked is None else "It does not work"
            call = "POST /account/connectors/{id}/methods/{method}"
            raise NotDoneError(call, f"{verdict}: {found.summary}")
        return {"summary": found.summary, "identity": found.identity}

    def reconcile(self, operation: Operation, client: Client) -> Look:
        """Never asked: it is sent again instead."""
        return NotThere()

    def finish(self, operation: Operation, outcome: JSON) -> str:
        """It works, and as whom."""
        who = f" Connected as {outcome['identity']}." if outcome["identity"] else ""
        return f"Works. {outcome['summary']}{who}".rstrip(".")
