"""Whose account a customer connected, and whether a reconnect works: what proofs mean for links.

A proof is one safe call through the connector (`dashboard.connectors.proving`); which one is
chosen in Settings, so a link's items may have none. It runs by itself in a worker: no page and no
check waits for it.

- After *Connected* it tells as whom; another account than before is a warning, and the customer
  may start again. The item stays connected meanwhile.
- After the return from a reconnect of what Cyclr called authenticated all along it decides: what
  works is *Connected*, anything else stays *Returned*.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.dispatch import receiver
from django.utils import timezone

from dashboard.audit.models import Actor
from dashboard.connectors import proving
from dashboard.connectors.models import ProofRun
from dashboard.links import services
from dashboard.links.models import LinkItem

logger = logging.getLogger(__name__)

PROOFS_A_RETURN = 3
"""So often a reconnect is proven until it works: new credentials may take a moment to count."""
PAUSE = timedelta(seconds=20)
NEVER_CAME_BACK = timedelta(minutes=5)
"""When a second start of something connected is looked into although nobody came back."""


def ask_whose(item: LinkItem) -> None:
    """Find out as whom an item was connected; call it in the transaction that connects it."""
    run = proving.ask(item.account_connector, Actor.link(item.link_id))
    if run is not None:
        _hang_on(item, run)


def ask_after_start(item: LinkItem) -> None:
    """Something connected was started again: look later whose it is, unless they come back."""
    due = timezone.now() + NEVER_CAME_BACK
    run = proving.ask(item.account_connector, Actor.link(item.link_id), not_before=due)
    if run is not None:
        _hang_on(item, run)


def ask_again(item: LinkItem) -> None:
    """The customer is back from a second start of something connected: whose is it now?"""
    LinkItem.objects.filter(pk=item.pk).update(returned_at=timezone.now())
    item.link.note("returned", f"Came back from {item.account_connector}", item)
    ask_whose(item)


def ask_after_return(item: LinkItem) -> None:
    """Prove a reconnect that was returned from; again after a while, if it did not work yet."""
    item.refresh_from_db(fields=["proof", "returned_at", "started_at", "connected_at"])
    if item.connected_at is not None or item.returned_at is None or not item.is_returned:
        return
    actor = Actor.link(item.link_id)
    runs = ProofRun.objects.filter(
        account_connector=item.account_connector_id,
        actor_link=item.link_id,
        created_at__gte=item.returned_at,
    )
    last = runs.first()
    if last is not None:
        has_rested = last.finished_at is not None and timezone.now() - last.finished_at > PAUSE
        if last.worked or not has_rested or runs.count() >= PROOFS_A_RETURN:
            return
    with transaction.atomic():
        run = proving.ask(item.account_connector, actor)
        if run is not None:
            _hang_on(item, run)


def _hang_on(item: LinkItem, run: ProofRun) -> None:
    item.proof = run
    LinkItem.objects.filter(pk=item.pk).update(proof=run)


@receiver(proving.proof_finished)
def take_over(sender: object, run: ProofRun, **_: Any) -> None:
    """Bring the items that hang on a run in line with what it found; in its transaction."""
    items = LinkItem.objects.filter(proof=run).select_related(
        "link__account", "link__console", "account_connector"
    )
    for item in items.order_by("link_id", "pk"):
        item.link = services.lock(item.link_id)
        item.refresh_from_db(fields=["connected_at", "returned_at", "started_at", "identity"])
        if item.link.revoked_at is None:
            _take_over(item, run)


def _last_act(item: LinkItem) -> datetime:
    """When it last moved: a proof that began before says nothing, and is told of once since."""
    moments = (item.started_at, item.returned_at, item.connected_at)
    return max((one for one in moments if one is not None), default=item.link.created_at)


def _take_over(item: LinkItem, run: ProofRun) -> None:
    if run.began_at is None or run.began_at < _last_act(item):
        return  # it may have asked before the customer was done
    if item.connected_at is None and not item.is_returned:
        return  # it was started again meanwhile
    if run.worked is not True:
        _note_refusal(item, run)
        return
    if item.connected_at is None:
        services.connect_proven(item)
    _note_identity(item, run)


def _note_identity(item: LinkItem, run: ProofRun) -> None:
    """Whose account it is, told once a return; another one than before is a warning."""
    told = item.link.events.filter(item=item, event__in=["identity", "other-account"])
    if not run.identity or told.filter(at__gte=_last_act(item)).exists():
        return
    item.identity = run.identity
    LinkItem.objects.filter(pk=item.pk).update(identity=run.identity)
    if item.is_other_account:
        words = f"Connected as {item.identity}; it was {item.identity_before} before"
        item.link.note("other-account", words, item)
        logger.info("other account connected link=%d item=%d", item.link_id, item.pk)
    else:
        item.link.note("identity", f"Connected as {item.identity}", item)


def _note_refusal(item: LinkItem, run: ProofRun) -> None:
    """What does not work, or could not be proven: told once for each return or connection."""
    told = item.link.events.filter(item=item, event__in=["not-working", "unproven"])
    if told.filter(at__gte=_last_act(item)).exists():
        return
    name = item.account_connector
    state = "connected" if item.connected_at is not None else "returned"
    if run.worked is False:
        if item.connected_at is None:
            services.note_failure(item, "Returned, and it does not work")
        item.link.note("not-working", f"{name}: {state}, but it does not work", item, why=run.words)
    elif item.connected_at is None:
        item.link.note("unproven", f"{name}: returned, not proven to work", item, why=run.words)
