"""The pages of rosters on the desk: who may open them, the week with what is missing, the log, hand-overs."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from huying.core.journal import entries_of
from huying.core.sheets import read_table
from huying.core.testing import AccessSuite, MiniDistrict, make_user
from huying.notices.models import Delivery, Robot
from huying.people.models import Handover, Roster, Shift, Turn, User
from huying.people.rosters import planning, sheets, watch
from huying.people.tests.test_rosters import LAMP, RULES, Watch, give, tomorrow

pytestmark = pytest.mark.django_db


@pytest.fixture
def post(district: MiniDistrict) -> Watch:
    return Watch(district)


class RosterPage(AccessSuite):
    """A page about a roster of `east`."""

    role = "supervisor"
    shows_area = True

    def prepare(self) -> None:
        self.post = Watch(self.district)

    def department_of(self, area: Any) -> None:
        return None


class TestRosters(RosterPage):
    url = "people:rosters"
    shows_area = False

    def row_in_east(self) -> str:
        return "网格值班"


class TestWeek(RosterPage):
    def address(self) -> str:
        return reverse("people:roster", args=["grid"])


class TestLog(RosterPage):
    def address(self) -> str:
        return reverse("people:roster-log", args=["grid"])


class TestAllShifts(RosterPage):
    url = "people:all-shifts"
    shows_area = False

    def prepare(self) -> None:
        super().prepare()
        self.post.on_watch()

    def row_in_east(self) -> str:
        return "网格值班"


class TestAssign(RosterPage):
    method = "post"

    def address(self) -> str:
        return reverse("people:assign-shift", args=["grid"])

    def open(self, user: User | None) -> Any:
        Turn.objects.all().delete()
        self.data = {"day": str(tomorrow()), "shift": "day", "user": str(self.post.one.pk)}  # type: ignore[misc]
        return super().open(user)


def week_url(**query: str) -> str:
    return (
        reverse("people:roster", args=["grid"])
        + "?"
        + "&".join(f"{key}={value}" for key, value in query.items())
    )


def test_a_planner_puts_on_takes_off_and_swaps(post: Watch, client: Client) -> None:
    client.force_login(post.head)
    day = tomorrow(2)
    page = client.get(week_url(week=str(day), slot=f"{day}.day")).content.decode()
    assert "张一" in page and "缺 1 人" in page and "排上" in page
    url = reverse("people:assign-shift", args=["grid"])
    answer = client.post(url, {"day": str(day), "shift": "day", "user": post.one.pk}, follow=True)
    assert "已排：张一" in answer.content.decode()
    answer = client.post(url, {"day": str(day), "shift": "day", "user": post.one.pk})
    assert answer.status_code == 422 and "已经在这个班上" in answer.content.decode()
    other = planning.assign(post.roster, day + dt.timedelta(days=1), "day", post.two, actor=post.head).turn
    mine = Turn.objects.get(user=post.one)
    assert "给 张一（" in client.get(week_url(week=str(day), swap=str(mine.pk))).content.decode()
    client.post(reverse("people:swap-shifts", args=["grid", mine.pk, other.pk]))
    assert Turn.objects.get(pk=mine.pk).user == post.two
    client.post(reverse("people:take-off-shift", args=["grid", mine.pk]))
    assert not Turn.objects.filter(pk=mine.pk).exists()


def test_a_warning_about_rest_is_shown(post: Watch, client: Client) -> None:
    client.force_login(post.head)
    planning.assign(post.roster, tomorrow(), "day", post.one, actor=post.head)
    data = {"day": str(tomorrow()), "shift": "night", "user": post.one.pk}
    page = client.post(reverse("people:assign-shift", args=["grid"]), data, follow=True).content.decode()
    assert "休息不足 10 小时" in page


def test_what_lacks_people_is_said_in_words_and_counted(post: Watch, client: Client) -> None:
    client.force_login(post.head)
    page = client.get(reverse("people:rosters")).content.decode()
    assert "今后 7 天缺人的班" in page and "缺 1 人" in page and "去排" in page
    planning.draw_up_ahead()
    for slot in planning.unfilled([post.roster]):
        shift = planning.draw_up(post.roster, slot.day, slot.rule.code)
        Turn.objects.create(shift=shift, user=post.one)
    assert "今后七天每个班都排了人" in client.get(reverse("people:rosters")).content.decode()


def test_last_week_is_copied_on_the_page_and_problems_are_listed(post: Watch, client: Client) -> None:
    client.force_login(post.head)
    monday = tomorrow() - dt.timedelta(days=tomorrow().weekday()) + dt.timedelta(days=7)
    planning.assign(post.roster, monday, "day", post.one, actor=post.head)
    planning.assign(post.roster, monday, "night", post.two, actor=post.head)
    User.objects.filter(pk=post.two.pk).update(is_active=False)
    url = reverse("people:copy-week", args=["grid"])
    page = client.post(url, {"week": str(monday + dt.timedelta(days=7))}).content.decode()
    assert "排上了 1 人次" in page and "李二" in page
    assert client.post(url, {"week": str(monday + dt.timedelta(days=70))}).status_code == 422


def test_the_exported_table_comes_back_filled_in(post: Watch, client: Client) -> None:
    client.force_login(post.head)
    monday = tomorrow() - dt.timedelta(days=tomorrow().weekday()) + dt.timedelta(days=7)
    answer = client.get(week_url(week=str(monday), export="xlsx"))
    table = read_table("week.xlsx", b"".join(answer.streaming_content))  # type: ignore[attr-defined]
    assert len(table.lines) == 14 and table.columns == ["日期", "班次", "时间", "姓名", "账号"]
    lines = [
        f"{monday},日班,,张一,", f"{monday},night,,,{post.two.username}", f"{monday},早班,,张一,",
        f"{monday},日班,,谁,", "明天,日班,,张一,", f"{monday},夜班,,,",
    ]  # fmt: skip
    csv = "日期,班次,时间,姓名,账号\n" + "\n".join(lines)
    url = reverse("people:import-week", args=["grid"])
    file = SimpleUploadedFile("week.csv", csv.encode())
    page = client.post(url, {"week": str(monday), "file": file}).content.decode()
    assert "排上了 2 人次" in page and Turn.objects.count() == 2
    assert all(words in page for words in ("没有“早班”这个班次", "“谁”不在可以值这个岗", "日期写成"))
    wrong = SimpleUploadedFile("week.csv", "甲,乙\n1,2".encode())
    assert "没有“日期”这一列" in client.post(url, {"week": str(monday), "file": wrong}).content.decode()
    assert client.post(url, {"week": str(monday)}).status_code == 422


def test_my_shifts_go_into_the_calendar(post: Watch, client: Client) -> None:
    post.roster.title = "网格值班, 葡萄园社区东片区西片区南片区北片区夜间巡查和应急值守组"
    post.roster.save()
    planning.assign(post.roster, tomorrow(), "night", post.one, actor=post.head)
    client.force_login(post.one)
    answer = client.get(reverse("people:my-shifts-calendar"))
    body = answer.content.decode()
    assert answer["Content-Type"].startswith("text/calendar") and body.count("BEGIN:VEVENT") == 1
    assert all(len(line.encode()) <= 75 for line in body.split("\r\n"))
    starts = Shift.objects.get().starts_at.astimezone(dt.UTC)
    assert f"DTSTART:{starts:%Y%m%dT%H%M%SZ}" in body and r"网格值班\, 葡" in body
    client.force_login(post.two)
    assert "VEVENT" not in client.get(reverse("people:my-shifts-calendar")).content.decode()


def test_a_shift_is_taken_over_and_handed_over_on_the_desk(post: Watch, client: Client) -> None:
    shift = planning.draw_up(post.roster, *post.running)
    Turn.objects.create(shift=shift, user=post.one)
    client.force_login(post.one)
    assert "接班" in client.get(reverse("people:my-shifts")).content.decode()
    client.post(reverse("people:arrive", args=[shift.pk]))
    assert Shift.objects.get(pk=shift.pk).state == "filled"
    url = reverse("people:hand-over", args=[shift.pk])
    assert client.get(url).status_code == 200
    assert "写一句交班情况" in client.post(url, {"notes": ""}).content.decode()
    page = client.post(
        url, {"notes": "一切正常", "extra": "钥匙在柜子里\n井盖松动"}, follow=True
    ).content.decode()
    assert "钥匙在柜子里" in page and "未接班" in page
    handover = Handover.objects.get()
    assert [item.marked for item in handover.items.all()] == [True, True]
    client.force_login(post.two)
    assert client.get(reverse("people:handover", args=[handover.pk])).status_code == 404
    Turn.objects.create(shift=handover.to, user=post.two)
    page = client.get(reverse("people:handover", args=[handover.pk])).content.decode()
    assert "先在自己的班上点" in page and "等您接" in client.get(reverse("people:my-shifts")).content.decode()
    Turn.objects.filter(user=post.two).update(arrived_at=timezone.now())
    accept = reverse("people:accept-handover", args=[handover.pk])
    answer = client.post(accept, {})
    assert answer.status_code == 422 and "还有 2 件须确认" in answer.content.decode()
    client.post(accept, {"items": [item.pk for item in handover.items.all()]})
    assert Handover.objects.get().state == "accepted"
    assert (
        client.post(reverse("people:refuse-handover", args=[handover.pk]), {"reason": "钥匙没交"}).status_code
        == 409
    )


def test_who_may_not_see_a_shift_cannot_open_or_hand_it_over(post: Watch, client: Client) -> None:
    shift = post.on_watch()
    handover = give(post, shift)
    client.force_login(make_user("grid-worker", area=post.district.west))
    for name, pk in (("shift", shift.pk), ("hand-over", shift.pk), ("handover", handover.pk)):
        assert client.get(reverse(f"people:{name}", args=[pk])).status_code == 404
    for name in ("accept-handover", "refuse-handover"):
        assert client.post(reverse(f"people:{name}", args=[handover.pk])).status_code == 404
    assert client.post(reverse("people:arrive", args=[shift.pk])).status_code == 403


def test_a_note_about_something_done_meanwhile_is_not_lost(post: Watch, client: Client) -> None:
    shift = post.on_watch()
    client.force_login(post.one)
    client.post(
        reverse("people:hand-over", args=[shift.pk]),
        {"notes": "无", "note-case-HY9": "等配件", "mark-case-HY9": "on"},
    )
    item = Handover.objects.get().items.get()
    assert (item.key, item.note, item.marked) == ("HY9", "等配件", True)


def test_the_log_tells_who_was_on_and_its_number_opens_its_rows(post: Watch, client: Client) -> None:
    shift = post.on_watch()
    give(post, shift)
    client.force_login(post.head)
    page = client.get(reverse("people:roster-log", args=["grid"])).content.decode()
    assert "到岗率 100.0%" in page and "张一" in page and "未接班" in page
    rows = client.get(reverse("people:all-shifts") + "?roster=grid&outcome=full").content.decode()
    assert "张一" in rows
    assert "张一" not in client.get(reverse("people:all-shifts") + "?outcome=empty").content.decode()


def test_who_left_without_handing_over_is_named_in_the_log(post: Watch, client: Client) -> None:
    shift = post.on_watch()
    Shift.objects.filter(pk=shift.pk).update(
        starts_at=timezone.now() - dt.timedelta(hours=13), ends_at=timezone.now() - dt.timedelta(hours=1)
    )
    client.force_login(post.head)
    url = reverse("people:roster-log", args=["grid"])
    assert "没有交班" in client.get(url).content.decode()
    post.roster.rules = {**RULES, "handover": False}
    post.roster.save()
    assert "没有交班" not in client.get(url).content.decode()


def test_a_phone_is_shown_for_a_reason_on_record(post: Watch, client: Client) -> None:
    User.objects.filter(pk=post.one.pk).update(phone="13800001111")
    shift = post.on_watch()
    client.force_login(post.head)
    assert "13800001111" not in client.get(reverse("people:shift", args=[shift.pk])).content.decode()
    url = reverse("people:duty-phone", args=[shift.turns.get().pk])
    assert client.post(url, {"reason": "急"}).status_code == 422
    assert "13800001111" in client.post(url, {"reason": "现场要人"}).content.decode()
    assert entries_of(shift).filter(code="shift.phone_revealed").exists()


def test_the_heads_are_told_of_an_empty_post(post: Watch) -> None:
    User.objects.filter(pk=post.head.pk).update(email="head@example.org")
    Robot.objects.create(
        title="城管群", channel="wecom", address="https://127.0.0.1:9/", department=post.district.urban
    )
    shift = post.shift(begins=-dt.timedelta(minutes=20))
    Turn.objects.create(shift=shift, user=post.one)
    watch.mark_missed()
    told = {delivery.to_kind: delivery for delivery in Delivery.objects.all()}
    assert told["user"].to_id == post.head.pk and "张一" in told["user"].words
    assert "空岗" in told["robot"].words and "张一" not in told["robot"].words
    watch.arrive(shift, actor=post.one)
    post.roster.rules = {
        **RULES,
        "shifts": [{"code": shift.code, "title": "夜巡", "from": "20:00", "to": "02:00"}],
    }
    post.roster.save()
    watch.hand_over(Shift.objects.get(pk=shift.pk), actor=post.one, notes="无", items=[watch.Left(LAMP)])
    assert Delivery.objects.filter(code="shift.handed_over", to_kind="user").exists()


def test_a_grid_worker_finds_no_planning(post: Watch, client: Client) -> None:
    client.force_login(post.one)
    for name, args in (("rosters", []), ("roster", ["grid"]), ("roster-log", ["grid"]), ("all-shifts", [])):
        assert client.get(reverse(f"people:{name}", args=args)).status_code == 403
    leader = make_user("leader")
    client.force_login(leader)
    assert "排人" not in client.get(reverse("people:roster", args=["grid"])).content.decode()
    data = {"day": str(tomorrow()), "shift": "day", "user": post.one.pk}
    assert client.post(reverse("people:assign-shift", args=["grid"]), data).status_code == 403


def test_weeks_far_away_and_nonsense_are_this_week(post: Watch, client: Client) -> None:
    client.force_login(post.head)
    for week in ("x", "0001-01-01", "9999-12-31"):
        assert client.get(week_url(week=week, slot="x", swap="-1")).status_code == 200
    assert (
        client.get(reverse("people:roster-log", args=["grid"]) + "?from=x&to=0001-01-01").status_code == 200
    )


def test_lists_ask_a_fixed_number_of_questions(
    post: Watch, client: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(6):
        Roster.objects.create(
            code=f"r{number}",
            title=f"岗{number}",
            area=post.district.east,
            department=post.district.urban,
            rules=RULES,
        )
    client.force_login(post.head)
    with django_assert_max_num_queries(40):
        client.get(reverse("people:rosters"))


def test_folding_never_cuts_a_character() -> None:
    parts = sheets._folded("SUMMARY:" + "值班" * 60)
    assert all(len(part.encode()) <= 75 for part in parts)
    assert (
        io.StringIO("".join(part.removeprefix(" ") if n else part for n, part in enumerate(parts)))
        .read()
        .endswith("值班")
    )
