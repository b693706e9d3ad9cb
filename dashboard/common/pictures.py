"""Whether bytes are a picture that may be shown: its kind and size, read from itself.

Neither the file's name nor what the browser calls it counts. Nothing is decoded: the headers say
how large a picture is, and a browser that disagrees draws nothing. So are a partner's logo and
connectors' icons checked; icons are drawn anew after that (`mirror.icons`).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Collection
from dataclasses import dataclass

from django.http import HttpResponse

LARGEST = 256 * 1024
"""Bytes."""
WIDEST = 1024
"""Pixels, in both directions."""
LOGOS = frozenset({"image/png", "image/jpeg", "image/webp"})
"""Kinds that every browser and mail program shows."""
ICONS = LOGOS | {"image/gif"}
"""Kinds that can be drawn anew."""
A_YEAR = 31_536_000

PNG = b"\x89PNG\r\n\x1a\n"
FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
"""JPEG's markers of a frame, which says the size."""
ALONE = {0x01, *range(0xD0, 0xD9)}
"""JPEG's markers that nothing follows."""
UNKNOWN = "This is not a kind of picture that every browser shows safely."
HOW = "Use a PNG, JPEG or WebP picture of 256 KB and 1,024 × 1,024 pixels at most."


class PictureError(ValueError):
    """These bytes cannot be shown; the message says why, for staff, and what would do.

    `why` is the first half alone.
    """

    def __init__(self, why: str) -> None:
        super().__init__(f"{why} {HOW}")
        self.why = why


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture and what it says of itself."""

    content: bytes
    type: str
    width: int
    height: int


def picture_from(
    content: bytes, *, kinds: Collection[str] = LOGOS, widest: int = WIDEST
) -> Picture:
    """The picture; raises `PictureError` unless it is a whole one of these kinds, of good size."""
    check_length(len(content))
    try:
        kind, width, height = _measured(content)
    except (struct.error, IndexError):
        raise PictureError("This picture is damaged: it ends too early.") from None
    if kind not in kinds:
        raise PictureError(UNKNOWN)
    if not width or not height:
        raise PictureError("This picture is damaged: it has no size.")
    if max(width, height) > widest:
        raise PictureError(f"This picture has {width:,} × {height:,} pixels.")
    return Picture(content, kind, width, height)


def picture_response(content: bytes, kind: str, name: str) -> HttpResponse:
    """A picture whose address has its digest: kept by browsers for a year, without asking again.

    Opened by itself it is a picture and nothing else, whatever its bytes would like to be.
    """
    response = HttpResponse(content, content_type=kind)
    response["Cache-Control"] = f"public, max-age={A_YEAR}, immutable"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Disposition"] = f"inline; filename={name}"
    return response


def check_length(length: int) -> None:
    """Raises `PictureError` for a file of so many bytes that it need not be read."""
    if length > LARGEST:
        raise PictureError(f"This file has {-(-length // 1024):,} KB.")


def _measured(content: bytes) -> tuple[str, int, int]:
    if content.startswith(PNG):
        return "image/png", *_png(content)
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg", *_jpeg(content)
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp", *_webp(content)
    if b"<svg" in content[:4096].lower():
        raise PictureError("SVG pictures can hold scripts, so they are not taken.")
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif", *struct.unpack_from("<HH", content, 6)
    raise PictureError(UNKNOWN)


def _png(content: bytes) -> tuple[int, int]:
    """Chunk by chunk to the end, checksums too: nothing can hide behind the picture."""
    place, size, has_rows = len(PNG), (0, 0), False
    while True:
        length, name = struct.unpack_from(">I4s", content, place)
        end = place + 8 + length
        (checksum,) = struct.unpack_from(">I", content, end)
        if zlib.crc32(content[place + 4 : end]) != checksum:
            raise PictureError("This picture is damaged.")
        if place == len(PNG):
            if name != b"IHDR":
                raise PictureError("This picture is damaged: it has no size.")
            size = struct.unpack_from(">II", content, place + 8)
        elif name == b"IHDR":
            raise PictureError("This picture is damaged: it has two sizes.")
        has_rows = has_rows or name == b"IDAT"
        place = end + 4
        if name == b"IEND":
            break
    if not has_rows:
        raise PictureError("This picture is damaged: there is nothing in it.")
    if place != len(content):
        raise PictureError("Something else follows this picture in its file.")
    return size


def _jpeg(content: bytes) -> tuple[int, int]:
    """From the beginning to the frame, and the end: what is cut off between is half a picture."""
    place = 2
    while True:
        if content[place] != 0xFF:
            raise PictureError("This picture is damaged.")
        marker = content[place + 1]
        if marker == 0xFF:  # filling
            place += 1
            continue
        if marker in ALONE:
            place += 2
            continue
        if marker in FRAMES:
            height, width = struct.unpack_from(">HH", content, place + 5)
            if not content.rstrip(b"\0\r\n").endswith(b"\xff\xd9"):
                raise PictureError("This picture is damaged: its end is missing.")
            return width, height
        if marker in {0xD9, 0xDA}:  # the end, or the picture itself
            raise PictureError("This picture is damaged: it has no size.")
        (length,) = struct.unpack_from(">H", content, place + 2)
        place += 2 + max(length, 2)


def _webp(content: bytes) -> tuple[int, int]:
    (length,) = struct.unpack_from("<I", content, 4)
    if length + 8 != len(content):
        raise PictureError("This picture is damaged: it is not as long as it says.")
    kind = content[12:16]
    if kind == b"VP8 " and content[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", content, 26)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L" and content[20] == 0x2F:
        (bits,) = struct.unpack_from("<I", content, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8X":
        return _three(content, 24) + 1, _three(content, 27) + 1
    raise PictureError("This picture is damaged: it has no size.")


def _three(content: bytes, place: int) -> int:
    """Three bytes, the lowest first."""
    return content[place] | content[place + 1] << 8 | content[place + 2] << 16
