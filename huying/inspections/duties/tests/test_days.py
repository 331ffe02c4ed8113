"""A round counts in its own transaction; days open, close and can be made anew from the rounds alone."""

from __future__ import annotations

import datetime as dt
import random
import threading

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from huying.core.testing import MiniDistrict, make_district
from huying.inspections.duties.days import _Bulk, close_days, keep_days, open_days, rebuild, why
from huying.inspections.duties.models import AgentDay, DaySum, Folded, PlaceDay, StaleDay
from huying.inspections.duties.owed import spans
from huying.inspections.models import Plan
from huying.inspections.occurrences import Visited, assign, slots
from huying.inspections.plans import PlanRules
from huying.inspections.rounds.models import Round

from .conftest import PLAN, Station, at, make_station

_DAY = dt.timedelta(days=1)


def rows() -> list[tuple[object, ...]]:
    fields = ("plan", "item", "day", "due", "done", "late", "missed", "last_at", "doer", "area_path")
    return sorted(PlaceDay.objects.values_list(*fields))


class TestARound:
    def test_it_counts_at_once(self, station: Station) -> None:
        round_ = station.visit(station.toilets[0], "07:00")
        assert round_.counted == "done"
        assert station.cell(station.toilets[0]) == (4, 1, 0, 3)

    def test_after_the_slot_it_is_late(self, station: Station) -> None:
        assert station.visit(station.toilets[0], "11:00").counted == "late"
        assert station.cell(station.toilets[0]) == (4, 0, 1, 3)

    def test_too_soon_counts_for_nothing_and_says_until_when(self, station: Station) -> None:
        station.visit(station.toilets[0], "07:00")
        round_ = station.visit(station.toilets[0], "07:30")
        assert round_.counted == "too soon"
        assert "08:00" in why(round_)
        assert station.cell(station.toilets[0]) == (4, 1, 0, 3)

    def test_one_more_than_owed_is_on_record_only(self, station: Station) -> None:
        for hours in ("06:30", "08:00", "10:00", "12:00"):
            station.visit(station.toilets[0], hours)
        round_ = station.visit(station.toilets[0], "15:00")
        assert round_.counted == "extra"
        assert "都做完了" in why(round_)

    def test_without_proof_it_does_not_count(self, station: Station) -> None:
        round_ = station.visit(station.toilets[0], "07:00", scanned="")
        assert (round_.proved, round_.counted) == (False, "")
        assert "扫" in why(round_)
        assert not PlaceDay.objects.filter(done__gt=0).exists()

    def test_one_that_arrives_late_takes_its_place_in_time(self, station: Station) -> None:
        """The phone of a colleague had no signal: what it kept counts at the time at which it was done."""
        second = station.visit(station.toilets[0], "11:00")
        assert second.counted == "late"
        first = station.visit(station.toilets[0], "07:00")
        second.refresh_from_db()
        assert (first.counted, second.counted) == ("done", "done")
        assert station.cell(station.toilets[0]) == (4, 2, 0, 2)

    def test_it_keeps_whose_duty_it_is(self, station: Station) -> None:
        station.visit(station.toilets[0], "07:00")
        row = PlaceDay.objects.get()
        assert (row.doer, row.subdistrict) == (station.sanitation, station.district.east)
        assert row.area_path == station.toilets[0].area_path

    def test_it_counts_for_another_plan_by_the_same_standard_too(self, station: Station) -> None:
        weekly = Plan.objects.create(
            code="weekly",
            title="每周",
            declaration=PLAN | {"plan": "weekly", "every": "weekly", "hours": None},
        )
        station.visit(station.toilets[0], "07:00")
        assert PlaceDay.objects.get(plan=weekly).done == 1

    def test_where_nothing_is_owed_it_is_a_record(self, station: Station) -> None:
        station.plan.declaration = PLAN | {"at": {"register": ["toilet"], "where": {"code": "GC-01"}}}
        station.plan.save()
        station.visit(station.toilets[1], "07:00")
        assert not PlaceDay.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_rounds_at_one_place_at_once_both_count() -> None:
    station = make_station(make_district())
    ready = threading.Barrier(2)

    def go(hours: str) -> None:
        try:
            ready.wait()
            station.visit(station.toilets[0], hours)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=go, args=(hours,)) for hours in ("07:00", "12:00")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert station.cell(station.toilets[0]) == (4, 2, 0, 2)


class TestOpeningAndClosing:
    def test_every_place_owes_from_the_first_hour(self, station: Station) -> None:
        today = timezone.localdate()
        open_days(station.plan, at("06:10", today))
        assert {station.cell(toilet, today) for toilet in station.toilets} == {(4, 0, 0, 0)}

    def test_before_it_begins_nothing_is_owed(self, station: Station) -> None:
        open_days(station.plan, at("05:00", timezone.localdate()))
        assert not PlaceDay.objects.exists()

    def test_what_was_not_done_by_midnight_was_missed(self, station: Station) -> None:
        today = timezone.localdate()
        open_days(station.plan, at("06:10", today))
        close_days(at("23:59", today))
        assert station.cell(station.toilets[0], today) == (4, 0, 0, 0)
        close_days(at("00:00", today + _DAY))
        assert station.cell(station.toilets[0], today) == (4, 0, 0, 4)

    def test_days_that_passed_while_nothing_ran_are_caught_up(self, station: Station) -> None:
        keep_days(at("12:00", station.day))
        keep_days(at("12:00", station.day + 3 * _DAY))
        missed = dict(PlaceDay.objects.filter(item=station.toilets[0]).values_list("day", "missed"))
        assert missed == {station.day + n * _DAY: 4 if n < 3 else 0 for n in range(4)}

    def test_a_new_place_owes_and_a_retired_one_does_not(self, station: Station) -> None:
        keep_days(at("12:00", station.day))
        first, second, _third = station.toilets
        first.state = "retired"
        first.save()
        PlaceDay.objects.filter(item=second).delete()  # as if it had been put up since
        keep_days(at("12:05", station.day))
        assert set(PlaceDay.objects.values_list("item", flat=True)) == {
            toilet.pk for toilet in station.toilets[1:]
        }

    def test_a_plan_that_asks_for_more_is_followed(self, station: Station) -> None:
        keep_days(at("12:00", station.day))
        station.plan.declaration = PLAN | {"every": "6 per day"}
        station.plan.save()
        keep_days(at("12:05", station.day))
        assert station.cell(station.toilets[0])[0] == 6

    def test_a_drawn_place_owes_and_the_others_do_not(self, station: Station) -> None:
        station.plan.declaration = PLAN | {"every": "monthly", "hours": None, "draw": {"number": 1}}
        station.plan.save()
        keep_days(at("12:00", station.day))
        assert not PlaceDay.objects.exists()  # nobody has drawn yet
        station.plan.draws.create(
            period=f"{station.day:%Y-%m}",
            seed="1",
            rules={},
            facts={},
            chosen=["toilet/GC-02"],
            inspectors={},
        )
        keep_days(at("12:05", station.day))
        assert PlaceDay.objects.get().item == station.toilets[1]


class TestAnew:
    def test_it_gives_what_the_rounds_gave_one_by_one(self, station: Station) -> None:
        dice = random.Random(4)
        keep_days(at("12:00", station.day))
        for _ in range(40):
            toilet, day = dice.choice(station.toilets), station.day + dice.randint(0, 4) * _DAY
            station.visit(toilet, f"{dice.randint(5, 23):02}:{dice.randint(0, 59):02}", day=day)
        keep_days()
        before, counted = rows(), sorted(Round.objects.values_list("pk", "counted"))
        Round.objects.update(counted="")
        PlaceDay.objects.update(done=0, late=0, missed=0, last_at=None)
        rebuild(station.plan, station.day, timezone.localdate())
        assert rows() == before
        assert sorted(Round.objects.values_list("pk", "counted")) == counted

    @pytest.mark.parametrize(
        "every",
        ["6 per day, at least 2 hours apart", "2 per day", "3 per week", "nightly", "monthly",
         "3 per week, at least 5 hours apart"],
    )  # fmt: skip
    def test_matching_in_bulk_is_matching_one_by_one(self, every: str, district: MiniDistrict) -> None:
        declaration = PLAN | {"every": every, "hours": "06:00-22:00" if "day" in every else None}
        rules = PlanRules.from_declaration(declaration)
        first, last = dt.date(2026, 3, 2), dt.date(2026, 3, 31)
        owed, dice = slots(rules, first, last), random.Random(every)
        start, now = at("00:00", first), at("12:00", last + 3 * _DAY)
        for _ in range(30):
            moments = sorted(
                start + dt.timedelta(minutes=dice.randint(-600, 60 * 24 * 31))
                for _ in range(dice.randint(0, 150))
            )
            matched = assign(rules, owed, [Visited(at, key) for key, at in enumerate(moments)], now)
            found = spans(owed)
            bulk = _Bulk(found, rules.every.apart // dt.timedelta(microseconds=1), 0)
            epoch = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
            cells, changed = bulk.match(
                ((moment - epoch) // dt.timedelta(microseconds=1), key + 1, "?")
                for key, moment in enumerate(moments)
            )
            by_day = matched.by_day()
            for index, span in enumerate(found):
                cell = cells.get(index)
                count = by_day[span.day]
                assert (count.done, count.late) == ((cell.done, cell.late) if cell else (0, 0))
            outcomes = {each.visit.key + 1: str(each.outcome) for each in matched.visits}
            assert dict(changed) == {
                key: what for key, what in outcomes.items() if moments[key - 1] >= found[0].opens
            }


class TestSums:
    def test_areas_departments_and_the_whole_are_added_up(self, station: Station) -> None:
        keep_days(at("12:00", station.day))
        station.visit(station.toilets[0], "07:00")
        station.visit(station.toilets[2], "11:00")
        keep_days()
        here = DaySum.objects.filter(plan=station.plan, day=station.day)
        east, root = station.district.east, station.district.root
        assert list(here.filter(area=east).values_list("places", "due", "done", "late", "missed")) == [
            (2, 8, 1, 0, 7)
        ]
        whole = [(3, 12, 1, 1, 10)]
        for chosen in ({"area": root}, {"doer": station.sanitation}, {"area": None, "doer": None}):
            assert list(here.filter(**chosen).values_list("places", "due", "done", "late", "missed")) == whole
        assert DaySum.objects.get(plan=None, day=station.day, area=root).due == 12

    def test_people_are_counted_by_what_they_did(self, station: Station) -> None:
        for hours in ("07:00", "07:20", "11:00"):
            station.visit(station.toilets[0], hours)
        keep_days()
        row = AgentDay.objects.get()
        assert (row.user, row.done, row.late, row.other) == (station.worker, 2, 0, 1)

    def test_a_day_that_changes_afterwards_is_added_up_again(self, station: Station) -> None:
        keep_days(at("12:00", station.day))
        keep_days()
        station.visit(station.toilets[0], "07:00")
        assert StaleDay.objects.exists()
        keep_days()
        assert not StaleDay.objects.exists()
        assert DaySum.objects.get(plan=station.plan, day=station.day, area=station.district.root).done == 1

    def test_it_holds_until_yesterday(self, station: Station) -> None:
        keep_days(at("12:00", station.day))
        assert Folded.objects.get().until == station.day - _DAY
        keep_days(at("12:00", station.day + _DAY))
        assert Folded.objects.get().until == station.day


def test_the_phone_says_why_a_visit_did_not_count(station: Station, client: Client) -> None:
    station.visit(station.toilets[0], "07:00")
    round_ = station.visit(station.toilets[0], "07:30")
    client.force_login(station.worker)
    text = client.get(reverse("inspections:field-made", args=[round_.pk])).content.decode()
    assert "不到 60 分钟，不计次" in text
