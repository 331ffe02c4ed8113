from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0009_more_channels"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SyncReceipt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("client_id", models.UUIDField()),
                ("kind", models.CharField(max_length=40)),
                ("outcome", models.JSONField(default=dict)),
                ("at", models.DateTimeField()),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "收件回执",
                "constraints": [
                    models.UniqueConstraint(fields=("user", "client_id"), name="sync_receipt_once")
                ],
            },
        ),
        migrations.AlterField(
            model_name="casefile",
            name="role",
            field=models.CharField(
                choices=[
                    ("reported", "反映"),
                    ("before", "处置前"),
                    ("after", "处置后"),
                    ("checked", "核查"),
                    ("noted", "现场补充"),
                    ("document", "附件"),
                ],
                max_length=12,
            ),
        ),
    ]
