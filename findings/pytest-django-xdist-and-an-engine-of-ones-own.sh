#!/bin/sh
# With a database engine of one's own on top of Django's SQLite, pytest-django under pytest-xdist makes
# the "in-memory" test database a file in the working folder, and says nothing.
#
# Packages: Django 5.2.19, pytest-django 4.14.0, pytest-xdist 3.8.0, pytest 9.2.0. So that workers do not
# share a test database pytest-django adds each worker's name to it. It leaves out in-memory databases,
# but knows those by the name of the engine: `django.db.backends.sqlite3` alone. A package that only
# subclasses that backend (to trace queries, to hook into commits) is taken for a server, so
# `NAME=":memory:"` becomes a test database called `test_:memory:_gw0`, which Django opens as a file. Two
# runs in one folder then use the same file, tests pay for a disk, and what a killed run leaves behind is
# in the way of the next. A `TEST` name of ":memory:" says what was meant.
#
# Seen on 2026-11-29 with Python 3.11.7:
#   django.db.backends.sqlite3: file:memorydb_default?mode=memory&cache=shared
#   ours: test_:memory:_gw0
#   ours, with TEST NAME: file:memorydb_default?mode=memory&cache=shared
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check Django==5.2.19 pytest==9.2.0 \
    pytest-django==4.14.0 pytest-xdist==3.8.0
mkdir -p ours
touch ours/__init__.py
echo 'from django.db.backends.sqlite3.base import DatabaseWrapper as DatabaseWrapper' >ours/base.py
cat >settings.py <<'EOF'
import os

SECRET_KEY = "x"
DATABASES = {"default": {"ENGINE": os.environ["ENGINE"], "NAME": ":memory:"}}
if "TEST_NAME" in os.environ:
    DATABASES["default"]["TEST"] = {"NAME": os.environ["TEST_NAME"]}
EOF
cat >test_name.py <<'EOF'
import os

import pytest
from django.db import connection


@pytest.mark.django_db
def test_where_it_is():
    with open(os.environ["SEEN"], "a") as file:
        file.write(f"{os.environ['LABEL']}: {connection.settings_dict['NAME']}\n")
EOF
export DJANGO_SETTINGS_MODULE=settings SEEN="$work/seen" PYTHONPATH="$work"
run() {
    LABEL=$1 ENGINE=$2 venv/bin/python -m pytest -q -p no:cacheprovider -n 1 test_name.py >log 2>&1 || {
        cat log
        exit 1
    }
}
run django.db.backends.sqlite3 django.db.backends.sqlite3
run ours ours
TEST_NAME=:memory: run "ours, with TEST NAME" ours
cat seen
cat >expected <<'EOF'
django.db.backends.sqlite3: file:memorydb_default?mode=memory&cache=shared
ours: test_:memory:_gw0
ours, with TEST NAME: file:memorydb_default?mode=memory&cache=shared
EOF
cmp seen expected
