"""Projects of the demonstration: lists, months, visits, meetings, works and grants at the sizes that the papers print.

Everything is drawn from the seed of `demonstration/projects.yaml`; rows enter in bulk with the journal that the
actions would have written.
"""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import count, cycle
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from huying.cases.demonstration.life import shares
from huying.cases.models import Case
from huying.core.journal import log, log_new_chains
from huying.core.yaml_files import read_yaml
from huying.papers.drafting import approve_draft, issue_draft, sign_draft, submit_draft
from huying.papers.models import PaperDraft
from huying.people.models import Department, User
from huying.people.models import Grant as Role
from huying.places.clock import BEIJING
from huying.places.models import ADMINISTRATIVE, Area, Building
from huying.places.where import where_is
from huying.targets.projects.actions.papers import draft_minutes, draft_notice
from huying.targets.projects.actions.problems import raise_problem
from huying.targets.projects.models import (
    ContactVisit,
    Decision,
    Grant,
    ListEntry,
    Meeting,
    Milestone,
    MonthlyUpdate,
    Permit,
    Project,
    ProjectList,
    ServiceSession,
    WarMapItem,
    Work,
    YearPlan,
)
from huying.targets.projects.models.project import project_rules
from huying.targets.projects.months import due_at_of, first_of, months_between, plus

_DAY, _HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
_STEPS = ("完成征迁、场地平整", "基础施工完成", "主体封顶", "竣工验收")
_PHASES = (
    "场地平整和临建完成", "基坑、桩基施工", "主体施工到二层", "主体施工过半", "主体封顶", "安装和室内施工",
    "室外管网和绿化",
)  # fmt: skip
_WAITING = ("正在办理前期手续，规划方案已报审。", "土地征迁扫尾，手续同步办理。")
_PROBLEMS = (
    "征迁还剩两户没有签约，影响进场。", "施工用电容量不够，请供电公司增容。", "土地证没有办下来，贷款放不了款。",
    "项目门口道路破损，大车进不去。", "设备安装缺熟练工。",
)  # fmt: skip
_AGENDA = "一、各街道汇报项目进度；二、研究手续和征迁问题；三、安排下月工作。"
_MINUTES = "各街道汇报了上月进度。会议逐个研究了滞后的项目，要求责任单位一周内解决手续和征迁问题，下月推进会报告结果。"
_WORDS = ("盯住征迁扫尾，保证进场施工", "手续全程代办，限时办结", "协调供电增容，保证施工用电")
_SAID = ("查看施工进度，协调用电问题。", "现场开会，研究征迁扫尾。", "看了工地安全和扬尘，要求抢抓工期。")


def make_projects(pack: Path | None = None, now: dt.datetime | None = None) -> int:
    """Everything of `demonstration/projects.yaml`; how many projects. Twice makes nothing."""
    file = (pack or settings.PACK) / "demonstration" / "projects.yaml"
    if not file.exists() or ProjectList.objects.exists():  # projects of the pack may be there already
        return 0
    plan = read_yaml(file)
    scene = _Scene(plan, now or timezone.now())
    with transaction.atomic():
        made = scene.projects()
        scene.visits()
        scene.write_journal()
        scene.sessions()
        scene.meetings()
        scene.papers()
        scene.works()
        scene.grants()
        scene.war_maps()
    scene.problems()
    return made


class _Scene:
    """The places and people of the demonstration, and what happens to its projects."""

    def __init__(self, plan: Mapping[str, Any], now: dt.datetime) -> None:
        self.plan, self.now = plan, now
        self.today = now.astimezone(BEIJING).date()
        self.dice = random.Random(str(plan["seed"]))
        self.areas = {area.code: area for area in Area.objects.filter(layer=ADMINISTRATIVE).defer("boundary")}
        self.by_pk = {area.pk: area for area in self.areas.values()}
        departments = Department.objects.filter(valid_to=None)
        self.departments = {row.code: row for row in departments}
        self.streets = {
            row.area_id: row for row in departments if row.kind == Department.Kind.SUBDISTRICT and row.area_id
        }
        roles: dict[str, list[User]] = {}
        self.staff: dict[int, list[User]] = {}
        for grant in Role.objects.select_related("user").order_by("pk"):
            roles.setdefault(grant.role, []).append(grant.user)
            if grant.role in ("clerk", "head") and grant.user.department_id:
                self.staff.setdefault(grant.user.department_id, []).append(grant.user)
        self.leaders = roles.get("leader", []) or [roles["administrator"][0]]
        self.office = (roles.get("project-office") or roles["administrator"])[0]
        points = Building.objects.order_by("code").values_list("lng", "lat")
        self.points = list(points) or [(0.0, 0.0)]
        self.lists: dict[str, ProjectList] = {}
        self.all: list[Project] = []
        self.met: list[Meeting] = []
        self.of_year: dict[int, list[Project]] = {}
        self.numbers = {year["year"]: count(1) for year in plan["years"]}
        self.lines: dict[int, list[tuple[dt.datetime, str, Any, dict[str, Any]]]] = {}

    def somebody(self, department: Department | None) -> User:
        return self.dice.choice(self.staff.get(department.pk if department else 0) or [self.office])

    def note(self, project: Project, at: dt.datetime, code: str, actor: Any, **data: Any) -> None:
        kept = {key: value for key, value in data.items() if value not in (None, "", [])}
        self.lines.setdefault(project.pk, []).append((min(at, self.now), code, actor, kept))

    def write_journal(self) -> None:
        """One chain for each project, in the order of what happened."""
        found = []
        for pk, entries in self.lines.items():
            entries.sort(key=lambda entry: (entry[1] != "project.added", entry[0]))
            first = entries[0][0]
            found += [
                _line(pk, number, max(at, first), code, actor, data)
                for number, (at, code, actor, data) in enumerate(entries, 1)
            ]
        if found:
            log_new_chains("project", found)

    # -- projects and their months

    def projects(self) -> int:
        self.lists = {
            row["code"]: ProjectList(
                code=row["code"], kind=row["kind"], year=row["year"], quarter=row.get("quarter"), day=row.get("day"),
                title=row["title"],
            )
            for row in self.plan["lists"]
        }  # fmt: skip
        ProjectList.objects.bulk_create(self.lists.values())
        names = self.names()
        for year in self.plan["years"]:
            for cell in year["cells"]:
                self.cell(year, cell, names)
        return len(self.all)

    def names(self) -> Iterator[tuple[str, str]]:
        """Endless names with their kinds, none twice."""
        rows = [
            (f"{place}{thing}", kind)
            for kind, things in self.plan["names"]["things"].items()
            for thing in things
            for place in self.plan["names"]["places"]
        ]
        self.dice.shuffle(rows)
        yield from rows

    def cell(
        self, year: Mapping[str, Any], cell: Mapping[str, Any], names: Iterator[tuple[str, str]]
    ) -> None:
        fixed = cell.get("fixed", {})
        many, begun = cell["count"], cell.get("begun", 0)
        free = many - len(fixed)
        weights = [self.dice.uniform(0.4, 2.2) for _n in range(free)]
        totals = [*fixed.values(), *shares(cell["total"] - sum(fixed.values()), weights)]
        titles = [*fixed, *cell.get("named", [])]
        last = cell.get("not_begun", [])
        projects = []
        for place in range(many):
            title, kind = next(names)
            if place < len(titles):
                title = titles[place]
            elif place >= many - len(last):
                title = last[place - many]
            starts = place < begun
            projects.append(self.project(year, cell, title, kind, Decimal(totals[place]), starts))
        Project.objects.bulk_create(projects)
        self.all += projects
        self.of_year.setdefault(year["year"], []).extend(projects)
        self.settle(year, cell, projects)

    def project(
        self,
        year: Mapping[str, Any],
        cell: Mapping[str, Any],
        title: str,
        kind: str,
        total: Decimal,
        starts: bool,
    ) -> Project:
        dice, number = self.dice, year["year"]
        lng, lat = dice.choice(self.points)
        lng, lat = (
            round(lng + dice.uniform(-0.0008, 0.0008), 6),
            round(lat + dice.uniform(-0.0008, 0.0008), 6),
        )
        where = where_is(lng, lat)
        if where.subdistrict_id is None:
            lng, lat = self.points[0]
            where = where_is(lng, lat)
        owner = self.departments.get(self.plan["owners"][kind])
        street = self.streets.get(where.subdistrict_id or 0)
        begun = None
        if starts:
            begun = dt.date(number, 1, 1) + dice.randint(-300, 240) * _DAY
            begun = min(begun, self.today - 20 * _DAY)
            begun = cell.get("began", {}).get(title, begun)
        planned = (begun or dt.date(number, 9, 1)) - dice.randint(-10, 40) * _DAY
        service = cell.get("in_service", {}).get(title)
        return Project(
            code=f"WD{number}-{next(self.numbers[number]):03}", title=title,
            about=f"{title}，总投资 {total:,.0f} 万元。", level=cell["level"], kind=kind,
            state=Project.State.IN_SERVICE if service else Project.State.STARTED if starts else Project.State.PLANNED,
            builder=f"平顶山{title[:6]}建设有限公司" if len(title) > 3 else "", area_id=where.area_id,
            area_path=where.area_path, subdistrict_id=where.subdistrict_id, lng=lng, lat=lat, owner=owner,
            street=street, leader=dice.choice(self.leaders), officer=self.somebody(owner), total_wan=total,
            planned_start=planned, planned_finish=planned + dice.randint(420, 1000) * _DAY, started_on=begun,
            in_service_on=service, updates_from=dt.date(number, 1, 1) if year.get("until") else None,
            updates_until=None if year.get("open") else year.get("until"),
        )  # fmt: skip

    def settle(self, year: Mapping[str, Any], cell: Mapping[str, Any], projects: list[Project]) -> None:
        """Lists, the plan, the opening, milestones, permits and months of a cell's projects."""
        number, dice = year["year"], self.dice
        entered = dt.date(number, 1, 15)
        entries = []
        for project in projects:
            self.note(project, _at(entered), "project.added", self.office, title=project.title,
                      total_wan=str(project.total_wan))  # fmt: skip
            for code in cell["lists"]:
                entries.append(ListEntry(list=self.lists[code], project=project, entered_on=entered))
                self.note(project, _at(entered), "project.listed", self.office, list=code)
        if cell.get("opening"):
            for project, code in zip(projects, cycle(self.plan["openings"][number]), strict=False):
                day = self.lists[code].day or entered
                project.started_on = day
                entries.append(ListEntry(list=self.lists[code], project=project, entered_on=day))
            Project.objects.bulk_update(projects, ["started_on"])
        ListEntry.objects.bulk_create(entries)
        begun = [project for project in projects if project.started_on]
        for project in begun:
            day = project.started_on or entered
            self.note(
                project, _at(day), "project.state", self.office, old="planned", new="started", on=str(day)
            )
        if cell.get("plan"):
            plans = shares(cell["plan"], [float(project.total_wan) for project in projects])
            YearPlan.objects.bulk_create(
                YearPlan(project=project, year=number, plan_wan=plan)
                for project, plan in zip(projects, plans, strict=True)
            )
        if "done" in cell:
            weights = [float(project.total_wan) * dice.uniform(0.7, 1.3) for project in begun]
            sums = dict(zip([project.pk for project in begun], shares(cell["done"], weights), strict=True))
            self.months(year, projects, sums)
            self.steps(projects)

    def months(self, year: Mapping[str, Any], projects: Sequence[Project], sums: Mapping[int, int]) -> None:
        dice, number = self.dice, year["year"]
        until = min(year["until"], plus(first_of(self.today), -1))
        months = months_between(dt.date(number, 1, 1), until)
        made, due = [], {month: due_at_of(month) for month in months}
        rates = {"late": float(self.plan["late"]), "missing": float(year.get("missing", 0))}
        for project in projects:
            begun = first_of(project.started_on) if project.started_on else None
            worked = [month for month in months if begun and month >= begun] or months[-1:]
            silent = bool(rates["missing"]) and dice.random() < rates["missing"]
            if silent and len(worked) > 1:
                worked = [month for month in worked if month != until]
            worked_shares = shares(sums.get(project.pk, 0), [dice.uniform(0.6, 1.4) for _m in worked])
            of_month = dict(zip(worked, worked_shares, strict=True))
            reporter = self.somebody(project.street)
            for month in months:
                # The last month of a year that still runs: some have not reported; their sum lies in earlier ones.
                if silent and month == until:
                    continue
                late = dice.random() < rates["late"]
                at = due[month] + (dice.randint(3, 90) * _HOUR if late else -dice.randint(8, 90) * _HOUR)
                at = max(min(at, self.now), dt.datetime.combine(plus(month, 1), dt.time(9), BEIJING))
                phase = min(len(_PHASES) - 1, months.index(month) * len(_PHASES) // max(len(months), 1))
                words = f"{_PHASES[phase]}。" if project.started_on else dice.choice(_WAITING)
                troubled = dice.random() < 0.06
                made.append(
                    MonthlyUpdate(
                        project=project, month=month, done_wan=of_month.get(month, 0), words=words,
                        problems=dice.choice(_PROBLEMS) if troubled else "", due_at=due[month], late=at >= due[month],
                        submitted_at=at, submitted_by=reporter,
                    )
                )  # fmt: skip
                self.note(
                    project, at, "project.updated", reporter, month=f"{month:%Y-%m}",
                    done_wan=str(of_month.get(month, 0)), late="yes" if at >= due[month] else "",
                )  # fmt: skip
        MonthlyUpdate.objects.bulk_create(made, batch_size=1000)

    def steps(self, projects: Sequence[Project]) -> None:
        milestones, permits = [], []
        for project in projects:
            first = project.planned_start or self.today
            span = ((project.planned_finish or first) - first).days
            for place, title in enumerate(_STEPS, 1):
                planned = first + span * place // len(_STEPS) * _DAY
                done = None
                if (
                    project.started_on
                    and planned < self.today
                    and (project.in_service_on or self.dice.random() < 0.8)
                ):
                    done = min(planned + self.dice.randint(-20, 30) * _DAY, self.today)
                milestones.append(
                    Milestone(project=project, position=place, title=title, planned_on=planned, done_on=done,
                              words="现场已查看。" if done else "", done_by=project.officer if done else None)
                )  # fmt: skip
            granted = project.started_on is not None
            for kind in project_rules().permits:
                state = Permit.State.GRANTED if granted else Permit.State.APPLIED
                if not granted and self.dice.random() < 0.5:
                    state = Permit.State.WANTED
                day = first - self.dice.randint(20, 200) * _DAY
                permits.append(
                    Permit(project=project, kind=kind, state=state,
                           applied_on=day if state != Permit.State.WANTED else None,
                           granted_on=day + 15 * _DAY if granted else None)
                )  # fmt: skip
        Milestone.objects.bulk_create(milestones, batch_size=1000)
        Permit.objects.bulk_create(permits, batch_size=1000)

    # -- who went there, who met

    def visits(self) -> None:
        made = []
        for row in self.plan["visits"]:
            last = self.today if row["to"] == "today" else row["to"]
            projects = [one for one in self.of_year[row["year"]] if one.started_on]
            for month in months_between(row["from"], last):
                for place, leader in enumerate(self.leaders):
                    if month == first_of(self.today) and place >= len(self.leaders) - row.get("lacking", 0):
                        continue
                    mine = [one for one in projects if one.leader_id == leader.pk] or projects
                    for project in self.dice.sample(mine, min(row["each"], len(mine))):
                        day = month + self.dice.randint(0, 26) * _DAY
                        if day > last:
                            continue
                        said, away = self.dice.choice(_SAID), self.dice.randint(5, 180)
                        made.append(
                            ContactVisit(project=project, leader=leader, visited_on=day, words=said, lng=project.lng,
                                         lat=project.lat, distance_m=away, recorded_at=_at(day), recorded_by=leader)
                        )  # fmt: skip
                        self.note(project, _at(day) + 8 * _HOUR, "project.visited", leader, leader=str(leader),
                                  on=str(day), distance_m=away, words=said)  # fmt: skip
        ContactVisit.objects.bulk_create(made, batch_size=1000)

    def sessions(self) -> None:
        made = []
        for row in self.plan["sessions"]:
            if row.get("each_project"):
                made += [
                    ServiceSession(
                        project=project, kind=ServiceSession.Kind.SERVICE, words="首席服务员上门对接，逐条记下需求。",
                        held_on=dt.date(row["year"], 1, 20) + self.dice.randint(0, 300) * _DAY, officer=project.officer,
                    )
                    for project in self.of_year[row["year"]]
                ]  # fmt: skip
                continue
            span = (row["to"] - row["from"]).days
            made += [
                ServiceSession(
                    kind=row["kind"], held_on=row["from"] + self.dice.randint(0, span) * _DAY,
                    with_whom=row["with"][number % len(row["with"])], words="就项目包装、融资和谋划进行对接。",
                    officer=self.office,
                )
                for number in range(row["count"])
            ]  # fmt: skip
        ServiceSession.objects.bulk_create(made)

    def meetings(self) -> None:
        for row in self.plan["meetings"]:
            months = months_between(row["from"], row["to"])
            days = [(month + self.dice.randint(3, 7) * _DAY, True) for month in months if row["monthly"]]
            span = (row["to"] - row["from"]).days
            days += [
                (row["from"] + self.dice.randint(0, span) * _DAY, False)
                for _n in range(row["count"] - len(days))
            ]
            projects = self.of_year[row["from"].year]
            for day, monthly in sorted(days):
                self.meeting(day, projects, monthly=monthly)

    def meeting(self, day: dt.date, projects: Sequence[Project], *, monthly: bool) -> None:
        title = f"{day:%-m}月重点项目推进会" if monthly else "重点项目专题推进会"
        found = Meeting.objects.create(
            title=title, state=Meeting.State.HELD, held_on=day, begins_at=dt.time(9), place="区政府会议室",
            chair=self.leaders[0],
            agenda=_AGENDA, minutes=_MINUTES, monthly=monthly, others="各街道、区直有关单位负责人",
            recorded_at=_at(day - 5 * _DAY), recorded_by=self.office,
        )  # fmt: skip
        found.attendees.set(self.leaders)
        about = self.dice.sample(projects, 3)
        found.projects.set(about)
        Decision.objects.bulk_create(
            Decision(
                meeting=found, project=project, words=f"{project.title}：{words}", department=project.owner,
                due_on=day + 14 * _DAY,
                done_on=day + self.dice.randint(4, 13) * _DAY if day < self.today - 20 * _DAY else None,
                done_words="已办结，项目正常推进。" if day < self.today - 20 * _DAY else "",
            )
            for project, words in zip(about[: 2 if monthly else 1], _WORDS, strict=False)
        )  # fmt: skip
        self.met.append(found)

    def papers(self) -> None:
        """What became of the meetings. The last two monthly ones have papers: the newest minutes wait for signature."""
        hands = self.plan.get("hands", {})
        users = {user.username: user for user in User.objects.filter(username__in=hands.values())}
        people = {step: users.get(name) for step, name in hands.items()}
        monthly = sorted((one for one in self.met if one.monthly), key=lambda one: one.held_on)
        # Of a district with other accounts there are no papers.
        newest = monthly[-2:] if people and all(people.values()) else []
        called = [
            _line(one.pk, 1, _at(one.held_on - 5 * _DAY), "meeting.called", self.office,
                  {"title": one.title, "on": str(one.held_on)})
            for one in self.met
        ]  # fmt: skip
        written = [
            _line(
                one.pk, 2, _at(one.held_on) + 9 * _HOUR, "meeting.written", self.office, {"words": _MINUTES}
            )
            for one in self.met
            if one not in newest
        ]
        if called:
            log_new_chains("meeting", [*called, *written])
        for meeting in newest:
            Meeting.objects.filter(pk=meeting.pk).update(state=Meeting.State.CALLED)
            before, day = _at(meeting.held_on - 3 * _DAY), _at(meeting.held_on)
            self.walk(draft_notice(meeting, actor=self.office, at=before), people, before, issued=True)
            Meeting.objects.filter(pk=meeting.pk).update(state=Meeting.State.HELD)
            log(meeting, "meeting.written", actor=self.office, at=day + 9 * _HOUR, words=_MINUTES)
            minutes = draft_minutes(meeting, actor=self.office, at=min(day + _DAY, self.now))
            self.walk(minutes, people, min(day + _DAY, self.now), issued=meeting != newest[-1])

    def walk(self, draft: PaperDraft, people: Mapping[str, Any], at: dt.datetime, *, issued: bool) -> None:
        """The draft goes its way, an hour for each step; without `issued` it stops where the signature is due."""
        steps = (
            (PaperDraft.State.DRAFT, submit_draft, self.office),
            (PaperDraft.State.IN_REVIEW, approve_draft, people["reviews"]),
            (PaperDraft.State.TO_SIGN, sign_draft, people["signs"]),
            (PaperDraft.State.SIGNED, issue_draft, people["issues"]),
        )  # fmt: skip
        for hour, (state, step, actor) in enumerate(steps, 1):
            draft.refresh_from_db()
            if draft.state == state and (
                issued or state in (PaperDraft.State.DRAFT, PaperDraft.State.IN_REVIEW)
            ):
                step(draft, actor=actor, at=min(at + hour * _HOUR, self.now))

    def problems(self) -> None:
        """Problems of the running year, by the same action as the page's; some of them are with their departments."""
        for row in self.plan["problems"]:
            said = cycle(_PROBLEMS)
            for project in self.of_year[row["year"]][: row["count"]]:
                if Case.objects.filter(project_problem__project=project).exists():
                    continue
                raise_problem(project, words=next(said), actor=self.office)

    # -- works, grants, war maps

    def places(self, at: str, most: int | None = None, but: str = "") -> list[Area]:
        level = {"villages": "village", "streets": "subdistrict", "communities": "community"}.get(at)
        if level is None:
            return [self.areas[at]]
        found = sorted(
            (area for area in self.areas.values() if area.level == level and area.code != but),
            key=lambda area: area.code,
        )
        return found[:most] if most else found

    def street_of(self, area: Area) -> Area | None:
        while area is not None and area.level != Area.Level.SUBDISTRICT:
            if area.parent_id not in self.by_pk:
                return None
            area = self.by_pk[area.parent_id]
        return area

    def works(self) -> None:
        by_title = {project.title: project for project in self.all}
        words, made = project_rules().works, []
        for number, row in enumerate(self.plan["works"]):
            dice, rows = random.Random(f"{self.plan['seed']}/work/{number}"), row["rows"]
            places = self.places(str(row["at"]), row.get("most"), str(row.get("but", "")))
            # Quantities are drawn in the smallest step that adds up: tenths of a kilometre, whole square metres.
            step = Decimal("0.01") if words[row["kind"]].unit == "公里" else Decimal(1)
            weights = [dice.uniform(0.5, 1.5) for _n in range(rows)]
            units = int(Decimal(str(row["quantity"])) / step)
            even = units // rows <= 2
            quantities = shares(units, [1.0] * rows if even else weights)
            pieces = shares(row["pieces"], weights) if "pieces" in row else [1] * rows
            costs = shares(row.get("cost", 0), weights)
            span = (row["to"] - row["from"]).days
            for place in range(rows):
                area = places[place % len(places)]
                street = self.street_of(area)
                each = row.get("each", [])
                made.append(
                    Work(
                        kind=row["kind"], quantity=quantities[place] * step, unit=words[row["kind"]].unit,
                        pieces=max(pieces[place], 1), done_on=row["from"] + dice.randint(0, span) * _DAY,
                        project=by_title.get(row.get("project", "")), programme=row.get("programme", ""),
                        campaign=row.get("campaign", ""), area=area, area_path=area.path, subdistrict=street,
                        department=self.streets.get(street.pk) if street else None, cost_wan=Decimal(costs[place]),
                        words=each[place % len(each)] if each else row.get("words", ""), recorded_by=self.office,
                    )
                )  # fmt: skip
        stored = Work.objects.bulk_create(made, batch_size=1000)
        log_new_chains(
            "work",
            [
                _line(one.pk, 1, min(_at(one.done_on) + 10 * _HOUR, self.now), "work.recorded", self.office,
                      {"kind": one.kind, "quantity": str(one.quantity)})
                for one in stored
            ],
        )  # fmt: skip

    def grants(self) -> None:
        rules = project_rules().grants
        for row in self.plan["grants"]:
            places = self.places(row["at"], row["most"], str(row.get("but", "")))
            weights = [self.dice.uniform(0.6, 1.4) for _p in places]
            quantities = shares(row["quantity"] * 100, weights)
            amounts = shares(row["amount"], weights)
            span, made = (row["to"] - row["from"]).days, []
            for place, area in enumerate(places):
                street = self.street_of(area)
                day = row["from"] + self.dice.randint(0, max(span - 20, 1)) * _DAY
                state = Grant.State.PAID if place < row["paid"] else Grant.State.INSPECTED
                state = state if place < row["paid"] + row["inspected"] else Grant.State.PROPOSED
                seen = state != Grant.State.PROPOSED
                quantity = Decimal(quantities[place]) / 100
                made.append(
                    Grant(
                        area=area,
                        area_path=area.path,
                        kind=row["kind"],
                        quantity=quantity,
                        unit=rules[row["kind"]].unit,
                        amount_wan=amounts[place],
                        state=state,
                        proposed_on=day,
                        proposed_by=self.somebody(self.streets.get(street.pk) if street else None),
                        inspected_quantity=quantity if seen else None,
                        granted_wan=amounts[place] if seen else None,
                        inspected_on=day + 9 * _DAY if seen else None,
                        inspected_by=self.office if seen else None,
                        paid_on=day + 18 * _DAY if state == Grant.State.PAID else None,
                    )
                )
            stored = Grant.objects.bulk_create(made)
            log_new_chains(
                "grant",
                [
                    _line(
                        one.pk,
                        1,
                        _at(one.proposed_on),
                        "grant.proposed",
                        one.proposed_by,
                        {"quantity": str(one.quantity)},
                    )
                    for one in stored
                ],
            )

    def war_maps(self) -> None:
        """Tasks whose deadline is past are done but for a few; the others are as far as the time that has gone."""
        changed, lines = [], []
        for place, item in enumerate(WarMapItem.objects.select_related("war_map").order_by("code")):
            begun = item.begins_on or item.deadline
            whole = max((item.deadline - begun).days, 1)
            gone = min(max((self.today - begun).days * 100 // whole, 0), 100)
            past = item.deadline < self.today
            item.reported_by = self.somebody(item.owner)
            item.reported_at = min(_at(item.deadline) - 3 * _DAY, self.now - _DAY)
            if (past and (place % 11 or item.deadline.year < self.today.year)) or place % 7 == 0:
                item.state, item.progress = WarMapItem.State.DONE, 100
                item.words, item.checked_words = "任务完成，制度已印发执行。", "现场核实，达到标准。"
                item.checked_by, item.checked_at = self.office, item.reported_at + _DAY
            elif place % 5 == 0:
                item.state, item.progress, item.words = WarMapItem.State.REPORTED, 100, "已完成，请核实。"
            else:
                item.state, item.words = WarMapItem.State.DOING, "方案已定，正在推进。"
                item.progress = max(min(gone + (6 if place % 4 else -25), 95), 5)
            changed.append(item)
            code = {"done": "war_map.checked", "reported": "war_map.reported_done"}.get(
                item.state, "war_map.reported"
            )
            actor = item.checked_by or item.reported_by
            lines.append(_line(item.pk, 1, min(item.checked_at or item.reported_at, self.now), code, actor,
                               {"new": item.progress, "words": item.words}))  # fmt: skip
        WarMapItem.objects.bulk_update(
            changed,
            [
                "state",
                "progress",
                "words",
                "reported_by",
                "reported_at",
                "checked_by",
                "checked_at",
                "checked_words",
            ],
        )
        if lines:
            log_new_chains("warmapitem", lines)


def _at(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(9), BEIJING)


def _line(
    pk: int, sequence: int, at: dt.datetime, code: str, actor: User | None, data: Mapping[str, Any]
) -> str:
    """One entry of a chain as COPY reads it."""
    said = json.dumps(data, ensure_ascii=False).replace("\\", "\\\\")
    name = str(actor or "").replace("\\", "").replace("\t", " ")
    return (
        f"{pk}\t{sequence}\t{code}\t{at.isoformat()}\t{actor.pk if actor else chr(92) + 'N'}\t{name}\t{said}"
    )
