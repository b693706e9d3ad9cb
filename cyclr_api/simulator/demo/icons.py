"""Small icons as data URIs: a mirrored pattern in a colour of its own, made from a name."""

import base64
import hashlib
import struct
import zlib

SIDE = 5
"""Cells in a row; each is drawn as 8 x 8 pixels with a border of 4."""

SVG_PLAIN = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48">'
    '<rect width="48" height="48" rx="8" fill="#274690"/>'
    '<circle cx="24" cy="24" r="12" fill="#fff"/></svg>'
)
SVG_HOSTILE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48" onload="alert(1)">'
    '<script>alert(document.domain)</script><rect width="48" height="48"/></svg>'
)
BROKEN_PNG = "data:image/png;base64,iVBORw0KGgo="
NOT_BASE64 = "data:image/png;base64,%%%not base64%%%"
TRACKER = "https://tracker.example/pixel.gif?who=staff"
GIF = (
    "data:image/gif;base64,"
    "R0lGODdhGAAYAIEAAP///wx4WuZaKAAAACwAAAAAGAAYAEAIYAABCBxIsKDBgwESKlzIMMBBAA0jKnw4UGJCihAb"
    "Cti4sSFGgR4/ihyZ0eJEhBo5CghJMKLKlQwpmrxIsqbNmyxFznQoc+fJgj5jAk3JMSdIoh2FDg3ac6dOizejSgUQ"
    "EAA7"
)
WEBP = (
    "data:image/webp;base64,"
    "UklGRlgAAABXRUJQVlA4TEwAAAAvH8AHAA9wJv0L6f/3f/7jAYxi22pDS7JEAlIiLUhDChJYpv9GkxDR/wlQE3Ut"
    "2lraatnXSqide+09aj/UALSIAFYkgE1kAC8KQFDd"
)


def png_icon(name: str) -> str:
    """A PNG of 48 x 48 pixels, about 150 bytes, as a data URI."""
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
    colour = bytes(64 + part % 128 for part in digest[:3])
    rows = []
    for y in range(48):
        bits = [_is_filled(digest, x, y) for x in range(48)]
        packed = int("".join("1" if bit else "0" for bit in bits), 2).to_bytes(6, "big")
        rows.append(b"\x00" + packed)
    return _png(48, 48, [(b"PLTE", b"\xf6\xf7\xf9" + colour)], b"".join(rows))


def plain_png(width: int, height: int, *, is_blank: bool = False) -> str:
    """A PNG of one colour of any size, as a data URI; a blank one has nothing but transparency."""
    row = b"\x00" + bytes((width + 7) // 8)
    parts = [(b"PLTE", b"\x27\x46\x90"), *([(b"tRNS", b"\x00")] if is_blank else [])]
    return _png(width, height, parts, row * height)


def _png(width: int, height: int, parts: list[tuple[bytes, bytes]], rows: bytes) -> str:
    """A PNG with a palette and one bit for each pixel."""
    every = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 3, 0, 0, 0)),
        *parts,
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    ]
    image = b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in every)
    return "data:image/png;base64," + base64.b64encode(image).decode()


def svg_icon(text: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(text.encode()).decode()


def _is_filled(digest: bytes, x: int, y: int) -> bool:
    column, row = (x - 4) // 8, (y - 4) // 8
    if not (0 <= column < SIDE and 0 <= row < SIDE):
        return False
    mirrored = min(column, SIDE - 1 - column)
    return bool(digest[3 + row * 3 + mirrored] & 1)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
