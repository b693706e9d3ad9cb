"""The bill of materials names what the lock has, all of it."""

from __future__ import annotations

import re

from tests.support import sbom


def test_every_package_of_the_lock_is_named_with_its_digests() -> None:
    lock = (sbom.ROOT / sbom.LOCK).read_text()

    components = sbom.bill()["components"]

    pinned = re.findall(r"^[A-Za-z0-9._-]+(?:\[[^\]]*\])?==", lock, re.M)
    python = [one for one in components if one["purl"].startswith("pkg:pypi/")]
    assert len(python) == len(pinned) > 20
    assert all(one["hashes"] for one in components)
    assert {"django", "celery", "requests", "htmx", "idiomorph"} <= {
        one["name"] for one in components
    }
    assert sbom.bill() == sbom.bill()


def test_every_package_is_locked_with_a_digest() -> None:
    for name in ("requirements.txt", "requirements-run.txt", "requirements-dev.txt"):
        lock = (sbom.ROOT / name).read_text()
        for found in re.finditer(r"^(?P<what>\S+)==\S+.*?(?=^\S|\Z)", lock, re.M | re.S):
            assert "--hash=sha256:" in found[0], (name, found["what"])
