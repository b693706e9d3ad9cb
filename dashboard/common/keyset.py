"""Deep pages of long lists, begun at a row that is named instead of counted up to.

`LIMIT 50 OFFSET 30000` reads 30,050 rows. `?after=<key>` names the last row of the page before: the
list goes on behind that row's values, each part of it a range of the index that orders the list.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import F, Q, QuerySet
from django.db.models.expressions import OrderBy


def rows_after(
    rows: QuerySet[Any], order_by: Sequence[OrderBy | str], pk: int, count: int
) -> list[Any] | None:
    """The next `count` rows behind the one with this key; None if it is not there.

    `rows` are in the order of `order_by`, which ends with the key and so names each place once.
    """
    orders = [_order(one) for one in order_by]
    names = [_name(one) for one in orders]
    place = rows.order_by().filter(pk=pk).values_list(*names).first()
    if place is None:
        return None
    found: list[Any] = []
    for part in _parts_after(orders, names, place):
        found += rows.filter(part)[: count - len(found)]
        if len(found) >= count:
            break
    return found


def rows_before(
    rows: QuerySet[Any], order_by: Sequence[OrderBy | str], pk: int, count: int
) -> list[Any] | None:
    """The same backwards: the `count` rows in front of that one, in the order of the list."""
    backwards = turned(order_by)
    found = rows_after(rows.order_by(*backwards), backwards, pk, count)
    return None if found is None else found[::-1]


def turned(order_by: Sequence[OrderBy | str]) -> list[OrderBy]:
    """The same order from its end, by columns."""
    return [_turned(_order(one)) for one in order_by]


def _parts_after(
    orders: Sequence[OrderBy], names: Sequence[str], place: Sequence[Any]
) -> Iterator[Q]:
    """Conditions, one after the other in the list: the same as that row but for the last column."""
    for last in range(len(orders) - 1, -1, -1):
        behind = _behind(orders[last], names[last], place[last])
        if behind is not None:
            same = zip(names[:last], place[:last], strict=True)
            yield Q(*(_equals(name, value) for name, value in same), behind)


def _behind(order: OrderBy, name: str, value: Any) -> Q | None:
    """What comes later by this column alone; None if nothing can."""
    nulls_last = bool(order.nulls_last)
    if value is None:
        return None if nulls_last else Q(**{f"{name}__isnull": False})
    later = Q(**{f"{name}__{'lt' if order.descending else 'gt'}": value})
    return later | Q(**{f"{name}__isnull": True}) if nulls_last else later


def _equals(name: str, value: Any) -> Q:
    return Q(**{f"{name}__isnull": True}) if value is None else Q(**{name: value})


def _order(one: OrderBy | str) -> OrderBy:
    if isinstance(one, OrderBy):
        return one
    name = one.removeprefix("-")
    return F(name).desc() if one.startswith("-") else F(name).asc()


def _name(order: OrderBy) -> str:
    column: Any = order.expression
    if not isinstance(column, F):
        raise TypeError(f"{order} is not ordered by a column.")
    return str(column.name)  # type: ignore[attr-defined]  # it has one


def _turned(order: OrderBy) -> OrderBy:
    column = F(_name(order))
    nulls: dict[str, Any] = {
        "nulls_first": True if order.nulls_last else None,
        "nulls_last": True if order.nulls_first else None,
    }
    return column.asc(**nulls) if order.descending else column.desc(**nulls)
