"""The table's lines as targets of a run: whom each means, and what comes into the account."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError

from dashboard.bulk.input import RowInput
from dashboard.bulk.services import Target
from dashboard.common.chunks import by_key
from dashboard.common.untrusted_text import storable
from dashboard.cycles.installing import HAS_ONE, exclusivity_key
from dashboard.cycles.many.form import TemplateManyForm
from dashboard.cycles.parts import Entries, entries_of
from dashboard.mirror.models import Account, Cycle, Template

NOT_READ = "(not read)"


def targets(form: TemplateManyForm) -> list[Target]:
    """Each line as a target: its account found, what is added and what is used said."""
    assert form.read is not None
    meant = [
        form.accounts.meant(written, form.cell(cells, "account"))
        for _, written, cells in form.read.lines
    ]
    whole = by_key(Account.objects.all(), [one.account.pk for one in meant if one.account])
    having = _having(form.template) if form.cleaned_data["leaves_out_done"] else set()
    entries = entries_of(form.template)
    found = [
        Target(number, NOT_READ, None, problem=message)
        for number, message in form.read.problems.items()
    ]
    for (number, written, cells), one in zip(form.read.lines, meant, strict=True):
        account = whole[one.account.pk] if one.account else None
        label = str(storable(written))[:300] or "(no account id)"
        if problem := one.problem or _why_not(form, account, number, having):
            shown = {"why": one.why} if one.why else {}
            found.append(Target(number, label, account, shown=shown, problem=problem))
            continue
        assert account is not None
        found.append(_target(form, number, label, account, cells, one.doubt, entries))
    return sorted(found, key=lambda target: target.number)


def _why_not(form: TemplateManyForm, account: Account | None, number: int, having: set[int]) -> str:
    """Why nothing is done for a line, in words."""
    if account is None:
        return "No account id."
    if account.gone_at is not None:
        return "This account is gone from Cyclr."
    if problem := form.too_long(number):
        return problem
    return HAS_ONE if account.pk in having else ""


def _target(
    form: TemplateManyForm,
    number: int,
    label: str,
    account: Account,
    cells: tuple[str, ...],
    doubt: str,
    entries: Entries,
) -> Target:
    try:
        name, own_doubt = form.name_in(cells)
    except ValidationError as error:
        return Target(number, label, account, problem=f"Name: {' '.join(error.messages)}")
    leaves_out_done = bool(form.cleaned_data["leaves_out_done"])
    values: dict[str, Any] = {"template": form.template.pk, "name": name}
    shown = entries.of(account.pk)
    if name != form.cleaned_data["name"]:
        shown = [["Name", name], *shown]
    return Target(
        number,
        label,
        account,
        RowInput(
            values=values | {"leaves_out_done": leaves_out_done},
            shown={"entries": [["Name", name], *entries.of(account.pk)]},
            exclusivity_key=exclusivity_key(account, form.template),
            leaves_out_done=leaves_out_done,
        ),
        shown={"entries": shown},
        doubt=" ".join(filter(None, [doubt, own_doubt])),
    )


def _having(template: Template) -> set[int]:
    """The accounts with a cycle of the template, as far as cycles were read."""
    rows = Cycle.objects.there().filter(
        account__console=template.console_id, template_cyclr_id=template.cyclr_id
    )
    return set(rows.values_list("account_id", flat=True))
