"""Planning on the desk: the rosters with what is missing, the week of one, its log, and the shifts behind a number."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from huying.core.errors import NotAllowed, Refusal
from huying.core.pages import Column, Filter, ListPage
from huying.core.templatetags.parts import badge
from huying.core.toasts import toast
from huying.people.guards import VerbRequired, reader, requires
from huying.people.models import Handover, Roster, Shift, Turn, User
from huying.people.rosters import figures, planning, sheets
from huying.people.rosters.policy import PLAN, VIEW, may_plan, rosters_for, shifts_for
from huying.people.rosters.rules import rules_of

LOG_DAYS = 7
RATE_DAYS = 30
MOST_LOG_DAYS = 92
MOST_BYTES = 5 * 1024 * 1024
WEEK = dt.timedelta(days=7)
SHOWN_UNFILLED = 30


def roster_for(request: HttpRequest, code: str, verb: str = VIEW) -> Roster:
    """The roster where it is the reader's; 404 otherwise."""
    rows = (
        rosters_for(reader(request), verb)
        .select_related("department__parent", "area")
        .defer("area__boundary")
    )
    return get_object_or_404(rows, code=code)


# -- all rosters ----------------------------------------------------------------------------------------------


@require_safe
@requires(VIEW)
def rosters(request: HttpRequest) -> HttpResponse:
    """Every roster of the reader: what the next seven days lack, what waits, and whether the posts were filled."""
    mine = list(
        rosters_for(reader(request))
        .filter(active=True)
        .select_related("department", "area")
        .defer("area__boundary")
    )
    lacking = planning.unfilled(mine)
    today = timezone.localdate()
    since = today - dt.timedelta(days=RATE_DAYS)
    recent = Shift.objects.filter(roster__in=mine, on__range=(since, today))
    by_roster = figures.filled_by_roster(recent)
    waiting = _waiting(mine)
    running = figures.due(
        Shift.objects.filter(roster__in=mine, ends_at__gt=timezone.now(), state=Shift.State.MISSED)
    )
    whole = figures.filled(recent)
    period = f"from={since}&to={today}"
    rows = [
        {
            "roster": roster,
            "unfilled": sum(slot.roster.pk == roster.pk for slot in lacking),
            "figure": by_roster.get(roster.pk),
            "percent": percent(by_roster.get(roster.pk)),
            "waiting": sum(one.shift.roster_id == roster.pk for one in waiting),
            "shifts_url": f"{reverse('people:all-shifts')}?roster={roster.code}&{period}",
        }
        for roster in mine
    ]
    all_shifts = f"{reverse('people:all-shifts')}?{period}"
    tiles = [
        {
            "title": _("今后 7 天缺人的班"), "value": len(lacking), "unit": _("个班"), "url": "#unfilled",
            "colour": "red" if lacking else "",
        },
        {
            "title": _("正在空岗"), "value": running.count(), "unit": _("个班"),
            "url": f"{reverse('people:all-shifts')}?now=1",
            "colour": "red" if running else "",
        },
        {
            "title": _("未接班"), "value": len(waiting), "unit": _("次"), "url": "#waiting",
            "colour": "yellow" if waiting else "",
        },
        {
            "title": _("到岗率（近 %d 天）") % RATE_DAYS, "value": percent(whole) or "—",
            "note": _("应到 %(due)d 个班，按时到齐 %(full)d 个") % {"due": whole.due, "full": whole.by["full"]},
            "url": all_shifts,
        },
        {
            "title": _("其中空岗"), "value": whole.by["empty"], "unit": _("个班"), "url": f"{all_shifts}&outcome=empty",
            "colour": "red" if whole.by["empty"] else "",
        },
    ]  # fmt: skip
    return render(
        request,
        "people/rosters/rosters.html",
        {
            "rows": rows, "tiles": tiles, "unfilled": lacking[:SHOWN_UNFILLED], "more": len(lacking) - SHOWN_UNFILLED,
            "waiting": waiting,
        },
    )  # fmt: skip


def percent(figure: figures.Filled | None) -> str:
    """98.4%, or nothing where no shift was due."""
    return "" if figure is None or figure.rate is None else f"{figure.rate:.1%}"


def _waiting(mine: list[Roster]) -> list[Handover]:
    return list(
        Handover.objects.filter(shift__roster__in=mine, state=Handover.State.WAITING)
        .select_related("shift__roster", "to", "by")
        .order_by("at")
    )


def attention(user: Any) -> int:
    """For the navigation: hand-overs that nobody has accepted, and posts that are empty at this moment."""
    mine, now = rosters_for(user).values("pk"), timezone.now()
    waiting = Handover.objects.filter(state=Handover.State.WAITING, shift__roster__in=mine)
    empty = Shift.objects.filter(
        roster__in=mine, state=Shift.State.MISSED, starts_at__lte=now, ends_at__gt=now
    )
    # One question: it is asked by every page of the desk.
    return waiting.values("pk").union(empty.values("pk"), all=True).count()


# -- the week -------------------------------------------------------------------------------------------------


def monday_of(text: str) -> dt.date:
    """The Monday of the day or ISO week that the address names; of this week otherwise."""
    today = timezone.localdate()
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        day = today
    if not today - 520 * WEEK < day < today + 104 * WEEK:
        day = today
    return day - dt.timedelta(days=day.weekday())


@require_safe
@requires(VIEW)
def week(request: HttpRequest, code: str) -> HttpResponse:
    """Days by shifts with the people on them; `?export=xlsx` gives the table that can be filled in and imported."""
    roster = roster_for(request, code)
    monday = monday_of(request.GET.get("week", ""))
    slots = planning.slots_of([roster], monday, monday + dt.timedelta(days=6))
    if request.GET.get("export") == "xlsx":
        return cast(HttpResponse, sheets.export_plan(roster, slots))
    return render(request, "people/rosters/week.html", _week_context(request, roster, monday, slots))


def _week_context(
    request: HttpRequest, roster: Roster, monday: dt.date, slots: list[planning.Slot], **more: Any
) -> dict[str, Any]:
    plans = may_plan(reader(request), roster)
    today, rules = timezone.localdate(), rules_of(roster)
    chosen = request.GET.get("slot", "") if plans else ""
    swapping = _turn_in(slots, request.GET.get("swap", "")) if plans else None
    days = [
        {
            "day": (day := monday + dt.timedelta(days=number)),
            "today": day == today,
            "off": not rules.runs_on(day),
            "slots": [
                {
                    "slot": slot,
                    "key": f"{slot.day}.{slot.rule.code}",
                    "open": chosen == f"{slot.day}.{slot.rule.code}" and not slot.over,
                    "outcome": figures.OUTCOMES.get(figures.outcome_of(slot.shift)) if slot.shift else None,
                }
                for slot in slots
                if slot.day == day
            ],
        }
        for number in range(7)
    ]
    load: dict[int, int] = {}
    for slot in slots:
        for turn in slot.turns:
            load[turn.user_id] = load.get(turn.user_id, 0) + 1
    people = [(user, load.get(user.pk, 0)) for user in planning.eligible(roster)] if plans else []
    lacking = sum(slot.unfilled for slot in slots)
    return {
        "roster": roster, "rules": rules, "days": days, "monday": monday, "sunday": monday + dt.timedelta(days=6),
        "before": monday - WEEK, "after": monday + WEEK, "this_week": monday_of(""), "plans": plans,
        "people": people, "idle": [user for user, shifts in people if not shifts], "lacking": lacking,
        "lacking_words": ngettext("还有 %d 个班缺人", "还有 %d 个班缺人", lacking) % lacking,
        "swapping": swapping, **more,
    }  # fmt: skip


def _turn_in(slots: list[planning.Slot], key: str) -> Turn | None:
    return next((turn for slot in slots for turn in slot.turns if str(turn.pk) == key), None)


def _back(roster: Roster, day: dt.date) -> str:
    monday = day - dt.timedelta(days=day.weekday())
    return f"{reverse('people:roster', args=[roster.code])}?week={monday}#day-{day}"


def _say(request: HttpRequest, done: str, warnings: list[str] | tuple[str, ...] = ()) -> None:
    toast(request, done)
    for warning in list(dict.fromkeys(warnings))[:5]:
        toast(request, warning, level=messages.WARNING)


def _refused(request: HttpRequest, roster: Roster, day: dt.date, refusal: Refusal) -> HttpResponse:
    """The same week with the sentence on top: what was chosen stays open."""
    if isinstance(refusal, NotAllowed):
        raise refusal
    monday = day - dt.timedelta(days=day.weekday())
    slots = planning.slots_of([roster], monday, monday + dt.timedelta(days=6))
    context = _week_context(request, roster, monday, slots, error=str(refusal))
    return render(request, "people/rosters/week.html", context, status=refusal.status)


class AssignForm(forms.Form):
    """Who, on which day and shift."""

    day = forms.DateField()
    shift = forms.CharField(max_length=20)
    user = forms.ModelChoiceField(
        User.objects.filter(is_active=True), error_messages={"required": gettext_lazy("请选一个人。")}
    )


@require_POST
@requires(PLAN)
def assign(request: HttpRequest, code: str) -> HttpResponse:
    """Put somebody on a shift."""
    roster = roster_for(request, code, PLAN)
    form = AssignForm(request.POST)
    if not form.is_valid():
        day = form.cleaned_data.get("day") or timezone.localdate()
        return _refused(request, roster, day, Refusal(_("请选好日期、班次和人再排。")))
    data = form.cleaned_data
    try:
        done = planning.assign(roster, data["day"], data["shift"], data["user"], actor=reader(request))
    except Refusal as refusal:
        return _refused(request, roster, data["day"], refusal)
    _say(request, _("已排：%s。") % data["user"], done.warnings)
    return HttpResponseRedirect(_back(roster, data["day"]))


@require_POST
@requires(PLAN)
def take_off(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Take somebody off a shift."""
    roster = roster_for(request, code, PLAN)
    turn = get_object_or_404(
        Turn.objects.select_related("shift__roster", "user"), pk=pk, shift__roster=roster
    )
    try:
        planning.take_off(turn, actor=reader(request))
    except Refusal as refusal:
        return _refused(request, roster, turn.shift.on, refusal)
    _say(request, _("已撤下：%s。") % turn.user)
    return HttpResponseRedirect(_back(roster, turn.shift.on))


@require_POST
@requires(PLAN)
def swap(request: HttpRequest, code: str, pk: int, other: int) -> HttpResponse:
    """Two people change places."""
    roster = roster_for(request, code, PLAN)
    rows = Turn.objects.select_related("shift__roster__area", "user").filter(shift__roster=roster)
    one, two = get_object_or_404(rows, pk=pk), get_object_or_404(rows, pk=other)
    try:
        warnings = planning.swap(one, two, actor=reader(request))
    except Refusal as refusal:
        return _refused(request, roster, one.shift.on, refusal)
    _say(request, _("已换班：%(one)s 和 %(two)s。") % {"one": one.user, "two": two.user}, list(warnings))
    return HttpResponseRedirect(_back(roster, one.shift.on))


@require_POST
@requires(PLAN)
def copy(request: HttpRequest, code: str) -> HttpResponse:
    """Plan this week like the last one."""
    roster = roster_for(request, code, PLAN)
    monday = monday_of(request.POST.get("week", ""))
    try:
        done = planning.copy_week(roster, monday, actor=reader(request))
    except Refusal as refusal:
        return _refused(request, roster, monday, refusal)
    return _many_done(request, roster, monday, done)


@require_POST
@requires(PLAN)
def take_in(request: HttpRequest, code: str) -> HttpResponse:
    """Plan from a spreadsheet."""
    roster = roster_for(request, code, PLAN)
    monday = monday_of(request.POST.get("week", ""))
    file = request.FILES.get("file")
    try:
        if file is None or (file.size or 0) > MOST_BYTES:
            raise Refusal(_("请选一个表格文件（不超过 5 MB）。"), field="file")
        done = sheets.import_plan(roster, file.name or "", file.read(), actor=reader(request))
    except Refusal as refusal:
        return _refused(request, roster, monday, refusal)
    return _many_done(request, roster, monday, done)


def _many_done(request: HttpRequest, roster: Roster, monday: dt.date, done: planning.Copied) -> HttpResponse:
    words = _("排上了 %d 人次。") % done.count
    if not done.problems:
        _say(request, words, done.warnings)
        return HttpResponseRedirect(_back(roster, monday))
    slots = planning.slots_of([roster], monday, monday + dt.timedelta(days=6))
    context = _week_context(request, roster, monday, slots, done=words, problems=done.problems)
    return render(request, "people/rosters/week.html", context)


# -- the log --------------------------------------------------------------------------------------------------


@require_safe
@requires(VIEW)
def log_page(request: HttpRequest, code: str) -> HttpResponse:
    """The log of the watch: who was on from when to when, what was handed over; to print."""
    roster = roster_for(request, code)
    today = timezone.localdate()
    first, last = _day(request, "from", today - dt.timedelta(days=LOG_DAYS)), _day(request, "to", today)
    if not dt.timedelta(0) <= last - first <= dt.timedelta(days=MOST_LOG_DAYS):
        first, last = today - dt.timedelta(days=LOG_DAYS), today
    shifts = Shift.objects.filter(roster=roster, on__range=(first, last), starts_at__lte=timezone.now())
    rows = shifts.prefetch_related(
        "turns__user", "handovers__items", "handovers__by", "handovers__answered_by"
    )
    figure = figures.filled(shifts)
    period = f"roster={roster.code}&from={first}&to={last}"
    return render(
        request,
        "people/rosters/log.html",
        {
            "roster": roster, "first": first, "last": last, "figure": figure, "percent": percent(figure),
            "rows": [(shift, figures.OUTCOMES.get(figures.outcome_of(shift))) for shift in rows.order_by("-starts_at")],
            "shifts_url": f"{reverse('people:all-shifts')}?{period}",
            "hands_over": rules_of(roster).handover, "now": timezone.now(),
        },
    )  # fmt: skip


def _day(request: HttpRequest, name: str, otherwise: dt.date) -> dt.date:
    try:
        return dt.date.fromisoformat(request.GET.get(name, ""))
    except ValueError:
        return otherwise


# -- the rows behind the figure -------------------------------------------------------------------------------


def _outcome(shift: Shift) -> Any:
    found = figures.OUTCOMES.get(figures.outcome_of(shift))
    return badge(str(found.title), found.colour, found.icon) if found else ""


def _due(rows: QuerySet[Shift], code: str) -> QuerySet[Shift]:
    return figures.due(rows).filter(figures.OUTCOMES[code].where)


class Shifts(VerbRequired, ListPage):
    """Every shift that was due: was the post filled?"""

    verb = VIEW
    name = "all-shifts"
    title = gettext_lazy("班次")
    lead = gettext_lazy("已经开始的每个班，是不是按时有人。上面的数字由这些行数出来。")
    order = "-starts_at"
    columns = (
        Column("on", gettext_lazy("日期"), css="cell--nowrap"),
        Column("roster", gettext_lazy("值班岗")),
        Column("title", gettext_lazy("班次")),
        Column("starts_at", gettext_lazy("开始")),
        Column("ends_at", gettext_lazy("结束"), shown=False),
        Column("outcome", gettext_lazy("结果"), value=lambda row: _title(row), show=_outcome),
        Column(
            "people",
            gettext_lazy("值班人"),
            value=lambda row: "、".join(str(turn.user) for turn in row.turns.all()),
        ),
        Column("wanted", gettext_lazy("应到"), css="cell--number"),
        Column("arrived", gettext_lazy("实到"), css="cell--number"),
        Column("late", gettext_lazy("迟到（分钟）"), value=lambda row: _late(row), css="cell--number"),
        Column("handover", gettext_lazy("交接班"), value=lambda row: _handover(row)),
    )
    filters = (
        Filter(
            "from",
            forms.DateField(label=gettext_lazy("从"), widget=forms.DateInput(attrs={"type": "date"})),
            lookup="on__gte",
        ),
        Filter(
            "to",
            forms.DateField(label=gettext_lazy("到"), widget=forms.DateInput(attrs={"type": "date"})),
            lookup="on__lte",
        ),
        Filter(
            "outcome",
            forms.ChoiceField(
                label=gettext_lazy("结果"),
                choices=[
                    ("", gettext_lazy("全部")),
                    *((code, one.title) for code, one in figures.OUTCOMES.items()),
                ],
            ),
            apply=_due,
        ),
        Filter(
            "now",
            forms.BooleanField(label=gettext_lazy("正在空岗")),
            apply=lambda rows, _v: rows.filter(state=Shift.State.MISSED, ends_at__gt=timezone.now()),
        ),
    )
    empty = {
        "title": gettext_lazy("这段时间没有应到的班"), "text": gettext_lazy("换一段时间，或到「值班」里看排班。"),
    }  # fmt: skip

    def get_filters(self) -> tuple[Filter, ...]:
        mine = rosters_for(reader(self.request))
        field = forms.ModelChoiceField(
            label=_("值班岗"), queryset=mine, to_field_name="code", empty_label=_("全部")
        )
        return (Filter("roster", field), *self.filters)

    def get_queryset(self) -> QuerySet[Shift]:
        return (
            figures.due(shifts_for(reader(self.request)))
            .select_related("roster")
            .prefetch_related("turns__user", "handovers")
        )

    def row_url(self, row: Shift) -> str:
        return reverse("people:shift", args=[row.pk])


def _title(shift: Shift) -> str:
    found = figures.OUTCOMES.get(figures.outcome_of(shift))
    return str(found.title) if found else ""


def _late(shift: Shift) -> int | str:
    return max((turn.late_minutes for turn in shift.turns.all()), default=0) or ""


def _handover(shift: Shift) -> str:
    found = next(iter(shift.handovers.all()), None)
    return str(found.get_state_display()) if found else ""
