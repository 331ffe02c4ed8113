from django.db import migrations

import huying.core.fields


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0012_daily_meetings"),
    ]

    operations = [
        migrations.AlterField(
            model_name="ledger",
            name="declaration",
            field=huying.core.fields.DeclarationField(),
        ),
    ]
