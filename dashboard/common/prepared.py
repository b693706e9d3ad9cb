"""Queries that are put into SQL once for each process, for what every page asks.

Building a query and compiling it takes Django two to five times as long as sending it and reading
the answer. `@prepared` stands above a function that answers a `values_list`; called, it answers the
rows. The function itself runs once for each shape of its arguments, with markers in place of them:
what it answers may depend on nothing else, neither on the time nor on who is asking.

A text may also stand within a `contains`, which makes `%…%` of it.
A number may also say from which row on: `rows[start : start + 50]`. What is `Fixed` is handed over
as it is, such as the name of an order: each value makes another statement.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Model, QuerySet

P = ParamSpec("P")
M = TypeVar("M", bound=Model)
Rows = list[tuple[Any, ...]]

MOST_SHAPES = 500
_FIRST_NUMBER = 4_611_686_018_427_000_000
_FIRST_MOMENT = datetime(1903, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Fixed:
    """An argument that says what the query is, out of a few; it is no value of it."""

    value: Hashable


def prepared(ask: Callable[P, QuerySet[Any, Any]]) -> Callable[P, Rows]:
    """The rows that the query answers, for numbers, texts, moments, and sequences of these.

    Each argument must stand in the query as it is. `None`, truth values and what is `Fixed` belong
    to the shape; of one function `MOST_SHAPES` are kept.
    """
    statements: dict[Any, _Statement | None] = {}

    @wraps(ask)
    def rows(*args: P.args, **named: P.kwargs) -> Rows:
        padded = [_padded(value) for value in (*args, *named.values())]
        shape = (connection.vendor, tuple(named), *map(_shape, padded))
        if shape in statements:
            statement = statements.get(shape)
        else:
            statement = _prepare(ask, padded, tuple(named))
            if len(statements) >= MOST_SHAPES:
                statements.clear()
            statements[shape] = statement
        return statement.rows(padded) if statement else []

    return rows


def columns_of(model: type[Model], path: str = "") -> tuple[str, ...]:
    """All columns of a model, for `values_list`; `path` leads to it, such as `user__`."""
    return tuple(path + field.attname for field in model._meta.concrete_fields)


def instance_of(model: type[M], values: Sequence[Any]) -> M:
    """The thing whose `columns_of` these are."""
    names = [field.attname for field in model._meta.concrete_fields]
    return model.from_db(connection.alias, names, values)


@dataclass(frozen=True, slots=True)
class _Statement:
    """SQL, what is put into it, and what makes values of its columns."""

    sql: str
    constants: tuple[Any, ...]
    places: tuple[tuple[int, int], ...]
    """Parameter by parameter that is no constant: where it stands, and which value it is."""
    within: tuple[tuple[int, int], ...]
    """The same of texts that something contains."""
    arrays: tuple[tuple[int, int, int], ...]
    """The same of several numbers in one parameter: the first of them, and the one behind them."""
    converters: tuple[tuple[int, Sequence[Any], Any], ...]
    columns: int

    def rows(self, arguments: Sequence[Any]) -> Rows:
        """What the database answers."""
        values = _flat(arguments)
        parameters = list(self.constants)
        for place, which in self.places:
            parameters[place] = _adapted(values[which])
        for place, which in self.within:
            parameters[place] = f"%{connection.ops.prep_for_like_query(values[which])}%"
        for place, first, end in self.arrays:
            parameters[place] = f"{{{','.join(map(str, values[first:end]))}}}"
        with connection.cursor() as cursor:
            cursor.execute(self.sql, parameters)
            found: Rows = cursor.fetchall()
        if not self.converters and (not found or len(found[0]) == self.columns):
            return found
        return [self._converted(row) for row in found]

    def _converted(self, row: Sequence[Any]) -> tuple[Any, ...]:
        values = list(row[: self.columns])
        for place, converters, expression in self.converters:
            for convert in converters:
                values[place] = convert(values[place], expression, connection)
        return tuple(values)


def _prepare(
    ask: Callable[..., QuerySet[Any, Any]], arguments: Sequence[Any], names: tuple[str, ...]
) -> _Statement | None:
    """Compile it with markers; `None` if it can find nothing whatever the values are."""
    count = 0
    marked: list[Any] = []
    for value in arguments:
        several = value if isinstance(value, tuple) else (value,)
        markers = tuple(_marker(one, count + n) for n, one in enumerate(several))
        count += len(several)
        marked.append(markers if isinstance(value, tuple) else markers[0])
    by_place = len(marked) - len(names)
    query = ask(*marked[:by_place], **dict(zip(names, marked[by_place:], strict=True))).query
    compiler = query.get_compiler(connection=connection)
    try:
        sql, parameters = compiler.as_sql()
    except EmptyResultSet:
        return None
    wanted = {
        _adapted(one): which
        for which, one in enumerate(_flat(marked))
        if one is not None and not isinstance(one, bool | Fixed)
    }
    sql, parameters = _with_offset(sql, list(parameters), wanted)
    if connection.vendor == "postgresql":
        sql, parameters = _with_arrays(sql, parameters)
    arrays = tuple(
        (place, one.start, one.stop)
        for place, one in enumerate(parameters)
        if isinstance(one, range)
    )
    places = tuple(
        (place, wanted[one])
        for place, one in enumerate(parameters)
        if isinstance(one, int | str | datetime) and not isinstance(one, bool) and one in wanted
    )
    contained = {f"%{one}%": which for one, which in wanted.items() if isinstance(one, str)}
    within = tuple(
        (place, contained[one])
        for place, one in enumerate(parameters)
        if isinstance(one, str) and one in contained
    )
    found = {which for _, which in places + within}.union(*(range(*one[1:]) for one in arrays))
    if len(found) != len(wanted):
        raise TypeError(f"{getattr(ask, '__qualname__', ask)} changes an argument of its query.")
    width = compiler.col_count or len(compiler.select)
    converters = compiler.get_converters([column[0] for column in compiler.select[:width]])
    return _Statement(
        sql,
        tuple(parameters),
        places,
        within,
        arrays,
        tuple((place, convert, expression) for place, (convert, expression) in converters.items()),
        width,
    )


def _with_offset(sql: str, parameters: list[Any], wanted: dict[Any, int]) -> tuple[str, list[Any]]:
    """Django writes into the text from which row on: make that a parameter like the others."""
    found = re.search(r"(?<= OFFSET )\d+", sql)
    if found is None or int(found[0]) not in wanted:
        return sql, parameters
    parameters.insert(_marks(sql[: found.start()]), int(found[0]))
    return f"{sql[: found.start()]}%s{sql[found.end() :]}", parameters


def _with_arrays(sql: str, parameters: list[Any]) -> tuple[str, list[Any]]:
    """Let the numbers of a list be one parameter: PostgreSQL's driver looks at each mark anew.

    A single one stays as it is: it leaves an index in its order, which no array does.
    """
    parts: list[str] = []
    kept: list[Any] = []
    end = passed = 0
    for found in re.finditer(r"IN \(%s(?:, %s)*\)", sql):
        before = _marks(sql[end : found.start()])
        count = _marks(found[0])
        kept += parameters[passed : passed + before]
        passed += before
        several = parameters[passed : passed + count]
        passed += count
        one = _range_of(several) if count > 1 else None
        kept += [one] if one else several
        parts += [sql[end : found.start()], "= ANY(%s::bigint[])" if one else found[0]]
        end = found.end()
    return "".join([*parts, sql[end:]]), kept + parameters[passed:]


def _marks(sql: str) -> int:
    """How many parameters the text takes."""
    return sum(one != "%%" for one in re.findall("%%|%s", sql))


def _range_of(parameters: Sequence[Any]) -> range | None:
    """Which values these are, if they are markers of numbers that follow each other."""
    if not all(type(one) is int and one >= _FIRST_NUMBER for one in parameters):
        return None
    first = parameters[0] - _FIRST_NUMBER
    found = range(first, first + len(parameters))
    return found if [one - _FIRST_NUMBER for one in parameters] == list(found) else None


def _padded(value: Any) -> Any:
    """A sequence, up to a power of two filled with its last value: so there are few shapes."""
    if isinstance(value, str) or not isinstance(value, Sequence | set | frozenset):
        return value
    several = tuple(value)
    if not several:
        return several
    size = 1 << (len(several) - 1).bit_length()
    return several + several[-1:] * (size - len(several))


def _shape(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple, len(value), type(value[0]) if value else None
    return value if value is None or isinstance(value, bool | Fixed) else type(value)


def _flat(arguments: Sequence[Any]) -> list[Any]:
    found: list[Any] = []
    for value in arguments:
        if isinstance(value, tuple):
            found += value
        else:
            found.append(value)
    return found


def _marker(value: Any, number: int) -> Any:
    """Something of the same type that stands nowhere else in the query."""
    match value:
        case None | bool() | Fixed():
            return value
        case int():
            return _FIRST_NUMBER + number
        case str():
            return f"value{number}ofaquery"  # a word, as searches take it
        case datetime():
            return _FIRST_MOMENT + timedelta(days=number)
    raise TypeError(f"A query cannot be prepared for a {type(value).__name__}.")


def _adapted(value: Any) -> Any:
    """As the database's driver takes it."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return value
