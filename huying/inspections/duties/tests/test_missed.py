"""Who is late is reminded once; a run of missed slots is one case, whoever works on it and whenever it is found."""

from __future__ import annotations

import datetime as dt
import threading
import uuid

import pytest
from django.db import connections
from django.utils import timezone

from huying.cases.models import Case, Channel, Status
from huying.core.journal import entries_of
from huying.core.testing import MiniDistrict, hold, make_district, make_post, make_user
from huying.inspections.duties.days import keep_days
from huying.inspections.duties.missed import DELIVERY, follow_missed, forget_reminders, remind
from huying.inspections.duties.models import Closed, MissedRun, PlaceDay, Reminder
from huying.inspections.models import Plan
from huying.inspections.rounds.models import Round
from huying.notices.models import Delivery

from .conftest import PLAN, Station, at, make_station

_DAY = dt.timedelta(days=1)


@pytest.fixture
def today() -> dt.date:
    return timezone.localdate()


class TestReminders:
    def test_half_an_hour_after_the_slot(self, station: Station, today: dt.date) -> None:
        keep_days(at("06:10", today))
        assert remind(at("10:29", today)) == 0
        assert remind(at("10:30", today)) == 3
        assert Reminder.objects.filter(due_at=at("10:00", today)).count() == 3

    def test_once_per_slot(self, station: Station, today: dt.date) -> None:
        keep_days(at("06:10", today))
        assert [remind(at(hours, today)) for hours in ("10:30", "10:35", "14:30")] == [3, 0, 3]

    def test_who_was_there_is_not_reminded(self, station: Station, today: dt.date) -> None:
        keep_days(at("06:10", today))
        PlaceDay.objects.filter(item=station.toilets[0]).update(done=1)
        assert remind(at("10:30", today)) == 2

    def test_one_message_names_the_places_of_a_person(self, station: Station, today: dt.date) -> None:
        clerk = make_user("clerk", department=station.sanitation, email="clerk@example.org")
        keep_days(at("06:10", today))
        remind(at("10:30", today))
        told = Delivery.objects.get()
        assert (told.to_id, told.code, told.emergency) == (clerk.pk, "duty.due", False)
        assert "公厕1号、公厕2号、公厕3号，应在 10:00 前做" in told.words

    def test_who_went_there_lately_is_told_and_not_the_desk(self, station: Station, today: dt.date) -> None:
        make_user("clerk", department=station.sanitation, email="clerk@example.org")
        station.worker.email = "worker@example.org"
        station.worker.save()
        station.visit(station.toilets[0], "07:00", day=today - _DAY)
        keep_days(at("06:10", today))
        PlaceDay.objects.filter(day=today).exclude(item=station.toilets[0]).update(done=4)
        remind(at("10:30", today))
        assert Delivery.objects.get().to_id == station.worker.pk

    def test_the_holder_of_a_post_is_told(self, station: Station, today: dt.date) -> None:
        chief = make_user("grid-worker", email="chief@example.org")
        hold(chief, make_post("chief"), station.district.east)
        station.plan.declaration = PLAN | {"by": "post chief of the area"}
        station.plan.save()
        keep_days(at("06:10", today))
        remind(at("10:30", today))
        told = Delivery.objects.get()
        assert told.to_id == chief.pk
        assert "公厕3号" not in told.words

    def test_after_a_stop_nobody_is_reminded_of_long_ago(self, station: Station, today: dt.date) -> None:
        keep_days(at("06:10", today))
        assert remind(at("20:00", today)) == 0

    def test_notes_of_reminders_are_forgotten_after_a_month(self, station: Station, today: dt.date) -> None:
        keep_days(at("06:10", today))
        remind(at("10:30", today))
        forget_reminders(at("10:30", today) + 30 * _DAY)
        assert Reminder.objects.exists()
        forget_reminders(at("10:30", today) + 32 * _DAY)
        assert not Reminder.objects.exists()


def pass_days(station: Station, days: int) -> dt.datetime:
    """Nobody comes for so many days; the moment after the last."""
    keep_days(at("12:00", station.day))
    after = at("00:10", station.day + days * _DAY)
    keep_days(after)
    return after


def only(station: Station, number: int) -> None:
    """Only this toilet belongs to the plan."""
    station.plan.declaration = PLAN | {
        "at": {"register": ["toilet"], "where": {"code": station.toilets[number].code}}
    }
    station.plan.save()


class TestCases:
    def test_two_missed_in_a_row_become_a_case_of_whoever_keeps_the_place(self, station: Station) -> None:
        only(station, 0)
        after = pass_days(station, 1)
        assert follow_missed(after + DELIVERY) == 1
        case = Case.objects.get()
        assert (case.item, case.department, case.channel) == (
            station.toilets[0], station.sanitation, Channel.INSPECTION,
        )  # fmt: skip
        assert (case.status, case.category.code) == (Status.DISPATCHED, "duty")
        assert "连续 4 次没有做" in case.words
        assert "公厕1号：公厕每日消杀没有做" in case.title

    def test_it_waits_for_phones_that_may_still_send(self, station: Station) -> None:
        only(station, 0)
        after = pass_days(station, 1)
        assert follow_missed(after) == 0
        for hours in ("07:00", "11:00", "15:00", "20:00"):
            station.visit(station.toilets[0], hours)
        assert follow_missed(after + DELIVERY) == 0
        assert not Case.objects.exists()

    def test_fewer_than_the_plan_says_are_no_case(self, station: Station) -> None:
        only(station, 0)
        for hours in ("07:00", "11:00", "15:00"):
            station.visit(station.toilets[0], hours)
        assert follow_missed(pass_days(station, 1) + DELIVERY) == 0

    def test_a_run_over_midnight_is_one_run(self, station: Station) -> None:
        """One missed in the evening and one the next day, with nothing between."""
        station.plan.declaration = PLAN | {"every": "1 per day"}
        station.plan.save()
        only_plan = station.plan.declaration | {"at": {"register": ["toilet"], "where": {"code": "GC-01"}}}
        station.plan.declaration = only_plan
        station.plan.save()
        assert follow_missed(pass_days(station, 1) + DELIVERY) == 0
        assert follow_missed(pass_days(station, 2) + DELIVERY) == 1
        run = MissedRun.objects.get()
        assert (run.slots, run.since) == (2, at("22:00", station.day))

    def test_a_run_that_goes_on_is_the_same_case(self, station: Station) -> None:
        only(station, 0)
        follow_missed(pass_days(station, 1) + DELIVERY)
        assert follow_missed(pass_days(station, 3) + DELIVERY) == 0
        assert (Case.objects.count(), MissedRun.objects.get().slots) == (1, 12)

    def test_a_new_run_belongs_to_the_case_that_is_still_open(self, station: Station) -> None:
        only(station, 0)
        follow_missed(pass_days(station, 1) + DELIVERY)
        station.visit(station.toilets[0], "07:00", day=station.day + _DAY)
        pass_days(station, 2)
        assert follow_missed(timezone.now() + DELIVERY) == 0
        assert (Case.objects.count(), MissedRun.objects.count()) == (1, 2)
        assert "case.missed_again" in [entry.code for entry in entries_of(Case.objects.get())]

    def test_after_the_case_was_closed_a_new_run_is_a_new_case(self, station: Station) -> None:
        only(station, 0)
        follow_missed(pass_days(station, 1) + DELIVERY)
        Case.objects.update(status=Status.CLOSED)
        station.visit(station.toilets[0], "07:00", day=station.day + _DAY)
        pass_days(station, 2)
        assert follow_missed(timezone.now() + DELIVERY) == 1
        assert Case.objects.count() == 2

    def test_a_stop_of_days_is_one_case_per_place(self, station: Station) -> None:
        assert follow_missed(pass_days(station, 5) + DELIVERY) == 3
        assert {run.slots for run in MissedRun.objects.all()} == {20}

    def test_many_places_on_one_day_are_one_case_that_names_them(
        self, station: Station, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("huying.inspections.duties.missed.MOST_ALONE", 2)
        assert follow_missed(pass_days(station, 1) + DELIVERY) == 1
        case = Case.objects.get()
        assert MissedRun.objects.filter(case=case).count() == 3
        assert "3 处没有做" in case.title
        assert all(str(toilet) in case.words for toilet in station.toilets)

    def test_a_ledger_out_of_season_opens_none_and_stops_nothing(self, station: Station) -> None:
        station.plan.declaration = PLAN | {"missed": {"open": {"ledger": "gone"}}}
        station.plan.save()
        assert follow_missed(pass_days(station, 1) + DELIVERY) == 0
        assert not Closed.objects.filter(followed=False).exists()

    def test_a_plan_without_it_opens_nothing(self, station: Station) -> None:
        station.plan.declaration = {key: value for key, value in PLAN.items() if key != "missed"}
        station.plan.save()
        assert follow_missed(pass_days(station, 1) + DELIVERY) == 0
        assert remind() == 0


@pytest.mark.django_db(transaction=True)
def test_two_workers_remind_once_and_open_one_case() -> None:
    station = make_station(make_district())
    make_user("clerk", department=station.sanitation, email="clerk@example.org")
    today = timezone.localdate()
    keep_days(at("12:00", station.day))
    after = at("00:10", station.day + _DAY)
    ready = threading.Barrier(4)
    problems: list[BaseException] = []

    def work() -> None:
        try:
            ready.wait()
            keep_days(after)
            follow_missed(after + DELIVERY)
            keep_days(at("06:10", today))
            remind(at("10:30", today))
        except BaseException as problem:
            problems.append(problem)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert Case.objects.count() == MissedRun.objects.filter(since=at("10:00", station.day)).count() == 3
    assert Delivery.objects.filter(code="duty.due").count() == 1
    assert Reminder.objects.count() == 3


def test_a_round_that_comes_twice_counts_once(station: Station) -> None:
    key = uuid.uuid4()
    for _ in range(2):
        station.visit(station.toilets[0], "07:00", client_id=key)
    assert Round.objects.count() == 1
    assert station.cell(station.toilets[0]) == (4, 1, 0, 3)


def test_a_district_without_plans_has_nothing_to_do(district: MiniDistrict) -> None:
    keep_days()
    assert (remind(), follow_missed(), Plan.objects.count()) == (0, 0, 0)
