"""Which settings stand where in a form: another release may have others in their places."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from cyclr_api import Parameter
from dashboard.installs.fields import looks_secret


def layout_of(parameters: Iterable[Parameter]) -> str:
    """A short digest for each setting, by what Cyclr calls it and whether it is a secret."""
    words = [f"{one.target_name}\0{looks_secret(one)}" for one in parameters]
    return ".".join(
        hashlib.sha256(word.encode("utf-8", "replace")).hexdigest()[:8] for word in words
    )


def now_called(now: str, then: str) -> dict[str, str]:
    """The settings of a form with layout `then`: what they were called to what they are `now`.

    One that is gone, or was a secret and is none any more, is left out: what was typed for it
    must not turn up in another's place.
    """
    digests: list[str | None] = [*then.split(".")]
    found = {}
    for position, digest in enumerate(now.split(".")):
        if digest and digest in digests:
            found[f"parameter-{digests.index(digest)}"] = f"parameter-{position}"
            digests[digests.index(digest)] = None
    return found
