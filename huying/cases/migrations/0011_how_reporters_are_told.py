from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0010_sync_receipts")]

    operations = [
        migrations.AddField(
            model_name="report",
            name="email",
            field=models.EmailField(
                blank=True, db_default="", default="", max_length=254, verbose_name="邮箱"
            ),
        ),
        migrations.AddField(
            model_name="report",
            name="tell_by",
            field=models.CharField(
                blank=True,
                choices=[("sms", "短信"), ("email", "电子邮件"), ("page", "只在查询页上看")],
                db_default="",
                default="",
                max_length=8,
                verbose_name="怎么告诉您",
            ),
        ),
    ]
