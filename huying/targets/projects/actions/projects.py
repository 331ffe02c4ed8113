"""A project is taken in, changed, begun, finished, stopped; put on lists; planned for a year; its steps and permits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import Conflict, Refusal
from huying.core.journal import log
from huying.core.models import StoredFile
from huying.people.models import User
from huying.places.models import Area
from huying.places.where import where_is
from huying.targets.projects.models import (
    ListEntry,
    Milestone,
    Permit,
    Project,
    ProjectList,
    YearPlan,
)
from huying.targets.projects.models.project import project_rules
from huying.targets.projects.months import first_of
from huying.targets.projects.policy import UPDATE, require, require_manage

State = Project.State
CHANGEABLE = (
    "title", "title_en", "about", "level", "kind", "industry", "builder", "area", "address", "lng", "lat", "owner",
    "street", "leader", "officer", "total_wan", "planned_start", "planned_finish", "updates_from", "updates_until",
)  # fmt: skip
# From which states a project may be said to be in which, and the day that this writes.
MOVES: Mapping[str, tuple[tuple[str, ...], str]] = {
    State.STARTED: ((State.PLANNED, State.STOPPED), "started_on"),
    State.IN_SERVICE: ((State.STARTED,), "in_service_on"),
    State.FINISHED: ((State.STARTED, State.IN_SERVICE), "finished_on"),
    State.STOPPED: ((State.PLANNED, State.STARTED), ""),
}


def said(value: Any) -> str:
    """A value as the journal keeps it."""
    return "" if value is None else str(value)


def place(project: Project) -> None:
    """Where it lies, by its point, else by its area; not saved."""
    area: Area | None = project.area
    if project.lng is not None and project.lat is not None:
        where = where_is(project.lng, project.lat)
        project.area_path = where.area_path or (area.path if area else "")
    else:
        project.area_path = area.path if area else ""
    codes = [code for code in project.area_path.split("/") if code]
    streets = Area.objects.filter(code__in=codes, level=Area.Level.SUBDISTRICT)
    project.subdistrict = streets.defer("boundary").first()


def _check(project: Project) -> None:
    rules = project_rules()
    if not project.title.strip():
        raise Refusal(_("写上项目名称。"), field="title")
    if project.total_wan < 0:
        raise Refusal(_("总投资写 0 或正数，单位万元。"), field="total_wan")
    if project.kind and rules.kinds and project.kind not in rules.kinds:
        raise Refusal(_("没有这个类别，请从列表里选。"), field="kind")
    if project.planned_start and project.planned_finish and project.planned_start > project.planned_finish:
        raise Refusal(_("计划竣工早于计划开工，请核对日期。"), field="planned_finish")


@transaction.atomic
def add_project(code: str, values: Mapping[str, Any], *, actor: User) -> Project:
    """Take in a project; `values` are those of `CHANGEABLE`. Its monthly updates are expected from this month on."""
    require_manage(actor)
    if not code.strip():
        raise Refusal(_("写上项目编号。"), field="code")
    project = Project(code=code.strip()[:40], **{key: values[key] for key in CHANGEABLE if key in values})
    project.updates_from = project.updates_from or first_of(timezone.localdate())
    _check(project)
    place(project)
    try:
        with transaction.atomic():
            project.save()
    except IntegrityError:
        raise Conflict(_("已有编号 %(code)s 的项目，请换一个编号。") % {"code": code}) from None
    log(project, "project.added", actor=actor, title=project.title, total_wan=said(project.total_wan))
    return project


@transaction.atomic
def change_project(
    project: Project, values: Mapping[str, Any], *, actor: User, seen: int | None = None
) -> bool:
    """Change what is known of a project; what was there stays in its journal. False: nothing differed.

    `seen` is the version that was looked at; Conflict when it changed meanwhile.
    """
    require_manage(actor)
    now = Project.objects.select_for_update().get(pk=project.pk)
    if seen is not None and now.version != seen:
        raise Conflict(_("有人刚改过这个项目，请刷新后再改。"))
    changes: dict[str, list[str]] = {}
    for key in CHANGEABLE:
        if key in values and getattr(now, key) != values[key]:
            changes[key] = [said(getattr(now, key)), said(values[key])]
            setattr(now, key, values[key])
    if not changes:
        return False
    _check(now)
    place(now)
    now.version += 1
    now.save()
    log(now, "project.changed", actor=actor, changes=changes)
    project.refresh_from_db()
    return True


@transaction.atomic
def set_state(project: Project, state: str, *, on: dt.date, actor: User, words: str = "") -> None:
    """Say that it has begun, is in service, finished or stopped, as of a day. Stopping is the project office's."""
    require(actor, UPDATE, project)
    if state not in MOVES:
        raise Refusal(_("请选择状态。"), field="state")
    sources, column = MOVES[state]
    if state == State.STOPPED:
        require_manage(actor)
        if len(words.strip()) < 4:
            raise Refusal(_("写明为什么停建。"), field="words")
    if on > timezone.localdate():
        raise Refusal(_("日期不能晚于今天。"), field="on")
    if column != "started_on" and column and project.started_on and on < project.started_on:
        raise Refusal(_("日期早于开工日期 %(day)s，请核对。") % {"day": project.started_on}, field="on")
    values: dict[str, Any] = {"state": state}
    if column and not (column == "started_on" and project.started_on):
        values[column] = on
    won = Project.objects.filter(pk=project.pk, state__in=sources).update(**values)
    old = project.get_state_display()
    project.refresh_from_db()
    if not won:
        raise Conflict(
            _("项目现在是“%(state)s”，不能这样改。请刷新后再看。") % {"state": project.get_state_display()}
        )
    log(project, "project.state", actor=actor, old=str(old), new=state, on=str(on), words=words.strip()[:300])


@transaction.atomic
def undo_state(project: Project, *, actor: User, words: str) -> None:
    """A state was said by mistake: back to the one before, with the reason. The day that it wrote is taken back."""
    require_manage(actor)
    if len(words.strip()) < 4:
        raise Refusal(_("写明为什么撤回。"), field="words")
    now = Project.objects.select_for_update().get(pk=project.pk)
    old = now.state
    if old == State.PLANNED:
        raise Refusal(_("项目还没有开工，没有可撤回的状态。"))
    if old == State.FINISHED:
        now.finished_on, now.state = None, State.IN_SERVICE if now.in_service_on else State.STARTED
    elif old == State.IN_SERVICE:
        now.in_service_on, now.state = None, State.STARTED
    elif old == State.STOPPED:
        now.state = State.STARTED if now.started_on else State.PLANNED
    else:
        now.started_on, now.state = None, State.PLANNED
    now.save(update_fields=["state", "started_on", "in_service_on", "finished_on"])
    log(now, "project.state_undone", actor=actor, old=old, new=str(now.state), words=words.strip()[:300])
    project.refresh_from_db()


# -- lists and plans -----------------------------------------------------------------------------------------


@transaction.atomic
def put_on_list(
    project: Project, on: ProjectList, *, actor: User, day: dt.date | None = None, words: str = ""
) -> None:
    """The project is on a list from a day on; its level rises to the list's."""
    require_manage(actor)
    day = day or timezone.localdate()
    entry, new = ListEntry.objects.get_or_create(
        list=on, project=project, defaults={"entered_on": day, "words": words[:200]}
    )
    if not new:
        if entry.left_on is None:
            raise Conflict(_("它已经在「%(list)s」里了。") % {"list": on})
        ListEntry.objects.filter(pk=entry.pk).update(left_on=None, entered_on=day)
    level = getattr(project_rules().lists.get(on.kind), "level", "")
    order = [Project.Level.PROVINCIAL, Project.Level.MUNICIPAL, Project.Level.DISTRICT, Project.Level.NONE]
    if level and order.index(Project.Level(level)) < order.index(Project.Level(project.level)):
        Project.objects.filter(pk=project.pk).update(level=level)
    log(project, "project.listed", actor=actor, list=on.code, day=str(day), words=words)


@transaction.atomic
def take_off_list(project: Project, off: ProjectList, *, actor: User, words: str) -> None:
    """The project leaves a list; that it was on it stays on record."""
    require_manage(actor)
    if len(words.strip()) < 2:
        raise Refusal(_("写明为什么移出。"), field="words")
    won = ListEntry.objects.filter(list=off, project=project, left_on=None).update(
        left_on=timezone.localdate(), words=words.strip()[:200]
    )
    if not won:
        raise Conflict(_("它不在「%(list)s」里。") % {"list": off})
    log(project, "project.unlisted", actor=actor, list=off.code, words=words)


@transaction.atomic
def plan_year(
    project: Project,
    *,
    year: int,
    plan_wan: Decimal,
    actor: User,
    months: Sequence[Decimal] = (),
    words: str = "",
) -> YearPlan:
    """What is to be invested in one year (万元), month by month if said; changed with the reason on record."""
    require_manage(actor)
    if not plan_wan.is_finite() or plan_wan < 0:
        raise Refusal(_("年度计划写 0 或正数，单位万元。"), field="plan_wan")
    if months and (len(months) != 12 or sum(months) != plan_wan):
        raise Refusal(_("十二个月的计划加起来要等于年度计划。"), field="months")
    Project.objects.select_for_update().get(pk=project.pk)
    known = YearPlan.objects.filter(project=project, year=year).first()
    if known is not None and known.plan_wan != plan_wan and len(words.strip()) < 4:
        raise Refusal(_("改年度计划要写明原因。"), field="words")
    plan, _new = YearPlan.objects.update_or_create(
        project=project,
        year=year,
        defaults={"plan_wan": plan_wan, "months": [str(month) for month in months]},
    )
    log(
        project, "project.planned", actor=actor, year=year, old=said(known.plan_wan if known else None),
        new=str(plan_wan), words=words.strip()[:300],
    )  # fmt: skip
    return plan


# -- steps and permits ---------------------------------------------------------------------------------------


@transaction.atomic
def add_milestone(project: Project, *, title: str, planned_on: dt.date, actor: User) -> Milestone:
    """A step with the day that it is planned for."""
    require(actor, UPDATE, project)
    if not title.strip():
        raise Refusal(_("写上节点名称。"), field="title")
    made = Milestone.objects.create(
        project=project,
        title=title.strip()[:120],
        planned_on=planned_on,
        position=project.milestones.count() + 1,
    )
    log(project, "project.milestone_added", actor=actor, title=made.title, planned=str(planned_on))
    return made


@transaction.atomic
def reach_milestone(
    milestone: Milestone, *, on: dt.date, actor: User, words: str = "", evidence: StoredFile | None = None
) -> None:
    """The step is done, shown by words or a photo."""
    require(actor, UPDATE, milestone.project)
    if on > timezone.localdate():
        raise Refusal(_("日期不能晚于今天。"), field="on")
    if evidence is None and len(words.strip()) < 4:
        raise Refusal(_("附一张照片，或写几句完成情况。"), field="words")
    won = Milestone.objects.filter(pk=milestone.pk, done_on=None, dropped=False).update(
        done_on=on, words=words.strip()[:300], evidence=evidence, done_by=actor
    )
    if not won:
        raise Conflict(_("这个节点已经报过完成。"))
    log(
        milestone.project,
        "project.milestone_done",
        actor=actor,
        title=milestone.title,
        on=str(on),
        words=words,
    )


@transaction.atomic
def reopen_milestone(milestone: Milestone, *, actor: User, words: str) -> None:
    """It was not done after all; what had been said stays in the journal."""
    require_manage(actor)
    if len(words.strip()) < 4:
        raise Refusal(_("写明为什么撤回。"), field="words")
    was = str(milestone.done_on)
    if not Milestone.objects.filter(pk=milestone.pk, done_on__isnull=False).update(
        done_on=None, evidence=None
    ):
        raise Conflict(_("这个节点还没有报完成。"))
    log(
        milestone.project,
        "project.milestone_reopened",
        actor=actor,
        title=milestone.title,
        old=was,
        words=words,
    )


@transaction.atomic
def set_permit(
    project: Project, *, kind: str, state: str, actor: User, on: dt.date | None = None, number: str = ""
) -> Permit:
    """How far a permit is; each step keeps its own day."""
    require(actor, UPDATE, project)
    rules = project_rules()
    if kind not in rules.permits:
        raise Refusal(_("没有这项手续，请从列表里选。"), field="kind")
    if state not in Permit.State.values:
        raise Refusal(_("请选择状态。"), field="state")
    permit, _new = Permit.objects.select_for_update().get_or_create(project=project, kind=kind)
    old, day = permit.state, on or timezone.localdate()
    permit.state = state
    if state == Permit.State.APPLIED:
        permit.applied_on = day
    if state == Permit.State.GRANTED:
        permit.granted_on, permit.number = day, number.strip()[:60]
    permit.save()
    log(project, "project.permit", actor=actor, kind=kind, old=old, new=state, on=str(day), number=number)
    return permit
