"""Standards, plans and draws at the desk: who opens them, what they say, what is hidden from whom."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from python_calamine import CalamineWorkbook

from huying.core.testing import AccessSuite, make_department, make_user
from huying.inspections.actions import draw, drawable
from huying.inspections.changes import differences
from huying.inspections.models import Draw, Plan, Standard, StandardVersion
from huying.inspections.places import places_of
from huying.inspections.plans import PlanRules
from huying.inspections.policy import may_see, plans_for
from huying.inspections.rounds.models import Round
from huying.inspections.rounds.tests.conftest import make_drawn, make_night
from huying.inspections.saying import plan_sentence
from huying.inspections.standards import StandardRules
from huying.inspections.team import team_of
from huying.inspections.weighing import gather, population
from huying.people.models import Department, User
from huying.registry.models import Item

from .conftest import PLAN, STANDARD

pytestmark = pytest.mark.django_db


def this_month() -> str:
    return f"{timezone.localdate():%Y-%m}"


# -- who may -------------------------------------------------------------------------------------------------


class TestStandards(AccessSuite):
    url = "inspections:standards"
    role = "supervisor"


class TestPlans(AccessSuite):
    url = "inspections:plans"
    role = "supervisor"


class TestDraws(AccessSuite):
    url = "inspections:draws"
    role = "supervisor"


class _OfTheNight(AccessSuite):
    role = "supervisor"

    def prepare(self) -> None:
        self.night = make_night(self.district)


class TestStandard(_OfTheNight):
    def address(self) -> str:
        return reverse("inspections:standard", args=["heating-night"])


class TestChecklist(_OfTheNight):
    def address(self) -> str:
        return reverse("inspections:checklist", args=["heating-night"])


class TestPlan(_OfTheNight):
    def address(self) -> str:
        return reverse("inspections:plan", args=["heating-nightly"])


class TestPlanPoints(_OfTheNight):
    def address(self) -> str:
        return (
            reverse("inspections:plan-points", args=["heating-nightly"])
            + "?bbox=113.3,33.7,113.34,33.73&zoom=14"
        )


class TestDrawPage(_OfTheNight):
    def prepare(self) -> None:
        super().prepare()
        self.drawn = make_drawn(self.night)

    def address(self) -> str:
        return reverse("inspections:draw-plan", args=["heating-drawn"])


class TestDraw(TestDrawPage):
    def address(self) -> str:
        return reverse("inspections:draw", args=[self.drawn.pk])


# -- a plan as a sentence ------------------------------------------------------------------------------------


def test_a_plan_is_said_as_one_sentence_in_both_languages(plan: Plan) -> None:
    rules = PlanRules.from_declaration({
        "plan": "p", "title": "消杀", "does": {"standard": "lamp-check"},
        "at": {"register": ["lamp"], "where": {"kind": "单臂灯"}},
        "by": "department lighting", "every": "6 per day, at least 2 hours apart", "hours": "06:00-22:00",
        "season": "11-15..03-15", "days": "work days", "proof": ["scan", "place"], "unannounced": True,
    })  # fmt: skip
    assert plan_sentence(rules) == (
        "每天 6 次，两次至少隔 2 小时，06:00–22:00，只在工作日，11月15日到3月15日；到路灯（单臂灯）；由lighting去；"
        "要扫码、定位；不打招呼。"
    )
    assert (
        plan_sentence(plan.rules) == "每月一次；到路灯；随机抽 2 处，每处抽 1 人；由market、lighting联合去。"
    )
    with translation.override("en"):
        assert plan_sentence(rules).endswith(".") and "；" not in plan_sentence(rules)


def test_a_night_says_that_it_ends_the_next_morning(db: None) -> None:
    rules = PlanRules("p", "p", area_level="village", by_post="inspector", hours=(20 * 60, 8 * 60))
    assert "20:00到次日 08:00" in plan_sentence(rules) and "到每个村" in plan_sentence(rules)


# -- standards -----------------------------------------------------------------------------------------------

NEWER = STANDARD | {
    "items": [
        {"code": "on", "title": "亮", "points": 3, "evidence": "photo"}, {"code": "clean", "title": "灯罩干净"},
    ],
    "pass": "80%",
}  # fmt: skip


def test_two_versions_are_told_apart_item_by_item(standard: Standard) -> None:
    found = differences(StandardRules.from_declaration(STANDARD), StandardRules.from_declaration(NEWER))
    assert [str(item) for item in found.added] == ["灯罩干净"]
    assert [str(item) for item in found.removed] == ["不歪"]
    (changed,) = found.changed
    assert [(c.what, c.before, c.after) for c in changed.changes] == [
        ("分值", "1", "3"),
        ("取证", "不用", "不合格要拍照"),
    ]
    assert [(c.what, c.before, c.after) for c in found.whole] == [("合格线", "100%", "80%")]
    assert not differences(StandardRules.from_declaration(NEWER), StandardRules.from_declaration(NEWER))


def test_the_page_shows_what_changed_and_how_many_rounds_each_version_had(
    standard: Standard, lamps: list[Item], supervisor: User, client: Client
) -> None:
    today = timezone.localdate()
    newer = StandardVersion.objects.create(standard=standard, number=2, declaration=NEWER, valid_from=today)
    for version, times in ((standard.versions.get(number=1), 2), (newer, 1)):
        for _once in range(times):
            Round.objects.create(
                version=version,
                item=lamps[0],
                place_title="路灯 A",
                ended_at=timezone.now(),
                day=today,
                area_path="",
            )
    client.force_login(supervisor)
    page = client.get(reverse("inspections:standard", args=["lamp-check"])).content.decode()
    assert "第 2 版比第 1 版" in page and "灯罩干净" in page and "<del>不歪</del>" in page
    assert "按它检查 2 次" in page and "按它检查 1 次" in page
    listed = client.get(f"{reverse('inspections:rounds')}?standard=lamp-check&version=2")
    assert len(listed.context["rows"]) == 1  # the number opens its rows
    old = client.get(reverse("inspections:standard", args=["lamp-check"]) + "?version=1").content.decode()
    assert "不是现行版" in old and "第 2 版比第 1 版" not in old


def test_the_paper_form_carries_the_label_of_its_place(
    standard: Standard, lamps: list[Item], supervisor: User, client: Client
) -> None:
    client.force_login(supervisor)
    page = client.get(reverse("inspections:checklist", args=["lamp-check"]) + "?item=lamp/A").content.decode()
    assert "路灯 A" in page and "<svg" in page and f"{lamps[0].label[:4]}-{lamps[0].label[4:]}" in page
    without = client.get(
        reverse("inspections:checklist", args=["lamp-check"]) + "?item=lamp/NONE"
    ).content.decode()
    assert "paper-form__code" not in without


# -- plans ---------------------------------------------------------------------------------------------------


def test_the_plan_shows_its_month_its_places_and_who_goes(
    plan: Plan, supervisor: User, client: Client
) -> None:
    client.force_login(supervisor)
    page = client.get(reverse("inspections:plan", args=["lamp-draw"]) + "?month=2026-11").content.decode()
    assert "2026年11月" in page and "地点 3 处" in page and "这个月每个地方要去 1 次" in page
    assert "没有人去" not in page
    places = client.get(
        reverse("inspections:plan-points", args=["lamp-draw"]) + "?bbox=113,33,114,34&zoom=14"
    ).json()
    assert places == {"clusters": []}  # these lamps have no position
    assert client.get(reverse("inspections:plan-points", args=["lamp-draw"]) + "?bbox=nan").status_code == 400


def test_places_that_nobody_goes_to_are_named(plan: Plan, supervisor: User, client: Client) -> None:
    plan.declaration = plan.declaration | {"by": "post lamp-keeper of the item"}
    plan.declaration.pop("draw")
    plan.save()
    # The clerks of the owners may go; without them nobody may.
    assert team_of(plan.rules).nobody == ()
    User.objects.filter(username__startswith="clerk-").update(is_active=False)
    assert [place.title for place in team_of(plan.rules).nobody] == ["路灯 A", "路灯 B", "路灯 C"]
    client.force_login(supervisor)
    page = client.get(reverse("inspections:plan", args=["lamp-draw"])).content.decode()
    assert "3 处没有人去" in page and "路灯 B" in page


def test_a_department_without_people_is_named(plan: Plan) -> None:
    User.objects.filter(username="clerk-market").update(is_active=False)
    team = team_of(plan.rules)
    assert [unit.code for unit in team.empty_units] == ["market"] and team.nobody == ()


def test_overlapping_plans_are_shown_with_what_that_means(
    plan: Plan, supervisor: User, client: Client
) -> None:
    other = {"plan": "lamp-weekly", "title": "路灯周查", "every": "weekly"}
    declared = {key: value for key, value in PLAN.items() if key != "draw"} | other
    Plan.objects.create(code="lamp-weekly", title="路灯周查", declaration=declared)
    client.force_login(supervisor)
    page = client.get(reverse("inspections:plan", args=["lamp-draw"])).content.decode()
    assert "路灯周查" in page and "两个计划都算，不用去两次" in page


def test_an_unannounced_plan_is_hidden_from_whoever_is_inspected(
    plan: Plan, supervisor: User, client: Client
) -> None:
    plan.declaration = plan.declaration | {"unannounced": True, "by": ["police"]}
    plan.save()
    police = make_department("police")
    inspected = make_user("clerk", department=Department.objects.get(code="lighting"))
    station = make_user("clerk", department=make_department("lamp-station", parent=inspected.department))
    goes = make_user("clerk", department=police)
    stranger = make_user("clerk", department=make_department("culture"))
    assert [may_see(user, plan) for user in (supervisor, inspected, station, goes, stranger)] == [
        True, False, False, True, True,
    ]  # fmt: skip
    drawn = Draw.objects.create(
        plan=plan, period=this_month(), seed="1",
        rules={"tenths": 0, "number": 1, "by": [], "risk": "", "inspectors": 0},
        facts={"places": [], "inspectors": []}, chosen=[], inspectors={},
    )  # fmt: skip
    client.force_login(inspected)
    assert "路灯抽查" not in client.get(reverse("inspections:plans")).content.decode()
    for address in ("plan", "plan-points"):
        assert client.get(reverse(f"inspections:{address}", args=["lamp-draw"])).status_code == 404
    assert client.get(reverse("inspections:draw", args=[drawn.pk])).status_code == 404
    assert this_month() not in client.get(reverse("inspections:draws")).content.decode()


def test_an_unannounced_round_of_villages_is_hidden_from_their_street(plan: Plan) -> None:
    declared = {
        "plan": "rural", "title": "农村周查", "does": {"standard": "lamp-check"}, "at": {"areas": "village"},
        "by": ["police"], "every": "weekly", "unannounced": True,
    }  # fmt: skip
    rural = Plan.objects.create(code="rural", title="农村周查", declaration=declared)
    west, east = (
        make_user("clerk", department=Department.objects.get(code=f"street-{side}"))
        for side in ("west", "east")
    )
    assert rural not in plans_for(west)  # 西沟村 is theirs
    assert rural in plans_for(east)


# -- draws ---------------------------------------------------------------------------------------------------


def a_round(item: Item, days_ago: int, *, passed: bool = True) -> None:
    at = timezone.now() - dt.timedelta(days=days_ago)
    Round.objects.create(
        version=StandardVersion.objects.get(), item=item, place_title=str(item), ended_at=at,
        day=timezone.localdate(at), area_path="", passed=passed,
    )  # fmt: skip


def test_failing_rounds_and_the_time_since_the_last_one_weigh(plan: Plan, lamps: list[Item]) -> None:
    a_round(lamps[0], 10, passed=False)
    a_round(lamps[0], 400, passed=False)  # of longer ago than a year
    a_round(lamps[1], 30)
    visited, risks = gather(plan, places_of(plan.rules))
    assert risks == {"lamp/A": 2}
    assert visited["lamp/A"] == timezone.localdate() - dt.timedelta(days=10)
    found = population(plan)
    assert [(each.place.key, each.weight) for each in found.places] == [
        ("lamp/B", 30),
        ("lamp/C", 30),
        ("lamp/A", 20),
    ]
    assert found.wanted == 2 and sum(each.chance for each in found.places) == pytest.approx(1)


def test_a_supervisor_draws_and_anybody_can_check_it(plan: Plan, supervisor: User, client: Client) -> None:
    client.force_login(supervisor)
    address = reverse("inspections:draw-plan", args=["lamp-draw"])
    before = client.get(address).content.decode()
    assert "从 3 处里抽 2 处" in before and "没查过" in before
    answer = client.post(address, {"period": this_month()}, follow=True)
    drawn = Draw.objects.get()
    assert drawn.seed in answer.content.decode()
    page = client.get(reverse("inspections:draw", args=[drawn.pk]) + "?check=1").content.decode()
    assert "地点、次序和检查人都一样" in page
    Draw.objects.update(chosen=drawn.chosen[::-1])
    page = client.get(reverse("inspections:draw", args=[drawn.pk]) + "?check=1").content.decode()
    assert "记录可能被改过" in page


def test_the_second_who_draws_is_told_who_was_first(plan: Plan, supervisor: User, client: Client) -> None:
    drawn = draw(plan, this_month(), actor=supervisor)
    client.force_login(make_user("supervisor"))
    answer = client.post(reverse("inspections:draw-plan", args=["lamp-draw"]), {"period": this_month()})
    assert answer.status_code == 409
    page = answer.content.decode()
    assert supervisor.name in page and reverse("inspections:draw", args=[drawn.pk]) in page


def test_only_this_period_and_the_next_are_drawn(plan: Plan, supervisor: User, client: Client) -> None:
    client.force_login(supervisor)
    address = reverse("inspections:draw-plan", args=["lamp-draw"])
    _now, following = drawable(plan.rules)
    far = drawable(plan.rules, following.last)[1].name
    answer = client.post(address, {"period": far})
    assert answer.status_code == 422 and "只能抽这个时段" in answer.content.decode()
    assert client.post(address, {"period": following.name}).status_code == 302
    assert [row.period for row in Draw.objects.all()] == [following.name]


def test_the_public_record_is_exported_with_its_seed(plan: Plan, supervisor: User, client: Client) -> None:
    drawn = draw(plan, this_month(), actor=supervisor)
    client.force_login(supervisor)
    answer: Any = client.get(reverse("inspections:draw", args=[drawn.pk]) + "?export=xlsx")
    book = CalamineWorkbook.from_filelike(io.BytesIO(b"".join(answer.streaming_content)))
    rows, notes = (book.get_sheet_by_index(number).to_python() for number in (0, 1))
    assert [row[2] for row in rows[1:]] == drawn.chosen
    assert drawn.seed in [row[1] for row in notes]
