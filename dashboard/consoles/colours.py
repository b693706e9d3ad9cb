"""A partner's colour made readable: its fills, its text, on light and on dark pages.

Lighter and darker are steps in OKLab (Björn Ottosson, 2020), where they look even and keep the
hue. Contrast is WCAG's: 1 to 21, and 4.5 is what text needs.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

ENOUGH_FOR_TEXT = 4.5
SHAPES = 3.0
EASY_IN_THE_DARK = 7.0
"""Text in colour tires on a dark page sooner, so it gets more than it must."""
LIGHT_GROUNDS = ("#ffffff", "#f6f7f9", "#f2f3f7")
DARK_GROUNDS = ("#121418", "#0d0e12", "#1a1b21")
"""`--paper`, `--side`, `--sunk` and `--raised` of `desk.css`."""
WHITE, DARK = "#ffffff", "#16171d"
STEP = 0.005
"""Of lightness, which goes from 0 to 1: finer than anybody sees."""
HOVER = 0.05
"""So much darker, or lighter, is a button that is pointed at."""

Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Palette:
    """One colour as `#rrggbb` in each of its places; pairs are for light and dark pages.

    `on`: text on a fill. `edge`: around a fill, where that is hardly seen on its page.
    """

    fill: tuple[str, str]
    on: tuple[str, str]
    over: tuple[str, str]
    edge: tuple[str, str]
    ink: tuple[str, str]

    def css(self) -> str:
        """The variables that `guest.css` reads."""
        places = {
            "": self.fill,
            "-on": self.on,
            "-over": self.over,
            "-edge": self.edge,
            "-ink": self.ink,
        }
        lines = (
            f"--brand{suffix}:light-dark({light},{dark})"
            for suffix, (light, dark) in places.items()
        )
        return f":root{{{';'.join(lines)}}}\n"


def as_hex(text: str) -> str:
    """`#0F6` or `0f6b5c` as `#rrggbb` in small letters; empty if it is no such colour."""
    digits = text.strip().removeprefix("#").lower()
    if re.fullmatch(r"[0-9a-f]{3}", digits):
        digits = "".join(digit * 2 for digit in digits)
    return f"#{digits}" if re.fullmatch(r"[0-9a-f]{6}", digits) else ""


def palette(colour: str) -> Palette:
    """The colour as near to what was chosen as can be read; `colour` is `#rrggbb`.

    A fill carries white text where that can be read, and dark text where it cannot: a light
    colour stays light. On a dark page a fill is also seen as a shape.
    """
    light = _filled(colour)
    dark = _filled(_until(light, STEP, lambda shade: _worst(shade, DARK_GROUNDS) >= SHAPES))
    return Palette(
        fill=(light, dark),
        on=(text_on(light), text_on(dark)),
        over=(_pointed_at(light), _pointed_at(dark)),
        edge=(_until(light, -STEP, lambda shade: _worst(shade, LIGHT_GROUNDS) >= SHAPES), dark),
        ink=(
            _until(colour, -STEP, lambda shade: _worst(shade, LIGHT_GROUNDS) >= ENOUGH_FOR_TEXT),
            _until(colour, STEP, lambda shade: _worst(shade, DARK_GROUNDS) >= EASY_IN_THE_DARK),
        ),
    )


def text_on(fill: str) -> str:
    """White, where it can be read on the fill, else nearly black."""
    return WHITE if contrast(fill, WHITE) >= ENOUGH_FOR_TEXT else DARK


def _filled(colour: str) -> str:
    """The colour, a little lighter if neither white nor dark text can be read on it."""
    return _until(colour, STEP, lambda shade: contrast(shade, text_on(shade)) >= ENOUGH_FOR_TEXT)


def _pointed_at(fill: str) -> str:
    """A little darker below white text, a little lighter below dark text."""
    return _shifted(fill, -HOVER if text_on(fill) == WHITE else HOVER)


def contrast(one: str, other: str) -> float:
    """WCAG's contrast ratio of two colours."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _worst(colour: str, grounds: tuple[str, ...]) -> float:
    return min(contrast(colour, ground) for ground in grounds)


def _luminance(colour: str) -> float:
    red, green, blue = _linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _until(colour: str, step: float, is_enough: Callable[[str], bool]) -> str:
    """The first shade in steps of lightness that is enough; black and white end every way."""
    shade, lightness = colour, _to_oklab(_linear(colour))[0]
    while not is_enough(shade) and -STEP <= lightness + step <= 1.0 + STEP:
        lightness += step
        shade = _at(colour, lightness)
    return shade


def _shifted(colour: str, change: float) -> str:
    return _at(colour, _to_oklab(_linear(colour))[0] + change)


def _at(colour: str, lightness: float) -> str:
    """The colour's hue at another lightness, as vivid as screens can show it."""
    lightness = min(1.0, max(0.0, lightness))
    _, a, b = _to_oklab(_linear(colour))
    vivid = 1.0
    while vivid > 0:
        rgb = _from_oklab((lightness, a * vivid, b * vivid))
        if all(-0.0005 <= part <= 1.0005 for part in rgb):
            return _as_hex(rgb)
        vivid -= 0.02
    return _as_hex(_from_oklab((lightness, 0.0, 0.0)))


def _linear(colour: str) -> Triple:
    """Red, green and blue as amounts of light from 0 to 1."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return red, green, blue


def _as_hex(rgb: Triple) -> str:
    parts = [min(1.0, max(0.0, part)) for part in rgb]
    encoded = [
        12.92 * part if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055 for part in parts
    ]
    return "#" + "".join(f"{round(part * 255):02x}" for part in encoded)


def _to_oklab(rgb: Triple) -> Triple:
    red, green, blue = rgb
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    mid = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * mid - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * mid + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * mid - 0.8086757660 * short,
    )


def _from_oklab(lab: Triple) -> Triple:
    lightness, a, b = lab
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    mid = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * mid + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * mid - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * mid + 1.7076147010 * short,
    )
