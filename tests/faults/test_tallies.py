"""A worker is killed while it folds: no case is lost from the tallies and none is in them twice."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from .site import Site, connect, until

pytestmark = pytest.mark.faults
CASES = 40
STAGE = f"""
from django.core.management import call_command
call_command("migrate", verbosity=0)
from huying.cases.tests.conftest import Loop
from huying.core.testing import make_district
loop = Loop(make_district())
for number in range({CASES}):
    loop.closed(words=f"第{{number}}盏路灯不亮", point=(113.3201 + number / 5000, 33.715))
"""
# The last thing a fold writes are the cells: there it stays until somebody lets it go.
HOLD = """
CREATE FUNCTION hold_fold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM pg_advisory_xact_lock_shared(4711);
    RETURN NULL;
END $$;
CREATE TRIGGER hold AFTER INSERT ON cases_tallycell FOR EACH STATEMENT EXECUTE FUNCTION hold_fold();
"""
COMPARE = f"""
from huying.cases.tallies import checking, folding
from huying.cases.tallies.models import TallyCell
folding.fold_all()
assert not checking.compare(), checking.compare()
assert sum(TallyCell.objects.filter(shape="S").values_list("closed_on_time", flat=True)) == {CASES}
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    site.server.ensure_running()
    yield site
    site.end()
    assert site.server.release()


def test_a_fold_that_was_killed_has_not_happened_and_the_next_one_counts_all(site: Site) -> None:
    site.python(STAGE)
    with connect(site.server) as holder, connect(site.server) as database:
        database.execute(HOLD)
        holder.execute("SELECT pg_advisory_lock(4711)")
        (marked,) = database.execute("SELECT count(DISTINCT case_id) FROM cases_tallymark").fetchone()  # type: ignore[misc]
        assert marked == CASES
        worker = site.huying("worker", "--jobs", "1")
        until(
            lambda: (
                database.execute(
                    # By what it waits for: the server shows only the beginning of a query as long as this one.
                    "SELECT count(*) FROM pg_stat_activity WHERE (wait_event_type, wait_event) = ('Lock', 'advisory')"
                ).fetchone()
                != (0,)
            ),
            "a fold under way",
        )
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        holder.execute("SELECT pg_advisory_unlock(4711)")
        database.execute("DROP TRIGGER hold ON cases_tallycell")
    site.python(COMPARE)
