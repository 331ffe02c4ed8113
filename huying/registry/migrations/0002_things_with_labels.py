import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import huying.core.fields


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0006_sealed_answers"),
        ("people", "0004_rosters"),
        ("places", "0001_initial"),
        ("registry", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ItemCell",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("zoom", models.PositiveSmallIntegerField()),
                ("x", models.IntegerField()),
                ("y", models.IntegerField()),
                ("count", models.IntegerField()),
                ("sum_lng", models.FloatField()),
                ("sum_lat", models.FloatField()),
            ],
            options={
                "verbose_name": "地图格",
            },
        ),
        migrations.CreateModel(
            name="ItemPhoto",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("taken_at", models.DateTimeField()),
                ("words", models.CharField(blank=True, max_length=120, verbose_name="说明")),
            ],
            options={
                "verbose_name": "照片",
                "ordering": ("-taken_at", "-pk"),
            },
        ),
        migrations.CreateModel(
            name="PartSerial",
            fields=[
                ("class_code", models.CharField(max_length=4, primary_key=True, serialize=False)),
                ("last", models.PositiveIntegerField(default=0)),
            ],
            options={
                "verbose_name": "部件流水号",
            },
        ),
        migrations.CreateModel(
            name="Verification",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("right", "一致"),
                            ("corrected", "已更正"),
                            ("omitted", "漏报补录"),
                            ("gone", "现场没有"),
                        ],
                        max_length=10,
                        verbose_name="核实结果",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="时间")),
                ("lng", models.FloatField(null=True)),
                ("lat", models.FloatField(null=True)),
                ("corrections", models.JSONField(default=dict)),
                ("corrected", models.PositiveSmallIntegerField(default=0, verbose_name="更正条数")),
                ("words", models.CharField(blank=True, max_length=300, verbose_name="说明")),
                ("client_id", models.UUIDField(null=True, unique=True)),
            ],
            options={
                "verbose_name": "现场核实",
                "ordering": ("-at", "-pk"),
            },
        ),
        migrations.RemoveIndex(
            model_name="item",
            name="item_register_place",
        ),
        migrations.AddField(
            model_name="item",
            name="address",
            field=models.CharField(blank=True, max_length=160, verbose_name="地址"),
        ),
        migrations.AddField(
            model_name="item",
            name="area_path",
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name="item",
            name="changed_at",
            field=models.DateTimeField(default=django.utils.timezone.now, editable=False),
        ),
        migrations.AddField(
            model_name="item",
            name="geometry",
            field=models.JSONField(blank=True, null=True, verbose_name="形状"),
        ),
        migrations.AddField(
            model_name="item",
            name="label",
            field=models.CharField(default="", max_length=12, verbose_name="标牌码"),
        ),
        migrations.AddField(
            model_name="item",
            name="made_at",
            field=models.DateTimeField(default=django.utils.timezone.now, editable=False),
        ),
        migrations.AddField(
            model_name="item",
            name="origin",
            field=models.CharField(
                choices=[("pack", "区包"), ("hand", "录入"), ("import", "表格导入"), ("spot", "现场补录")],
                default="hand",
                max_length=8,
                verbose_name="来源",
            ),
        ),
        migrations.AddField(
            model_name="item",
            name="part_code",
            field=models.CharField(blank=True, max_length=16, verbose_name="部件编码"),
        ),
        migrations.AddField(
            model_name="item",
            name="road",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="items",
                to="places.road",
            ),
        ),
        migrations.AddField(
            model_name="item",
            name="search",
            field=django.contrib.postgres.search.SearchVectorField(null=True),
        ),
        migrations.AddField(
            model_name="item",
            name="verified_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="最近核实"),
        ),
        migrations.AddField(
            model_name="item",
            name="version",
            field=models.PositiveIntegerField(default=1),
        ),
        migrations.AddField(
            model_name="item",
            name="words",
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name="register",
            name="active",
            field=models.BooleanField(default=True, verbose_name="启用"),
        ),
        migrations.AlterField(
            model_name="item",
            name="area",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="items",
                to="places.area",
            ),
        ),
        migrations.AlterField(
            model_name="item",
            name="keeper",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="kept_items",
                to="people.department",
            ),
        ),
        migrations.AlterField(
            model_name="item",
            name="lat",
            field=models.FloatField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="item",
            name="lng",
            field=models.FloatField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="item",
            name="owner",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="owned_items",
                to="people.department",
            ),
        ),
        migrations.AlterField(
            model_name="item",
            name="supervisor",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="supervised_items",
                to="people.department",
            ),
        ),
        migrations.AlterField(
            model_name="register",
            name="declaration",
            field=huying.core.fields.DeclarationField(default=dict),
        ),
        migrations.AddIndex(
            model_name="item",
            index=models.Index(
                fields=["register", "area_path"],
                name="item_register_area",
                opclasses=["int8_ops", "varchar_pattern_ops"],
            ),
        ),
        migrations.AddIndex(
            model_name="item",
            index=models.Index(fields=["register", "state"], name="item_register_state"),
        ),
        migrations.AddIndex(
            model_name="item",
            index=django.contrib.postgres.indexes.GinIndex(fields=["search"], name="item_search"),
        ),
        migrations.AddConstraint(
            model_name="item",
            constraint=models.UniqueConstraint(
                condition=models.Q(("part_code", ""), _negated=True),
                fields=("part_code",),
                name="item_part_code_once",
            ),
        ),
        migrations.AddField(
            model_name="itemcell",
            name="register",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="registry.register"
            ),
        ),
        migrations.AddField(
            model_name="itemphoto",
            name="by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="itemphoto",
            name="file",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="core.storedfile"
            ),
        ),
        migrations.AddField(
            model_name="itemphoto",
            name="item",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="photos", to="registry.item"
            ),
        ),
        migrations.AddField(
            model_name="verification",
            name="by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="verification",
            name="item",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="verifications", to="registry.item"
            ),
        ),
        migrations.AddConstraint(
            model_name="itemcell",
            constraint=models.UniqueConstraint(fields=("register", "zoom", "x", "y"), name="itemcell_once"),
        ),
        migrations.AddConstraint(
            model_name="itemphoto",
            constraint=models.UniqueConstraint(fields=("item", "file"), name="item_photo_once"),
        ),
        migrations.AddIndex(
            model_name="verification",
            index=models.Index(fields=["outcome", "at"], name="verification_outcome"),
        ),
    ]
