"""Encryption of what must not be readable at rest, and keyed codes for links.

AES-256-GCM with a key derived (HKDF) from one of `CREDENTIAL_KEYS`. Each value is bound to the
place it stands in (`associated_data`, authenticated but not stored): moved to another row it cannot
be opened. A value names its key, so keys are rotated by putting a new one in front.
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

from dashboard.common.json_text import json_text

ENCRYPTION, FINGERPRINT, KEY_ID = "seal", "fingerprint", "key id"
"""What keys are derived for. These texts are data: with others nothing stored could be read."""


class DecryptionError(Exception):
    """An encrypted value cannot be opened: its key was dropped, or it stands in the wrong place."""


@lru_cache(maxsize=32)
def _derived(secret: str, purpose: str) -> bytes:
    kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"cyclr-desk {purpose}".encode())
    return kdf.derive(secret.encode())


@lru_cache(maxsize=32)
def _cipher(secret: str) -> AESGCM:
    return AESGCM(_derived(secret, ENCRYPTION))


@lru_cache(maxsize=32)
def key_id(secret: str) -> str:
    """A short public name of a key: eight hex digits that say nothing about it."""
    return hashlib.sha256(_derived(secret, KEY_ID)).hexdigest()[:8]


def current_key_id() -> str:
    """The name of the key that encrypts and signs now."""
    return key_id(settings.CREDENTIAL_KEYS[0])


def known_key_ids() -> list[str]:
    """The names of all keys that can still be used."""
    return [key_id(secret) for secret in settings.CREDENTIAL_KEYS]


def _secret(name: str) -> str:
    for secret in settings.CREDENTIAL_KEYS:
        if key_id(secret) == name:
            return str(secret)
    raise DecryptionError(f"key {name} is not among CREDENTIAL_KEYS")


def encrypt(plain: str, *, associated_data: str) -> str:
    """`plain` encrypted with the current key, as text: version, key id, nonce and ciphertext."""
    secret = settings.CREDENTIAL_KEYS[0]
    name = key_id(secret)
    nonce = os.urandom(12)
    body = _cipher(secret).encrypt(
        nonce, plain.encode("utf-8", "surrogatepass"), f"{associated_data}:{name}".encode()
    )
    return f"v1.{name}.{base64.urlsafe_b64encode(nonce + body).decode()}"


def decrypt(encrypted: str, *, associated_data: str) -> str:
    """The text that `encrypt` was given for the same place; raises `DecryptionError`."""
    try:
        version, name, body = encrypted.split(".")
        raw = base64.urlsafe_b64decode(body)
    except ValueError as error:
        raise DecryptionError("not an encrypted value") from error
    if version != "v1":
        raise DecryptionError("encrypted by a newer release")
    cipher = _cipher(_secret(name))
    try:
        plain = cipher.decrypt(raw[:12], raw[12:], f"{associated_data}:{name}".encode())
    except (InvalidTag, ValueError) as error:
        raise DecryptionError("it was not encrypted for this place") from error
    return plain.decode("utf-8", "surrogatepass")


def encrypt_json(value: Any, *, associated_data: str) -> str:
    """A JSON value, encrypted."""
    return encrypt(json_text(value), associated_data=associated_data)


def decrypt_json(encrypted: str, *, associated_data: str) -> Any:
    """What `encrypt_json` was given; raises `DecryptionError`."""
    return json.loads(decrypt(encrypted, associated_data=associated_data))


def code_for(message: str, *, purpose: str, key: str) -> bytes:
    """A keyed 32-byte code over `message` with the key of that id; the same for the same input."""
    return hmac.new(_derived(_secret(key), purpose), message.encode(), hashlib.sha256).digest()


def fingerprint(text: str) -> str:
    """A keyed digest for comparing input without keeping it; says nothing without the key."""
    secret = settings.CREDENTIAL_KEYS[-1]
    return hmac.new(
        _derived(secret, FINGERPRINT), text.encode("utf-8", "surrogatepass"), hashlib.sha256
    ).hexdigest()


def token_for(public_id: str, *, purpose: str, key: str) -> str:
    """An id of hex digits and its keyed code, as base32: the secret part of an address.

    `purpose` is data, as for `code_for`, whose errors it has.
    """
    code = code_for(public_id, purpose=purpose, key=key)
    return base64.b32encode(bytes.fromhex(public_id) + code).decode().lower()
