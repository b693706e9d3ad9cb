"""A software bill of materials (CycloneDX 1.6) out of the lock: `./test sbom > sbom.json`.

It names every package of a running dashboard with its version and digests, for whoever compares
it with a list of known faults. It asks no network and judges nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
LOCK = "requirements.txt"
VENDOR = "static/vendor"

_PINNED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(?P<version>[^\s;\\]+)")
_DIGEST = re.compile(r"--hash=sha256:(?P<digest>[0-9a-f]{64})")
_VENDORED = re.compile(r"^(?P<name>[a-z]+)-(?P<version>\d+\.\d+\.\d+)(?:\.min)?\.js$")


def packages(lock: str) -> Iterator[dict[str, Any]]:
    """The components of a lock file with hashes."""
    found: dict[str, Any] | None = None
    for line in lock.splitlines():
        if pinned := _PINNED.match(line):
            if found is not None:
                yield found
            name = re.sub(r"[-_.]+", "-", pinned["name"]).lower()
            found = _component(name, pinned["version"], "pypi")
        for digest in _DIGEST.finditer(line):
            if found is not None:
                found["hashes"].append({"alg": "SHA-256", "content": digest["digest"]})
    if found is not None:
        yield found


def vendored(folder: Path) -> Iterator[dict[str, Any]]:
    """Scripts that browsers get from us."""
    for path in sorted(folder.iterdir()):
        if named := _VENDORED.match(path.name):
            component = _component(named["name"], named["version"], "npm")
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            component["hashes"].append({"alg": "SHA-256", "content": digest})
            yield component


def _component(name: str, version: str, kind: str) -> dict[str, Any]:
    package = f"pkg:{kind}/{name}@{version}"
    return {
        "type": "library",
        "bom-ref": package,
        "name": name,
        "version": version,
        "purl": package,
        "hashes": [],
    }


def bill() -> dict[str, Any]:
    """The whole; the same for the same lock."""
    lock = (ROOT / LOCK).read_text()
    components = [*packages(lock), *vendored(ROOT / VENDOR)]
    text = json.dumps(components, sort_keys=True)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, text)}",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "cyclr-desk"}},
        "components": components,
    }


def main() -> int:
    """Write it to the standard output."""
    json.dump(bill(), sys.stdout, indent=2)
    sys.stdout.write("\n")
    return 0
