#!/bin/sh
# pytest-xdist's `xdist_group` does nothing under pytest 9.2: tests of one group run on several workers,
# and neither of the two says a word.
#
# Packages: pytest 9.2.0 with pytest-xdist 3.8.0, which accepts it, against the same xdist with pytest
# 8.4.2. xdist hands a group to its scheduler as a suffix of the test's node id, which it writes into the
# private attribute `_nodeid` of each item. pytest 9.2 keeps node ids in another attribute, so the
# assignment makes an attribute that nobody reads, and `--dist loadgroup` schedules test by test. What
# relied on the group (a shared server, a database of a fixed name) then fails now and then.
#
# Seen on 2026-11-28 with Python 3.11.7, for 60 tests of one group on two workers:
#   pytest 8.4.2: workers 1
#   pytest 9.2.0: workers 2
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat >test_group.py <<'EOF'
import time

import pytest


@pytest.mark.xdist_group("one")
@pytest.mark.parametrize("number", range(60))
def test_in_one_group(number, worker_id):
    time.sleep(0.02)
    with open("workers", "a") as file:
        file.write(f"{worker_id}\n")
EOF
for version in 8.4.2 9.2.0; do
    python3 -m venv "venv-$version"
    "venv-$version/bin/pip" install --quiet --disable-pip-version-check "pytest==$version" pytest-xdist==3.8.0
    rm -f workers
    "venv-$version/bin/python" -m pytest -q -p no:cacheprovider -n 2 --dist loadgroup test_group.py >/dev/null
    echo "pytest $version: workers $(sort -u workers | wc -l)" | tee -a seen
done
cat >expected <<'EOF'
pytest 8.4.2: workers 1
pytest 9.2.0: workers 2
EOF
cmp seen expected
