"""The rows as they were: any query, answered as of an earlier moment.

A table that is `kept` has triggers: each change leaves the values that it replaced, in `core_rowchange`, in the
transaction of the change and whichever code made it. A view of the same name in the schema `as_of` puts them back. So

    with as_of(moment):
        policy.cases_for(user).filter(status="closed").count()

asks every kept table as it was, by the same code that asks it as it is. What was loaded as history counts as having
been there always: the moment is that of the record, not of what it tells.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.apps import AppConfig
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections, models, transaction

SCHEMA = "as_of"
_kept: dict[str, tuple[str, ...]] = {}
_inside: ContextVar[bool] = ContextVar("inside as_of", default=False)

_VIEW = """
CREATE VIEW as_of.{table} AS
SELECT c.* FROM public.{table} c
WHERE NOT EXISTS (
    SELECT FROM public.core_rowchange h
    WHERE h.table_name = '{table}' AND h.row_id = c.id AND h.at > current_setting('huying.as_of')::timestamptz
)
UNION ALL
SELECT r.* FROM (
    SELECT e.row_id, jsonb_object_agg(e.key, e.value) FILTER (WHERE e.key IS NOT NULL) AS old, bool_or(e.born) AS born
    FROM (
        SELECT DISTINCT ON (h.row_id, v.key) h.row_id, v.key, v.value, h.kind = 'i' AS born
        FROM public.core_rowchange h LEFT JOIN LATERAL jsonb_each(h.old) v ON true
        WHERE h.table_name = '{table}' AND h.at > current_setting('huying.as_of')::timestamptz
        ORDER BY h.row_id, v.key, h.id
    ) e GROUP BY e.row_id
) d
LEFT JOIN public.{table} c ON c.id = d.row_id
CROSS JOIN LATERAL jsonb_populate_record(c, coalesce(d.old, '{{}}'::jsonb)) AS r
WHERE NOT d.born
"""
_INSERTED = """
CREATE TRIGGER {table}_inserted AFTER INSERT ON public.{table}
REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION core_note_inserted()
"""
_CHANGED = """
CREATE TRIGGER {table}_changed AFTER UPDATE OR DELETE ON public.{table}
FOR EACH ROW EXECUTE FUNCTION core_note_changed({ignored})
"""


def keep(*kept: type[models.Model], ignoring: Iterable[str] = ()) -> None:
    """Keep what changes in these models' tables, but for columns that nothing counts by. For `AppConfig.ready`."""
    for model in kept:
        _kept[model._meta.db_table] = tuple(ignoring)


def kept_tables() -> tuple[str, ...]:
    """The tables whose earlier rows can be asked for."""
    return tuple(sorted(_kept))


def drop_views(sender: AppConfig, using: str = DEFAULT_DB_ALIAS, plan: Any = (), **_kwargs: Any) -> None:
    """Before migrations: a view would hold on to the columns of its table."""
    if plan and sender.label == "core":
        with connections[using].cursor() as cursor:
            cursor.execute("DROP SCHEMA IF EXISTS as_of CASCADE")


def install(sender: AppConfig, using: str = DEFAULT_DB_ALIAS, plan: Any = (), **_kwargs: Any) -> None:
    """After migrations: triggers and views for the kept tables, with the columns that they have now."""
    if sender.label != "core":
        return
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute("SELECT to_regprocedure('core_note_inserted()')")
        if cursor.fetchone()[0] is None:  # migrated back to before there was any
            return
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        there = {name for (name,) in cursor.fetchall()}
        cursor.execute("SELECT viewname FROM pg_views WHERE schemaname = 'as_of'")
        if not plan and {name for (name,) in cursor.fetchall()} == there & set(_kept):
            return
        cursor.execute("DROP SCHEMA IF EXISTS as_of CASCADE; CREATE SCHEMA as_of")
        for table, ignored in _kept.items():
            if table not in there:
                continue
            words = ", ".join(f"'{column}'" for column in ignored)
            cursor.execute(f"DROP TRIGGER IF EXISTS {table}_inserted ON public.{table}")
            cursor.execute(f"DROP TRIGGER IF EXISTS {table}_changed ON public.{table}")
            cursor.execute(_INSERTED.format(table=table))
            cursor.execute(_CHANGED.format(table=table, ignored=words))
            cursor.execute(_VIEW.format(table=table))


@contextmanager
def as_of(moment: dt.datetime) -> Iterator[None]:
    """Every kept table as it was at this moment, inside a transaction. For reading: the views can't be written."""
    with transaction.atomic():
        with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
            cursor.execute(
                "SELECT set_config('search_path', 'as_of, public', true), set_config('huying.as_of', %s, true)",
                [moment.isoformat()],
            )
        inside = _inside.set(True)
        try:
            yield
        finally:
            _inside.reset(inside)
        with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
            cursor.execute("SELECT set_config('search_path', 'public', true)")


@contextmanager
def as_is() -> Iterator[None]:
    """Every table as it is now, inside `as_of` too: for rights, and for what the process keeps in memory."""
    if not _inside.get():
        yield
        return
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute("SELECT current_setting('search_path')")
        (before,) = cursor.fetchone()
        cursor.execute("SELECT set_config('search_path', 'public', true)")
    inside = _inside.set(False)
    try:
        yield
    finally:
        _inside.reset(inside)
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute("SELECT set_config('search_path', %s, true)", [before])


def settled_moment(kept: Iterable[type[models.Model]], patience_ms: int = 500) -> dt.datetime:
    """A moment by which every change of these tables is committed or this transaction's own: `as_of` it stays so.

    Waits for those who are writing, and lets them go on at once. Who writes for longer than `patience_ms` isn't
    waited for: the moment is then simply now. Inside a transaction.
    """
    tables = ", ".join(sorted({f"public.{model._meta.db_table}" for model in kept}))
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        # What a savepoint locked is let go when it is rolled back.
        cursor.execute("SAVEPOINT huying_settled")
        moment: dt.datetime | None = None
        try:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{patience_ms}ms"])
            if tables:
                cursor.execute(f"LOCK TABLE {tables} IN SHARE MODE")
            cursor.execute("SELECT clock_timestamp()")
            (moment,) = cursor.fetchone()
        except OperationalError:
            pass  # somebody is loading many rows, or waits for us in turn
        cursor.execute("ROLLBACK TO SAVEPOINT huying_settled; RELEASE SAVEPOINT huying_settled")
        if moment is None:
            cursor.execute("SELECT clock_timestamp()")
            (moment,) = cursor.fetchone()
    assert moment is not None
    return moment


def note_no_births() -> None:
    """For the rest of this transaction new rows count as always having been there: they are history being loaded."""
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute("SELECT set_config('huying.history', 'on', true)")


def changed_since(model: type[models.Model], moment: dt.datetime) -> set[int]:
    """The keys of the model's rows that were made, changed or deleted after this moment."""
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT row_id FROM core_rowchange WHERE table_name = %s AND at > %s",
            [model._meta.db_table, moment],
        )
        return {key for (key,) in cursor.fetchall()}
