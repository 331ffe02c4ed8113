"""What people do with projects: refused with a reason, on record, never overwritten."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.utils import timezone

from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.journal import entries_of
from huying.core.testing import make_user
from huying.places.clock import BEIJING
from huying.targets.projects.actions import contact, meetings, paid, projects, updates
from huying.targets.projects.actions import war_map as tasks
from huying.targets.projects.models import MonthlyUpdate, Project, WarMap, WarMapItem
from huying.targets.projects.months import by_street, late_projects, without_update
from huying.targets.projects.policy import projects_for
from huying.targets.projects.rates import by_list, nested, rate_of
from huying.targets.projects.tests.conftest import Site
from huying.targets.projects.tests.test_rules import MAP

MAY = dt.date(2026, 5, 1)
IN_TIME = dt.datetime(2026, 6, 3, 10, tzinfo=BEIJING)
LATE = dt.datetime(2026, 6, 9, 10, tzinfo=BEIJING)


def send(site: Site, at: dt.datetime = IN_TIME, **more: object) -> MonthlyUpdate:
    said = {"month": MAY, "done_wan": Decimal(800), "words": "主体施工到三层", "actor": site.clerk, "at": at}
    return updates.submit_update(site.project, **said | more)  # type: ignore[arg-type]


def test_a_month_is_reported_once_and_says_who_did(site: Site) -> None:
    first = send(site)
    assert (first.late, first.version, first.state) == (False, 1, "accepted")
    with pytest.raises(Conflict, match=str(site.clerk)):
        send(site)
    assert send(site, client_id=first.client_id) == first
    assert entries_of(site.project).filter(code="project.updated").count() == 1


def test_after_the_deadline_it_is_late_for_ever(site: Site) -> None:
    late = send(site, LATE)
    fixed = updates.correct_update(
        late, done_wan=Decimal(900), words="主体施工到三层", reason="漏算设备款", actor=site.office, at=LATE
    )
    assert late.late and fixed.late and fixed.state == "accepted"
    rows = Project.objects.all()
    assert set(late_projects(rows, MAY, LATE)) == {site.project, site.other}
    assert [row.code for row in without_update(rows, MAY)] == ["WD-west"]
    assert {row.street: (row.late, row.missing) for row in by_street(rows, MAY)} == {
        "东安路街道办事处": (1, 0), "西环路街道办事处": (0, 1),
    }  # fmt: skip


def test_before_the_deadline_a_correction_holds_at_once_and_keeps_what_was_there(site: Site) -> None:
    first = send(site)
    second = updates.correct_update(
        first,
        done_wan=Decimal(700),
        words="主体施工到二层",
        reason="多算了一层",
        actor=site.clerk,
        at=IN_TIME,
    )
    first.refresh_from_db()
    assert (first.state, first.done_wan, second.version, second.state) == ("replaced", 800, 2, "accepted")
    with pytest.raises(Conflict, match="刚被更正过"):
        updates.correct_update(
            first, done_wan=Decimal(1), words="主体施工", reason="又改一次", actor=site.clerk, at=IN_TIME
        )


def test_after_the_deadline_the_project_office_decides(site: Site) -> None:
    first = send(site)
    said = {"done_wan": Decimal(650), "words": "主体施工到二层", "reason": "审计核减了", "at": LATE}
    asked = updates.correct_update(first, actor=site.clerk, **said)  # type: ignore[arg-type]
    first.refresh_from_db()
    assert (asked.state, first.state) == ("proposed", "accepted")
    with pytest.raises(Conflict, match="等项目办审核"):
        updates.correct_update(first, actor=site.clerk, **said)  # type: ignore[arg-type]
    with pytest.raises(NotAllowed):
        updates.decide_correction(asked, accept=True, actor=site.clerk)
    updates.decide_correction(asked, accept=True, actor=site.office)
    first.refresh_from_db()
    asked.refresh_from_db()
    assert (asked.state, first.state) == ("accepted", "replaced")
    with pytest.raises(Conflict, match="审过"):
        updates.decide_correction(asked, accept=False, words="不采用它", actor=site.office)
    assert rate_of(Project.objects.filter(pk=site.project.pk), year=2026).done_wan == 650


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"done_wan": Decimal(-1)}, "done_wan"), ({"words": "好"}, "words"),
        ({"month": dt.date(2025, 12, 1)}, "month"), ({"month": dt.date(2099, 1, 1)}, "month"),
    ],
)  # fmt: skip
def test_a_wrong_month_is_refused_beside_its_field(site: Site, change: dict[str, object], field: str) -> None:
    with pytest.raises(Refusal) as refused:
        send(site, **change)
    assert refused.value.field == field


def test_streets_keep_to_their_own_projects(site: Site) -> None:
    assert list(projects_for(site.clerk)) == [site.project]
    assert projects_for(site.office).count() == projects_for(site.leader).count() == 2
    with pytest.raises(NotAllowed, match="不由您的单位负责"):
        updates.submit_update(site.other, month=MAY, done_wan=Decimal(1), words="主体施工", actor=site.clerk)
    with pytest.raises(NotAllowed):
        updates.submit_update(
            site.project, month=MAY, done_wan=Decimal(1), words="主体施工", actor=site.leader
        )


def test_a_project_counts_on_each_of_its_lists(site: Site) -> None:
    site.project.level = "none"
    site.project.save()
    for project in (site.project, site.other):
        projects.put_on_list(project, site.lists["district"], actor=site.office)
    projects.put_on_list(site.project, site.lists["provincial"], actor=site.office)
    site.project.refresh_from_db()
    assert site.project.level == "provincial"
    pairs = by_list(Project.objects.all(), 2026)
    assert [(rate.projects, rate.start_rate) for _one, rate in pairs] == [(1, "100.00%"), (2, "100.00%")]
    assert "1 个都在" in nested(pairs)
    with pytest.raises(Conflict, match="已经在"):
        projects.put_on_list(site.project, site.lists["provincial"], actor=site.office)
    projects.take_off_list(site.project, site.lists["provincial"], actor=site.office, words="调整级别")
    assert by_list(Project.objects.all(), 2026)[0][1].projects == 0


def test_a_state_goes_its_way_and_can_be_taken_back(site: Site) -> None:
    today = timezone.localdate()
    with pytest.raises(Refusal, match="早于开工"):
        projects.set_state(site.project, "finished", on=dt.date(2025, 1, 1), actor=site.clerk)
    projects.set_state(site.project, "finished", on=today, actor=site.clerk)
    with pytest.raises(Conflict):
        projects.set_state(site.project, "in service", on=today, actor=site.clerk)
    projects.undo_state(site.project, actor=site.office, words="还没有验收")
    assert (site.project.state, site.project.finished_on) == ("started", None)
    with pytest.raises(NotAllowed):
        projects.set_state(site.project, "stopped", on=today, actor=site.clerk, words="资金断了")


def test_who_saved_an_old_version_is_told(site: Site) -> None:
    assert projects.change_project(site.project, {"title": "新名"}, actor=site.office, seen=1)
    with pytest.raises(Conflict):
        projects.change_project(site.project, {"title": "旧名"}, actor=site.office, seen=1)
    assert not projects.change_project(site.project, {"title": "新名"}, actor=site.office)


def test_the_plan_of_a_year_changes_only_with_a_reason(site: Site) -> None:
    projects.plan_year(site.project, year=2026, plan_wan=Decimal(6000), actor=site.office)
    with pytest.raises(Refusal, match="写明原因"):
        projects.plan_year(site.project, year=2026, plan_wan=Decimal(5000), actor=site.office)
    projects.plan_year(
        site.project, year=2026, plan_wan=Decimal(5000), actor=site.office, words="年中调整计划"
    )
    send(site)
    rate = rate_of(Project.objects.filter(pk=site.project.pk), year=2026)
    assert (rate.plan_wan, rate.done_wan, rate.plan_rate) == (5000, 800, "16.00%")


def test_a_visit_is_proved_by_the_place_or_a_photo(site: Site) -> None:
    today = timezone.localdate()
    with pytest.raises(Refusal, match="现场"):
        contact.record_visit(site.project, leader=site.leader, visited_on=today, actor=site.leader)
    lng, lat = site.district.in_east
    with pytest.raises(Refusal, match="现场"):
        contact.record_visit(
            site.project, leader=site.leader, visited_on=today, actor=site.leader, lng=lng + 0.02, lat=lat
        )
    visit = contact.record_visit(
        site.project, leader=site.leader, visited_on=today, actor=site.leader, lng=lng + 0.001, lat=lat
    )
    assert visit.distance_m is not None and visit.distance_m < 200
    contact.strike_visit(visit, actor=site.leader, words="记错了项目")
    with pytest.raises(Conflict):
        contact.strike_visit(visit, actor=site.leader, words="记错了项目")


def test_what_a_meeting_decides_is_followed_by_its_department(site: Site) -> None:
    day = timezone.localdate()
    meeting = meetings.call_meeting(title="推进会", held_on=day, actor=site.office, projects=[site.project])
    made = meetings.decide(
        meeting, words="盯住征迁扫尾", actor=site.office, department=site.district.streets["east"], due_on=day
    )
    with pytest.raises(NotAllowed):
        meetings.finish_decision(
            made, actor=make_user("clerk", department=site.district.water), words="办好了吧"
        )
    meetings.finish_decision(made, actor=site.clerk, words="两户已签约")
    with pytest.raises(Conflict):
        meetings.finish_decision(made, actor=site.clerk, words="两户已签约")
    meetings.write_minutes(meeting, actor=site.office, seen=1, values={"minutes": "逐个研究"})
    assert meeting.state == "held"
    with pytest.raises(Conflict):
        meetings.write_minutes(meeting, actor=site.office, seen=1, values={"minutes": "又一版"})


def test_a_grant_takes_three_people(site: Site) -> None:
    village = site.district.communities["东苑社区"]
    grant = paid.propose_grant(
        kind="lane", area=village, quantity=Decimal("1.5"), amount_wan=None, actor=site.clerk
    )
    assert grant.amount_wan == 30
    with pytest.raises(Refusal, match="不超过申报"):
        paid.inspect_grant(grant, passed=True, granted_wan=Decimal(31), actor=site.office)
    paid.inspect_grant(grant, passed=True, quantity=Decimal("1.2"), actor=site.office)
    assert grant.granted_wan == 24
    with pytest.raises(Refusal, match="两个人"):
        paid.pay_grant(grant, actor=site.office)
    paid.pay_grant(grant, actor=make_user("project-office"))
    with pytest.raises(NotAllowed):
        paid.propose_grant(
            kind="lane", area=site.district.communities["西沟村"], quantity=Decimal(1), amount_wan=None,
            actor=site.clerk,
        )  # fmt: skip


def test_work_is_corrected_with_its_history(site: Site) -> None:
    work = paid.record_work(
        kind="lane", quantity=Decimal("1.2"), done_on=dt.date(2026, 5, 1), pieces=8,
        area=site.district.communities["东苑社区"], actor=site.clerk,
    )  # fmt: skip
    assert (work.unit, work.subdistrict) == ("公里", site.district.east)
    change = {"quantity": Decimal("1.1"), "pieces": 8, "done_on": work.done_on, "reason": "复测少了"}
    paid.correct_work(work, actor=site.clerk, seen=1, **change)  # type: ignore[arg-type]
    with pytest.raises(Conflict):
        paid.correct_work(work, actor=site.clerk, seen=1, **change)  # type: ignore[arg-type]
    paid.strike_work(work, actor=site.clerk, words="重复登记")
    assert [entry.code for entry in entries_of(work)] == ["work.recorded", "work.corrected", "work.struck"]


def test_a_task_is_done_when_somebody_else_has_seen_it(site: Site) -> None:
    owner = site.district.streets["east"]
    found = WarMap.objects.create(code="m", title="图", declaration=MAP)
    item = WarMapItem.objects.create(
        code="m-a", war_map=found, category="x", title="事", owner=owner, deadline=dt.date(2099, 1, 1)
    )
    with pytest.raises(NotAllowed):
        tasks.report_item(
            item,
            progress=50,
            words="正在推进",
            seen=1,
            actor=make_user("clerk", department=site.district.water),
        )
    with pytest.raises(Refusal, match="证明"):
        tasks.report_item(item, progress=100, words="都办完了", done=True, seen=1, actor=site.clerk)
    tasks.report_item(item, progress=50, words="正在推进", seen=1, actor=site.clerk)
    with pytest.raises(Conflict):
        tasks.report_item(item, progress=60, words="正在推进", seen=1, actor=site.clerk)
    WarMapItem.objects.filter(pk=item.pk).update(state="reported", reported_by=site.office)
    item.refresh_from_db()
    with pytest.raises(Refusal, match="别人核实"):
        tasks.check_item(item, met=True, words="达到标准", actor=site.office)
    tasks.check_item(item, met=True, words="达到标准", actor=make_user("supervisor"))
    assert item.light() == "done"
