"""Making, finding and revoking API tokens."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from dashboard.api.models import ApiToken
from dashboard.api.scopes import Scope
from dashboard.audit import services as audit
from dashboard.audit.models import Actor
from dashboard.consoles.models import Console
from dashboard.people.models import Role, User

PREFIX = "desk_"
"""By which scanners for secrets find a token in a text."""
SHAPE = re.compile(r"desk_[A-Za-z0-9_-]{43}")
USED_EVERY = timedelta(minutes=1)
PAGE = "/settings/tokens/"


def make(
    owner: User,
    name: str,
    *,
    scopes: Collection[Scope],
    role: Role,
    console: Console | None,
    lives_for: timedelta,
) -> tuple[ApiToken, str]:
    """A new token and what it is: shown once, and stored nowhere."""
    plain = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        token = ApiToken.objects.create(
            owner=owner,
            name=name,
            digest=digest_of(plain),
            hint=plain[-4:],
            scopes=sorted(scopes),
            role=role,
            console=console,
            expires_at=timezone.now() + lives_for,
        )
        note(
            token,
            Actor.staff(owner),
            "api.make_token",
            scopes=token.scopes,
            role=Role(role).label,
            expires_at=token.expires_at.isoformat(),
        )
    return token, plain


def revoke(token: ApiToken, by: User) -> bool:
    """End a token at once; says whether it had not ended before."""
    with transaction.atomic():
        rows = ApiToken.objects.filter(pk=token.pk, revoked_at=None)
        if not rows.update(revoked_at=timezone.now()):
            return False
        note(token, Actor.staff(by), "api.revoke_token")
    return True


def find(plain: str) -> ApiToken | None:
    """The token of this text, whether it still works or not."""
    if not SHAPE.fullmatch(plain):
        return None
    rows = ApiToken.objects.select_related("owner", "console")
    return rows.filter(digest=digest_of(plain)).first()


def mark_used(token: ApiToken) -> None:
    """Note that it was used, once a minute at most."""
    now = timezone.now()
    if token.used_at is None or token.used_at < now - USED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(used_at=now)


def digest_of(plain: str) -> str:
    """What is kept of a token: nobody guesses 256 random bits, so no slow hash is needed."""
    return hashlib.sha256(plain.encode()).hexdigest()


def note(
    token: ApiToken, actor: Actor, action: str, *, result: str = "done", **details: Any
) -> None:
    """Write an act with or on a token into the audit trail."""
    audit.record(
        actor,
        action,
        console=token.console,
        target=token.name,
        target_url=f"{PAGE}#token-{token.pk}",
        result=result,
        token=token.pk,
        owner=token.owner.display_name,
        **details,
    )
