#!/bin/sh
# `ruff check` goes on saying “All checks passed!” after a module was moved, where a run without its
# cache finds an unsorted import block in another file: the order of imports depends on which modules
# exist, and the cache asks only whether the file itself has changed.
#
# Package: ruff 0.17.6 (PyPI), rule I001.
# A package counts as one's own, and is sorted after others', if the whole module path is found. Once
# `shop/notices.py` has become `shop/notifications.py`, `from shop.notices import …` in a file that is
# kept for an older release counts as a third party's. On the machine where it was moved nothing
# is said; a fresh clone, as in CI, fails. A check that must not depend on what was checked before
# runs with --no-cache.
#
# Seen on 2026-11-29 with Python 3.11.2:
#   before: passed; moved, with cache: passed; moved, without: 1 unsorted
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv v
v/bin/pip install --quiet --disable-pip-version-check ruff==0.17.6
mkdir -p project/shop
cd project
printf '[lint]\nselect = ["I"]\n' >ruff.toml
touch shop/__init__.py shop/notices.py shop/orders.py
printf 'import requests\n\nfrom shop.notices import send\nfrom shop.orders import place\n' >old_release.py
verdict() {
    if ../v/bin/ruff check "$@" . >../said 2>&1; then echo passed; else
        echo "$(grep -c '^I001' ../said) unsorted"; fi
}
before=$(verdict)
mv shop/notices.py shop/notifications.py
cached=$(verdict)
fresh=$(verdict --no-cache)
echo "before: $before; moved, with cache: $cached; moved, without: $fresh" | tee ../seen
echo "before: passed; moved, with cache: passed; moved, without: 1 unsorted" >../expected
cmp ../seen ../expected
