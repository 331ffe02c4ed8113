"""One project: its numbers, curve, steps, permits, months, visits, problems; and everything one does to it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from huying.cases.policy import cases_for
from huying.core.errors import NotAllowed, Refusal
from huying.core.files import store_photo
from huying.core.models import StoredFile
from huying.core.photo_links import draft_photos, draft_token, photo_url
from huying.core.templatetags.parts import badge
from huying.core.toasts import toast
from huying.people.guards import requires, signed_in
from huying.people.models import User
from huying.targets.projects import forms as asked
from huying.targets.projects.actions import contact, problems, projects, updates
from huying.targets.projects.gantt import bars_of
from huying.targets.projects.lookups import (
    PERMIT_LOOKS,
    UPDATE_LOOKS,
    asked_year,
    level_title,
    list_choices,
    state_badge,
    step_badge,
)
from huying.targets.projects.models import (
    Milestone,
    MonthlyUpdate,
    Permit,
    Project,
    ProjectList,
)
from huying.targets.projects.models.project import project_rules
from huying.targets.projects.months import due_at_of, month_in_hand, owing, parse_month, plus
from huying.targets.projects.policy import (
    MANAGE,
    UPDATE,
    VIEW,
    meetings_for,
    projects_for,
    require,
    require_manage,
)
from huying.targets.projects.rates import curve, percent, rate_of, share, wan, years_known
from huying.targets.projects.story import story
from huying.targets.projects.views.lists import open_url

MOST_PHOTOS = 9


def project_for(request: HttpRequest, code: str, verb: str = VIEW) -> Project:
    """The project; 404 for one that the reader may not see."""
    rows = projects_for(request.user).select_related(
        "owner", "street", "leader", "officer", "area", "subdistrict"
    )
    found = rows.defer("area__boundary", "subdistrict__boundary").filter(code=code).first()
    if found is None:
        raise Http404(_("没有这个项目，或者它不由您的单位负责。请核对编号。"))
    if verb != VIEW:
        require(request.user, verb, found)
    return found


def chart_of(rows: Any, year: int, title: str = "") -> dict[str, Any]:
    """Planned and done, each summed up from January on; months that have not come are left open."""
    found = curve(rows, year)
    today = timezone.localdate()
    months = 12 if year < today.year else today.month if year == today.year else 0
    done = [float(value) for value in found["done"][:months]] + [None] * (12 - months)
    urls = [
        open_url("project-updates", **{"from": f"{year}-01", "to": f"{year}-{month:02}", "state": "accepted"})
        for month in range(1, 13)
    ]
    return {
        "id": f"curve-{year}",
        "title": title or _("%(year)d 年投资：计划和完成（累计）") % {"year": year},
        "kind": "line",
        "labels": [f"{year}-{month:02}" for month in range(1, 13)],
        "label_title": _("月份"),
        "unit": _("万元"),
        "series": [
            {"name": _("计划"), "values": [round(float(value), 2) for value in found["planned"]]},
            {"name": _("完成"), "values": done, "urls": urls},
        ],
        "until": f"{timezone.localtime():%Y-%m-%d %H:%M}",
        "height": "small",
    }


def shots(rows: Any) -> list[dict[str, str]]:
    """Photos as the timeline shows them."""
    return [
        {"thumb": photo_url(row.file, small=True), "url": photo_url(row.file), "alt": _("现场照片")}
        for row in rows
    ]


@never_cache
@require_safe
@requires(VIEW)
def show(request: HttpRequest, code: str) -> HttpResponse:
    """The page of a project."""
    user, found = signed_in(request), project_for(request, code)
    years = sorted(
        {plan.year for plan in found.plans.all()}
        | set(found.updates.values_list("month__year", flat=True).distinct()), reverse=True,
    )  # fmt: skip
    year = asked_year(request.GET.get("year", ""), years or years_known())
    mine = Project.objects.filter(pk=found.pk)
    rate = rate_of(mine, year=year)
    all_done = sum(
        (one.done_wan for one in found.updates.filter(state=MonthlyUpdate.State.ACCEPTED)), start=Decimal(0)
    )
    month = month_in_hand()
    owes = (
        owing(mine, month).exists()
        and not found.updates.filter(month=month, state=MonthlyUpdate.State.ACCEPTED).exists()
    )  # fmt: skip
    may_update = projects_for(user, UPDATE).filter(pk=found.pk).exists()
    chart = chart_of(mine, year)
    for line in chart["series"]:
        line["urls"] = [f"{found.get_absolute_url()}#update-{label}" for label in chart["labels"]]
    context = {
        "project": found,
        "badge": state_badge(found),
        "level": level_title(found.level),
        "rate": rate,
        "kind": project_rules().kinds.get(found.kind, found.kind),
        "total": wan(found.total_wan),
        "year": year,
        "years": years,
        "all_done": wan(all_done),
        "all_rate": percent(share(all_done, found.total_wan)),
        "chart": chart,
        "lists": _lists(found),
        "milestones": _milestones(found),
        "permits": _permits(found),
        "updates": _updates(found),
        "visits": _visits(found),
        "problems": _problem_rows(user, found),
        "sessions": found.sessions.select_related("officer")[:20],
        "meetings": meetings_for(user).filter(projects=found)[:20],
        "decisions": [
            (one, step_badge(one.light))
            for one in found.decisions.select_related("meeting", "department")[:20]
        ],
        "grants": found.grants.select_related("area")[:20],
        "works": _works(found),
        "story": story(found),
        "gantt": bars_of([found]),
        "may_update": may_update,
        "may_manage": user.can(MANAGE),
        "may_visit": contact.may_record_visit(user, found),
        "owes": f"{month:%Y-%m}" if owes else "",
        "due_at": due_at_of(month),
        "overdue": timezone.now() > due_at_of(month),
        "map": {
            "id": "project-map",
            "lng": found.lng,
            "lat": found.lat,
            "marker_title": str(found),
            "height": "small",
        }
        if found.lng is not None
        else None,
    }
    return render(request, "targets/projects/project.html", context)


def _lists(found: Project) -> list[dict[str, Any]]:
    entries = found.entries.select_related("list").order_by("list__year", "entered_on")
    return [{"entry": entry, "list": entry.list, "url": entry.list.get_absolute_url()} for entry in entries]


def _milestones(found: Project) -> list[dict[str, Any]]:
    return [
        {"row": row, "badge": step_badge(row.light), "photo": photo_url(row.evidence) if row.evidence else ""}
        for row in found.milestones.filter(dropped=False).select_related("evidence", "done_by")
    ]


def _permits(found: Project) -> list[dict[str, Any]]:
    there = {permit.kind: permit for permit in found.permits.all()}
    rows = []
    for code, word in project_rules().permits.items():
        permit = there.get(code) or Permit(kind=code)
        look = PERMIT_LOOKS[Permit.State(permit.state)]
        rows.append({"title": str(word), "permit": permit, "badge": badge(permit.get_state_display(), *look)})
    return rows


def _updates(found: Project) -> list[dict[str, Any]]:
    rows = found.updates.select_related("submitted_by", "decided_by").prefetch_related("photos__file")
    months: dict[dt.date, dict[str, Any]] = {}
    for row in rows:
        month = months.setdefault(row.month, {"month": f"{row.month:%Y-%m}", "now": None, "others": []})
        looks = UPDATE_LOOKS[MonthlyUpdate.State(row.state)]
        said = {
            "row": row,
            "badge": badge(row.get_state_display(), *looks),
            "photos": shots(row.photos.all()),
        }
        if row.state == MonthlyUpdate.State.ACCEPTED:
            month["now"] = said
        else:
            month["others"].append(said)
    return list(months.values())


def _visits(found: Project) -> list[dict[str, Any]]:
    rows = found.visits.select_related("leader", "recorded_by").prefetch_related("photos__file")[:30]
    return [{"row": row, "photos": shots(row.photos.all())} for row in rows]


def _problem_rows(user: User, found: Project) -> list[dict[str, Any]]:
    rows = list(found.problems.select_related("case"))
    open_to = set(cases_for(user).filter(pk__in=[row.case_id for row in rows]).values_list("pk", flat=True))
    return [
        {"row": row, "case": row.case,
         "url": reverse("desk:case", args=[row.case.number]) if row.case_id in open_to else ""}
        for row in rows
    ]  # fmt: skip


def _works(found: Project) -> list[dict[str, Any]]:
    words = project_rules().works
    rows = found.works.filter(struck_at=None).select_related("area")
    return [
        {"row": row, "title": str(words.get(row.kind) or row.kind)}
        for row in rows.defer("area__boundary")[:30]
    ]


# -- what one does to it -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Verb:
    """One thing that is done to a project: its form, and the call that does it."""

    title: Promise
    submit: Promise
    needs: str
    form: Callable[..., forms.Form]
    call: Callable[[Project, dict[str, Any], User], Any]
    said: Promise
    photos: bool = False


def kept_photos(request: HttpRequest, form: forms.Form) -> list[StoredFile]:
    """Photos of this form: those kept from an earlier try, and the new ones, which are kept at once."""
    found = draft_photos(request.POST.getlist("kept"))
    try:
        uploads = request.FILES.getlist("photos")
        if len(found) + len(uploads) > MOST_PHOTOS:
            raise Refusal(_("一次最多 %(most)d 张。") % {"most": MOST_PHOTOS})
        found += [store_photo(upload, by=request.user) for upload in uploads]
    except Refusal as refusal:
        form.add_error(None, str(refusal))
    return found


def kept_tokens(photos: list[StoredFile]) -> list[dict[str, str]]:
    """The photos as `parts/photo_input.html` shows them again."""
    tokens = [(draft_token(photo), photo) for photo in photos]
    return [{"token": token, "url": photo_url(photo, small=True, draft=token)} for token, photo in tokens]


def refuse(form: forms.BaseForm, refusal: Refusal) -> None:
    """Show a refusal beside the field that it is about, or on top."""
    form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))


def _state_form(project: Project, *args: Any, **kwargs: Any) -> forms.Form:
    form = asked.StateForm(*args, **kwargs)
    open_to = [state for state, (sources, _c) in projects.MOVES.items() if project.state in sources]
    labels = dict(Project.State.choices)
    form.fields["state"].choices = [(state, labels[state]) for state in open_to]  # type: ignore[attr-defined]
    form.initial.setdefault("on", timezone.localdate())
    return form


def _list_form(project: Project, *args: Any, **kwargs: Any) -> forms.Form:
    form = asked.ListForm(*args, **kwargs)
    form.fields["list"].choices = list_choices()  # type: ignore[attr-defined]
    return form


def _problem_form(project: Project, *args: Any, **kwargs: Any) -> forms.Form:
    form = asked.ProblemForm(*args, **kwargs)
    ledger = problems.problem_ledger()
    rows = ledger.categories.filter(active=True) if ledger else []
    form.fields["category"].choices = [(row.code, str(row)) for row in rows]  # type: ignore[attr-defined]
    return form


def _today_form(form: type[forms.Form], *fields: str) -> Callable[..., forms.Form]:
    def make(project: Project, *args: Any, **kwargs: Any) -> forms.Form:
        made = form(*args, **kwargs)
        for name in fields:
            made.initial.setdefault(name, timezone.localdate())
        if "leader" in made.fields and project.leader_id:
            made.initial.setdefault("leader", project.leader_id)
        if "client_id" in made.fields:
            made.initial.setdefault("client_id", uuid.uuid4())
        if "year" in made.fields:
            made.initial.setdefault("year", timezone.localdate().year)
        return made

    return make


def _put(project: Project, said: dict[str, Any], actor: User) -> None:
    row = ProjectList.objects.get(code=said["list"])
    projects.put_on_list(project, row, actor=actor, day=said["day"], words=said["words"])


def _off(project: Project, said: dict[str, Any], actor: User) -> None:
    projects.take_off_list(
        project, ProjectList.objects.get(code=said["list"]), actor=actor, words=said["words"]
    )


def _visit(project: Project, said: dict[str, Any], actor: User) -> None:
    contact.record_visit(
        project, leader=said["leader"], visited_on=said["visited_on"], actor=actor, words=said["words"],
        photos=said["photos"], lng=said["photo_lng"], lat=said["photo_lat"], client_id=said["client_id"],
    )  # fmt: skip


def _problem(project: Project, said: dict[str, Any], actor: User) -> None:
    ledger = problems.problem_ledger()
    category = ledger.categories.filter(code=said["category"]).first() if ledger else None
    problems.raise_problem(project, words=said["words"], category=category, actor=actor)


VERBS: Mapping[str, Verb] = {
    "state": Verb(
        gettext_lazy("改状态"),
        gettext_lazy("记下"),
        UPDATE,
        _state_form,
        lambda project, said, actor: projects.set_state(
            project, said["state"], on=said["on"], actor=actor, words=said["words"]
        ),
        gettext_lazy("状态已改。"),
    ),
    "undo": Verb(
        gettext_lazy("撤回状态"),
        gettext_lazy("撤回"),
        MANAGE,
        lambda project, *a, **k: asked.UndoForm(*a, **k),
        lambda project, said, actor: projects.undo_state(project, actor=actor, words=said["words"]),
        gettext_lazy("已撤回。"),
    ),
    "list": Verb(
        gettext_lazy("列入名单"), gettext_lazy("列入"), MANAGE, _list_form, _put, gettext_lazy("已列入名单。")
    ),
    "unlist": Verb(
        gettext_lazy("移出名单"), gettext_lazy("移出"), MANAGE, _list_form, _off, gettext_lazy("已移出名单。")
    ),
    "plan": Verb(
        gettext_lazy("年度计划"),
        gettext_lazy("保存"),
        MANAGE,
        _today_form(asked.PlanForm),
        lambda project, said, actor: projects.plan_year(
            project, year=said["year"], plan_wan=said["plan_wan"], actor=actor, words=said["words"]
        ),
        gettext_lazy("年度计划已定。"),
    ),
    "milestone": Verb(
        gettext_lazy("增加节点"),
        gettext_lazy("增加"),
        UPDATE,
        lambda project, *a, **k: asked.MilestoneForm(*a, **k),
        lambda project, said, actor: projects.add_milestone(project, actor=actor, **said),
        gettext_lazy("节点已加。"),
    ),
    "permit": Verb(
        gettext_lazy("手续进展"),
        gettext_lazy("记下"),
        UPDATE,
        _today_form(asked.PermitForm, "on"),
        lambda project, said, actor: projects.set_permit(project, actor=actor, **said),
        gettext_lazy("手续已记。"),
    ),
    "visit": Verb(
        gettext_lazy("记一次到现场"),
        gettext_lazy("记下"),
        VIEW,
        _today_form(asked.VisitForm, "visited_on"),
        _visit,
        gettext_lazy("已记到现场。"),
        photos=True,
    ),
    "session": Verb(
        gettext_lazy("记一次对接"),
        gettext_lazy("记下"),
        UPDATE,
        _today_form(asked.SessionForm, "held_on"),
        lambda project, said, actor: contact.record_session(project=project, actor=actor, **said),
        gettext_lazy("已记对接。"),
    ),
    "problem": Verb(
        gettext_lazy("提出问题"),
        gettext_lazy("立案"),
        UPDATE,
        _problem_form,
        _problem,
        gettext_lazy("已立案，首席服务员跟着办。"),
    ),
}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires(VIEW)
def do(request: HttpRequest, code: str, verb: str) -> HttpResponse:
    """One of the verbs: its form, and doing it."""
    if verb not in VERBS:
        raise Http404(_("没有这个操作。"))
    rule = VERBS[verb]
    user, found = signed_in(request), project_for(request, code, rule.needs)
    if rule.needs == MANAGE:
        require_manage(user)
    sent = request.method == "POST"
    form = rule.form(found, request.POST, request.FILES) if sent else rule.form(found)
    photos = kept_photos(request, form) if sent and rule.photos else []
    status = 422 if sent else 200
    if sent and form.is_valid():
        said = {**form.cleaned_data, **({"photos": photos} if rule.photos else {})}
        try:
            rule.call(found, said, user)
        except NotAllowed:
            raise
        except Refusal as refusal:
            refuse(form, refusal)
            status = refusal.status
        else:
            toast(request, str(rule.said))
            return HttpResponseRedirect(found.get_absolute_url())
    context = {
        "project": found,
        "form": form,
        "title": rule.title,
        "submit": rule.submit,
        "photos": rule.photos,
        "kept": kept_tokens(photos),
        "cancel_url": found.get_absolute_url(),
        "crumbs": [(_("重点项目"), reverse("targets:projects")), (str(found), found.get_absolute_url())],
    }
    return render(request, "targets/projects/form.html", context, status=status)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires(MANAGE)
def add(request: HttpRequest) -> HttpResponse:
    """Take in a project."""
    return _edit(request, None)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires(MANAGE)
def edit(request: HttpRequest, code: str) -> HttpResponse:
    """Change what is known of a project."""
    return _edit(request, project_for(request, code, MANAGE))


def _edit(request: HttpRequest, found: Project | None) -> HttpResponse:
    user = signed_in(request)
    # The form fills in an instance of its own: the one on record changes by the action alone.
    instance = Project.objects.filter(pk=found.pk).first() if found else None
    form = asked.ProjectForm(request.POST or None, instance=instance)
    status = 422 if request.method == "POST" else 200
    if request.method == "POST" and form.is_valid():
        try:
            if found is None:
                found_now = projects.add_project(form.cleaned_data["code"], form.values(), actor=user)
                changed = True
            else:
                changed = projects.change_project(
                    found, form.values(), actor=user, seen=form.cleaned_data["seen"]
                )
                found_now = found
        except NotAllowed:
            raise
        except Refusal as refusal:
            refuse(form, refusal)
            status = refusal.status
        else:
            toast(request, _("已保存。") if changed else _("没有改动。"))
            return HttpResponseRedirect(found_now.get_absolute_url())
    context = {
        "project": found, "form": form, "title": _("修改项目") if found else _("新增项目"), "submit": _("保存"),
        "cancel_url": found.get_absolute_url() if found else reverse("targets:projects"), "photos": False,
        "crumbs": [(_("重点项目"), reverse("targets:projects"))],
        "map": {"id": "project-picker", "picker": True, "label": _("在地图上选位置"),
                "lng": found.lng if found else None, "lat": found.lat if found else None},
    }  # fmt: skip
    return render(request, "targets/projects/form.html", context, status=status)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires(UPDATE)
def milestone(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """A step is done, or was not after all."""
    user, found = signed_in(request), project_for(request, code, UPDATE)
    row = found.milestones.filter(pk=pk, dropped=False).first()
    if row is None:
        raise Http404(_("没有这个节点。"))
    undo = row.done_on is not None
    form: forms.Form = (
        asked.UndoForm(request.POST or None) if undo
        else asked.ReachForm(request.POST or None, request.FILES or None, initial={"on": timezone.localdate()})
    )  # fmt: skip
    status = 422 if request.method == "POST" else 200
    if request.method == "POST" and form.is_valid():
        try:
            _milestone(row, form.cleaned_data, user, undo=undo)
        except NotAllowed:
            raise
        except Refusal as refusal:
            refuse(form, refusal)
            status = refusal.status
        else:
            toast(request, _("节点已记。"))
            return HttpResponseRedirect(found.get_absolute_url())
    context = {
        "project": found, "form": form, "title": f"{_('撤回节点') if undo else _('节点完成')}：{row}",
        "submit": _("撤回") if undo else _("记下"), "cancel_url": found.get_absolute_url(), "photos": False,
        "crumbs": [(_("重点项目"), reverse("targets:projects")), (str(found), found.get_absolute_url())],
    }  # fmt: skip
    return render(request, "targets/projects/form.html", context, status=status)


def _milestone(row: Milestone, said: dict[str, Any], user: User, *, undo: bool) -> None:
    if undo:
        projects.reopen_milestone(row, actor=user, words=said["words"])
        return
    upload = said.pop("evidence", None)
    evidence = store_photo(upload, by=user) if upload else None
    projects.reach_milestone(row, actor=user, evidence=evidence, **said)


@require_POST
@requires(VIEW)
def strike(request: HttpRequest, code: str, what: str, pk: int) -> HttpResponse:
    """A visit or a session was recorded by mistake."""
    user, found = signed_in(request), project_for(request, code)
    words = request.POST.get("words", "")
    rows: dict[str, Any] = {"visit": found.visits, "session": found.sessions}
    one = rows[what].filter(pk=pk).first() if what in rows else None
    if one is None:
        raise Http404(_("没有这条记录。"))
    try:
        if what == "visit":
            contact.strike_visit(one, actor=user, words=words)
        else:
            contact.strike_session(one, actor=user, words=words)
    except NotAllowed:
        raise
    except Refusal as refusal:
        toast(request, str(refusal), level=messages.ERROR)
    else:
        toast(request, _("已撤销。"))
    return HttpResponseRedirect(found.get_absolute_url())


# -- the month -----------------------------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires(UPDATE)
def update(request: HttpRequest, code: str) -> HttpResponse:
    """The update of a month, with the month before beside it."""
    user, found = signed_in(request), project_for(request, code, UPDATE)
    asked_month = parse_month(request.GET.get("month", "")) or _open_month(found)
    initial = {"month": f"{asked_month:%Y-%m}", "client_id": uuid.uuid4()}
    form = asked.UpdateForm(found, request.POST or None, initial=initial)
    photos = kept_photos(request, form) if request.method == "POST" else []
    status = 422 if request.method == "POST" else 200
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        month = parse_month(said["month"])
        try:
            made = updates.submit_update(
                found, month=month or asked_month, done_wan=said["done_wan"], words=said["words"],
                problems=said["problems"], photos=photos, actor=user, client_id=said["client_id"],
            )  # fmt: skip
        except NotAllowed:
            raise
        except Refusal as refusal:
            refuse(form, refusal)
            status = refusal.status
        else:
            toast(request, _("%(month)s 的月报已报。") % {"month": said["month"]})
            if said["open_case"] and said["problems"].strip():
                _open_case(request, found, made, user)
            return HttpResponseRedirect(found.get_absolute_url())
    before = found.updates.filter(state=MonthlyUpdate.State.ACCEPTED, month__lt=asked_month).first()
    context = {
        "project": found,
        "form": form,
        "before": before,
        "due_at": due_at_of(asked_month),
        "month": f"{asked_month:%Y-%m}",
        "late": timezone.now() > due_at_of(asked_month),
        "kept": kept_tokens(photos),
        "sofar": rate_of(Project.objects.filter(pk=found.pk), year=asked_month.year),
        "year": asked_month.year,
        "draft": f"project-update-{found.code}-{asked_month:%Y-%m}",
    }
    return render(request, "targets/projects/update.html", context, status=status)


def _open_month(found: Project) -> dt.date:
    """The month that is asked for: the one that ended last, or when it has been told, the one under way."""
    month = month_in_hand()
    return plus(month, 1) if found.updates.filter(month=month, version=1).exists() else month


def _open_case(request: HttpRequest, found: Project, made: MonthlyUpdate, user: User) -> None:
    try:
        problem = problems.raise_problem(found, words=made.problems, update=made, actor=user)
    except Refusal as refusal:
        toast(request, str(refusal), level=messages.ERROR)
    else:
        toast(request, _("问题已立案：%(number)s。") % {"number": problem.case.number})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires(UPDATE)
def correct(request: HttpRequest, code: str, month: str) -> HttpResponse:
    """Correct a month: another version; after the deadline the project office decides."""
    user, found = signed_in(request), project_for(request, code, UPDATE)
    day = parse_month(month)
    row = found.updates.filter(month=day, state=MonthlyUpdate.State.ACCEPTED).first() if day else None
    if row is None:
        raise Http404(_("这个月还没有月报。"))
    initial = {"done_wan": row.done_wan, "words": row.words, "problems": row.problems}
    form = asked.CorrectionForm(request.POST or None, initial=initial)
    photos = kept_photos(request, form) if request.method == "POST" else []
    status = 422 if request.method == "POST" else 200
    if request.method == "POST" and form.is_valid():
        try:
            made = updates.correct_update(row, actor=user, photos=photos, **form.cleaned_data)
        except NotAllowed:
            raise
        except Refusal as refusal:
            refuse(form, refusal)
            status = refusal.status
        else:
            waits = made.state == MonthlyUpdate.State.PROPOSED
            toast(request, _("已交项目办审核。") if waits else _("已更正。"))
            return HttpResponseRedirect(found.get_absolute_url())
    lead = "" if timezone.now() < row.due_at else _("填报期限已过：更正要由项目办审核后生效。")
    context = {
        "project": found, "form": form, "title": _("更正 %(month)s 的月报") % {"month": month}, "submit": _("更正"),
        "lead": lead, "cancel_url": found.get_absolute_url(), "photos": True, "kept": kept_tokens(photos),
        "crumbs": [(_("重点项目"), reverse("targets:projects")), (str(found), found.get_absolute_url())],
    }  # fmt: skip
    return render(request, "targets/projects/form.html", context, status=status)


@require_POST
@requires(MANAGE)
def judge(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """The project office takes a correction, or leaves what was there."""
    user, found = signed_in(request), project_for(request, code, MANAGE)
    row = found.updates.filter(pk=pk).first()
    if row is None:
        raise Http404(_("没有这份更正。"))
    accept = request.POST.get("accept") == "yes"
    try:
        updates.decide_correction(row, accept=accept, actor=user, words=request.POST.get("words", ""))
    except NotAllowed:
        raise
    except Refusal as refusal:
        toast(request, str(refusal), level=messages.ERROR)
    else:
        toast(request, _("已采用更正。") if accept else _("没有采用，原来的月报有效。"))
    return HttpResponseRedirect(found.get_absolute_url())
