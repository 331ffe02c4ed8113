"""Whatever changes what a case counts as marks it, in its own transaction and whichever code did it.

A case counts by its row, and by the latest answer of each of its reporters: an answer takes the place of an earlier
one, which may stand on another case (reports move when cases are merged). Rows that are inserted in bulk are marked
by one statement. What is there already is marked here, and folded by the job.
"""

from django.db import migrations

COUNTED_BY = (
    "ledger_id", "topic_id", "subdistrict_id", "department_id", "area_id", "status", "reported_at", "closed_at",
    "handled_at", "dispatched_at", "overdue", "exempt", "excluded", "returns", "reopenings",
)  # fmt: skip
CHANGED = " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in COUNTED_BY)

MARKING = f"""
CREATE FUNCTION cases_mark_inserted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO public.cases_tallymark (case_id) SELECT id FROM made;
    RETURN NULL;
END $$;
CREATE FUNCTION cases_mark_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO public.cases_tallymark (case_id) VALUES (OLD.id);
    RETURN NULL;
END $$;
CREATE FUNCTION cases_mark_answers_made() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO public.cases_tallymark (case_id)
    SELECT case_id FROM made UNION
    SELECT c.case_id FROM made m JOIN public.cases_callback c ON c.report_id = m.report_id AND c.answered;
    RETURN NULL;
END $$;
CREATE FUNCTION cases_mark_answer_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO public.cases_tallymark (case_id) SELECT OLD.case_id;
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO public.cases_tallymark (case_id)
        SELECT NEW.case_id UNION
        SELECT case_id FROM public.cases_callback WHERE report_id IN (OLD.report_id, NEW.report_id) AND answered;
    ELSE
        INSERT INTO public.cases_tallymark (case_id)
        SELECT DISTINCT case_id FROM public.cases_callback WHERE report_id = OLD.report_id AND answered;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER cases_case_tally_made AFTER INSERT ON cases_case
    REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION cases_mark_inserted();
CREATE TRIGGER cases_case_tally_changed AFTER UPDATE ON cases_case
    FOR EACH ROW WHEN ({CHANGED}) EXECUTE FUNCTION cases_mark_changed();
CREATE TRIGGER cases_case_tally_gone AFTER DELETE ON cases_case
    FOR EACH ROW EXECUTE FUNCTION cases_mark_changed();
CREATE TRIGGER cases_callback_tally_made AFTER INSERT ON cases_callback
    REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION cases_mark_answers_made();
CREATE TRIGGER cases_callback_tally_changed AFTER UPDATE OR DELETE ON cases_callback
    FOR EACH ROW EXECUTE FUNCTION cases_mark_answer_changed();
INSERT INTO cases_tallymark (case_id) SELECT id FROM cases_case ORDER BY id;
-- Cells change in place.
ALTER TABLE cases_tallycell SET (fillfactor = 80);
"""
FORGETTING = """
DROP TRIGGER cases_case_tally_made ON cases_case;
DROP TRIGGER cases_case_tally_changed ON cases_case;
DROP TRIGGER cases_case_tally_gone ON cases_case;
DROP TRIGGER cases_callback_tally_made ON cases_callback;
DROP TRIGGER cases_callback_tally_changed ON cases_callback;
DROP FUNCTION cases_mark_inserted, cases_mark_changed, cases_mark_answers_made, cases_mark_answer_changed;
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0015_tallies")]
    operations = [migrations.RunSQL(MARKING, FORGETTING)]
