"""Lists of projects, updates, visits, sessions, problems: filtered in the address, exported as they stand."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery, Sum
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from huying.cases.models import Status
from huying.cases.policy import cases_for
from huying.core.pages import Column, Filter, ListPage
from huying.core.templatetags.parts import badge
from huying.people.guards import VerbRequired, requires
from huying.registry.views.desk.lists import area_choices
from huying.targets.projects.forms import day_field, leaders
from huying.targets.projects.lookups import (
    UPDATE_LOOKS,
    any_choice,
    asked_year,
    in_area,
    level_title,
    list_choices,
    state_badge,
)
from huying.targets.projects.models import (
    ContactVisit,
    ListEntry,
    MonthlyUpdate,
    Project,
    ProjectProblem,
    ServiceSession,
    YearPlan,
)
from huying.targets.projects.models.project import project_rules
from huying.targets.projects.months import late_projects, month_in_hand, owing, parse_month, without_update
from huying.targets.projects.policy import (
    MANAGE,
    VIEW,
    projects_for,
    sessions_for,
    updates_for,
    visits_for,
)
from huying.targets.projects.rates import of_year, on_list, percent, rate_of, share, years_known

MOST_POINTS = 2000


def search_field() -> forms.CharField:
    """Words of the name or the number."""
    return forms.CharField(
        label=gettext_lazy("名称、编号"), max_length=60, widget=forms.TextInput(attrs={"type": "search"})
    )


def _named(rows: QuerySet[Any], words: str, via: str = "") -> QuerySet[Any]:
    return rows.filter(
        Q(**{f"{via}title__icontains": words}) | Q(**{f"{via}code__icontains": words})
        | Q(**{f"{via}builder__icontains": words})
    )  # fmt: skip


def _month_state(rows: QuerySet[Project], value: str) -> QuerySet[Project]:
    """`missing:2021-11`, `late:2021-11`, `sent:2021-11`; without a month the one in hand."""
    word, _sep, text = value.partition(":")
    month = parse_month(text) or month_in_hand()
    if word == "missing":
        return without_update(rows, month)
    if word == "late":
        return late_projects(rows, month)
    sent = MonthlyUpdate.objects.filter(month=month, state=MonthlyUpdate.State.ACCEPTED).values("project")
    return owing(rows, month).filter(pk__in=sent)


class Projects(VerbRequired, ListPage):
    """Every project that the reader may see. The year decides which plan and which months stand beside it."""

    verb = VIEW
    name = "projects"
    title = gettext_lazy("重点项目")
    template_name = "targets/projects/projects.html"
    order = "code"
    empty = {
        "title": gettext_lazy("没有这样的项目"),
        "text": gettext_lazy("换一个筛选条件，或导入项目表。"),
        "icon": "building",
    }

    def _year(self) -> int:
        return asked_year(self.request.GET.get("year", ""), years_known())

    def _until(self) -> dt.date:
        year = self._year()
        month = parse_month(self.request.GET.get("until", ""))
        return month if month and month.year == year else dt.date(year, 12, 1)

    def get_columns(self) -> list[Column]:
        year = self._year()
        return [
            Column("code", gettext_lazy("编号"), sort="code", css="cell--nowrap"),
            Column("title", gettext_lazy("项目名称"), lambda row: str(row), sort="title", css="cell--wide"),
            Column("level", gettext_lazy("级别"), lambda row: level_title(row.level), css="cell--nowrap"),
            Column("state", gettext_lazy("状态"), lambda row: row.get_state_display(), state_badge, css="cell--nowrap"),
            Column("subdistrict", gettext_lazy("街道"), lambda row: str(row.subdistrict or ""), css="cell--nowrap"),
            Column("total_wan", gettext_lazy("总投资（万元）"), sort="total_wan", css="number"),
            Column("plan_wan", _("%(year)d 年计划（万元）") % {"year": year}, css="number"),
            Column("done_wan", _("%(year)d 年完成（万元）") % {"year": year}, css="number"),
            Column("share", gettext_lazy("完成率"), lambda row: percent(share(row.done_wan or 0, row.plan_wan or 0)),
                   css="number"),
            Column("started_on", gettext_lazy("开工"), sort="started_on", css="cell--nowrap"),
            Column("planned_finish", gettext_lazy("计划竣工"), sort="planned_finish", css="cell--nowrap", shown=False),
            Column("owner", gettext_lazy("责任单位"), lambda row: str(row.owner or ""), css="cell--kind"),
            Column("leader", gettext_lazy("联系领导"), lambda row: str(row.leader or ""), css="cell--nowrap"),
            Column("officer", gettext_lazy("首席服务员"), lambda row: str(row.officer or ""), shown=False),
            Column("kind", gettext_lazy("类别"), lambda row: str(project_rules().kinds.get(row.kind, row.kind)),
                   shown=False),
            Column("builder", gettext_lazy("建设单位"), shown=False),
            Column("about", gettext_lazy("建设内容"), shown=False),
        ]  # fmt: skip

    def get_filters(self) -> list[Filter]:
        year, rules = self._year(), project_rules()
        months = [f"{month:%Y-%m}" for month in (month_in_hand(),)]
        told = [(f"{word}:{months[0]}", _(title) % {"month": months[0]}) for word, title in (
            ("missing", "%(month)s 没报"), ("late", "%(month)s 迟报或没报"), ("sent", "%(month)s 已报"),
        )]  # fmt: skip
        asked = self.request.GET.get("month", "")
        if asked and asked not in dict(told):
            told.append((asked, asked))
        return [
            Filter("q", search_field(), apply=_named),
            Filter(
                "year",
                any_choice(gettext_lazy("年度"), lambda: [(str(one), str(one)) for one in years_known()]),
                apply=lambda rows, value: of_year(rows, int(value)),
            ),
            Filter("list", any_choice(gettext_lazy("名单"), list_choices), apply=on_list),
            Filter(
                "level",
                any_choice(
                    gettext_lazy("级别"), lambda: [(code, str(word)) for code, word in rules.levels.items()]
                ),
            ),
            Filter("state", any_choice(gettext_lazy("状态"), lambda: Project.State.choices)),
            Filter(
                "begun",
                any_choice(gettext_lazy("开工"), lambda: [("yes", _("已开工")), ("no", _("未开工"))]),
                apply=lambda rows, value: rows.filter(started_on__isnull=value == "no"),
            ),
            Filter(
                "kind",
                any_choice(
                    gettext_lazy("类别"), lambda: [(code, str(word)) for code, word in rules.kinds.items()]
                ),
            ),
            Filter("area", any_choice(gettext_lazy("街道、社区"), area_choices), apply=in_area),
            Filter("month", any_choice(gettext_lazy("月报"), lambda: told), apply=_month_state),
            Filter(
                "problem",
                any_choice(
                    gettext_lazy("问题"), lambda: [("open", _("有没解决的问题")), ("any", _("有过问题"))]
                ),
                apply=_problems,
            ),
            Filter(
                "leader",
                any_choice(gettext_lazy("联系领导"), lambda: [(one.username, str(one)) for one in leaders()]),
                lookup="leader__username",
            ),
            Filter(
                "until",
                any_choice(
                    gettext_lazy("完成投资算到"),
                    lambda: [(f"{year}-{month:02}", f"{year}-{month:02}") for month in range(1, 13)],
                ),
                apply=lambda rows, _value: rows,
            ),
        ]

    def get_queryset(self) -> QuerySet[Project]:
        year, until = self._year(), self._until()
        plans = YearPlan.objects.filter(project=OuterRef("pk"), year=year).values("plan_wan")[:1]
        done = (
            MonthlyUpdate.objects.filter(
                project=OuterRef("pk"),
                state=MonthlyUpdate.State.ACCEPTED,
                month__gte=dt.date(year, 1, 1),
                month__lte=until,
            )
            .order_by()
            .values("project")
            .annotate(n=Sum("done_wan"))
            .values("n")
        )
        rows = projects_for(self.request.user).select_related("subdistrict", "owner", "leader", "officer")
        return rows.annotate(plan_wan=Subquery(plans), done_wan=Subquery(done)).defer("subdistrict__boundary")

    def extra_context(self) -> dict[str, Any]:
        year, until = self._year(), self._until()
        asked = {each.name: str(self.request.GET.get(each.name, "")) for each, _v in self.active}
        plain = Project.objects.filter(pk__in=self.rows.order_by().values("pk"))
        rate = rate_of(plain, year=year, last_month=until.month, filters=asked)
        return {
            "rate": rate,
            "year": year,
            "until": f"{until:%Y-%m}",
            "may_manage": self.request.user.can(MANAGE),  # type: ignore[union-attr]
            "query": self.request.GET.urlencode(),
        }


def _problems(rows: QuerySet[Project], value: str) -> QuerySet[Project]:
    problems = ProjectProblem.objects.filter(project=OuterRef("pk"))
    if value == "open":
        problems = problems.exclude(case__status__in=ENDED_CASES)
    return rows.filter(Exists(problems))


ENDED_CASES = (Status.CLOSED, Status.DECLINED, Status.MERGED, Status.VOIDED)


@require_safe
@requires(VIEW)
def points(request: HttpRequest) -> HttpResponse:
    """The projects of the list on the map."""
    page = Projects()
    page.setup(request)
    colours = {
        "planned": "yellow",
        "started": "blue",
        "in service": "green",
        "finished": "green",
        "stopped": "red",
    }
    found = [
        {
            "lng": row.lng, "lat": row.lat, "title": f"{row} · {row.get_state_display()}",
            "url": row.get_absolute_url(), "colour": colours[row.state],
        }
        for row in page.rows.exclude(lng=None)[:MOST_POINTS]
    ]  # fmt: skip
    return JsonResponse({"points": found})


def project_cell(row: Any) -> Any:
    """The project that a row belongs to."""
    return str(row.project or "")


def project_filters(via: str = "project__") -> list[Filter]:
    """What rows about a project are narrowed by."""
    return [
        Filter("q", search_field(), apply=lambda rows, words: _named(rows, words, via)),
        Filter(
            "list",
            any_choice(gettext_lazy("名单"), list_choices),
            apply=lambda rows, code: rows.filter(
                **{
                    f"{via.removesuffix('__')}__in": ListEntry.objects.filter(
                        list__code=code, left_on=None
                    ).values("project")
                }
            ),
        ),
        Filter(
            "area",
            any_choice(gettext_lazy("街道、社区"), area_choices),
            apply=lambda rows, code: in_area(rows, code, f"{via}area_path"),
        ),
    ]


def day_filters(column: str) -> list[Filter]:
    """From a day, to a day."""
    return [
        Filter("from", day_field(gettext_lazy("从"), required=False), lookup=f"{column}__gte"),
        Filter("to", day_field(gettext_lazy("到"), required=False), lookup=f"{column}__lte"),
    ]


class _OfProjects(VerbRequired, ListPage):
    """A list of rows that belong to projects."""

    verb = VIEW
    template_name = "targets/projects/rows.html"

    def row_url(self, row: Any) -> str:
        return row.project.get_absolute_url() if row.project else ""


class Updates(_OfProjects):
    """Every monthly update, each version of it."""

    name = "project-updates"
    title = gettext_lazy("月报")
    order = "-month"
    columns = (
        Column("month", gettext_lazy("月份"), lambda row: f"{row.month:%Y-%m}", sort="month", css="cell--nowrap"),
        Column("project", gettext_lazy("项目名称"), project_cell, css="cell--wide"),
        Column("done_wan", gettext_lazy("本月完成（万元）"), css="number"),
        Column("words", gettext_lazy("进展"), css="cell--wide"),
        Column("problems", gettext_lazy("存在问题"), shown=False),
        Column("late", gettext_lazy("迟报"), lambda row: _("迟报") if row.late else "",
               lambda row: badge(_("迟报"), "red", "overdue") if row.late else "", css="cell--nowrap"),
        Column("state", gettext_lazy("状态"), lambda row: row.get_state_display(),
               lambda row: badge(row.get_state_display(), *UPDATE_LOOKS[MonthlyUpdate.State(row.state)]),
               css="cell--nowrap"),
        Column("version", gettext_lazy("版本"), css="number"),
        Column("submitted_by", gettext_lazy("填报人"), lambda row: str(row.submitted_by or "")),
        Column("submitted_at", gettext_lazy("填报时间"), css="cell--nowrap"),
        Column("reason", gettext_lazy("更正原因"), shown=False),
    )  # fmt: skip
    empty = {
        "title": gettext_lazy("没有这样的月报"),
        "text": gettext_lazy("月报在项目的页面上填。"),
        "icon": "calendar",
    }

    def get_filters(self) -> list[Filter]:
        return [
            *project_filters(),
            Filter("state", any_choice(gettext_lazy("状态"), lambda: MonthlyUpdate.State.choices)),
            Filter("late", any_choice(gettext_lazy("迟报"), lambda: [("yes", _("迟报的"))]),
                   apply=lambda rows, _v: rows.filter(late=True)),
            Filter("from", any_choice(gettext_lazy("从月份"), _month_choices), apply=_from_month),
            Filter("to", any_choice(gettext_lazy("到月份"), _month_choices), apply=_to_month),
        ]  # fmt: skip

    def get_queryset(self) -> QuerySet[MonthlyUpdate]:
        return updates_for(self.request.user).select_related("project", "submitted_by")


def _month_choices() -> list[tuple[str, str]]:
    months = MonthlyUpdate.objects.order_by("-month").values_list("month", flat=True).distinct()[:60]
    return [(f"{month:%Y-%m}", f"{month:%Y-%m}") for month in months]


def _from_month(rows: QuerySet[Any], value: str) -> QuerySet[Any]:
    month = parse_month(value)
    return rows.filter(month__gte=month) if month else rows


def _to_month(rows: QuerySet[Any], value: str) -> QuerySet[Any]:
    month = parse_month(value)
    return rows.filter(month__lte=month) if month else rows


class Visits(_OfProjects):
    """Every visit of a leader in contact."""

    name = "project-visits"
    title = gettext_lazy("领导到现场")
    order = "-visited_on"
    columns = (
        Column("visited_on", gettext_lazy("日期"), sort="visited_on", css="cell--nowrap"),
        Column("leader", gettext_lazy("领导"), lambda row: str(row.leader), css="cell--nowrap"),
        Column("project", gettext_lazy("项目名称"), project_cell, css="cell--wide"),
        Column("words", gettext_lazy("情况"), css="cell--wide"),
        Column("distance_m", gettext_lazy("离项目（米）"), css="number"),
        Column("photos", gettext_lazy("照片"), lambda row: row.photo_count or "", css="number"),
        Column("recorded_by", gettext_lazy("登记人"), lambda row: str(row.recorded_by or ""), shown=False),
        Column("struck", gettext_lazy("是否撤销"), lambda row: row.struck_words if row.struck_at else ""),
    )
    empty = {
        "title": gettext_lazy("没有这样的记录"),
        "text": gettext_lazy("到现场后，在项目的页面上记一笔。"),
        "icon": "eye",
    }

    def get_filters(self) -> list[Filter]:
        return [
            *project_filters(),
            Filter("leader", any_choice(gettext_lazy("领导"), lambda: [(one.username, str(one)) for one in leaders()]),
                   lookup="leader__username"),
            *day_filters("visited_on"),
            Filter("struck", any_choice(gettext_lazy("是否撤销"), lambda: [("yes", _("已撤销")), ("no", _("有效"))]),
                   apply=lambda rows, value: rows.filter(struck_at__isnull=value == "no")),
        ]  # fmt: skip

    def get_queryset(self) -> QuerySet[ContactVisit]:
        rows = visits_for(self.request.user).select_related("project", "leader", "recorded_by")
        return rows.annotate(photo_count=Count("photos"))


class Sessions(_OfProjects):
    """Every docking session."""

    name = "project-sessions"
    title = gettext_lazy("对接服务")
    order = "-held_on"
    columns = (
        Column("held_on", gettext_lazy("日期"), sort="held_on", css="cell--nowrap"),
        Column("kind", gettext_lazy("形式"), lambda row: row.get_kind_display(), css="cell--nowrap"),
        Column("project", gettext_lazy("项目名称"), project_cell, css="cell--wide"),
        Column("with_whom", gettext_lazy("与谁对接")),
        Column("words", gettext_lazy("内容和结果"), css="cell--wide"),
        Column("officer", gettext_lazy("服务员"), lambda row: str(row.officer or "")),
        Column("struck", gettext_lazy("是否撤销"), lambda row: row.struck_words if row.struck_at else ""),
    )
    empty = {
        "title": gettext_lazy("没有这样的对接"),
        "text": gettext_lazy("在项目的页面上记一次对接。"),
        "icon": "users",
    }

    def get_filters(self) -> list[Filter]:
        return [
            *project_filters(),
            Filter("kind", any_choice(gettext_lazy("形式"), lambda: ServiceSession.Kind.choices)),
            *day_filters("held_on"),
        ]

    def get_queryset(self) -> QuerySet[ServiceSession]:
        return sessions_for(self.request.user).select_related("project", "officer")

    def extra_context(self) -> dict[str, Any]:
        rows = self.rows.filter(struck_at=None).order_by()
        served = rows.exclude(project=None).values("project").distinct().count()
        return {"lead": _("有效 %(n)d 次，服务了 %(m)d 个项目。") % {"n": rows.count(), "m": served}}


class Problems(_OfProjects):
    """Every problem of a project, with its case."""

    name = "project-problems"
    title = gettext_lazy("项目问题")
    order = "-raised_at"
    columns = (
        Column("raised_at", gettext_lazy("提出时间"), sort="raised_at", css="cell--nowrap"),
        Column("project", gettext_lazy("项目名称"), project_cell, css="cell--wide"),
        Column("case", gettext_lazy("案件"), lambda row: row.case.number, css="cell--nowrap"),
        Column("title", gettext_lazy("问题"), lambda row: row.case.title, css="cell--wide"),
        Column(
            "status", gettext_lazy("办到哪里"), lambda row: row.case.get_status_display(), css="cell--nowrap"
        ),
        Column("due", gettext_lazy("时限"), lambda row: row.case.due_at, css="cell--nowrap"),
    )
    empty = {
        "title": gettext_lazy("没有这样的问题"),
        "text": gettext_lazy("月报里写了问题，就可以立案。"),
        "icon": "check-circle",
    }

    def get_filters(self) -> list[Filter]:
        return [
            *project_filters(),
            Filter("state", any_choice(gettext_lazy("状态"), lambda: [("open", _("没解决")), ("solved", _("已销号"))]),
                   apply=_solved),
            *day_filters("raised_at__date"),
        ]  # fmt: skip

    def get_queryset(self) -> QuerySet[ProjectProblem]:
        rows = ProjectProblem.objects.filter(project__in=projects_for(self.request.user).values("pk"))
        return rows.select_related("project", "case")

    def row_url(self, row: ProjectProblem) -> str:
        if cases_for(self.request.user).filter(pk=row.case_id).exists():
            return reverse("desk:case", args=[row.case.number])
        return super().row_url(row)


def _solved(rows: QuerySet[Any], value: str) -> QuerySet[Any]:
    if value == "solved":
        return rows.filter(case__status=Status.CLOSED)
    return rows.exclude(case__status__in=ENDED_CASES)


def open_url(name: str, **asked: Any) -> str:
    """The address of one of these lists, narrowed."""
    words = {key: str(value) for key, value in asked.items() if value not in (None, "")}
    return f"{reverse(f'targets:{name}')}?{urlencode(words)}" if words else reverse(f"targets:{name}")
