"""Forms that were sent when their session had ended, held until the person has signed in.

What was typed comes back, filled in and not sent: somebody presses again. Nothing secret is held:
each drawn form names its secret fields (`never-kept`). What is held lies encrypted in the session,
an hour at most, and is for who sent it, where that was known.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.http import HttpRequest, QueryDict
from django.http.multipartparser import MultiPartParserError
from django.http.request import UnreadablePostError
from django.utils import timezone
from django.utils.datastructures import MultiValueDict

from dashboard.common import encryption
from dashboard.common.limits import is_within
from dashboard.common.untrusted_text import storable
from dashboard.people.address import client_address, network_of

KEY, PLACE = "held-form", "session:held-form"
NEVER_KEPT = "never-kept"
"""The name of hidden fields that name a form's secret fields."""
SUBMISSION = "submission"
KEPT_FOR = timedelta(hours=1)
LONGEST = 64_000
"""Characters of a form that is held."""
MOST_PER_ADDRESS, WINDOW = 30, 600

_ALWAYS_DROPPED = re.compile(
    r"^(csrfmiddlewaretoken|never-kept)$|^auth-|passw|secret|token|credential|(^|[-_])key$",
    re.IGNORECASE,
)
"""Names that are dropped even if a form did not name them."""


@dataclass(frozen=True, slots=True)
class Held:
    """A form that was not sent: its fields without secrets, and whether one of those was typed."""

    path: str
    fields: list[tuple[str, str]]
    has_secrets: bool

    @property
    def is_redrawn(self) -> bool:
        """Whether its page can draw it again, filled in: it knows when a form must not count."""
        return any(name == SUBMISSION for name, _ in self.fields)

    @property
    def shown(self) -> list[tuple[str, str]]:
        """What was typed, for people."""
        hidden = {SUBMISSION, "version", "next", "layout", "release"}
        return [
            (name.replace("_", " ").replace("-", " ").capitalize(), value)
            for name, value in self.fields
            if name not in hidden and value.strip()
        ]


def is_own(request: HttpRequest) -> bool:
    """Whether a page of ours sent it, as far as browsers tell: other sites' forms are not held."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return False
    ours = f"{request.scheme}://{request.get_host()}"
    sender = request.headers.get("Origin") or request.headers.get("Referer", "")
    return sender == ours or sender.startswith(f"{ours}/")


def hold(request: HttpRequest) -> bool:
    """Hold the form that was sent; says whether it could."""
    network = network_of(client_address(request))
    if not is_within(f"held:{network}", most=MOST_PER_ADDRESS, seconds=WINDOW):
        return False
    try:
        posted = request.POST
    except (RequestDataTooBig, TooManyFieldsSent, MultiPartParserError, UnreadablePostError):
        return False
    fields, has_secrets = _without_secrets(posted)
    if sum(len(name) + len(value) for name, value in fields) > LONGEST:
        return False
    user = getattr(request, "user", None)
    kept: dict[str, Any] = {
        "path": request.get_full_path(),
        "fields": fields,
        "has_secrets": has_secrets or bool(request.FILES),
        "by": user.pk if user is not None and user.is_authenticated else _before(request),
        "at": timezone.now().isoformat(),
    }
    request.session[KEY] = encryption.encrypt_json(storable(kept), associated_data=PLACE)
    return True


def _before(request: HttpRequest) -> int | None:
    """Whose session it was that has ended, while its row is still there."""
    found = getattr(request.session, "ended_user_id", None)
    return found if isinstance(found, int) else None


def take(request: HttpRequest) -> Held | None:
    """The form that is held for this address and this person, once."""
    if KEY not in request.session:
        return None
    try:
        kept = encryption.decrypt_json(request.session[KEY], associated_data=PLACE)
    except encryption.DecryptionError:
        del request.session[KEY]
        return None
    is_old = timezone.now() - datetime.fromisoformat(kept["at"]) > KEPT_FOR
    is_others = kept["by"] not in (None, request.user.pk)
    if is_old or is_others:
        del request.session[KEY]
        return None
    if kept["path"] != request.get_full_path():
        return None
    del request.session[KEY]
    fields = [(str(name), str(value)) for name, value in kept["fields"]]
    return Held(kept["path"], fields, bool(kept["has_secrets"]))


def pose_as_sent(request: HttpRequest, held: Held) -> None:
    """Let the page draw the form as after a mistake; without its submission it cannot count."""
    data = QueryDict(mutable=True)
    for name, value in held.fields:
        data.appendlist(name, "" if name == SUBMISSION else value)
    data._mutable = False  # as a browser's is
    request.method = "POST"
    request._post = data  # type: ignore[attr-defined]
    request._files = MultiValueDict()  # type: ignore[attr-defined]


def _without_secrets(posted: QueryDict) -> tuple[list[tuple[str, str]], bool]:
    secret = posted.getlist(NEVER_KEPT)
    fields, has_secrets = [], False
    for name, values in posted.lists():
        is_named = any(name == one or name.startswith(f"{one}_") for one in secret)
        if not is_named and not _ALWAYS_DROPPED.search(name):
            fields += [(name, str(value)) for value in values]
        elif name not in {"csrfmiddlewaretoken", NEVER_KEPT}:
            has_secrets = has_secrets or any(values)
    return fields, has_secrets
