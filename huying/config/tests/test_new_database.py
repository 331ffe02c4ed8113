"""A database made from the models is the one that all migrations arrive at."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import pytest
from django.core.management import call_command
from django.core.management.commands.migrate import Command as EveryMigration
from django.db import connection
from django.db.migrations import Migration

pytestmark = [pytest.mark.schema, pytest.mark.django_db(transaction=True)]

FACTS = {
    "columns": """SELECT table_schema, table_name, column_name, udt_name, character_maximum_length, is_nullable,
        column_default, is_identity, is_generated, generation_expression FROM information_schema.columns
        WHERE table_schema IN ('public', 'as_of')""",
    "indexes": "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "constraints": """SELECT conrelid::regclass::text, contype, pg_get_constraintdef(oid), condeferrable, condeferred
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace""",
    "triggers": "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "functions": """SELECT pg_get_functiondef(oid) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'""",
    "sequences": """SELECT sequencename, min_value, max_value, cycle FROM pg_sequences
        WHERE schemaname = 'public'""",
    "views": "SELECT schemaname, viewname FROM pg_views WHERE schemaname IN ('public', 'as_of')",
    "storage": """SELECT relname, reloptions FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'""",
    "applied": "SELECT app, name FROM django_migrations",
    "permissions": "SELECT codename FROM auth_permission",
}
# Columns stand in another order, and so do those of the views; nothing reads them by position.
# Django's own table between groups and permissions; its migration takes the size of keys from our setting.
NOT_OURS = "auth_group_permissions"


@contextmanager
def another_database(name: str) -> Iterator[None]:
    """An empty database that the connection of this test uses meanwhile."""
    usual = connection.settings_dict["NAME"]
    other = f"{usual}_{name}"
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{other}"')
        cursor.execute(f'CREATE DATABASE "{other}"')
    connection.close()
    connection.settings_dict["NAME"] = other
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = usual
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE "{other}"')


def facts() -> dict[str, set[str]]:
    """What the catalogue of the database says, without the names that Django makes up for unique columns."""
    found = {}
    with connection.cursor() as cursor:
        for kind, query in FACTS.items():
            cursor.execute(query)
            rows = (repr(row) for row in cursor.fetchall())
            found[kind] = {
                re.sub(r"_[0-9a-f]{8}_uniq|_key\b", "_key", row) for row in rows if NOT_OURS not in row
            }
    return found


def test_who_was_interrupted_after_the_queue_begins_with_the_tables_again() -> None:
    with another_database("interrupted"):
        call_command("migrate", "procrastinate", interactive=False, verbosity=0)
        with patch.object(Migration, "apply", side_effect=AssertionError("one by one")):
            call_command("migrate", interactive=False, verbosity=0)
        assert len(facts()["columns"]) > 2000


def test_models_and_migrations_make_the_same_database() -> None:
    with another_database("models"):
        call_command("migrate", interactive=False, verbosity=0)
        made = facts()
    with another_database("migrations"):
        call_command(EveryMigration(), interactive=False, verbosity=0)
        migrated = facts()
    assert len(made["columns"]) > 2000 and len(made["triggers"]) > 50 and made["views"]
    for kind in FACTS:
        assert sorted(made[kind] ^ migrated[kind]) == [], kind
