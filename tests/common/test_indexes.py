"""What indexes can hold: Cyclr's names have any length, PostgreSQL's trees take 2,700 bytes."""

from __future__ import annotations

import pytest
from django.db import connection

BOUNDED_BY_US = {("operations_operation", "exclusive_key")}
"""Made of numbers and words of ours."""
LETTERS = 670
"""Of four bytes each."""
LONG_TEXTS_IN_TREES = """
    SELECT tables.relname, columns.attname
    FROM pg_index
    JOIN pg_class AS indexes ON indexes.oid = pg_index.indexrelid
    JOIN pg_am ON pg_am.oid = indexes.relam AND pg_am.amname = 'btree'
    JOIN pg_class AS tables ON tables.oid = pg_index.indrelid
    JOIN pg_namespace ON pg_namespace.oid = tables.relnamespace AND nspname = 'public'
    JOIN pg_attribute AS columns
      ON columns.attrelid = tables.oid AND columns.attnum = ANY (pg_index.indkey)
    WHERE columns.atttypid = 'text'::regtype
       OR (columns.atttypid = 'varchar'::regtype
           AND (columns.atttypmod = -1 OR columns.atttypmod - 4 > %s))
"""


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite's indexes hold any length")
def test_no_tree_holds_a_text_of_any_length() -> None:
    with connection.cursor() as cursor:
        cursor.execute(LONG_TEXTS_IN_TREES, [LETTERS])
        found = set(cursor.fetchall())

    assert found == BOUNDED_BY_US
