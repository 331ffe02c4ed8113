from django.db import migrations

HASH = """
CREATE FUNCTION journal_hash(
    previous bytea, kind text, subject bigint, sequence int, code text, at timestamptz,
    actor bigint, actor_name text, data jsonb
) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT sha256(previous || convert_to(
        kind || chr(31) || subject || chr(31) || sequence || chr(31) || code || chr(31)
        || (extract(epoch FROM at) * 1000000)::bigint || chr(31) || coalesce(actor::text, '') || chr(31)
        || actor_name || chr(31) || data::text, 'UTF8'))
$$;
"""

REFUSE = """
CREATE FUNCTION journal_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the journal is append-only: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER journal_entry_stays BEFORE UPDATE OR DELETE ON core_journalentry
    FOR EACH ROW EXECUTE FUNCTION journal_refuse();
CREATE TRIGGER journal_entries_stay BEFORE TRUNCATE ON core_journalentry
    FOR EACH STATEMENT EXECUTE FUNCTION journal_refuse();
CREATE TRIGGER journal_seal_stays BEFORE UPDATE OR DELETE ON core_journalseal
    FOR EACH ROW EXECUTE FUNCTION journal_refuse();
"""


class Migration(migrations.Migration):
    """The database itself refuses to change history, and computes every hash."""

    dependencies = [("core", "0002_initial")]
    operations = [
        migrations.RunSQL(HASH, "DROP FUNCTION journal_hash"),
        migrations.RunSQL(
            REFUSE,
            "DROP TRIGGER journal_entry_stays ON core_journalentry; "
            "DROP TRIGGER journal_entries_stay ON core_journalentry; "
            "DROP TRIGGER journal_seal_stays ON core_journalseal; DROP FUNCTION journal_refuse",
        ),
    ]
