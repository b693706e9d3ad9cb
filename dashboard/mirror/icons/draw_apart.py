"""Draws pictures anew, small: run as a process of its own, which knows nothing of the dashboard.

From its input it reads a length (four bytes) and a picture, to its output it writes a length and
the picture as PNG, of length 0 if it does not take it; first of all `READY`. Its limits hold for
whatever a picture does to a decoder: memory, time of the processor, and no file is opened any more.
"""

from __future__ import annotations

import io
import resource
import struct
import sys
import warnings

SIDE = 96
"""Pixels: twice of what is shown, for dense screens."""
WIDEST = 2048
SMALLEST = 8
"""A pixel or a stripe is no icon."""
MEMORY = 768 * 1024 * 1024
"""Bytes of addresses; a picture of `WIDEST` takes 16 MB, and twice that while it is drawn."""
SECONDS = 60
"""Of the processor, for all pictures of one process."""
READY = b"ready"
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
MODES = frozenset({"1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr"})
"""What becomes colours without losing them: sixteen bits of grey would be white."""


def drawn(content: bytes) -> bytes:
    """The picture's first frame within `SIDE`, as PNG without anything else. Raises whatever."""
    from PIL import Image

    with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
        if not SMALLEST <= min(picture.size) <= max(picture.size) <= WIDEST:
            raise ValueError("size")
        if picture.mode not in MODES:
            raise ValueError("mode")
        image = picture.convert("RGBA")
    image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    if image.getchannel("A").getextrema()[1] == 0:
        raise ValueError("nothing to be seen")
    clean = Image.new("RGBA", image.size)
    clean.paste(image)  # and none of what the file said beside it
    out = io.BytesIO()
    clean.save(out, "PNG", optimize=True)
    return out.getvalue()


def confine() -> None:
    """Load what drawing needs, then let go of everything else."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = WIDEST * WIDEST
    warnings.simplefilter("error")
    for kind in FORMATS:  # what a decoder imports late could not be opened any more
        sample = io.BytesIO()
        Image.new("RGB", (SIDE * 2, SIDE * 2), "white").save(sample, kind)
        drawn(sample.getvalue())
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 3),
    ):
        resource.setrlimit(what, (most, most))


def answer(content: bytes) -> None:
    """Write one answer."""
    sys.stdout.buffer.write(struct.pack(">I", len(content)) + content)
    sys.stdout.buffer.flush()


def main() -> None:
    """One picture after another, until there is none."""
    confine()
    answer(READY)
    while head := sys.stdin.buffer.read(4):
        content = sys.stdin.buffer.read(*struct.unpack(">I", head))
        try:
            answer(drawn(content))
        except Exception:  # noqa: BLE001 - a decoder may raise anything
            answer(b"")


if __name__ == "__main__":
    main()
