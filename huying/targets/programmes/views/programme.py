"""Programmes at the desk: all of them, one as promises, task list, months or improvement; my targets."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from huying.core.pages import address
from huying.core.spreadsheets import export_xlsx
from huying.people.access import can
from huying.people.guards import requires, signed_in
from huying.people.models import Department
from huying.targets.programmes import actions
from huying.targets.programmes.display import Board, Group, Line, boards
from huying.targets.programmes.due import missing_months
from huying.targets.programmes.forms import DayForm
from huying.targets.programmes.models import Entry, Programme, Target
from huying.targets.programmes.policy import APPROVE, ENTER, VIEW, programmes_for, targets_for, waiting
from huying.targets.programmes.progress import Light, Progress, Status, plain, progress_for, rounded, together

PAGES = {
    "promises": "targets/programmes/promises.html",
    "tasks": "targets/programmes/tasks.html",
    "months": "targets/programmes/months.html",
    "improvement": "targets/programmes/improvement.html",
}


def programme_for(request: HttpRequest, code: str) -> Programme:
    """The programme; 404 for one that there is not."""
    found = programmes_for(request.user).filter(code=code).first()
    if found is None:
        raise Http404(_("没有这个计划。请从计划列表里选。"))
    return found


def asked_day(request: HttpRequest) -> tuple[DayForm, dt.date | None]:
    """The day in the address, and the form that asks for it."""
    form = DayForm(request.GET if "on" in request.GET else None, auto_id="as-of-%s")
    return form, form.cleaned_data["on"] if form.is_bound and form.is_valid() else None


@never_cache
@require_safe
@requires(VIEW)
def programmes(request: HttpRequest) -> HttpResponse:
    """Every programme with how far its promises or targets are."""
    user = signed_in(request)
    found = boards(list(programmes_for(user)))
    context = {
        "boards": found, "may_approve": can(user, APPROVE), "waiting": waiting(user), "may_enter": can(user, ENTER),
    }  # fmt: skip
    return render(request, "targets/programmes/programmes.html", context)


@never_cache
@require_safe
@requires(VIEW)
def programme(request: HttpRequest, code: str) -> HttpResponse:
    """One programme on one day: who promised what, how far it is, where the value comes from."""
    found = programme_for(request, code)
    form, on = asked_day(request)
    board = boards([found], on=on)[0]
    asked = {key: request.GET.get(key, "") for key in ("status", "light", "department")}
    groups = _narrowed(board, asked)
    if request.GET.get("export") == "xlsx":
        return _export(board, groups)
    rules = found.rules
    owners = {line.target.department.code: line.target.department for line in board.lines}
    context = {
        "programme": found, "rules": rules, "board": board, "groups": groups, "form": form, "asked": asked,
        "statuses": [(each.value, each.label) for each in Status],
        "lights": [(each.value, each.label) for each in Light],
        "owners": list(owners.values()), "export_url": address(request, export="xlsx"), "rule": rule_words(board),
        "thresholds": rules.thresholds, **_MORE.get(rules.page, _nothing)(board),
    }  # fmt: skip
    return render(request, PAGES[rules.page], context)


def rule_words(board: Board) -> list[tuple[str, str]]:
    """(status, when it is said): the rule of the programme as its page explains it."""
    thresholds = board.programme.rules.thresholds
    closing, yellow = plain(thresholds.closing * 100), plain(thresholds.yellow * 100)
    return [
        (
            str(Status.DONE.label),
            _("达到目标值的 100% 及以上，或者任务已销号；一件实事的目标都完成才算完成。"),
        ),
        (str(Status.CLOSING.label), _("没到期，达到目标值的 %(n)s%% 及以上。") % {"n": closing}),
        (str(Status.BEHIND.label), _("过了完成时限还没完成，或者低于这一天的计划进度。")),
        (str(Status.IN_PROGRESS.label), _("已经有进度，不低于计划。")),
        (str(Status.NOT_STARTED.label), _("还没有进度，也还没有落后于计划。")),
        (
            str(_("亮灯")),
            _(
                "比计划少 %(n)s%% 以内亮黄灯，更多亮红灯；没有排计划的，离时限 %(days)d 天以内亮黄灯，过期亮红灯。"
            )
            % {"n": yellow, "days": thresholds.near_days},
        ),
    ]


def _narrowed(board: Board, asked: dict[str, str]) -> list[Group]:
    groups = []
    for group in board.groups:
        lines = [
            line for line in group.lines
            if asked["department"] in ("", line.target.department.code)
            and asked["light"] in ("", line.progress.light.value)
        ]  # fmt: skip
        if group.promise is None:
            lines = [line for line in lines if asked["status"] in ("", line.progress.status.value)]
        elif asked["status"] not in ("", group.code):
            lines = []
        # A promise keeps its own status, whichever of its measures are shown.
        if lines:
            groups.append(group if len(lines) == len(group.lines) else Group(group.promise, lines))
    return groups


def _export(board: Board, groups: list[Group]) -> Any:
    """Every target of the page with its numbers, source and owner."""
    rows = [line for group in groups for line in group.lines]

    def number(get: Callable[[Progress], Any]) -> Callable[[Line], Any]:
        return lambda line: None if get(line.progress) is None else Decimal(rounded(get(line.progress), 4))

    columns: list[tuple[str, Callable[[Line], Any]]] = [
        (_("承诺"), lambda line: str(line.target.promise or "")), (_("目标"), lambda line: str(line.target)),
        (_("责任单位"), lambda line: str(line.target.department)), (_("责任领导"), lambda line: line.target.led_by),
        (_("单位"), lambda line: line.target.measured_in), (_("目标值"), number(lambda each: each.amount)),
        (_("完成"), number(lambda each: each.value)), (_("完成率"), lambda line: line.progress.percent_words),
        (_("计划进度"), number(lambda each: each.planned)), (_("超进度"), number(lambda each: each.pace)),
        (_("上年同期"), number(lambda each: each.last_year)), (_("同比"), lambda line: line.progress.change_words),
        (_("状态"), lambda line: str(line.progress.status.label)),
        (_("亮灯"), lambda line: str(line.progress.light.label)),
        (_("来源"), lambda line: line.source), (_("待审核"), lambda line: line.progress.pending),
        (_("完成时限"), lambda line: line.target.due), (_("完成标准"), lambda line: line.target.rules.done_means),
    ]  # fmt: skip
    return export_xlsx(str(board.programme), columns, rows, [(_("截至"), f"{board.on}")])


def _nothing(board: Board) -> dict[str, Any]:
    return {}


def _months(board: Board) -> dict[str, Any]:
    """Revenue month by month: value, schedule, pace, the year before, each part's share of the whole."""
    targets = [line.target for line in board.lines]
    year, last = board.programme.first_day.year, board.on
    rows = []
    for month in range(1, 13):
        day = dt.date(year, month, calendar.monthrange(year, month)[1])
        if day.replace(day=1) > last:
            break
        day = min(day, last)
        found = progress_for(targets, on=day)
        rows.append((day, [found[target.pk] for target in targets]))
    table = [{"day": day, "parts": parts, "whole": together(parts)} for day, parts in rows if parts]
    return {
        "months": table,
        "columns": targets,
        "shares": _shares(board),
        "chart": _months_chart(board, table),
    }


def _shares(board: Board) -> dict[str, Any]:
    parts = [line.progress for line in board.lines]
    whole = together(parts)
    shares = [
        f"{rounded(part.value / whole.value * 100, 2)}%" if part.value and whole.value else ""
        for part in parts
    ]
    return {"whole": whole, "parts": list(zip(board.lines, shares, strict=True))}


def _months_chart(board: Board, table: list[dict[str, Any]]) -> dict[str, Any] | None:
    if not table:
        return None
    lines: list[tuple[str, Callable[[Progress], Any]]] = [
        (_("累计完成"), lambda each: each.value), (_("时间进度"), lambda each: each.planned),
        (_("上年同期"), lambda each: each.last_year),
    ]  # fmt: skip
    return {
        "id": "months-chart", "title": _("累计收入与时间进度"), "kind": "line", "height": "small",
        "labels": [f"{row['day']:%Y-%m}" for row in table], "label_title": _("月份"), "until": f"{board.on}",
        "unit": board.lines[0].target.measured_in if board.lines else "",
        "series": [
            {"name": name, "values": [_float(get(row["whole"])) for row in table]}
            for name, get in lines
            if any(get(row["whole"]) is not None for row in table)
        ],
    }  # fmt: skip


def _float(value: Any) -> float | None:
    return None if value is None else float(rounded(value, 2))


def _improvement(board: Board) -> dict[str, Any]:
    low = [line for line in board.lines if line.target.rules.lower_is_better]
    return {"low": low, "quantities": [line for line in board.lines if line not in low]}


_MORE: dict[str, Callable[[Board], dict[str, Any]]] = {"months": _months, "improvement": _improvement}


@never_cache
@require_safe
@requires(VIEW)
def mine(request: HttpRequest) -> HttpResponse:
    """The reader's own targets: what is late to be entered, what came back, what is due next."""
    user = signed_in(request)
    today = timezone.localdate()
    targets = [
        each for each in actions.mine_of(user) if each.programme.last_day >= today.replace(month=1, day=1)
    ]
    past = not targets
    if past:
        # Nothing runs: the last programme that there was is better than an empty page.
        targets = _latest(actions.mine_of(user))
    progress = progress_for(targets, on=today)
    missing = missing_months(targets, today)
    returned = Entry.objects.filter(entered_by=user, status__in=["returned", "draft"]).select_related(
        "target"
    )
    lines = [Line(each, progress[each.pk]) for each in targets]
    rows = [
        {"line": line, "missing": missing.get(line.target.pk, []), "may_enter": not line.target.figure}
        for line in sorted(lines, key=lambda line: (line.progress.status == Status.DONE, line.target.due))
    ]
    context = {
        "rows": rows, "returned": returned[:20], "late": sum(bool(row["missing"]) for row in rows), "today": today,
        "past": past, "department": Department.objects.filter(pk=user.department_id or 0).first(),
    }  # fmt: skip
    return render(request, "targets/programmes/mine.html", context)


def _latest(targets: list[Target]) -> list[Target]:
    last = max((each.programme.last_day for each in targets), default=None)
    return [each for each in targets if each.programme.last_day == last]


def target_for(request: HttpRequest, programme: str, code: str) -> Target:
    """The target; 404 for one that the reader may not see."""
    rows = targets_for(request.user, VIEW).select_related(
        "programme", "promise", "department", "leader", "closed_by"
    )
    found = rows.filter(code=f"{programme}/{code}").first()
    if found is None:
        raise Http404(_("没有这个目标。请从计划里选。"))
    return found
