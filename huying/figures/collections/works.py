"""Projects, what was invested in them month by month, who went there and who met about them, works and grants."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from django.db.models import DecimalField, Exists, Model, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, ExtractMonth, ExtractYear
from django.utils.translation import gettext_lazy as _

from huying.figures.collections.base import Collection, Field, RowFacts, Words
from huying.people.models import User
from huying.targets.projects.models import (
    ContactVisit,
    Grant,
    ListEntry,
    Meeting,
    MonthlyUpdate,
    Project,
    ServiceSession,
    Work,
    YearPlan,
)
from huying.targets.projects.policy import (
    grants_for,
    meetings_for,
    projects_for,
    sessions_for,
    updates_for,
    visits_for,
    works_for,
)


class InYuan(Collection):
    """Amounts that stand in 万元 can be asked for in yuan too: `total-yuan` is ten thousand times `total-wan`."""

    def expression(self, name: str) -> Any:
        """`<amount>-yuan` of `<amount>-wan`."""
        if not name.endswith("-yuan"):
            return super().expression(name)
        return super().expression(f"{name.removesuffix('-yuan')}-wan") * Value(10_000)


def _listed(project: str, words: Words) -> Q:
    """On one of these lists now."""
    entries = ListEntry.objects.filter(list__code__in=words, left_on=None)
    return Q(**{f"{project}__in": entries.order_by().values("project")})


class Projects(InYuan):
    """Projects in use. A period narrows them by the day on which they began, or by the day that a figure names."""

    code = "projects"
    title = _("项目")
    model = Project
    department = "owner_id"
    worked_out: ClassVar = ("total-yuan", "months-to-service")
    fields: ClassVar = {
        "list": Field(_("名单"), q=lambda words: _listed("pk", words)),
        "level": Field(_("级别"), "level", names=lambda: dict(Project.Level.choices)),
        "state": Field(_("状态"), "state", names=lambda: dict(Project.State.choices)),
        "kind": Field(_("类别"), "kind"),
        "code": Field(_("编号"), "code"),
        "title": Field(_("名称"), "title"),
        "begun": Field(
            _("已开工"), q=lambda words: Q(started_on__isnull="true" not in words)
        ),
        "served": Field(
            _("有首席服务员"), q=lambda words: Q(officer__isnull="true" not in words)
        ),
        "started": Field(_("开工日期"), "started_on", "day"),
        "finished": Field(_("竣工日期"), "finished_on", "day"),
        "area": Field(_("区域"), "area_path", "area"),
        "total-wan": Field(_("总投资（万元）"), "total_wan", "number"),
    }  # fmt: skip

    def expression(self, name: str) -> Any:
        """`months-to-service`: from the month in which it began to that in which it was put into service."""
        if name != "months-to-service":
            return super().expression(name)
        years = ExtractYear("in_service_on") - ExtractYear("started_on")
        months = ExtractMonth("in_service_on") - ExtractMonth("started_on")
        return Cast(years * Value(12) + months, DecimalField(max_digits=30, decimal_places=6))

    def rows(self) -> QuerySet[Any]:
        """Those in use."""
        return Project.objects.filter(active=True)

    def readable(self, user: User) -> QuerySet[Any]:
        """The projects that this person may see."""
        return projects_for(user)

    def describe(self, rows: Sequence[Project]) -> Iterator[RowFacts]:
        """Code and title."""
        for row in rows:
            yield RowFacts(
                row.pk, f"{row.code} {row}", row.get_absolute_url(), str(row.get_state_display()),
                f"{row.started_on or ''}", row.area_path, row.owner_id,
            )  # fmt: skip

    def keeps(self) -> tuple[type[Model], ...]:
        """Projects and the lists that they stand on."""
        return (Project, ListEntry)


class Openings(InYuan):
    """Places on lists of projects, each with its list: mass openings, batches, white lists."""

    code = "listings"
    title = _("项目名单")
    model = ListEntry
    moment = "entered"
    area = "project__area_path"
    department = "project__owner_id"
    worked_out: ClassVar = ("total-yuan",)
    fields: ClassVar = {
        "list": Field(_("名单"), "list__code"),
        "kind": Field(_("名单类别"), "list__kind"),
        "year": Field(_("年度"), "list__year", "number"),
        "quarter": Field(_("季度"), "list__quarter", "number"),
        "level": Field(_("级别"), "project__level", names=lambda: dict(Project.Level.choices)),
        "begun": Field(_("已开工"), q=lambda words: Q(project__started_on__isnull="true" not in words)),
        "project": Field(_("项目"), "project__code"),
        "entered": Field(_("列入日期"), "entered_on", "day"),
        "area": Field(_("区域"), "project__area_path", "area"),
        "total-wan": Field(_("总投资（万元）"), "project__total_wan", "number"),
    }

    def rows(self) -> QuerySet[Any]:
        """Those that have not left."""
        return ListEntry.objects.filter(left_on=None)

    def readable(self, user: User) -> QuerySet[Any]:
        """Of projects that this person may see."""
        return ListEntry.objects.filter(Exists(projects_for(user).filter(pk=OuterRef("project")).order_by()))

    def related(self) -> tuple[str, ...]:
        """The project and the list."""
        return ("project", "list")

    def describe(self, rows: Sequence[ListEntry]) -> Iterator[RowFacts]:
        """The project, and which list."""
        for row in rows:
            project = row.project
            yield RowFacts(
                row.pk, f"{project.code} {project}", project.get_absolute_url(), str(row.list), f"{row.entered_on}",
                project.area_path, project.owner_id,
            )  # fmt: skip

    def keeps(self) -> tuple[type[Model], ...]:
        """Places on lists and the projects."""
        return (ListEntry, Project)


class Updates(InYuan):
    """Monthly updates that hold; a correction takes the place of what it corrects."""

    code = "updates"
    title = _("项目月报")
    model = MonthlyUpdate
    moment = "month"
    area = "project__area_path"
    department = "project__owner_id"
    worked_out: ClassVar = ("done-yuan",)
    fields: ClassVar = {
        "month": Field(_("月份"), "month", "day"),
        "list": Field(_("名单"), q=lambda words: _listed("project", words)),
        "level": Field(_("级别"), "project__level", names=lambda: dict(Project.Level.choices)),
        "project": Field(_("项目"), "project__code"),
        "late": Field(_("迟报"), "late", "flag"),
        "area": Field(_("区域"), "project__area_path", "area"),
        "done-wan": Field(_("完成投资（万元）"), "done_wan", "number"),
    }

    def rows(self) -> QuerySet[Any]:
        """Those that hold."""
        return MonthlyUpdate.objects.filter(state=MonthlyUpdate.State.ACCEPTED)

    def readable(self, user: User) -> QuerySet[Any]:
        """The updates that this person may see."""
        return updates_for(user)

    def related(self) -> tuple[str, ...]:
        """Its project."""
        return ("project",)

    def describe(self, rows: Sequence[MonthlyUpdate]) -> Iterator[RowFacts]:
        """The project and the month."""
        for row in rows:
            project = row.project
            yield RowFacts(
                row.pk, f"{project} {row.month:%Y-%m}", project.get_absolute_url(), str(row.get_state_display()),
                f"{row.month}", project.area_path, project.owner_id,
            )  # fmt: skip


class YearPlans(InYuan):
    """What was planned to be invested in each project in a year."""

    code = "year-plans"
    title = _("年度投资计划")
    model = YearPlan
    area = "project__area_path"
    department = "project__owner_id"
    worked_out: ClassVar = ("plan-yuan",)
    fields: ClassVar = {
        "year": Field(_("年度"), "year", "number"),
        "list": Field(_("名单"), q=lambda words: _listed("project", words)),
        "level": Field(_("级别"), "project__level", names=lambda: dict(Project.Level.choices)),
        "area": Field(_("区域"), "project__area_path", "area"),
        "plan-wan": Field(_("计划投资（万元）"), "plan_wan", "number"),
    }

    def readable(self, user: User) -> QuerySet[Any]:
        """Of projects that this person may see."""
        return YearPlan.objects.filter(Exists(projects_for(user).filter(pk=OuterRef("project")).order_by()))

    def related(self) -> tuple[str, ...]:
        """Its project."""
        return ("project",)

    def describe(self, rows: Sequence[YearPlan]) -> Iterator[RowFacts]:
        """The project and the year."""
        for row in rows:
            project = row.project
            yield RowFacts(
                row.pk, f"{project} {row.year}", project.get_absolute_url(), "", "", project.area_path, project.owner_id
            )  # fmt: skip


class LeaderVisits(Collection):
    """Leaders on the sites of their projects."""

    code = "visits"
    title = _("领导到项目现场")
    model = ContactVisit
    moment = "visited"
    area = "project__area_path"
    department = "project__owner_id"
    fields: ClassVar = {
        "visited": Field(_("日期"), "visited_on", "day"),
        "project": Field(_("项目"), "project__code"),
        "leader": Field(_("领导"), "leader_id", "number"),
        "area": Field(_("区域"), "project__area_path", "area"),
    }

    def rows(self) -> QuerySet[Any]:
        """Those that were not struck out."""
        return ContactVisit.objects.filter(struck_at=None)

    def readable(self, user: User) -> QuerySet[Any]:
        """The visits that this person may see."""
        return visits_for(user)

    def related(self) -> tuple[str, ...]:
        """The project and the leader."""
        return ("project", "leader")

    def describe(self, rows: Sequence[ContactVisit]) -> Iterator[RowFacts]:
        """Who was where."""
        for row in rows:
            project = row.project
            yield RowFacts(
                row.pk, f"{row.leader} {project}", project.get_absolute_url(), "", f"{row.visited_on}",
                project.area_path, project.owner_id,
            )  # fmt: skip


class Meetings(Collection):
    """Meetings about projects that were held."""

    code = "meetings"
    title = _("项目推进会")
    model = Meeting
    moment = "held"
    area = ""
    fields: ClassVar = {
        "held": Field(_("日期"), "held_on", "day"),
        "monthly": Field(_("每月推进会"), "monthly", "flag"),
    }

    def rows(self) -> QuerySet[Any]:
        """Those that were held."""
        return Meeting.objects.filter(state=Meeting.State.HELD)

    def readable(self, user: User) -> QuerySet[Any]:
        """The meetings that this person may see."""
        return meetings_for(user)

    def describe(self, rows: Sequence[Meeting]) -> Iterator[RowFacts]:
        """The title and the day."""
        for row in rows:
            yield RowFacts(row.pk, str(row), row.get_absolute_url(), "", f"{row.held_on}")


class Sessions(Collection):
    """Sessions in which a project was served, or banks and advisers were talked to."""

    code = "sessions"
    title = _("项目服务对接")
    model = ServiceSession
    moment = "held"
    area = "project__area_path"
    department = "project__owner_id"
    fields: ClassVar = {
        "held": Field(_("日期"), "held_on", "day"),
        "kind": Field(_("形式"), "kind", names=lambda: dict(ServiceSession.Kind.choices)),
        "project": Field(_("项目"), "project__code"),
        "area": Field(_("区域"), "project__area_path", "area"),
    }

    def rows(self) -> QuerySet[Any]:
        """Those that were not struck out."""
        return ServiceSession.objects.filter(struck_at=None)

    def readable(self, user: User) -> QuerySet[Any]:
        """The sessions that this person may see."""
        return sessions_for(user)

    def related(self) -> tuple[str, ...]:
        """Its project."""
        return ("project",)

    def describe(self, rows: Sequence[ServiceSession]) -> Iterator[RowFacts]:
        """With whom, about which project."""
        for row in rows:
            project = row.project
            yield RowFacts(
                row.pk, f"{row.with_whom} {project or ''}".strip(), project.get_absolute_url() if project else "",
                str(row.get_kind_display()), f"{row.held_on}", project.area_path if project else "",
                project.owner_id if project else None,
            )  # fmt: skip


class Works(InYuan):
    """Works with quantities: lanes, plants, silt, walls, wherever they were done."""

    code = "works"
    title = _("工程量")
    model = Work
    moment = "done"
    department = "department_id"
    worked_out: ClassVar = ("cost-yuan",)
    fields: ClassVar = {
        "kind": Field(_("工程"), "kind"),
        "done": Field(_("完成日期"), "done_on", "day"),
        "project": Field(_("项目"), "project__code"),
        "programme": Field(_("计划"), "programme"),
        "campaign": Field(_("专项"), "campaign"),
        "area": Field(_("区域"), "area_path", "area"),
        "department": Field(_("实施单位"), "department_id", "department"),
        "place": Field(_("地点"), "area__code"),
        "street": Field(_("所在街道"), "subdistrict__code"),
        "about": Field(_("说明"), "words"),
        "quantity": Field(_("数量"), "quantity", "number"),
        "pieces": Field(_("处数"), "pieces", "number"),
        "cost-wan": Field(_("投入（万元）"), "cost_wan", "number"),
    }

    def rows(self) -> QuerySet[Any]:
        """Those that were not struck out."""
        return Work.objects.filter(struck_at=None)

    def readable(self, user: User) -> QuerySet[Any]:
        """The works that this person may see."""
        return works_for(user)

    def describe(self, rows: Sequence[Work]) -> Iterator[RowFacts]:
        """How much of what."""
        for row in rows:
            label = f"{row.words or row.kind} {row.quantity.normalize():f} {row.unit}"
            yield RowFacts(row.pk, label, "", "", f"{row.done_on}", row.area_path, row.department_id)


class Grants(InYuan):
    """Grants that villages proposed, that were inspected and paid."""

    code = "grants"
    title = _("以奖代补")
    model = Grant
    moment = "inspected"
    worked_out: ClassVar = ("granted-yuan",)
    fields: ClassVar = {
        "kind": Field(_("奖补类别"), "kind"),
        "state": Field(_("状态"), "state", names=lambda: dict(Grant.State.choices)),
        "inspected": Field(_("验收日期"), "inspected_on", "day"),
        "paid": Field(_("拨付日期"), "paid_on", "day"),
        "area": Field(_("区域"), "area_path", "area"),
        "place": Field(_("村、社区"), "area__code"),
        "subdistrict-code": Field(_("街道"), "area__parent__code"),
        "quantity": Field(_("工程量"), "inspected_quantity", "number"),
        "granted-wan": Field(_("核定金额（万元）"), "granted_wan", "number"),
    }

    def readable(self, user: User) -> QuerySet[Any]:
        """The grants that this person may see."""
        return grants_for(user)

    def related(self) -> tuple[str, ...]:
        """Its area."""
        return ("area",)

    def describe(self, rows: Sequence[Grant]) -> Iterator[RowFacts]:
        """Where, and how much."""
        for row in rows:
            quantity = row.inspected_quantity or row.quantity
            yield RowFacts(
                row.pk, f"{row.area} {quantity.normalize():f} {row.unit}", "", str(row.get_state_display()),
                f"{row.inspected_on or ''}", row.area_path,
            )  # fmt: skip
