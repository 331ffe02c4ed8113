from django.db import migrations, models

import huying.registry.models


class Migration(migrations.Migration):
    dependencies = [("registry", "0003_labels_and_places")]
    operations = [
        migrations.AlterField(
            model_name="item",
            name="label",
            field=models.CharField(
                default=huying.registry.models.new_label, max_length=12, unique=True, verbose_name="标牌码"
            ),
        )
    ]
