from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0013_declared_in_order"),
    ]

    operations = [
        migrations.AlterField(
            model_name="case",
            name="channel",
            field=models.CharField(
                choices=[
                    ("hotline", "12345热线"),
                    ("portal", "网上"),
                    ("netizen", "网民留言"),
                    ("visit", "来访走访"),
                    ("phone", "来电"),
                    ("field", "网格巡查"),
                    ("inspection", "督查检查"),
                    ("desk", "部门录入"),
                    ("import", "批量导入"),
                    ("api", "接口"),
                    ("open311", "Open311"),
                ],
                max_length=12,
                verbose_name="渠道",
            ),
        ),
        migrations.AlterField(
            model_name="report",
            name="channel",
            field=models.CharField(
                choices=[
                    ("hotline", "12345热线"),
                    ("portal", "网上"),
                    ("netizen", "网民留言"),
                    ("visit", "来访走访"),
                    ("phone", "来电"),
                    ("field", "网格巡查"),
                    ("inspection", "督查检查"),
                    ("desk", "部门录入"),
                    ("import", "批量导入"),
                    ("api", "接口"),
                    ("open311", "Open311"),
                ],
                max_length=12,
                verbose_name="渠道",
            ),
        ),
    ]
