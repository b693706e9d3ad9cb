"""Which console the settings mean, and what becomes of one whose pair has changed.

The pair of API address and client id finds a console, it does not make it one: a rotated client id
or another port is the same console, staging's address in production's settings is not.
`mirror.adopting` compares the accounts; what it cannot tell an administrator decides.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from dashboard.consoles.models import Console, ConsoleChange
from dashboard.environment.addresses import is_this_machine
from dashboard.environment.names import LOCAL_CLIENT_ID

UNDECIDED = (
    "The settings name another address or client id than before. Until it is clear whether that is"
    " the same console, nothing is read or changed, and customers’ links wait."
)


class NothingToDecideError(Exception):
    """The settings name the console that is in use."""


def is_in_settings(console: Console) -> bool:
    """Whether the settings name this pair."""
    return _pair(console) == (_plain(settings.CYCLR_API_URL), settings.CYCLR_CLIENT_ID)


def _pair(console: Console) -> tuple[str, str]:
    return _plain(console.api_url), console.client_id


def _plain(url: str) -> str:
    """Older releases stored addresses as they were written."""
    return url.rstrip("/").lower()


def ensure_environment_console() -> Console | None:
    """The console that the settings describe, as a row; None if they name none, or it is undecided.

    Run before every start: a second run changes nothing.
    """
    if not settings.CYCLR_API_URL:
        return None  # nobody said that a console ended: it waits until the settings name it again
    with transaction.atomic():
        rows = _rows()
        named, used = _named(rows), _in_use(rows)
        if named is None and used is None:
            used = _last_used(rows)
        if used is None or used == named or _is_local(_pair(used)):
            # Nothing is lost with a local Cyclr, which is no other console for certain.
            return _decide(named or Console())
        _notice(used)
    return None


def _rows() -> list[Console]:
    """Those that settings have described, and whatever has the pair that they name now.

    They are held until the end of the transaction.
    """
    pair = {"api_url": settings.CYCLR_API_URL, "client_id": settings.CYCLR_CLIENT_ID}
    rows = Console.objects.select_for_update().filter(Q(is_from_environment=True) | Q(**pair))
    return list(rows.order_by("pk"))


def _named(rows: list[Console]) -> Console | None:
    """The one that the settings name; the local Cyclr is one console whatever its port."""
    exact = [row for row in rows if is_in_settings(row)]
    local = [row for row in rows if _is_local(_pair(row))]
    wants_local = _is_local((settings.CYCLR_API_URL, settings.CYCLR_CLIENT_ID))
    found = (local if wants_local else exact) or exact
    return _in_use(found) or next(iter([row for row in found if row in exact] or found), None)


def _in_use(rows: list[Console]) -> Console | None:
    return next((row for row in rows if row.retired_at is None), None)


def _is_local(pair: tuple[str, str]) -> bool:
    url, client_id = pair
    return client_id == LOCAL_CLIENT_ID and is_this_machine(urlsplit(url).hostname or "")


def _last_used(rows: list[Console]) -> Console | None:
    """Releases before 2026-12 ended a console when its address left the settings."""
    return max(rows, key=lambda row: row.retired_at or timezone.now(), default=None)


def _notice(console: Console) -> None:
    """Hold everything of this console until it is decided about the settings' pair."""
    pair = {"api_url": settings.CYCLR_API_URL, "client_id": settings.CYCLR_CLIENT_ID}
    if not ConsoleChange.objects.filter(console=console, **pair).exists():
        ConsoleChange.objects.filter(console=console).delete()
        ConsoleChange.objects.create(
            console=console, service_url=settings.CYCLR_SERVICE_URL, **pair
        )
    moment = timezone.now()
    rows = Console.objects.filter(pk=console.pk)
    rows.update(retired_at=None, trouble=UNDECIDED)
    rows.filter(undecided_since=None).update(undecided_since=moment)
    rows.filter(trouble_since=None).update(trouble_since=moment, failing_since=moment)


def _decide(console: Console) -> Console:
    """This is what the settings describe now; it takes over what they say, and others end."""
    pair = (settings.CYCLR_API_URL, settings.CYCLR_CLIENT_ID)
    _make_room(console, pair)
    console.api_url, console.client_id = pair
    console.service_url = settings.CYCLR_SERVICE_URL
    name = settings.CYCLR_CONSOLE_NAME or urlsplit(pair[0]).hostname or "Cyclr"
    console.name = name[:100]
    console.is_from_environment = True
    console.encrypted_client_secret = ""
    console.partner_name = settings.PARTNER_NAME
    console.support_email = settings.SUPPORT_EMAIL
    console.retired_at = None
    columns = ["api_url", "client_id", "service_url", "name", "is_from_environment"]
    columns += ["encrypted_client_secret", "partner_name", "support_email", "retired_at"]
    if console.undecided_since is not None:
        columns += _forget_trouble(console)
    console.save(update_fields=columns if console.pk else None)
    ConsoleChange.objects.filter(console__is_from_environment=True).delete()
    for other in Console.objects.filter(is_from_environment=True).exclude(pk=console.pk):
        if other.retired_at is None:
            other.retired_at = timezone.now()
            other.save(update_fields=["retired_at", *_forget_trouble(other)])
    return console


def _make_room(console: Console, pair: tuple[str, str]) -> None:
    """A pair is one row's: whoever has it gets the pair that the console had."""
    holder = Console.objects.exclude(pk=console.pk).filter(api_url=pair[0], client_id=pair[1])
    if (other := holder.first()) is None:
        return
    before = (console.api_url, console.client_id)
    for row, url, client_id in (
        (other, pair[0], f"{other.pk} was replaced"),
        (console, *pair),
        (other, *before),
    ):
        Console.objects.filter(pk=row.pk).update(api_url=url, client_id=client_id)


def _forget_trouble(console: Console) -> list[str]:
    """No trouble is known of the console now; answers the columns to save."""
    console.undecided_since = console.trouble_since = console.failing_since = None
    console.trouble, console.failures = "", 0
    return ["undecided_since", "trouble_since", "failing_since", "trouble", "failures"]


def adopt(console: Console) -> Console:
    """What the settings name is this console: it keeps all it has and takes over their pair.

    Raises `NothingToDecideError` if it has the pair already.
    """
    with transaction.atomic():
        row = Console.objects.select_for_update().get(pk=console.pk, is_from_environment=True)
        if is_in_settings(row) and row.retired_at is None and row.undecided_since is None:
            raise NothingToDecideError
        return _decide(row)


def add(change: ConsoleChange) -> Console:
    """What the settings name is another console; the one before ends, with its links.

    Raises `NothingToDecideError` if somebody else decided meanwhile.
    """
    with transaction.atomic():
        rows = _rows()
        if not ConsoleChange.objects.filter(pk=change.pk).exists():
            raise NothingToDecideError
        return _decide(_named(rows) or Console())


def other_holder(change: ConsoleChange) -> Console | None:
    """The console that was known by the settings' pair before, if any."""
    rows = Console.objects.exclude(pk=change.console_id)
    return rows.filter(api_url=change.api_url, client_id=change.client_id).first()
