"""How large a host's pages are, learned from the pages it served.

Cyclr's largest page is unknown [?]. A page that is shorter than one which the host has served for
the same kind of listing is the last one. As long as none was larger, a page of that very size may
be a full one: it is taken for the last one only after it was so `BELIEVED` times in a row, and is
looked behind once in a while ever after.
"""

import threading
from dataclasses import dataclass, replace

from .paging import PAGE_SIZE

BELIEVED = 20
"""Pages of the largest size behind which nothing was, before one counts as the last."""

CHECKED = 200
"""Of so many that were believed the next one is looked behind."""


@dataclass(frozen=True, slots=True)
class PageSize:
    """What is known of one kind of listing.

    `longest`: elements in the largest page. `is_full`: whether more came behind such a page.
    `ended`: how often in a row nothing came, or was believed to come, behind it.
    """

    longest: int = 0
    is_full: bool = False
    ended: int = 0


class PageSizes:
    """Of each kind of listing of one host, by the name of its call. Thread-safe."""

    def __init__(self) -> None:
        self._known: dict[str, PageSize] = {}
        self._lock = threading.Lock()

    def get(self, call: str) -> PageSize:
        """What is known of this kind of listing."""
        return self._known.get(call, PageSize())

    def put(self, call: str, known: PageSize) -> None:
        """Keep what was learned; for stores that are shared."""
        self._known[call] = known

    def is_last(self, call: str, size: int) -> bool:
        """Whether a page of `size` elements is taken for the last one; remembers its size."""
        with self._lock:
            known = self.get(call)
            if size < known.longest:
                return True
            if size > known.longest:
                self.put(call, PageSize(longest=size))
                return False
            if known.is_full or size >= PAGE_SIZE or known.ended < BELIEVED:
                return False
            self._learn(call, replace(known, ended=known.ended + 1))
            return bool((known.ended + 1) % CHECKED)

    def followed(self, call: str, size: int, *, by_more: bool) -> None:
        """What came behind a page of `size` elements: then it was a full one, or the last."""
        with self._lock:
            known = self.get(call)
            if by_more and (size != known.longest or not known.is_full):
                # Behind a shorter one too: the host's pages are smaller than they were.
                self.put(call, PageSize(longest=size, is_full=True))
            elif not by_more and size == known.longest and not known.is_full:
                self._learn(call, replace(known, ended=known.ended + 1))

    def _learn(self, call: str, known: PageSize) -> None:
        """Count here; told to others when it begins to matter."""
        if known.ended == BELIEVED:
            self.put(call, known)
        else:
            self._known[call] = known
