#!/bin/sh
# Django cannot make a model's index with nulls_first=True on SQLite, although it orders by it there.
#
# Package: django 5.2.19, SQLite of Python 3.11.
# `F("at").asc(nulls_first=True)` works in order_by() on SQLite (since 3.30) and in an Index on
# PostgreSQL, and no system check says anything of it in Meta.indexes. SQLite's grammar takes NULLS
# FIRST and NULLS LAST in a query alone: creating the table's index ends with an error, also where the
# words only name the order that SQLite has anyway (NULLs are first in ASC, last in DESC). Without the
# words the same index is made and is used for the same ORDER BY with them.
#
# Seen on 2026-11-29 with Python 3.11:
#   nulls_first=True: OperationalError: unsupported use of NULLS FIRST; checks: none
#   nulls_last=True, descending: OperationalError: unsupported use of NULLS LAST; checks: none
#   ascending, nothing said: made; ordered by it with NULLS FIRST: index used
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv v
v/bin/pip install --quiet --disable-pip-version-check django==5.2.19
cat >look.py <<'EOF'
import django
from django.conf import settings

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()
from django.db import OperationalError, connection, models
from django.db.models import F


def made(name, order):
    meta = type("Meta", (), {
        "app_label": "here", "indexes": [models.Index(order, name=f"{name.lower()}_by_at")],
    })
    columns = {"at": models.IntegerField(null=True), "Meta": meta, "__module__": "here"}
    return type(name, (models.Model,), columns)


def create(words, model):
    checks = ", ".join(one.id for one in model.check(databases=["default"])) or "none"
    try:
        with connection.schema_editor() as editor:
            editor.create_model(model)
    except OperationalError as error:
        print(f"{words}: OperationalError: {error}; checks: {checks}")
        return
    rows = model.objects.order_by(F("at").asc(nulls_first=True)).values("at")
    plan = rows.explain()
    print(f"{words}: made; ordered by it with NULLS FIRST: index {'used' if '_by_at' in plan else 'not used'}")


create("nulls_first=True", made("First", F("at").asc(nulls_first=True)))
create("nulls_last=True, descending", made("Last", F("at").desc(nulls_last=True)))
create("ascending, nothing said", made("Plain", F("at").asc()))
EOF
v/bin/python look.py >seen
cat seen
cat >expected <<'EOF'
nulls_first=True: OperationalError: unsupported use of NULLS FIRST; checks: none
nulls_last=True, descending: OperationalError: unsupported use of NULLS LAST; checks: none
ascending, nothing said: made; ordered by it with NULLS FIRST: index used
EOF
cmp seen expected
