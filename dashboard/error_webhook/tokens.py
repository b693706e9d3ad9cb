"""The secret part of the address: an id and a keyed code over it, so that nothing is looked up for
one that was made up."""

from __future__ import annotations

import base64
import hmac
import re

from dashboard.common import encryption

PURPOSE = "error webhook"
"""What the code is derived for. The text is data: with another one every address would end."""
_TOKEN = re.compile(r"[a-z2-7]{64}")
_ID_BYTES, _BYTES = 8, 40


def make_token(public_id: str, key_id: str) -> str:
    """64 letters and digits; DecryptionError when the key was dropped."""
    return encryption.token_for(public_id, purpose=PURPOSE, key=key_id)


def public_id_of(token: str) -> str:
    """The id in a token of ours, else nothing; the same work for every text."""
    is_one = _TOKEN.fullmatch(token) is not None
    raw = base64.b32decode(token.upper()) if is_one else bytes(_BYTES)
    public_id, code = raw[:_ID_BYTES].hex(), raw[_ID_BYTES:]
    keys = encryption.known_key_ids()
    ours = [encryption.code_for(public_id, purpose=PURPOSE, key=key) for key in keys]
    matches = [hmac.compare_digest(one, code) for one in ours]
    return public_id if any(matches) else ""
