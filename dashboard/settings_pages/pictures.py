"""Whether bytes are a picture that customers may be shown: its kind and size, read from itself.

Neither the file's name nor what the browser calls it counts. Nothing is decoded: the headers say
how large a picture is, and a browser that disagrees draws nothing.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

LARGEST = 256 * 1024
"""Bytes."""
WIDEST = 1024
"""Pixels, in both directions."""

PNG = b"\x89PNG\r\n\x1a\n"
FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
"""JPEG's markers of a frame, which says the size."""
ALONE = {0x01, *range(0xD0, 0xD9)}
"""JPEG's markers that nothing follows."""
HOW = "Use a PNG, JPEG or WebP picture of 256 KB and 1,024 × 1,024 pixels at most."


class PictureError(ValueError):
    """These bytes cannot be shown; the message says why, for staff."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture and what it says of itself."""

    content: bytes
    type: str
    width: int
    height: int


def picture_from(content: bytes) -> Picture:
    """The picture; raises `PictureError` unless it is a whole PNG, JPEG or WebP of good size."""
    check_length(len(content))
    try:
        kind, width, height = _measured(content)
    except (struct.error, IndexError):
        raise PictureError(f"This picture is damaged: it ends too early. {HOW}") from None
    if not width or not height:
        raise PictureError(f"This picture is damaged: it has no size. {HOW}")
    if max(width, height) > WIDEST:
        raise PictureError(f"This picture has {width:,} × {height:,} pixels. {HOW}")
    return Picture(content, kind, width, height)


def check_length(length: int) -> None:
    """Raises `PictureError` for a file of so many bytes that it need not be read."""
    if length > LARGEST:
        raise PictureError(f"This file has {-(-length // 1024):,} KB. {HOW}")


def _measured(content: bytes) -> tuple[str, int, int]:
    if content.startswith(PNG):
        return "image/png", *_png(content)
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg", *_jpeg(content)
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp", *_webp(content)
    if b"<svg" in content[:4096].lower():
        raise PictureError(f"SVG pictures can hold scripts, so they are not taken. {HOW}")
    raise PictureError(f"This is not a kind of picture that every browser shows safely. {HOW}")


def _png(content: bytes) -> tuple[int, int]:
    """Chunk by chunk to the end, checksums too: nothing can hide behind the picture."""
    place, size, has_rows = len(PNG), (0, 0), False
    while True:
        length, name = struct.unpack_from(">I4s", content, place)
        end = place + 8 + length
        (checksum,) = struct.unpack_from(">I", content, end)
        if zlib.crc32(content[place + 4 : end]) != checksum:
            raise PictureError(f"This picture is damaged. {HOW}")
        if place == len(PNG):
            if name != b"IHDR":
                raise PictureError(f"This picture is damaged: it has no size. {HOW}")
            size = struct.unpack_from(">II", content, place + 8)
        elif name == b"IHDR":
            raise PictureError(f"This picture is damaged: it has two sizes. {HOW}")
        has_rows = has_rows or name == b"IDAT"
        place = end + 4
        if name == b"IEND":
            break
    if not has_rows:
        raise PictureError(f"This picture is damaged: there is nothing in it. {HOW}")
    if place != len(content):
        raise PictureError(f"Something else follows this picture in its file. {HOW}")
    return size


def _jpeg(content: bytes) -> tuple[int, int]:
    """From the beginning to the frame, and the end: what is cut off between is half a picture."""
    place = 2
    while True:
        if content[place] != 0xFF:
            raise PictureError(f"This picture is damaged. {HOW}")
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
                raise PictureError(f"This picture is damaged: its end is missing. {HOW}")
            return width, height
        if marker in {0xD9, 0xDA}:  # the end, or the picture itself
            raise PictureError(f"This picture is damaged: it has no size. {HOW}")
        (length,) = struct.unpack_from(">H", content, place + 2)
        place += 2 + max(length, 2)


def _webp(content: bytes) -> tuple[int, int]:
    (length,) = struct.unpack_from("<I", content, 4)
    if length + 8 != len(content):
        raise PictureError(f"This picture is damaged: it is not as long as it says. {HOW}")
    kind = content[12:16]
    if kind == b"VP8 " and content[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", content, 26)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L" and content[20] == 0x2F:
        (bits,) = struct.unpack_from("<I", content, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8X":
        return _three(content, 24) + 1, _three(content, 27) + 1
    raise PictureError(f"This picture is damaged: it has no size. {HOW}")


def _three(content: bytes, place: int) -> int:
    """Three bytes, the lowest first."""
    return content[place] | content[place + 1] << 8 | content[place + 2] << 16
