"""What Cyclr sends as icons, taken out of its answers while they are read.

An icon is large and may be anything. A connector remembers its digest alone; the picture goes to
a row of its own, once, and only if it can be one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from django.db.models import Exists, OuterRef
from django.utils import timezone

import cyclr_api
from dashboard.common.chunks import chunks
from dashboard.common.pictures import ICONS, PictureError, check_length, picture_from
from dashboard.mirror.models import CatalogueConnector, Icon

WIDEST = 2048
"""Pixels, in both directions."""
MOST_KEPT = 16 * 1024 * 1024
"""Bytes of new pictures that one reading holds; what is beyond comes with the next one."""
AT_ONCE = 25
"""Pictures that are written in one statement."""
USED_EVERY = timedelta(days=1)
KEPT_FOR = timedelta(days=30)
TRIED_AGAIN_AFTER = timedelta(days=1)

_DATA = re.compile(r"data:(?P<kind>[^,;]{0,100})(?:;[^,;]{0,100})*;base64,", re.IGNORECASE)
_START = 300
"""Characters within which the data begin."""


def picture_in(text: str) -> bytes:
    """The picture that an icon's text holds; `PictureError` says why there is none to be shown."""
    match = _DATA.match(text[:_START])
    if match is None:
        raise PictureError("It is not a picture but another text, such as an address.")
    if "svg" in match["kind"].lower():
        raise PictureError("SVG pictures can hold scripts, so they are not taken.")
    check_length((len(text) - match.end()) * 3 // 4 - 2)
    try:
        content = base64.b64decode(text[match.end() :], validate=True)
    except (binascii.Error, ValueError):
        raise PictureError("This picture is damaged: it is not base64.") from None
    return picture_from(content, kinds=ICONS, widest=WIDEST).content


class IconReader:
    """Is handed the icons of one reading (`cyclr_api.library.Icons`), by several threads.

    It answers each icon's digest, and holds the pictures that are new until `save`.
    """

    def __init__(self, known: Iterable[str] | None = None) -> None:
        """`known`: digests that are stored already; None for all that are."""
        if known is None:
            known = Icon.objects.values_list("source_digest", flat=True)
        self._known = set(known)
        self._new: dict[str, Icon] = {}
        self._room = MOST_KEPT
        self._lock = threading.Lock()

    def __call__(self, text: str) -> str:
        """The icon's digest; empty for none, and for one that has to wait for the next reading."""
        if text.strip().lower() in ("", "null"):
            return ""
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        if digest not in self._known and digest not in self._new:
            icon = _made(digest, text)
            with self._lock:
                length = len(icon.source or b"")
                if length > self._room:
                    return ""
                self._room -= length
                self._new[digest] = icon
        return digest

    def save(self, found: Sequence[cyclr_api.Connector]) -> list[cyclr_api.Connector]:
        """Store what is new; the connectors, each with an icon that is stored or with none."""
        for some in chunks(list(self._new.values()), AT_ONCE):
            Icon.objects.bulk_create(some, ignore_conflicts=True)
        self._new.clear()
        stored: set[str] = set()
        for wanted in chunks(sorted({one.icon for one in found if one.icon})):
            rows = Icon.objects.filter(source_digest__in=wanted)
            rows.filter(used_at__lt=timezone.now() - USED_EVERY).update(used_at=timezone.now())
            stored.update(rows.values_list("source_digest", flat=True))
        return [one if one.icon in stored else replace(one, icon="") for one in found]


def _made(digest: str, text: str) -> Icon:
    """The row of a new icon: to be drawn, or refused at once."""
    try:
        return Icon(source_digest=digest, source=picture_in(text))
    except PictureError as error:
        return Icon(source_digest=digest, refusal=error.why, finished_at=timezone.now())


def forget() -> None:
    """Icons that no connector has had for a month; and what a fault of ours kept from being drawn.

    The next reading brings the latter again.
    """
    moment = timezone.now()
    used = CatalogueConnector.objects.filter(icon=OuterRef("source_digest"))
    old = Icon.objects.filter(used_at__lt=moment - KEPT_FOR).exclude(finished_at=None)
    old.filter(~Exists(used)).delete()
    given_up = Icon.objects.filter(finished_at__lt=moment - TRIED_AGAIN_AFTER, digest="")
    given_up.exclude(last_error="").delete()
