"""Rows that many tests begin with: built once by each process, then put back by one statement.

The small district of the tests takes some thirty statements and as many objects to build, and nearly every test begins
with it. What a builder made is kept as the text of its rows, with the keys they were given, and as its objects.
"""

from __future__ import annotations

import io
import pickle
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import connection, transaction

Made = TypeVar("Made")
_INSERT = re.compile(r'INSERT INTO "(\w+)"')


@dataclass(frozen=True)
class _Kept:
    rows: str
    objects: bytes
    keys: list[Any]


_kept: dict[str, _Kept] = {}


def put_back(name: str, build: Callable[[], Made], *, on: Sequence[Any] = (), first: str = "") -> Made:
    """What `build` makes, without building it again. It may only add rows, the same ones every time.

    `on`: the rows that the new ones point to, in a fixed order; where they have other keys, it is built after all.
    `first`: a statement to run before the rows are there.
    """
    keys = [row.pk for row in on]
    if name not in _kept:
        _kept[name] = _keep(build, on, keys)
    kept = _kept[name]
    with connection.cursor() as cursor:
        if kept.keys != keys:
            if first:
                cursor.execute(first)
            return build()
        cursor.execute(f"{first};{kept.rows}" if first else kept.rows)
    reader = _Reader(io.BytesIO(kept.objects))
    reader.known = on
    return reader.load()  # type: ignore[no-any-return]


def _keep(build: Callable[[], Any], on: Sequence[Any], keys: list[Any]) -> _Kept:
    """Build it in a transaction that is undone; the keys that it was given are not given again."""
    new_from: dict[str, int] = {}

    def listen(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        found = _INSERT.match(sql)
        if found and found[1] not in new_from:
            new_from[found[1]] = _ask(f'SELECT coalesce(max(id), 0) FROM "{found[1]}"')
        return execute(sql, params, many, context)

    with transaction.atomic():
        with connection.execute_wrapper(listen):
            made = build()
        rows = ";".join(_rows(table, last) for table, last in new_from.items())
        target = io.BytesIO()
        writer = _Writer(target, pickle.HIGHEST_PROTOCOL)
        writer.known = {id(row): place for place, row in enumerate(on)}
        writer.dump(made)
        transaction.set_rollback(True)
    return _Kept(rows, target.getvalue(), keys)


def _rows(table: str, last: int) -> str:
    """The statement that adds the rows after `last` to this table, as they are now."""
    columns = _ask(
        "SELECT array_agg(quote_ident(column_name) ORDER BY ordinal_position) FROM information_schema.columns "
        f"WHERE table_schema = 'public' AND table_name = '{table}' AND is_generated = 'NEVER'"
    )
    values = " || ',' || ".join(f"quote_nullable({column}::text)" for column in columns)
    lines = _ask(
        f"SELECT string_agg('(' || {values} || ')', ',' ORDER BY id) FROM \"{table}\" WHERE id > {last}"
    )
    return f'INSERT INTO "{table}" ({", ".join(columns)}) VALUES {lines}'


def _ask(sql: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        (found,) = cursor.fetchone()
        return found


class _Writer(pickle.Pickler):
    known: dict[int, int]

    def persistent_id(self, thing: Any) -> int | None:
        return self.known.get(id(thing))


class _Reader(pickle.Unpickler):
    known: Sequence[Any]

    def persistent_load(self, place: int) -> Any:
        return self.known[place]
