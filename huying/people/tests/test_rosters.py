"""Rosters: one person, one shift at a time; who came and when; a hand-over waits until somebody takes it."""

from __future__ import annotations

import copy
import datetime as dt
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.journal import entries_of
from huying.core.testing import MiniDistrict, grant_role, hold, make_post, make_user
from huying.people.models import Handover, Roster, Shift, Turn, User
from huying.people.rosters import figures, on_duty, planning, watch
from huying.people.rosters.policy import readable_handovers, rosters_for
from huying.people.rosters.rules import rules_of
from huying.people.rosters.sources import OpenWork
from huying.places.clock import BEIJING
from huying.places.fresh import Kept
from huying.places.models import CalendarDay

pytestmark = pytest.mark.django_db

DAY_AND_NIGHT = [
    {"code": "day", "title": "日班", "from": "08:00", "to": "20:00", "people": 1},
    {"code": "night", "title": "夜班", "from": "20:00", "to": "08:00", "people": 1},
]
RULES: dict[str, Any] = {"posts": ["grid-chief"], "shifts": DAY_AND_NIGHT, "rest_hours": 10}


class Watch:
    """A roster of 东苑社区 with two grid workers, and the head of the department that plans it."""

    def __init__(self, district: MiniDistrict, **rules: Any) -> None:
        self.district = district
        self.roster = Roster.objects.create(
            code="grid",
            title="网格值班",
            area=district.east,
            department=district.urban,
            rules=copy.deepcopy({**RULES, **rules}),
        )
        self.head = make_user("head", department=district.urban, name="局长")
        self.one, self.two = self.worker("张一"), self.worker("李二")

    def worker(self, name: str) -> User:
        user = make_user("grid-worker", area=self.district.east, name=name)
        hold(user, make_post(), self.district.grid_of("东苑社区"))
        return user

    @property
    def running(self) -> tuple[dt.date, str]:
        """The day and code of the shift that runs now."""
        now = timezone.localtime()
        if 8 <= now.hour < 20:
            return now.date(), "day"
        return (now - dt.timedelta(hours=8)).date(), "night"

    def after(self, day: dt.date, code: str) -> tuple[dt.date, str]:
        return (day, "night") if code == "day" else (day + dt.timedelta(days=1), "day")

    def shift(self, *, begins: dt.timedelta = dt.timedelta(), **fields: Any) -> Shift:
        """The running shift's row, moved so that it began `begins` from now and lasts twelve hours."""
        day, code = self.running
        shift = planning.draw_up(self.roster, day, code)
        starts = timezone.now() + begins
        Shift.objects.filter(pk=shift.pk).update(
            starts_at=starts, ends_at=starts + dt.timedelta(hours=12), **fields
        )
        shift.refresh_from_db()
        return shift

    def on_watch(self, user: User | None = None) -> Shift:
        """A running shift that the user has taken over."""
        shift = self.shift()
        Turn.objects.create(shift=shift, user=user or self.one)
        watch.arrive(shift, actor=user or self.one)
        return shift


@pytest.fixture
def post(district: MiniDistrict) -> Watch:
    return Watch(district)


def tomorrow(days: int = 1) -> dt.date:
    return timezone.localdate() + dt.timedelta(days=days)


# -- days and hours -------------------------------------------------------------------------------------------


def test_a_night_shift_ends_on_the_next_morning(post: Watch) -> None:
    shift = planning.draw_up(post.roster, tomorrow(), "night")
    assert timezone.localtime(shift.ends_at).date() == tomorrow(2)
    assert shift.ends_at - shift.starts_at == dt.timedelta(hours=12)


def test_a_shift_until_midnight_ends_at_midnight(post: Watch) -> None:
    post.roster.rules = {
        **RULES,
        "shifts": [{"code": "late", "title": "晚班", "from": "16:00", "to": "00:00"}],
    }
    starts, ends = rules_of(post.roster).shifts[0].times(dt.date(2026, 12, 31))
    assert (starts, ends) == (
        dt.datetime(2026, 12, 31, 16, tzinfo=BEIJING),
        dt.datetime(2027, 1, 1, tzinfo=BEIJING),
    )


@pytest.mark.parametrize(
    ("days", "runs"),
    [("workdays", [True, False, True]), ("rest days", [False, True, False]), ("all", [True, True, True])],
)
def test_holidays_and_worked_weekends_follow_the_work_calendar(
    post: Watch, days: str, runs: list[bool]
) -> None:
    post.roster.rules = {**RULES, "days": days}
    # 2026: 30 September is a Wednesday, 1 October the national day, 10 October a worked Saturday.
    asked = [dt.date(2026, 9, 30), dt.date(2026, 10, 1), dt.date(2026, 10, 10)]
    assert [rules_of(post.roster).runs_on(day) for day in asked] == runs


def test_a_local_holiday_counts_too(post: Watch) -> None:
    day = dt.date(2026, 9, 30)
    CalendarDay.objects.create(day=day, is_workday=False, source=CalendarDay.Source.LOCAL)
    Kept.look_at_all_again()
    post.roster.rules = {**RULES, "days": "workdays"}
    assert not rules_of(post.roster).runs_on(day)


def test_the_heating_season_runs_over_new_year(post: Watch) -> None:
    post.roster.rules = {**RULES, "season": "11-15..03-15"}
    rules = rules_of(post.roster)
    in_season = [dt.date(2026, 11, 15), dt.date(2027, 1, 1), dt.date(2027, 3, 15)]
    assert all(map(rules.runs_on, in_season))
    assert not any(map(rules.runs_on, [dt.date(2026, 11, 14), dt.date(2027, 3, 16)]))
    with pytest.raises(Refusal, match="没有这个班"):
        planning.draw_up(post.roster, dt.date(2027, 7, 1), "day")


# -- planning -------------------------------------------------------------------------------------------------


def assign(post: Watch, user: User, code: str = "day", days: int = 1) -> planning.Assigned:
    return planning.assign(post.roster, tomorrow(days), code, user, actor=post.head)


def test_nobody_is_on_two_shifts_at_once(post: Watch) -> None:
    other = Roster.objects.create(
        code="other", title="夜巡", area=post.district.east, department=post.district.urban,
        rules={**RULES, "shifts": [{"code": "late", "title": "晚", "from": "18:00", "to": "23:00"}]},
    )  # fmt: skip
    assign(post, post.one)
    with pytest.raises(Refusal, match=r"张一 这个时间已经排在网格值班"):
        planning.assign(other, tomorrow(), "late", post.one, actor=post.head)
    with pytest.raises(Refusal, match="已经在这个班上"):
        assign(post, post.one)


def test_too_little_rest_is_a_warning(post: Watch) -> None:
    assert assign(post, post.one).warnings == ()
    assert "休息不足 10 小时" in assign(post, post.one, "night").warnings[0]
    assert Turn.objects.count() == 2


def test_only_holders_of_the_post_in_the_area_can_be_put_on(post: Watch) -> None:
    elsewhere = make_user("grid-worker", area=post.district.west, name="王三")
    hold(elsewhere, make_post(), post.district.west)
    assert set(planning.eligible(post.roster)) == {post.one, post.two}
    with pytest.raises(Refusal, match="不在可以值这个岗"):
        assign(post, elsewhere)


def test_only_the_head_of_the_department_plans(post: Watch) -> None:
    stranger = make_user("head", department=post.district.streets["west"], name="别的局长")
    assert not rosters_for(stranger).exists()
    for actor in (stranger, post.one):
        with pytest.raises(NotAllowed):
            planning.assign(post.roster, tomorrow(), "day", post.one, actor=actor)
    supervisor = make_user("supervisor", area=post.district.west)
    assert not rosters_for(supervisor).exists() and rosters_for(make_user("supervisor")).get() == post.roster


def test_what_is_over_stays_as_it_was(post: Watch) -> None:
    with pytest.raises(Refusal, match="已经结束"):
        assign(post, post.one, days=-2)


def test_who_has_come_is_not_taken_off(post: Watch) -> None:
    shift = post.on_watch()
    with pytest.raises(Conflict):
        planning.take_off(shift.turns.get(), actor=post.head)
    turn = assign(post, post.two, days=3).turn
    planning.take_off(turn, actor=post.head)
    assert not Turn.objects.filter(user=post.two).exists()
    assert [entry.code for entry in entries_of(turn.shift)] == ["shift.assigned", "shift.taken_off"]


def test_two_people_change_places(post: Watch) -> None:
    one, two = assign(post, post.one, days=1).turn, assign(post, post.two, days=3).turn
    planning.swap(one, two, actor=post.head)
    assert (Turn.objects.get(pk=one.pk).user, Turn.objects.get(pk=two.pk).user) == (post.two, post.one)


def test_a_swap_that_would_double_somebody_changes_nothing(post: Watch) -> None:
    post.roster.rules["shifts"][0]["people"] = 2
    one, two = assign(post, post.one, days=1).turn, assign(post, post.two, days=3).turn
    assign(post, post.two, days=1)
    with pytest.raises(Refusal, match="已经在这个班上"):
        planning.swap(one, two, actor=post.head)
    assert Turn.objects.get(pk=one.pk).user == post.one


def test_last_week_is_copied_and_what_cannot_be_is_said(post: Watch) -> None:
    monday = tomorrow() - dt.timedelta(days=tomorrow().weekday()) + dt.timedelta(days=7)
    planning.assign(post.roster, monday, "day", post.one, actor=post.head)
    planning.assign(post.roster, monday, "night", post.two, actor=post.head)
    User.objects.filter(pk=post.two.pk).update(is_active=False)
    week = dt.timedelta(days=7)
    done = planning.copy_week(post.roster, monday + week, actor=post.head)
    assert done.count == 1 and "李二" in done.problems[0]
    assert planning.copy_week(post.roster, monday + week, actor=post.head).count == 0
    with pytest.raises(Refusal, match="上一周没有排班"):
        planning.copy_week(post.roster, monday + 4 * week, actor=post.head)


def test_the_next_seven_days_without_people_are_counted(post: Watch) -> None:
    before = len(planning.unfilled([post.roster]))
    assign(post, post.one)
    assert len(planning.unfilled([post.roster])) == before - 1 and before >= 13


def test_shifts_are_drawn_up_once_and_forgotten_when_undeclared(post: Watch) -> None:
    assert planning.draw_up_ahead() >= 28 and planning.draw_up_ahead() == 0
    kept = assign(post, post.one, "night", 2).turn.shift
    post.roster.rules = {**RULES, "shifts": DAY_AND_NIGHT[:1]}
    post.roster.save()
    planning.draw_up_ahead()
    assert list(Shift.objects.filter(code="night", starts_at__gt=timezone.now())) == [kept]


# -- on watch -------------------------------------------------------------------------------------------------


def test_arriving_fills_the_shift_with_time_and_place(post: Watch) -> None:
    shift = post.shift()
    Turn.objects.create(shift=shift, user=post.one)
    turn = watch.arrive(shift, actor=post.one, point=(113.32, 33.71))
    assert (shift.state, shift.arrived, turn.late_minutes, turn.lng) == ("filled", 1, 0, 113.32)
    with pytest.raises(Conflict, match="已经接过"):
        watch.arrive(shift, actor=post.one)


def test_late_is_kept_and_too_early_is_refused(post: Watch) -> None:
    shift = post.shift(begins=-dt.timedelta(minutes=40))
    Turn.objects.create(shift=shift, user=post.one)
    assert watch.arrive(shift, actor=post.one).late_minutes == 40
    later = post.shift(begins=dt.timedelta(minutes=45), state="scheduled")
    with pytest.raises(Refusal, match="提前 30 分钟"):
        watch.arrive(later, actor=post.two)


def test_what_was_tapped_without_a_signal_counts_from_the_tap(post: Watch) -> None:
    shift = post.shift(begins=-dt.timedelta(minutes=50))
    Turn.objects.create(shift=shift, user=post.one)
    tapped = shift.starts_at + dt.timedelta(minutes=1)
    assert watch.arrive(shift, actor=post.one, at=tapped).late_minutes == 0
    for wrong in (dt.timedelta(hours=1), -dt.timedelta(hours=30)):
        with pytest.raises(Refusal, match="手机的日期"):
            watch.arrive(shift, actor=post.two, at=timezone.now() + wrong)


def test_a_colleague_steps_in_for_an_empty_place_only(post: Watch) -> None:
    shift = post.shift()
    assert watch.arrive(shift, actor=post.two).stands_in
    with pytest.raises(Refusal, match="已经排满"):
        watch.arrive(shift, actor=post.one)
    with pytest.raises(NotAllowed):
        watch.arrive(shift, actor=make_user("grid-worker", area=post.district.west))


def test_a_shift_to_which_nobody_comes_is_missed_and_who_comes_late_is_late(post: Watch) -> None:
    shift = post.shift(begins=-dt.timedelta(minutes=10))
    Turn.objects.create(shift=shift, user=post.one)
    assert watch.mark_missed() == 0
    assert watch.mark_missed(timezone.now() + dt.timedelta(minutes=6)) == 1
    shift.refresh_from_db()
    assert shift.state == "missed" and watch.mark_missed() == 0
    assert watch.heads_of(post.roster) == [post.head]
    watch.arrive(shift, actor=post.one)
    assert shift.state == "filled" and figures.outcome_of(shift) == "late"
    assert [entry.code for entry in entries_of(shift)] == ["shift.missed", "shift.taken_over"]


def test_a_figure_counts_what_its_list_opens(post: Watch) -> None:
    start = timezone.now() - dt.timedelta(days=9)
    for number, (state, arrived, missed) in enumerate(
        [
            ("handed-over", 1, False),
            ("filled", 1, False),
            ("filled", 1, True),
            ("missed", 0, True),
            ("scheduled", 0, False),
        ]
    ):
        Shift.objects.create(
            roster=post.roster, code="day", title="日班", on=start.date() + dt.timedelta(days=number), starts_at=start,
            ends_at=start + dt.timedelta(hours=12), state=state, arrived=arrived, missed_at=start if missed else None,
        )  # fmt: skip
    found = figures.filled(Shift.objects.all())
    assert (found.due, dict(found.by), found.rate) == (4, {"full": 2, "short": 0, "late": 1, "empty": 1}, 0.5)
    for code, outcome in figures.OUTCOMES.items():
        rows = figures.due(Shift.objects.filter(outcome.where))
        assert rows.count() == found.by[code] and {figures.outcome_of(row) for row in rows} <= {code}
    assert figures.filled_by_roster(Shift.objects.all())[post.roster.pk] == found


# -- handing over ---------------------------------------------------------------------------------------------

LAMP = OpenWork("case", "HY1", "路灯不亮")


def give(post: Watch, shift: Shift, marked: bool = True) -> Handover:
    return watch.hand_over(
        shift, actor=post.one, notes="一切正常", items=[watch.Left(LAMP, "盯着点", marked)]
    )


def test_the_next_shift_acknowledges_every_marked_item(post: Watch) -> None:
    shift = natural(post)
    handover = give(post, shift)
    assert handover.to is not None and handover.to.starts_at == shift.ends_at
    to = handover.to
    Turn.objects.create(shift=to, user=post.two)
    with pytest.raises(NotAllowed, match="先在自己的班上"):
        watch.accept(handover, actor=post.two)
    Turn.objects.filter(user=post.two).update(arrived_at=timezone.now())
    with pytest.raises(Refusal, match="还有 1 件须确认：路灯不亮"):
        watch.accept(handover, actor=post.two)
    watch.accept(handover, actor=post.two, acknowledged=[handover.items.get().pk])
    assert (handover.state, handover.items.get().acknowledged_at is not None) == ("accepted", True)
    with pytest.raises(Conflict, match="李二 已经处理"):
        watch.refuse(handover, actor=post.two, reason="钥匙没有交")
    assert set(readable_handovers(post.two)) == set(readable_handovers(post.one)) == {handover}
    codes = [entry.code for entry in entries_of(shift)]
    assert codes == ["shift.taken_over", "shift.handed_over", "handover.accepted"]


def natural(post: Watch) -> Shift:
    """The running shift at its own hours, taken over by the first worker."""
    shift = planning.draw_up(post.roster, *post.running)
    Turn.objects.create(shift=shift, user=post.one)
    watch.arrive(shift, actor=post.one)
    return shift


def test_a_refused_hand_over_goes_back_and_is_given_again(post: Watch) -> None:
    shift = post.on_watch()
    handover = give(post, shift)
    with pytest.raises(Refusal, match="至少 4 个字"):
        watch.refuse(handover, actor=post.head, reason="不行")
    watch.refuse(handover, actor=post.head, reason="钥匙没有交")
    shift.refresh_from_db()
    assert shift.state == "filled"
    again = give(post, shift)
    watch.accept(again, actor=post.head, acknowledged=[again.items.get().pk])
    assert [one.state for one in shift.handovers.order_by("pk")] == ["refused", "accepted"]


def test_where_no_shift_follows_the_head_takes_it(post: Watch) -> None:
    post.roster.rules = {
        **RULES,
        "shifts": [{"code": post.running[1], "title": "夜巡", "from": "20:00", "to": "02:00"}],
    }
    post.roster.save()
    shift = post.on_watch()
    handover = give(post, shift)
    assert handover.to is None
    with pytest.raises(NotAllowed):
        watch.accept(handover, actor=post.two)
    with pytest.raises(NotAllowed, match="不能自己接班"):
        watch.accept(handover, actor=post.one)
    watch.accept(handover, actor=post.head, acknowledged=[handover.items.get().pk])


def test_only_who_is_there_hands_over_and_only_once(post: Watch) -> None:
    shift = post.on_watch()
    with pytest.raises(NotAllowed):
        watch.hand_over(shift, actor=post.two, notes="无")
    with pytest.raises(Refusal, match="写一句"):
        watch.hand_over(shift, actor=post.one)
    give(post, shift)
    with pytest.raises(Conflict, match="已经交过"):
        give(post, shift)


# -- who is on ------------------------------------------------------------------------------------------------


def test_who_is_on_duty_for_a_place_and_a_topic(post: Watch) -> None:
    post.roster.topics = ["lighting"]
    post.roster.save()
    post.on_watch()
    grid = post.district.grid_of("东苑社区")
    found = on_duty(grid, "lighting")
    assert [each.present for each in found] == [(post.one,)]
    assert on_duty(grid, "heating") == on_duty(post.district.west) == on_duty(roster="nope") == []
    assert on_duty(grid, at=timezone.now() + dt.timedelta(hours=13)) == []


# -- races ----------------------------------------------------------------------------------------------------


def race(*acts: Callable[[], object]) -> list[str]:
    """Run these at once; how each ended."""
    gate, ended = threading.Barrier(len(acts)), []

    def run(act: Callable[[], object]) -> None:
        gate.wait()
        try:
            act()
            ended.append("won")
        except Refusal as refusal:
            ended.append(type(refusal).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(ended)


@pytest.fixture
def racing(transactional_db: None, district: MiniDistrict) -> Iterator[Watch]:
    yield Watch(district)


@pytest.mark.django_db(transaction=True)
def test_two_planners_cannot_put_one_person_on_two_shifts(racing: Watch) -> None:
    other = Roster.objects.create(
        code="other", title="夜巡", area=racing.district.east, department=racing.district.urban, rules=RULES
    )
    acts = [
        lambda roster=roster: planning.assign(roster, tomorrow(), "day", racing.one, actor=racing.head)
        for roster in (racing.roster, other, racing.roster, other)
    ]
    assert race(*acts) == ["Refusal", "Refusal", "Refusal", "won"]
    assert Turn.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_shift_is_taken_over_handed_over_and_accepted_once(racing: Watch) -> None:
    shift = racing.shift()
    Turn.objects.create(shift=shift, user=racing.one)
    again = Shift.objects.get
    assert race(*[lambda: watch.arrive(again(pk=shift.pk), actor=racing.one)] * 4).count("won") == 1
    assert again(pk=shift.pk).arrived == 1
    assert race(*[lambda: give(racing, again(pk=shift.pk))] * 4).count("won") == 1
    handover = Handover.objects.get()
    keys = [item.pk for item in handover.items.all()]
    ended = race(
        *[lambda: watch.accept(Handover.objects.get(pk=handover.pk), actor=racing.head, acknowledged=keys)]
        * 2,
        *[lambda: watch.refuse(Handover.objects.get(pk=handover.pk), actor=racing.head, reason="钥匙没有交")]
        * 2,
    )
    assert ended == ["Conflict", "Conflict", "Conflict", "won"]


@pytest.mark.django_db(transaction=True)
def test_one_empty_place_is_filled_by_one_of_many(racing: Watch) -> None:
    shift = racing.shift()
    workers = [racing.one, racing.two, racing.worker("赵四")]
    acts = [lambda user=user: watch.arrive(Shift.objects.get(pk=shift.pk), actor=user) for user in workers]
    assert race(*acts).count("won") == 1 and Turn.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_missed_shift_and_an_arrival_at_the_same_moment_agree(racing: Watch) -> None:
    shift = racing.shift(begins=-dt.timedelta(minutes=30))
    Turn.objects.create(shift=shift, user=racing.one)
    race(lambda: watch.arrive(Shift.objects.get(pk=shift.pk), actor=racing.one), watch.mark_missed)
    shift.refresh_from_db()
    assert (shift.state, shift.arrived) == ("filled", 1)


def test_the_stranger_reads_nothing(post: Watch) -> None:
    handover = give(post, post.on_watch())
    stranger = make_user()
    grant_role(stranger, "grid-worker", area=post.district.west)
    assert not readable_handovers(stranger).exists() and handover in readable_handovers(post.head)


def test_the_demonstration_has_weeks_of_shifts_and_one_that_waits(post: Watch) -> None:
    from huying.core.journal import verify
    from huying.people.rosters.demonstration import stand_watch

    for number in range(4):
        post.worker(f"赵{number}")
    User.objects.filter(pk=post.one.pk).update(demo_login=True)
    assert stand_watch(timezone.now(), seed=7) > 50
    waiting = Handover.objects.get(state="waiting")
    assert waiting.to is not None and waiting.to.turns.get(user=post.one).arrived_at
    watch.accept(waiting, actor=post.one, acknowledged=[item.pk for item in waiting.items.all()])
    figure = figures.filled(Shift.objects.filter(ends_at__lt=timezone.now()))
    assert figure.rate is not None and 0.7 < figure.rate < 1
    for turn in Turn.objects.select_related("shift"):
        others = Turn.objects.filter(
            user=turn.user, shift__starts_at__lt=turn.shift.ends_at, shift__ends_at__gt=turn.shift.starts_at
        )
        assert others.get() == turn
    assert not list(verify())
