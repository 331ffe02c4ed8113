"""`migrate`, which makes the tables of an empty database from the models of today.

Taking a new database through every migration since the first day costs some thirty seconds, most of which Django
spends on what the models looked like in between. A test compares the two ways, table by table.
"""

from typing import Any

from django.apps import apps
from django.core.management.commands.migrate import Command as Migrate
from django.db import connections, migrations, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ProjectState

# Who asks for one of these means migrations one by one, as Django does them.
CHOICES = ("app_label", "plan", "check_unapplied", "fake", "fake_initial", "prune")

# An app without managed tables: its migrations are all statements, which build on one another.
BY_MIGRATIONS = "procrastinate"


class Command(Migrate):
    """As Django's, but for a database without any tables of ours."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Make what an empty database needs, then apply what is left."""
        if not any(options.get(choice) for choice in CHOICES):
            connection = connections[options["database"]]
            executor = MigrationExecutor(connection)
            # Those of the queue come first; who was interrupted after them begins with the tables again.
            if all(app == BY_MIGRATIONS for app, _name in executor.loader.applied_migrations):
                make_tables(connection, executor)
        super().handle(*args, **options)


def make_tables(connection: BaseDatabaseWrapper, executor: MigrationExecutor) -> None:
    """The tables of all models, the functions and triggers of all migrations, and the record that they are applied.

    Statements of migrations run in their order after all tables are there; Python of migrations moves rows, and an
    empty database has none.
    """
    executor.migrate([key for key in executor.loader.graph.leaf_nodes() if key[0] == BY_MIGRATIONS])
    executor.loader.build_graph()
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    migrated = {migration.app_label for migration, _ in plan}
    # In one transaction: there are either all tables or none.
    with transaction.atomic(using=connection.alias):
        with connection.schema_editor() as editor:
            for model in apps.get_models():
                if model._meta.app_label in migrated and model._meta.can_migrate(connection):
                    editor.create_model(model)
        with connection.schema_editor() as editor:
            for migration, _ in plan:
                for operation in migration.operations:
                    if isinstance(operation, migrations.RunSQL):
                        state = ProjectState()
                        operation.database_forwards(migration.app_label, editor, state, state)
        for migration, _ in plan:
            executor.recorder.record_applied(migration.app_label, migration.name)
