import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0006_sealed_answers"),
        ("papers", "0002_initial"),
        ("people", "0004_rosters"),
    ]

    operations = [
        migrations.AddField(
            model_name="paper",
            name="addressee_name",
            field=models.CharField(blank=True, max_length=120, verbose_name="受送达人"),
        ),
        migrations.AddField(
            model_name="paper",
            name="area_path",
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name="paper",
            name="receipt",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="core.storedfile"
            ),
        ),
        migrations.AddField(
            model_name="paper",
            name="received_name",
            field=models.CharField(blank=True, max_length=60, verbose_name="签收人"),
        ),
        migrations.AlterField(
            model_name="paper",
            name="addressee",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="papers",
                to="people.department",
                verbose_name="主送",
            ),
        ),
        migrations.AlterField(
            model_name="paper",
            name="kind",
            field=models.CharField(
                choices=[
                    ("supervision-letter", "督办函"),
                    ("order-to-correct", "责令整改通知书"),
                    ("decision", "处理决定书"),
                    ("bulletin", "督导通报"),
                ],
                max_length=32,
                verbose_name="文种",
            ),
        ),
    ]
