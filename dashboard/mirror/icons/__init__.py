"""Connectors' icons: taken from the library as it is read, drawn anew by a worker, and shown."""

from dashboard.mirror.icons.drawing import draw_all, give_up
from dashboard.mirror.icons.reading import IconReader, forget
from dashboard.mirror.icons.showing import add_icon_of, add_icons, icon_of, icons_of, with_digests

__all__ = [
    "IconReader",
    "add_icon_of",
    "add_icons",
    "draw_all",
    "forget",
    "give_up",
    "icon_of",
    "icons_of",
    "with_digests",
]
