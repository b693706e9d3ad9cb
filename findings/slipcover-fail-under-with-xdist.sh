#!/bin/sh
# slipcover's `--fail-under` under pytest-xdist judges what the workers covered, and then writes a report
# in which nothing of it stands: a passed threshold beside a coverage of a fraction of it.
#
# Packages: slipcover 1.1.0, pytest 9.2.0, pytest-xdist 3.8.0. What the workers found is gathered in a
# temporary folder, and whoever asks for it first deletes the folder. With `--fail-under` that is the
# check of the threshold; the report, text or JSON, is written after it, of the process that handed the
# tests out, which runs none. Without `--fail-under` the same run's report is right. To have both: write
# JSON without a threshold, then `slipcover --merge FILE --fail-under N`.
#
# Seen on 2026-11-29 with Python 3.11.7, for a module of ten lines that a test covers whole:
#   without --fail-under: exit 0, covered 100
#   with --fail-under 90: exit 0, covered 0
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check slipcover==1.1.0 pytest==9.2.0 pytest-xdist==3.8.0
mkdir package tests
touch package/__init__.py
cat >package/sums.py <<'EOF'
def total(numbers):
    found = 0
    for number in numbers:
        found += number
    return found


def mean(numbers):
    many = len(numbers)
    return total(numbers) / many
EOF
cat >tests/test_sums.py <<'EOF'
from package.sums import mean


def test_mean():
    assert mean([1, 2, 3]) == 2
EOF
export PYTHONPATH="$work"
run() {
    label=$1
    shift
    status=0
    venv/bin/python -m slipcover --source package --json --out report.json "$@" \
        -m pytest -q -p no:cacheprovider -n 2 tests >log 2>&1 || status=$?
    covered=$(venv/bin/python -c \
        'import json; print(round(json.load(open("report.json"))["summary"]["percent_covered"]))')
    echo "$label: exit $status, covered $covered" | tee -a seen
}
run "without --fail-under"
run "with --fail-under 90" --fail-under 90
cat >expected <<'EOF'
without --fail-under: exit 0, covered 100
with --fail-under 90: exit 0, covered 0
EOF
cmp seen expected
