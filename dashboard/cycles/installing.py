"""Installing a template: it becomes a cycle of one account, once."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from cyclr_api import AccountRefusedError, Client, Cycle, NotFoundError, PermanentError
from dashboard.common.untrusted_text import display_line, storable
from dashboard.cycles.input import TemplateInput
from dashboard.mirror import sync, writing_accounts
from dashboard.mirror.models import Account, CatalogueConnector, Template
from dashboard.mirror.models import Cycle as CycleRow
from dashboard.mirror.tasks import ask_for_refresh
from dashboard.operations.handlers import (
    Doubtful,
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
INSTALL = "templates.install"
HAS_ONE = "It has a cycle of this template already."


def exclusivity_key(account: Account, template: Template) -> str:
    """One install of a template into an account at a time."""
    return f"template:{account.pk}:{template.pk}"


def template_of(operation: Operation) -> Template:
    """The template."""
    pk = (operation.prepared or {}).get("template") or TemplateInput.of(operation).template
    found: Template = Template.objects.select_related("console").get(pk=pk)
    return found


def _made_of(operation: Operation, client: Client, template: Template) -> list[Cycle]:
    """The account's cycles of this template, as Cyclr lists them now."""
    assert operation.account is not None
    listed = client.account(operation.account.cyclr_id).cycles.all()
    wanted = template.cyclr_id.casefold()
    return [cycle for cycle in listed if (cycle.template_id or "").casefold() == wanted]


@register
class InstallTemplate(Handler):
    """Make a cycle from a template. Not sent twice: each time makes another one."""

    kind = INSTALL
    label = "Install template"

    def fix_url(self, operation: Operation) -> str:
        """The form."""
        pk = (operation.prepared or {}).get("template")
        if not pk or operation.account_id is None:
            return ""
        return reverse("template_install", args=[operation.account_id, pk])

    def result_url(self, operation: Operation) -> str:
        """The page of the cycle."""
        made = (operation.outcome or {}).get("id")
        row = CycleRow.objects.filter(account=operation.account_id, cyclr_id=made or "").first()
        return row.get_absolute_url() if row is not None else ""

    def needless(self, account: Account, connector: CatalogueConnector | None, values: JSON) -> str:
        """An account that has a cycle of the template needs no other one."""
        wanted = Template.objects.filter(pk=TemplateInput.from_json(values).template)
        made = account.cycles.there().filter(template_cyclr_id__in=wanted.values("cyclr_id"))
        return HAS_ONE if made.exists() else ""

    def prepare(self, operation: Operation, client: Client) -> JSON:
        """Which cycles of the template and name are there already: the new one is none of them."""
        wanted = TemplateInput.of(operation)
        template = template_of(operation)
        there = _made_of(operation, client, template)
        if there and wanted.leaves_out_done:
            _have_read(operation)
            raise NotDoneError(
                "GET /cycles",
                f"The account has “{display_line(there[0].name)}” of this template already, which "
                "was not known here. Nothing was installed. The account is read again.",
            )
        known = [cycle.id for cycle in there if cycle.name == wanted.name]
        message = f"{len(known)} of that name there already" if known else "The name is free"
        return {"template": template.pk, "name": wanted.name, "known": known, "words": message}

    def act(self, operation: Operation, client: Client, values: JSON) -> JSON:
        """The one call."""
        assert operation.account is not None
        templates = client.account(operation.account.cyclr_id).templates
        made = templates.install(
            template_of(operation).cyclr_id, name=TemplateInput.from_json(values).name
        )
        return _outcome(made)

    def reconcile(self, operation: Operation, client: Client) -> Look:
        """A cycle of the template and name that was not there before is ours."""
        prepared = operation.prepared or {}
        template = template_of(operation)
        name, known = prepared.get("name", ""), prepared.get("known", ())
        there = _made_of(operation, client, template)
        new = [cycle for cycle in there if cycle.name == name and cycle.id not in known]
        if len(new) > 1:
            return Doubtful(
                f"There are {len(new)} new cycles of that name in the account. Look at them in "
                "Cyclr and delete what is too much."
            )
        return Found(_outcome(new[0])) if new else NotThere()

    def finish(self, operation: Operation, outcome: JSON) -> str:
        """The mirror learns of the cycle; the account is read for what came with it."""
        assert operation.account is not None
        sync.write_new_cycle(
            operation.account,
            outcome["id"],
            name=outcome["name"],
            status=outcome["status"],
            template_cyclr_id=template_of(operation).cyclr_id,
        )
        _have_read(operation)
        return f"Installed as “{display_line(outcome['name'])}”"

    def refused_by_cyclr(self, operation: Operation, error: PermanentError) -> Refusal:
        """What happened, why, and what to do next."""
        if isinstance(error, NotDoneError):
            return Refusal(error.message)
        if isinstance(error, AccountRefusedError):
            _have_read(operation)
            return Refusal(
                "Cyclr refuses access to this account; it may have been deleted there. Nothing "
                "was installed. The account is read again."
            )
        if isinstance(error, NotFoundError):
            return Refusal(
                "Cyclr does not know this template any more, or not for this account. Nothing "
                "was installed."
            )
        said = f": “{error.cyclr_message}”" if error.cyclr_message else "."
        return Refusal(f"Cyclr refused to install the template{said} Nothing was installed.")


def _have_read(operation: Operation) -> None:
    """The account is read again; one of many with the next sync, so that nobody waits for it."""
    assert operation.account is not None
    if operation.is_bulk:
        writing_accounts.mark_cycles_due(operation.account)
    else:
        ask_for_refresh(operation.account)


def _outcome(made: Cycle) -> JSON:
    outcome: JSON = storable({"id": made.id, "name": made.name, "status": made.status})
    return outcome
