"""Authentication methods that a listing left out, taken from the library."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Q

from dashboard.consoles.models import Console
from dashboard.mirror.models import AccountConnector, CatalogueConnector
from dashboard.mirror.sync.merge import parts


def fill_methods(console: Console, account_ids: Iterable[int] | None = None) -> int:
    """Take the methods of connectors that have none from the library; answers how many got some.

    By name and version, in the console or in these accounts. One query if there is nothing to do;
    else two for each kind of connector, however many rows there are.
    """
    library = CatalogueConnector.objects.filter(console=console).exclude(authentication=[])
    without = AccountConnector.objects.there().filter(account__console=console, authentication=[])
    if account_ids is not None:
        without = without.filter(account__in=list(account_ids))
    known = library.filter(
        Q(account=None) | Q(account=OuterRef("account")),
        name=OuterRef("connector_name"),
        version=OuterRef("connector_version"),
    )
    kinds: dict[tuple[str, str, int | None], list[int]] = defaultdict(list)
    found = without.filter(Exists(known)).exclude(connector_name="").order_by()
    rows = list(found.values_list("pk", "connector_name", "connector_version", "account"))
    own = set(
        library.exclude(account=None).values_list("name", "version", "account") if rows else ()
    )
    for pk, name, version, account in rows:
        owner = account if (name, version, account) in own else None
        kinds[name, version, owner].append(pk)
    filled = 0
    for (name, version, owner), pks in kinds.items():
        source = library.filter(name=name, version=version, account=owner).first()
        for part in parts(pks):
            if source is None:
                break  # it went just now
            empty = AccountConnector.objects.filter(pk__in=part, authentication=[])
            filled += empty.update(authentication=source.authentication)
    return filled
