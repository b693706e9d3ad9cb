"""Finding the link that an address means, and the log of who opened it."""

from __future__ import annotations

import base64
import hmac
import logging
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from dashboard.common import encryption
from dashboard.common.untrusted_text import storable
from dashboard.links import timeline
from dashboard.links.glued import candidates
from dashboard.links.models import (
    Link,
    LinkState,
)
from dashboard.links.models.link import PURPOSE
from dashboard.links.progress import move

logger = logging.getLogger(__name__)

OPENS_KEPT = 200
"""Lines about openings on a link's timeline: so many of machines and so many of persons."""
SAME_OPEN_FOR = timedelta(seconds=30)


def find(token: str) -> Link | None:
    """The link whose token a text holds, or None; the same work for every text that holds none.

    See `links.glued` for what is forgiven.
    """
    raws = [base64.b32decode(one.upper()) for one in candidates(token)] or [bytes(40)]
    links = Link.objects.with_public_ids({raw[:8].hex() for raw in raws})
    known = {link.public_id: link for link in links}
    raw = next((raw for raw in raws if raw[:8].hex() in known), raws[0])
    public_id, code = raw[:8].hex(), raw[8:]
    link = known.get(public_id)
    key_id = link.key_id if link else encryption.current_key_id()
    try:
        ours = encryption.code_for(public_id, purpose=PURPOSE, key=key_id)
    except encryption.DecryptionError:
        logger.error("link key dropped link=%s key=%s", link.pk if link else None, key_id)
        return None
    return link if hmac.compare_digest(ours, code) else None


def log_open(link: Link, *, method: str, guess: str, why: str, agent: str, name: str = "") -> None:
    """Write an opening into the link's log; who it was is a guess, for labelling only.

    Machines cannot crowd out persons: each kind has its own room in the log. A colleague, whose
    name it is then, is not the customer, so the link is as unopened as before.
    """
    is_robot = guess == "robot"
    agent = storable(agent)
    if guess == "person" and link.state in {LinkState.CREATED, LinkState.SENT}:
        move(link, LinkState.OPENED)
    opens = link.events.filter(event="opened", details__robot=is_robot)
    # After a return the page loads itself again and again until the check has ended.
    pause = timedelta(seconds=settings.VERIFY_FOR)
    lately = timezone.now() - (pause if link.state == LinkState.RETURNED else SAME_OPEN_FOR)
    message = "Opened" if is_robot else f"Opened by {name or 'a person'}"
    is_same = opens.filter(at__gt=lately, details__agent=agent, message=message).exists()
    if is_same or opens.count() >= OPENS_KEPT:
        return
    timeline.record(
        link,
        "opened",
        message,
        None,
        robot=is_robot,
        why=why,
        agent=agent,
        method=method,
        **({"staff": name} if name else {}),
    )
