"""The answers kept for requests that are sent again may hold a first password or a phone: they are sealed."""

from typing import Any

from django.db import migrations

import huying.core.secrets
from huying.core.secrets import seal


def seal_answers(apps: Any, schema: Any) -> None:
    """Seal what was kept before; it is three days' worth at most."""
    with schema.connection.cursor() as cursor:
        cursor.execute("SELECT id, body FROM core_idempotencykey WHERE body <> ''")
        for pk, body in cursor.fetchall():
            cursor.execute("UPDATE core_idempotencykey SET body = %s WHERE id = %s", [seal(body), pk])


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0005_idempotency_keys"),
    ]

    operations = [
        migrations.AlterField(
            model_name="idempotencykey",
            name="body",
            field=huying.core.secrets.SealedField(blank=True),
        ),
        migrations.RunPython(seal_answers, migrations.RunPython.noop, elidable=True),
    ]
