"""Style sheets are written to be read, one file a component; one small file is sent.

Run by `manage.py collectstatic`. In development the browser follows `@import` by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

import rcssmin
from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from whitenoise.storage import CompressedManifestStaticFilesStorage

Paths = dict[str, tuple[Storage, str]]
"""What was collected: name -> where its source is."""
_IMPORT = re.compile(r'^@import url\("([^":/]+\.css)"\);$', re.MULTILINE)
OTHERS = "vendor/"
"""Files that stay byte for byte what their makers published."""


class BuiltStaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Imports filled in and blanks left out before names are hashed and files compressed."""

    def post_process(
        self, paths: Paths, dry_run: bool = False, **options: Any
    ) -> Iterator[tuple[str, str | None, bool | Exception]]:
        """As Django's: (name, hashed name, whether it was processed)."""
        built = dict(paths)
        for name in paths:
            if not dry_run and name.endswith(".css") and not name.startswith(OTHERS):
                # From the source: what lies in STATIC_ROOT may be an earlier one, built already.
                small = str(rcssmin.cssmin(_filled(paths, name)))
                self.delete(name)
                self._save(name, ContentFile(small.encode()))
                built[name] = (self, name)
        yield from super().post_process(built, dry_run, **options)


def _filled(paths: Paths, name: str) -> str:
    """A sheet with those of its own folder in place of its imports."""
    storage, path = paths[name]
    with storage.open(path) as file:
        text = file.read().decode()
    folder = PurePosixPath(name).parent
    return _IMPORT.sub(lambda found: _filled(paths, str(folder / found[1])), text)
