import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0014_seen_by_an_inspection"),
        ("core", "0006_sealed_answers"),
        ("inspections", "0001_standards_plans_draws"),
        ("papers", "0003_papers_to_whoever_has_no_account"),
        ("people", "0004_rosters"),
        ("places", "0001_initial"),
        ("registry", "0005_lists_are_sorted_by_index"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Round",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("place_title", models.CharField(max_length=120, verbose_name="地点")),
                ("area_path", models.CharField(blank=True, max_length=200)),
                ("started_at", models.DateTimeField(null=True, verbose_name="到达")),
                ("ended_at", models.DateTimeField(verbose_name="查完")),
                ("day", models.DateField(verbose_name="日期")),
                ("received_at", models.DateTimeField(null=True)),
                ("clock_off_s", models.IntegerField(default=0)),
                ("lng", models.FloatField(null=True)),
                ("lat", models.FloatField(null=True)),
                ("distance_m", models.PositiveIntegerField(null=True, verbose_name="离该地（米）")),
                ("scanned", models.BooleanField(default=False, verbose_name="扫了码")),
                ("proved", models.BooleanField(default=True, verbose_name="到场有据")),
                ("answers", models.JSONField(default=dict)),
                ("values", models.JSONField(default=dict)),
                ("tenths", models.PositiveSmallIntegerField(default=1000, verbose_name="得分")),
                ("passed", models.BooleanField(default=True, verbose_name="合格")),
                ("grade", models.CharField(blank=True, max_length=40, verbose_name="等次")),
                ("failed", models.PositiveSmallIntegerField(default=0, verbose_name="不合格项")),
                (
                    "counted",
                    models.CharField(
                        blank=True,
                        choices=[("done", "按时"), ("late", "迟了"), ("extra", "另外"), ("too soon", "太密")],
                        max_length=8,
                        verbose_name="计次",
                    ),
                ),
                ("people", models.PositiveSmallIntegerField(default=1, verbose_name="人数")),
                ("words", models.CharField(blank=True, max_length=500, verbose_name="情况")),
                ("signed_by", models.CharField(blank=True, max_length=60, verbose_name="被查单位签字")),
                ("refused_to_sign", models.BooleanField(default=False, verbose_name="拒签")),
                ("client_id", models.UUIDField(null=True, unique=True)),
                (
                    "area",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rounds",
                        to="places.area",
                        verbose_name="区域",
                    ),
                ),
                (
                    "community",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="places.area",
                    ),
                ),
                (
                    "department",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rounds",
                        to="people.department",
                        verbose_name="单位",
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rounds",
                        to="registry.item",
                        verbose_name="物件",
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "paper",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="papers.paper",
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rounds",
                        to="inspections.plan",
                        verbose_name="计划",
                    ),
                ),
                (
                    "signature",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.storedfile",
                    ),
                ),
                (
                    "subdistrict",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="places.area",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rounds",
                        to="inspections.standardversion",
                        verbose_name="标准",
                    ),
                ),
            ],
            options={
                "verbose_name": "检查",
                "ordering": ("-ended_at", "-pk"),
            },
        ),
        migrations.CreateModel(
            name="Finding",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(max_length=40, verbose_name="项目")),
                ("title", models.CharField(max_length=120, verbose_name="问题")),
                ("words", models.CharField(blank=True, max_length=300, verbose_name="情况")),
                ("reading", models.FloatField(null=True, verbose_name="读数")),
                ("fixed_at_once", models.BooleanField(default=False, verbose_name="当场改好")),
                (
                    "case",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="findings",
                        to="cases.case",
                    ),
                ),
                (
                    "round",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="findings",
                        to="inspections.round",
                    ),
                ),
            ],
            options={
                "verbose_name": "发现的问题",
            },
        ),
        migrations.CreateModel(
            name="RoundMember",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "department",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="people.department",
                    ),
                ),
                (
                    "round",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="members",
                        to="inspections.round",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rounds",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "检查人",
            },
        ),
        migrations.CreateModel(
            name="RoundPhoto",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(blank=True, max_length=40)),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="core.storedfile"
                    ),
                ),
                (
                    "round",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="photos",
                        to="inspections.round",
                    ),
                ),
            ],
            options={
                "verbose_name": "检查照片",
            },
        ),
        migrations.AddIndex(
            model_name="round",
            index=models.Index(fields=["plan", "day"], name="round_plan_day"),
        ),
        migrations.AddIndex(
            model_name="round",
            index=models.Index(fields=["plan", "item", "ended_at"], name="round_plan_item"),
        ),
        migrations.AddIndex(
            model_name="round",
            index=models.Index(fields=["version", "day"], name="round_version_day"),
        ),
        migrations.AddIndex(
            model_name="round",
            index=models.Index(
                fields=["area_path", "ended_at"],
                name="round_area_newest",
                opclasses=["varchar_pattern_ops", "timestamptz_ops"],
            ),
        ),
        migrations.AddIndex(
            model_name="round",
            index=models.Index(fields=["-ended_at"], name="round_newest"),
        ),
        migrations.AddConstraint(
            model_name="round",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("item__isnull", False),
                    ("area__isnull", False),
                    ("department__isnull", False),
                    _connector="OR",
                ),
                name="round_is_somewhere",
            ),
        ),
        migrations.AddConstraint(
            model_name="finding",
            constraint=models.UniqueConstraint(fields=("round", "code"), name="finding_once"),
        ),
        migrations.AddConstraint(
            model_name="roundmember",
            constraint=models.UniqueConstraint(fields=("round", "user"), name="round_member_once"),
        ),
        migrations.AddConstraint(
            model_name="roundphoto",
            constraint=models.UniqueConstraint(fields=("round", "file", "code"), name="round_photo_once"),
        ),
    ]
