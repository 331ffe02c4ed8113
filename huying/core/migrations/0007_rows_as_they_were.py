from django.db import migrations, models
from django.db.models.functions import Now

# Values that a statement replaced, by row. The moment is that of the statement, not of its transaction: two changes of one
# transaction follow one another.
FUNCTIONS = """
CREATE FUNCTION core_note_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(current_setting('huying.history', true), '') <> 'on' THEN
        INSERT INTO public.core_rowchange (table_name, row_id, kind, at)
        SELECT TG_TABLE_NAME, made.id, 'i', clock_timestamp() FROM made;
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION core_note_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before jsonb := to_jsonb(OLD);
    after jsonb;
    changed jsonb;
BEGIN
    IF TG_OP = 'DELETE' THEN
        changed := before;
    ELSE
        after := to_jsonb(NEW);
        SELECT jsonb_object_agg(key, value) INTO changed FROM jsonb_each(before)
        WHERE value IS DISTINCT FROM after -> key AND NOT key = ANY (TG_ARGV[0:]);
        IF changed IS NULL THEN RETURN NULL; END IF;
    END IF;
    INSERT INTO public.core_rowchange (table_name, row_id, kind, at, old)
    VALUES (TG_TABLE_NAME, OLD.id, CASE TG_OP WHEN 'DELETE' THEN 'd' ELSE 'u' END, clock_timestamp(), changed);
    RETURN NULL;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0006_sealed_answers")]

    operations = [
        migrations.CreateModel(
            name="RowChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        primary_key=True, serialize=False, auto_created=True, verbose_name="ID"
                    ),
                ),
                ("table_name", models.CharField(max_length=63)),
                ("row_id", models.BigIntegerField()),
                ("kind", models.CharField(max_length=1)),
                ("at", models.DateTimeField(db_default=Now())),
                ("old", models.JSONField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["table_name", "row_id", "at"], name="rowchange_row"),
                    models.Index(fields=["table_name", "at"], name="rowchange_at"),
                ]
            },
        ),
        migrations.RunSQL(FUNCTIONS, "DROP FUNCTION core_note_inserted; DROP FUNCTION core_note_changed"),
    ]
