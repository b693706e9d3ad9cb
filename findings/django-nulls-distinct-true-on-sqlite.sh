#!/bin/sh
# A Django UniqueConstraint with nulls_distinct=True does not exist on SQLite: two equal rows without
# any NULL are taken.
#
# Package: django 5.2.19, SQLite of Python 3.11.
# NULLs are distinct by default on PostgreSQL and on SQLite, so one would guess that saying so changes
# nothing on either. On PostgreSQL it does not. On SQLite Django asks only whether the argument was
# given: the constraint is left out of the table altogether, with a warning (models.W047) that names
# an unsupported feature, though SQLite does by itself just what was asked for. bulk_create with
# ignore_conflicts and update_or_create then make doubles without a word.
#
# Seen on 2026-11-29 with Python 3.11:
#   nulls_distinct=True: 2 equal rows stored, warnings models.W047
#   nulls_distinct left out: 1 equal row stored, warnings none
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
from django.db import connection, models


def made(name, **options):
    meta = type("Meta", (), {
        "app_label": "here",
        "constraints": [models.UniqueConstraint(fields=["owner", "key"], name=f"{name}_once", **options)],
    })
    columns = {
        "owner": models.IntegerField(null=True), "key": models.TextField(),
        "Meta": meta, "__module__": "here",
    }
    return type(name, (models.Model,), columns)


def look(words, model):
    with connection.schema_editor() as editor:
        editor.create_model(model)
    for _ in range(2):
        model.objects.bulk_create([model(owner=1, key="a")], ignore_conflicts=True)
    for _ in range(2):
        model.objects.create(owner=None, key="a")
    assert model.objects.filter(owner=None).count() == 2
    stored = model.objects.filter(owner=1).count()
    warned = ", ".join(one.id for one in model.check(databases=["default"])) or "none"
    print(f"{words}: {stored} equal row{'s' * (stored > 1)} stored, warnings {warned}")


look("nulls_distinct=True", made("Said", nulls_distinct=True))
look("nulls_distinct left out", made("Plain"))
EOF
v/bin/python look.py >seen
cat seen
cat >expected <<'EOF'
nulls_distinct=True: 2 equal rows stored, warnings models.W047
nulls_distinct left out: 1 equal row stored, warnings none
EOF
cmp seen expected
