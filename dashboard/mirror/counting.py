"""How many connectors accounts have, and how many of them do not work: columns of their rows."""

from __future__ import annotations

from collections.abc import Collection

from django.db import connection
from django.utils import timezone

from dashboard.common.chunks import chunks

_RECOUNT = """
UPDATE mirror_account SET
    connector_count = told.all_of_them,
    unauthenticated_count = told.broken,
    not_working_count = told.failing,
    active_at = CASE WHEN read_at IS NULL THEN active_at ELSE %s END
FROM (
    SELECT
        account.id AS account_id,
        COUNT(there.id) AS all_of_them,
        COUNT(there.id) FILTER (WHERE there.authenticated IS NOT TRUE) AS broken,
        COUNT(there.id) FILTER (
            WHERE there.authenticated AND there.test_failed_at IS NOT NULL
        ) AS failing
    FROM mirror_account AS account
    LEFT JOIN mirror_accountconnector AS there
        ON there.account_id = account.id AND there.gone_at IS NULL
    WHERE account.id IN ({ids})
    GROUP BY account.id
) AS told
WHERE mirror_account.id = told.account_id
    AND (connector_count, unauthenticated_count, not_working_count)
        <> (told.all_of_them, told.broken, told.failing)
"""
"""One statement: the same with Django's queries takes three and a tenth of a reading's time."""


def recount(account_ids: Collection[int]) -> None:
    """Bring the counts on the accounts' rows in line with their connectors.

    What an account's first reading finds was there before: when it came nobody knows, and so the
    account does not count as active then.
    """
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    with connection.cursor() as cursor:
        for some in chunks(list(account_ids)):
            ids = ", ".join(["%s"] * len(some))
            cursor.execute(_RECOUNT.format(ids=ids), [now, *some])
