from django.db import migrations

NUMBERS = """
CREATE SEQUENCE case_serial MINVALUE 1 MAXVALUE 99999 CYCLE;
CREATE SEQUENCE report_serial MINVALUE 1 MAXVALUE 999999 CYCLE;

CREATE FUNCTION next_case_number(region text, day date) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    candidate text;
BEGIN
    LOOP
        candidate := region || to_char(day, 'YYYYMMDD') || lpad(nextval('case_serial')::text, 5, '0');
        -- A serial comes round again after 99,999; bulk history numbers its own days.
        EXIT WHEN NOT EXISTS (SELECT FROM cases_case WHERE number = candidate);
    END LOOP;
    RETURN candidate;
END
$$;

CREATE FUNCTION next_report_number(day date) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    candidate text;
BEGIN
    LOOP
        candidate := to_char(day, 'YYMMDD') || lpad(nextval('report_serial')::text, 6, '0');
        EXIT WHEN NOT EXISTS (SELECT FROM cases_report WHERE number = candidate);
    END LOOP;
    RETURN candidate;
END
$$;
"""


class Migration(migrations.Migration):
    """Case numbers of 19 digits (region 6, day 8, serial 5), report numbers of 12 (day 6, serial 6).

    From sequences, not from a counter row: a counter would make every intake wait for the one before.
    """

    dependencies = [("cases", "0002_initial")]
    operations = [
        migrations.RunSQL(
            NUMBERS,
            "DROP FUNCTION next_case_number; DROP FUNCTION next_report_number; "
            "DROP SEQUENCE case_serial; DROP SEQUENCE report_serial",
        ),
    ]
