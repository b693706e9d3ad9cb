#!/bin/sh
# slipcover's `--threshold` is not told to the workers of pytest-xdist: they keep to 50, silently.
#
# Packages: slipcover 1.1.0 with pytest 9.2.0 and pytest-xdist 3.8.0. slipcover hands --source, --branch,
# --omit and what it excludes to the workers in environment variables, but not how often a line that was
# reached must run again before its mark is taken out. Who measures what another threshold would save in
# one process, and then sets it for a run with `-n`, changes nothing.
#
# A function whose marks are taken out has another code object afterwards. Here it runs 1,000 times under a
# threshold of a million: in one process it keeps its code, as asked; in a worker it does not.
#
# Seen with Python 3.11.7:
#   one process: kept
#   one worker: replaced
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check slipcover==1.1.0 pytest==9.2.0 pytest-xdist==3.8.0
cat >counted.py <<'EOF'
def work(number):
    total = number
    total += 1
    return total
EOF
cat >test_counted.py <<'EOF'
import pathlib

import counted


def test_it():
    code = counted.work.__code__
    for number in range(1000):
        counted.work(number)
    kept = counted.work.__code__ is code
    pathlib.Path("seen-now").write_text("kept" if kept else "replaced")
EOF
try() { # name, pytest's arguments
    name=$1
    shift
    venv/bin/python -m slipcover --threshold 1000000 --source . --json --out counted.json \
        -m pytest -q -p no:cacheprovider "$@" test_counted.py >/dev/null
    echo "$name: $(cat seen-now)" | tee -a seen
}
PYTHONPATH=$work
export PYTHONPATH
try "one process"
try "one worker" -n 1
cat >expected <<'EOF'
one process: kept
one worker: replaced
EOF
cmp seen expected
