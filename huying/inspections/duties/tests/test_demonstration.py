"""The demonstration's duties: as many as the pack says, counted like any others, and only once."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from django.utils import timezone

from huying.core.journal import entries_of, verify
from huying.core.testing import make_user
from huying.inspections.duties.days import rebuild
from huying.inspections.duties.demonstration import make_duties
from huying.inspections.duties.figures import Asked, total
from huying.inspections.duties.models import PlaceDay
from huying.inspections.duties.rights import reach
from huying.inspections.rounds.models import Round

from .conftest import Station

APRIL = """
texts: duties
seed: 4
duties:
  - {plan: disinfection-daily, from: 2020-04-01, to: 2020-04-30, done: 0.9, late: 0.06}
  - {plan: disinfection-daily, days: 3, done: 0.95}
  - {plan: not-in-this-pack, days: 3, done: 0.95}
"""


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    folder = tmp_path / "demonstration"
    folder.mkdir()
    (folder / "duties.yaml").write_text(APRIL, encoding="utf-8")
    return tmp_path


def test_april_owes_what_the_report_counts(station: Station, pack: Path) -> None:
    make_user("clerk", department=station.sanitation)
    made = make_duties(pack)
    asked = Asked(dt.date(2020, 4, 1), dt.date(2020, 4, 30), station.plan)
    april = total(asked, reach(make_user("supervisor")))
    assert april.due == 3 * 4 * 30
    assert april.waiting == 0
    assert 0.8 < (april.rate or 0) < 0.97
    assert made == Round.objects.count() >= april.done + april.late


def test_it_is_history_like_any_other(station: Station, pack: Path) -> None:
    make_duties(pack)
    assert not list(verify())
    round_ = Round.objects.order_by("pk")[0]
    assert (round_.plan, round_.version, round_.proved) == (station.plan, station.version, True)
    assert entries_of(round_).get().code == "round.made"
    assert round_.members.get().user == station.worker
    before = list(
        PlaceDay.objects.order_by("day", "item").values("day", "item", "due", "done", "late", "missed")
    )
    rebuild(station.plan, dt.date(2020, 4, 1), dt.date(2020, 4, 30))
    assert before == list(
        PlaceDay.objects.order_by("day", "item").values("day", "item", "due", "done", "late", "missed")
    )


def test_nothing_lies_in_the_future(station: Station, pack: Path) -> None:
    make_duties(pack)
    assert not Round.objects.filter(ended_at__gt=timezone.now()).exists()


def test_twice_makes_none(station: Station, pack: Path) -> None:
    assert make_duties(pack) > 0
    assert make_duties(pack) == 0


def test_a_pack_without_the_file_has_none(station: Station, tmp_path: Path) -> None:
    assert make_duties(tmp_path) == 0
