"""Who wants which notices by e-mail, and the outbox that they are put into."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from dashboard.consoles.models import Console
from dashboard.notices.kinds import KINDS
from dashboard.notices.models import Notice, NoticeMail, NoticeWish
from dashboard.people.models import User

GATHER_FOR = timedelta(seconds=30)
"""A message waits so long for what happens right after, so that both are one."""

Wish = tuple[int | None, str]
"""A console's id, or None for all of them, and a kind of notice."""


def wishes_of(user: User) -> set[Wish]:
    """What this person wants by e-mail."""
    return set(user.notice_wishes.values_list("console_id", "kind"))


def set_wishes(user: User, consoles: Iterable[Console | None], wishes: Iterable[Wish]) -> None:
    """Want these and no others of these consoles (None: of all); other consoles' wishes stay."""
    ids = [console.pk if console else None for console in consoles]
    here = Q(console__in=[one for one in ids if one is not None])
    if None in ids:
        here |= Q(console=None)
    wanted = {(console_id, kind) for console_id, kind in wishes if console_id in ids}
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        user.notice_wishes.filter(here).delete()
        NoticeWish.objects.bulk_create(
            NoticeWish(user=user, console_id=console_id, kind=str(KINDS[kind]))
            for console_id, kind in sorted(wanted, key=str)
        )


def queue(notice: Notice) -> None:
    """Put the notice into the outbox for everybody who wants it; they are looked at when sent."""
    wishes = wishes_for(notice)
    people = User.objects.filter(is_active=True, pk__in=wishes.values("user"))
    due = timezone.now() + GATHER_FOR
    NoticeMail.objects.bulk_create(
        NoticeMail(notice=notice, user_id=pk, not_before=due)
        for pk in people.values_list("pk", flat=True)
    )


def wishes_for(notice: Notice) -> QuerySet[NoticeWish]:
    """Who wants a notice of this kind from this console."""
    here = Q(console=None) | Q(console=notice.console_id)
    return NoticeWish.objects.filter(here, kind=notice.kind)
