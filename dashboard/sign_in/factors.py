"""Second factors: authenticator apps, passkeys, recovery codes. Who needs one, and by when."""

from __future__ import annotations

import struct
from datetime import timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from dashboard.common import encryption
from dashboard.common.limits import is_within
from dashboard.environment.names import LOCAL_CLIENT_ID
from dashboard.people.models import Role, User
from dashboard.sign_in import familiar, seeds_at_rest, trail

GRACE = timedelta(days=14)
REAL = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
"""Recovery codes are none by themselves."""
SEED = "totp-seed"
"""Where the session keeps a seed, encrypted, until its first code was typed."""
TRIES, WINDOW = 10, 900
TRIES_A_DAY, A_DAY = 96, 86400
MALFORMED = (
    *(ValidationError, ValueError, TypeError, LookupError, AttributeError, OverflowError),
    *(struct.error, InvalidSignature, UnsupportedAlgorithm, NotImplementedError, RecursionError),
)
"""What reading a credential raises that no browser has made."""


class TooManyTriesError(Exception):
    """Too many wrong codes; this one was not looked at."""


# ---- who needs one ----


def is_required(user: User) -> bool:
    """Whether the person may do enough to need one."""
    role = max(user.roles.values(), default=None)  # whatever this request may do
    return role is not None and role >= Role.LEAD


def is_missing(user: User) -> bool:
    """Whether they need one and have none."""
    return not user.has_second_factor and is_required(user)


def days_left(user: User) -> int | None:
    """Days until nothing else opens without one; `None` with the local Cyclr: it never ends."""
    if settings.CYCLR_CLIENT_ID == LOCAL_CLIENT_ID:
        return None
    if user.grace_began_at is None:
        return GRACE.days
    left = user.grace_began_at + GRACE - timezone.now()
    return max(0, -(-left // timedelta(days=1)))


@receiver(user_logged_in)
def begin_grace(sender: object, user: User, **_: Any) -> None:
    """The two weeks begin with the first sign-in."""
    if user.grace_began_at is None:
        user.grace_began_at = timezone.now()
        user.save(update_fields=["grace_began_at"])


@receiver([post_save, post_delete], sender=Authenticator)
def keep_flag(sender: object, instance: Authenticator, **_: Any) -> None:
    """The person's row says whether they have one: every page asks for that."""
    has = Authenticator.objects.filter(user_id=instance.user_id, type__in=REAL).exists()
    User.objects.filter(pk=instance.user_id).exclude(has_second_factor=has).update(
        has_second_factor=has
    )


def of(user: User) -> dict[str, list[Authenticator]]:
    """The person's, by type."""
    found: dict[str, list[Authenticator]] = {}
    for one in Authenticator.objects.filter(user=user).order_by("pk"):
        found.setdefault(one.type, []).append(one)
    return found


# ---- using one ----


def use_code(request: HttpRequest, user: User, code: str) -> Authenticator | None:
    """The factor whose code it is, and that code is used up by it. Raises `TooManyTriesError`."""
    count_try(request, user)
    typed = "".join(code.split())
    with transaction.atomic(), seeds_at_rest.of(user):
        own = Authenticator.objects.select_for_update().filter(user=user).order_by("-type")
        for one in own:
            if one.type == Authenticator.Type.TOTP and _use_totp(one, typed):
                return one
            is_recovery = one.type == Authenticator.Type.RECOVERY_CODES
            if is_recovery and RecoveryCodes(one).validate_code(typed):
                trail.did(user, "used a recovery code")
                return Authenticator.objects.get(pk=one.pk)
    return None


def count_try(request: HttpRequest, user: User) -> None:
    """Count one try for this person: apart in a browser of theirs, so that nobody locks them out.

    Raises `TooManyTriesError`.
    """
    whose = f"factor:{user.pk}:{familiar.number_for(request, user) or 'stranger'}"
    is_few = is_within(whose, most=TRIES, seconds=WINDOW)
    if not (is_within(f"{whose}:day", most=TRIES_A_DAY, seconds=A_DAY) and is_few):
        raise TooManyTriesError


def _use_totp(one: Authenticator, typed: str) -> bool:
    counter = matching_counter(seeds_at_rest.decrypt(one.data["secret"]), typed)
    if counter is None or counter <= one.data.get("last_counter", 0):
        return False
    one.data["last_counter"] = counter
    one.save(update_fields=["data"])
    return True


def matching_counter(secret: str, typed: str) -> int | None:
    """The thirty seconds whose code this is, of those that count now."""
    for counter in totp.yield_hotp_counters_from_time():
        if typed == totp.format_hotp_value(totp.hotp_value(secret, counter)):
            return int(counter)
    return None


# ---- adding and removing ----


def pending_seed(request: HttpRequest, user: User) -> str:
    """The seed that the person's app is to take over; the same until its first code."""
    kept = request.session.get(SEED, "")
    with seeds_at_rest.of(user):
        try:
            return seeds_at_rest.decrypt(kept)
        except encryption.DecryptionError:
            seed: str = totp.generate_totp_secret()
            request.session[SEED] = seeds_at_rest.encrypt(seed)
            return seed


def add_app(request: HttpRequest, user: User, code: str) -> bool:
    """Take over the pending seed if the code is one of it. Raises `TooManyTriesError`."""
    count_try(request, user)
    seed = pending_seed(request, user)
    counter = matching_counter(seed, "".join(code.split()))
    if counter is None:
        return False
    with transaction.atomic(), seeds_at_rest.of(user):
        Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).delete()
        one = totp.TOTP.activate(user, seed).instance
        one.data["last_counter"] = counter
        one.save(update_fields=["data"])
        RecoveryCodes.activate(user)
        trail.did(user, "added an authenticator app")
    request.session.pop(SEED, None)
    return True


def remove(user: User, one: Authenticator) -> None:
    """Take one away; recovery codes go with the last real one."""
    with transaction.atomic():
        word = "a passkey" if one.type == Authenticator.Type.WEBAUTHN else "an authenticator app"
        one.delete()
        if not Authenticator.objects.filter(user=user, type__in=REAL).exists():
            Authenticator.objects.filter(user=user).delete()
        trail.did(user, f"removed {word}")


def recovery_codes(user: User, *, anew: bool = False) -> list[str]:
    """Those not used yet; none without a real factor. `anew`: the old ones end."""
    own = Authenticator.objects.filter(user=user)
    if not own.filter(type__in=REAL).exists():
        return []
    with transaction.atomic(), seeds_at_rest.of(user):
        if anew:
            own.filter(type=Authenticator.Type.RECOVERY_CODES).delete()
            trail.did(user, "made new recovery codes")
        codes: list[str] = RecoveryCodes.activate(user).get_unused_codes()
        return codes
