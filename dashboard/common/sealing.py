"""Encryption of what must not be readable at rest, and keyed codes for links.

AES-256-GCM with a key derived (HKDF) from one of `CREDENTIAL_KEYS`. Each value is bound to the
place it stands in (`bound_to`, authenticated but not stored): moved to another row it cannot be
opened. A value names its key, so keys are rotated by putting a new one in front.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class SealBrokenError(Exception):
    """A sealed value cannot be opened: its key was dropped, or it stands in the wrong place."""


@lru_cache(maxsize=32)
def _derived(secret: str, purpose: str) -> bytes:
    kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"cyclr-desk {purpose}".encode())
    return kdf.derive(secret.encode())


@lru_cache(maxsize=32)
def key_id(secret: str) -> str:
    """A short public name of a key: eight hex digits that say nothing about it."""
    return hashlib.sha256(_derived(secret, "key id")).hexdigest()[:8]


def current_key_id() -> str:
    """The name of the key that seals and signs now."""
    return key_id(settings.CREDENTIAL_KEYS[0])


def known_key_ids() -> list[str]:
    """The names of all keys that can still be used."""
    return [key_id(secret) for secret in settings.CREDENTIAL_KEYS]


def _secret(name: str) -> str:
    for secret in settings.CREDENTIAL_KEYS:
        if key_id(secret) == name:
            return str(secret)
    raise SealBrokenError(f"key {name} is not among CREDENTIAL_KEYS")


def seal(plain: str, *, bound_to: str) -> str:
    """`plain` encrypted with the current key, as text: version, key id, nonce and ciphertext."""
    name = current_key_id()
    nonce = os.urandom(12)
    cipher = AESGCM(_derived(_secret(name), "seal"))
    body = cipher.encrypt(
        nonce, plain.encode("utf-8", "surrogatepass"), f"{bound_to}:{name}".encode()
    )
    return f"v1.{name}.{base64.urlsafe_b64encode(nonce + body).decode()}"


def unseal(sealed: str, *, bound_to: str) -> str:
    """The text that `seal` was given for the same place; raises `SealBrokenError`."""
    try:
        version, name, body = sealed.split(".")
        raw = base64.urlsafe_b64decode(body)
    except ValueError as error:
        raise SealBrokenError("not a sealed value") from error
    if version != "v1":
        raise SealBrokenError("sealed by a newer release")
    cipher = AESGCM(_derived(_secret(name), "seal"))
    try:
        plain = cipher.decrypt(raw[:12], raw[12:], f"{bound_to}:{name}".encode())
    except (InvalidTag, ValueError) as error:
        raise SealBrokenError("the seal does not fit this place") from error
    return plain.decode("utf-8", "surrogatepass")


def seal_json(value: Any, *, bound_to: str) -> str:
    """A JSON value, sealed."""
    return seal(json.dumps(value), bound_to=bound_to)


def unseal_json(sealed: str, *, bound_to: str) -> Any:
    """What `seal_json` was given; raises `SealBrokenError`."""
    return json.loads(unseal(sealed, bound_to=bound_to))


def code_for(message: str, *, purpose: str, key: str) -> bytes:
    """A keyed 32-byte code over `message` with the key of that id; the same for the same input."""
    return hmac.new(_derived(_secret(key), purpose), message.encode(), hashlib.sha256).digest()


def fingerprint(text: str) -> str:
    """A keyed digest for comparing input without keeping it; says nothing without the key."""
    secret = settings.CREDENTIAL_KEYS[-1]
    return hmac.new(
        _derived(secret, "fingerprint"), text.encode("utf-8", "surrogatepass"), hashlib.sha256
    ).hexdigest()
