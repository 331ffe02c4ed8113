"""Duties at the desk: how every plan stands today, the places of one on the map, and the calendar of one place."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.db.models import F, Q, QuerySet, Sum
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from huying.cases.catalogue import subdistricts
from huying.core.pages import Column, Filter, ListPage, address
from huying.core.parts import asked_as_part
from huying.core.templatetags.parts import badge
from huying.inspections.duties.days import matched_on
from huying.inspections.duties.due import STATES, Due, Line, Turn, board, due_at, dues, turns, under_way
from huying.inspections.duties.models import MissedRun, PlaceDay
from huying.inspections.duties.rights import Reach, reach
from huying.inspections.models import Plan
from huying.inspections.occurrences import Outcome, slots_now
from huying.inspections.rounds.models import Round
from huying.inspections.rounds.rights import VIEW, rounds_for
from huying.people.access import can
from huying.people.guards import VerbRequired, reader, requires
from huying.places.models import Area
from huying.registry.models import Item

_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")
_DAY = dt.timedelta(days=1)
# More dots than this say nothing on one map; the list has them all.
MOST_DOTS = 2000
_BY_PLACE = ("item", "area", "department")
OUTCOMES: dict[str, tuple[Any, str, str]] = {
    Outcome.DONE: (gettext_lazy("按时"), "green", "check"),
    Outcome.LATE: (gettext_lazy("迟了"), "yellow", "clock"),
    Outcome.MISSED: (gettext_lazy("缺"), "red", "close"),
    Outcome.OPEN: (gettext_lazy("没到点"), "blue", "clock"),
    Outcome.OVERDUE: (gettext_lazy("该做没做"), "red", "alert"),
    Outcome.EXTRA: (gettext_lazy("不另计次"), "", "info"),
    Outcome.TOO_SOON: (gettext_lazy("太密，不计次"), "", "info"),
    Outcome.REFUSED: (gettext_lazy("时间不对，不计次"), "", "info"),
}  # fmt: skip


def with_places(rows: QuerySet[PlaceDay]) -> QuerySet[PlaceDay]:
    """With what their places are called, and nothing heavy."""
    return rows.select_related("plan", "item__register", "area", "department", "doer").only(
        "plan__code", "plan__title", "plan__title_en", "plan__declaration", "item__code", "item__title",
        "item__register__code", "item__register__title", "item__register__title_en", "area__code", "area__title",
        "area__title_en", "department__code", "department__title", "department__title_en", "doer__code", "doer__title",
        "doer__title_en", "area_path", "day", "due", "done", "late", "missed", "last_at",
    )  # fmt: skip


def place_url(row: PlaceDay) -> str:
    """The calendar of the place of this row, at its day."""
    address = reverse("inspections:duties-place", args=[row.plan.code, row.kind, row.place_pk])
    return f"{address}?day={row.day}"


def area_named(code: str) -> Area | None:
    """The area that the address names; None where it names none."""
    return Area.objects.defer("boundary").filter(code=code).first() if code else None


def where_asked(request: HttpRequest) -> Area | None:
    """The area of the filter, 404 for one that is not there."""
    code = request.GET.get("area", "")
    area = area_named(code)
    if code and area is None:
        raise Http404(_("没有这个区域。"))
    return area


# -- today -----------------------------------------------------------------------------------------------------


@require_safe
@requires(VIEW)
def today(request: HttpRequest) -> HttpResponse:
    """Every plan that is under way: due, done, late, behind, next; htmx asks for it anew every minute."""
    now = timezone.now()
    area = where_asked(request)
    mine = reach(reader(request))
    rows = mine.days()
    if area is not None:
        rows = rows.filter(area_path__startswith=area.path)
    lines = board(rows, turns(now))
    suffix = f"area={area.code}" if area else ""
    context = {
        "now": now, "lines": [_line(line, suffix) for line in lines], "tiles": _tiles(lines, suffix), "area": area,
        "form": AreaForm(request.GET or None), "states": STATES.values(),
    }  # fmt: skip
    part = asked_as_part(request)
    return render(
        request, "inspections/desk/_duties_board.html" if part else "inspections/desk/duties.html", context
    )


class AreaForm(forms.Form):
    """Which subdistrict."""

    area = forms.ChoiceField(
        label=gettext_lazy("街道"), required=False,
        choices=lambda: [("", gettext_lazy("全部")), *subdistricts()],
    )  # fmt: skip


def _line(line: Line, suffix: str) -> dict[str, Any]:
    address = reverse("inspections:duties-plan", args=[line.turn.plan.code])
    more = f"&{suffix}" if suffix else ""
    return {
        "line": line, "plan": line.turn.plan, "url": f"{address}?{suffix}" if suffix else address,
        "states": [
            {"state": state, "places": line.states[code], "url": f"{address}?state={code}{more}"}
            for code, state in STATES.items()
            if line.states.get(code)
        ],
        "days_url": f"{reverse('inspections:duties-days')}?plan={line.turn.plan.code}&from={line.turn.span.day}"
        f"&to={line.turn.span.day}{more}",
        "behind_url": f"{address}?state=overdue{more}", "nobody_url": f"{address}?nobody=on{more}",
    }  # fmt: skip


def _tiles(lines: Sequence[Line], suffix: str) -> list[dict[str, Any]]:
    due, owed = sum(line.due for line in lines), sum(line.owed for line in lines)
    done, late = sum(line.done for line in lines), sum(line.late for line in lines)
    behind, nobody = sum(line.behind for line in lines), sum(line.nobody for line in lines)
    overdue = sum(line.states.get("overdue", 0) for line in lines)
    return [
        {
            "title": _("到现在该做"), "value": owed, "unit": _("次"), "note": _("这一轮一共 %d 次") % due,
            "url": "#plans",
        },
        {"title": _("按时做了"), "value": done, "unit": _("次"), "colour": "green", "url": "#plans"},
        {"title": _("迟了才做"), "value": late, "unit": _("次"), "colour": "yellow" if late else "", "url": "#plans"},
        {
            "title": _("该做没做"), "value": behind, "unit": _("次"), "note": _("在 %d 处") % overdue,
            "colour": "red" if behind else "", "url": "#plans",
        },
        {
            "title": _("没有人任岗"), "value": nobody, "unit": _("处"), "colour": "red" if nobody else "",
            "url": "#plans",
        },
    ]  # fmt: skip


# -- one plan today --------------------------------------------------------------------------------------------


def turn_of(code: str) -> Turn:
    """The period of this plan that is under way; 404 where there is none."""
    plan = get_object_or_404(Plan, code=code, active=True)
    found = turns(timezone.now(), [plan])
    if not found:
        raise Http404(_("“%s”现在没有要做的：不在时段里，或者这一轮还没有开始。") % plan)
    return found[0]


def _search(rows: QuerySet[PlaceDay], words: str) -> QuerySet[PlaceDay]:
    found = Q(item__title__icontains=words) | Q(item__code__icontains=words) | Q(area__title__icontains=words)
    return rows.filter(found | Q(department__title__icontains=words))


class PlanToday(VerbRequired, ListPage):
    """The places of one plan, and how each stands now."""

    verb = VIEW
    name = "duty-places"
    template_name = "inspections/desk/duties_plan.html"
    order = "pk"
    exportable = True
    empty = {
        "title": gettext_lazy("没有这样的地方"), "text": gettext_lazy("换一个状态或街道再看看。"),
    }  # fmt: skip

    @cached_property
    def turn(self) -> Turn:
        """The period under way."""
        return turn_of(self.kwargs["code"])

    @property
    def title(self) -> str:
        """What the plan is called."""
        return str(self.turn.plan)

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """The places that were shown keep what is owed there."""
        super().setup(request, *args, **kwargs)
        self.found: dict[int, Due] = {}

    def get_queryset(self) -> QuerySet[PlaceDay]:
        """The rows of this period that are the reader's."""
        rows = under_way(reach(reader(self.request)).days(), [self.turn])
        return with_places(rows.annotate(answered=F("done") + F("late")))

    def get_filters(self) -> Sequence[Filter]:
        """State, subdistrict, words, and places of a post that nobody holds."""
        return (
            Filter(
                "state",
                forms.ChoiceField(
                    label=_("状态"), choices=[("", _("全部")), *((code, one.title) for code, one in STATES.items())]
                ),
                apply=lambda rows, code: rows.filter(answered__in=self.turn.answered_in(code)),
            ),
            Filter(
                "area", AreaForm.base_fields["area"],
                apply=lambda rows, code: rows.filter(area_path__startswith=_path(code)),
            ),
            Filter("nobody", forms.BooleanField(label=_("没有人任岗")), apply=lambda rows, _v: rows.filter(doer=None)),
            Filter(
                "q", forms.CharField(label=_("名称、编号"), widget=forms.TextInput(attrs={"type": "search"})),
                apply=_search,
            ),
        )  # fmt: skip

    def get_columns(self) -> Sequence[Column]:
        """How it stands, how often it was done, what is next and who does it."""
        return (
            Column("place", _("地方"), value=lambda row: str(row.place)),
            Column(
                "state", _("状态"), value=lambda row: str(self.turn.state(row.answered).title), show=self._state,
                css="cell--nowrap",
            ),
            Column("done", _("做了"), value=lambda row: row.answered, show=self._done, css="cell--number"),
            Column("late", _("其中迟了"), css="cell--number"),
            Column("next", _("下一次最晚"), value=self._next, css="cell--nowrap"),
            Column("last_at", _("上一次"), css="cell--nowrap"),
            Column("who", _("谁做"), value=self._who),
        )  # fmt: skip

    def _state(self, row: Any) -> Any:
        state = self.turn.state(row.answered)
        return badge(str(state.title), state.colour, state.icon)

    def _done(self, row: Any) -> str:
        return f"{row.answered} / {row.due}"

    def _next(self, row: Any) -> Any:
        slot = self.turn.next_of(row.answered)
        return slot.due if slot is not None else None

    def _who(self, row: PlaceDay) -> str:
        due = self.found.get(row.pk)
        if due is not None and due.nobody:
            return _("没有人任这个岗")
        if due is not None and due.holders:
            return "、".join(str(user) for user in due.holders[:3])
        return str(row.doer or "—")

    def prepare_rows(self, rows: list[Any]) -> None:
        """Who holds the post at the places of this page."""
        self.found = {due.row.pk: due for due in dues(rows, [self.turn])}

    def row_url(self, row: PlaceDay) -> str:
        """The calendar of the place."""
        return place_url(row)

    def extra_context(self) -> dict[str, Any]:
        """The state of the whole, and the map."""
        lines = board(reach(reader(self.request)).days(), [self.turn])
        points = reverse("inspections:duties-points", args=[self.turn.plan.code])
        query = self.request.GET.urlencode()
        return {
            "crumbs": [(_("日常工作"), reverse("inspections:duties"))], "turn": self.turn,
            "line": lines[0] if lines else None,
            "tabs": self._tabs(lines[0] if lines else None), "states": STATES.values(),
            "map": {
                "id": "duty-map", "label": _("各处现在的状态"), "height": "large",
                "points_url": f"{points}?{query}" if query else points,
            },
        }  # fmt: skip

    def _tabs(self, line: Line | None) -> list[dict[str, Any]]:
        asked = self.request.GET.get("state", "")
        tabs = [
            {"title": _("全部"), "url": address(self.request, state=None), "active": not asked, "count": None}
        ]
        for code, state in STATES.items():
            tabs.append(
                {
                    "title": state.title, "url": address(self.request, state=code), "active": asked == code,
                    "count": line.states.get(code, 0) if line else 0, "icon": state.icon,
                }
            )  # fmt: skip
        return tabs


def _path(code: str) -> str:
    area = area_named(code)
    return area.path if area is not None else "?"


@require_safe
@requires(VIEW)
def points(request: HttpRequest, code: str) -> JsonResponse:
    """The places of the plan with a point, coloured by how they stand and saying so; the most pressing first."""
    page = PlanToday()
    page.setup(request, code=code)
    rows = page.rows.filter(item__lng__isnull=False, item__lat__isnull=False).order_by("answered", "pk")
    found = rows.values_list(
        "item_id", "item__title", "item__lng", "item__lat", "answered", "due", "day", "plan__code"
    )
    shown = []
    for pk, title, lng, lat, answered, due, day, plan in found[:MOST_DOTS]:
        state = page.turn.state(answered)
        url = f"{reverse('inspections:duties-place', args=[plan, 'item', pk])}?day={day}"
        words = f"{title}：{state.title} {answered}/{due}"
        shown.append({"lng": lng, "lat": lat, "title": words, "url": url, "colour": state.colour})
    return JsonResponse({"points": shown})


# -- one place -------------------------------------------------------------------------------------------------


def _month(request: HttpRequest, day: dt.date) -> dt.date:
    match = _MONTH.fullmatch(request.GET.get("month", ""))
    return dt.date(int(match[1]), int(match[2]), 1) if match else day.replace(day=1)


def day_asked(request: HttpRequest, name: str = "day") -> dt.date:
    """The day that the address names; today where it names none that there is."""
    try:
        return dt.date.fromisoformat(request.GET.get(name, ""))
    except ValueError:
        return timezone.localdate()


@require_safe
@requires(VIEW)
def place(request: HttpRequest, code: str, kind: str, pk: int) -> HttpResponse:
    """The calendar of one place of a plan; of the chosen day every slot and every visit, with what it counted for."""
    if kind not in _BY_PLACE:
        raise Http404(_("没有这个地方。"))
    plan = get_object_or_404(Plan, code=code)
    mine = reach(reader(request))
    day = day_asked(request)
    month = _month(request, day)
    last = month.replace(day=calendar.monthrange(month.year, month.month)[1])
    own = mine.days().filter(plan=plan, **{kind: pk})
    newest = with_places(own).order_by("-day").first()
    if newest is None:
        raise Http404(_("没有这个地方，或者它不在您负责的区域内。"))
    days = {row.day: row for row in own.filter(day__range=(month, last))}
    # A week or month is counted on its last day: whoever comes with one of its days means all of it.
    counted = next((slot.day for slot in slots_now(plan.rules, day)), day)
    chosen = with_places(own).filter(day__in=(day, counted)).order_by("day").first()
    day = chosen.day if chosen is not None else day
    runs = (
        MissedRun.objects.filter(plan=plan, kind=kind, place=pk)
        .select_related("case")
        .order_by("-since")[:10]
    )
    context = {
        "plan": plan, "place": newest.place, "kind": kind, "pk": pk, "day": day, "month": month,
        "weeks": _weeks(month, days, day), "row": chosen, "doer": newest.doer,
        "weekdays": (_("一"), _("二"), _("三"), _("四"), _("五"), _("六"), _("日")),
        "before": (month - _DAY).replace(day=1), "after": (last + _DAY),
        "total": own.filter(day__range=(month, last)).aggregate(
            due=Sum("due"), done=Sum("done"), late=Sum("late"), missed=Sum("missed")
        ),
        "runs": runs, **_visits(request, plan, kind, pk, day, mine if chosen else None),
    }  # fmt: skip
    return render(request, "inspections/desk/duties_place.html", context)


def _weeks(month: dt.date, days: dict[dt.date, PlaceDay], chosen: dt.date) -> list[list[dict[str, Any]]]:
    """The month by weeks, each day with its counts and the colour of the worst of them."""
    weeks = calendar.Calendar().monthdatescalendar(month.year, month.month)
    return [
        [
            {
                "day": day, "inside": day.month == month.month, "chosen": day == chosen, "row": days.get(day),
                "colour": _colour(days.get(day)),
            }
            for day in week
        ]
        for week in weeks
    ]  # fmt: skip


def _colour(row: PlaceDay | None) -> str:
    if row is None:
        return ""
    if row.missed:
        return "red"
    return "yellow" if row.late else "green" if row.done >= row.due else ""


def _visits(
    request: HttpRequest, plan: Plan, kind: str, pk: int, day: dt.date, mine: Reach | None
) -> dict[str, Any]:
    if mine is None:
        return {"slots": [], "visits": []}
    matched = matched_on(plan, kind, pk, day)
    keys = [each.visit.key for each in matched.visits]
    rows = rounds_for(reader(request)).filter(pk__in=keys)
    known = {row.pk: row for row in rows.select_related("plan").prefetch_related("members__user")}
    unproved = rounds_for(reader(request)).filter(plan=plan, **{kind: pk}, day=day, proved=False)
    return {
        "slots": [
            {"slot": each.slot, "look": OUTCOMES[each.outcome], "at": each.visit.at if each.visit else None}
            for each in matched.slots
        ],
        "visits": [
            {
                "round": known[each.visit.key], "look": OUTCOMES[each.outcome], "why": str(each.why or ""),
                "other": known[each.visit.key].plan_id != plan.pk,
            }
            for each in matched.visits
            if each.visit.key in known
        ],
        "unproved": unproved.prefetch_related("members__user"),
    }  # fmt: skip


# -- the rows behind a number ----------------------------------------------------------------------------------


ONLY: dict[str, tuple[Any, Any]] = {
    "done": (gettext_lazy("有按时的"), {"done__gt": 0}),
    "late": (gettext_lazy("有迟的"), {"late__gt": 0}),
    "missed": (gettext_lazy("有缺的"), {"missed__gt": 0}),
    "waiting": (gettext_lazy("还能做的"), {"due__gt": F("done") + F("late") + F("missed")}),
}


def plan_choices() -> list[tuple[str, Any]]:
    """Every plan by its title."""
    rows = Plan.objects.only("code", "title", "title_en")
    return [("", gettext_lazy("全部")), *((plan.code, str(plan)) for plan in rows)]


def plan_filter() -> Filter:
    """Which plan."""
    return Filter(
        "plan",
        forms.ChoiceField(
            label=gettext_lazy("计划"),
            choices=plan_choices,
        ),
        lookup="plan__code",
    )  # fmt: skip


def day_filters(lookup: str = "day") -> tuple[Filter, Filter]:
    """From which day to which."""
    return (
        Filter(
            "from", forms.DateField(label=gettext_lazy("从"), widget=forms.DateInput(attrs={"type": "date"})),
            lookup=f"{lookup}__gte",
        ),
        Filter(
            "to", forms.DateField(label=gettext_lazy("到"), widget=forms.DateInput(attrs={"type": "date"})),
            lookup=f"{lookup}__lte",
        ),
    )  # fmt: skip


class Days(VerbRequired, ListPage):
    """Places and days: what a number of due, done, late or missed counts. Each opens its visits."""

    verb = VIEW
    name = "duty-days"
    title = gettext_lazy("每处每天")
    template_name = "inspections/desk/duties_days.html"
    order = "-day"
    empty = {
        "title": gettext_lazy("没有这样的日子"), "text": gettext_lazy("换一段时间，或去掉条件再看看。"),
    }  # fmt: skip
    columns = (
        Column("day", gettext_lazy("日期"), sort="day", css="cell--nowrap"),
        Column("plan", gettext_lazy("计划"), value=lambda row: str(row.plan)),
        Column("place", gettext_lazy("地方"), value=lambda row: str(row.place)),
        Column("doer", gettext_lazy("责任单位"), value=lambda row: str(row.doer or "")),
        Column("due", gettext_lazy("应做"), css="cell--number"),
        Column("done", gettext_lazy("按时"), css="cell--number"),
        Column("late", gettext_lazy("迟了"), css="cell--number"),
        Column("missed", gettext_lazy("缺"), css="cell--number"),
        Column("last_at", gettext_lazy("最近一次"), css="cell--nowrap"),
    )

    def get_filters(self) -> Sequence[Filter]:
        """Plan, area, department, days, and which outcome."""
        return (
            plan_filter(),
            Filter(
                "area",
                forms.CharField(label=_("区域"), widget=forms.HiddenInput),
                apply=lambda rows, code: rows.filter(area_path__startswith=_path(code)),
            ),
            Filter(
                "unit", forms.CharField(label=_("责任单位"), widget=forms.HiddenInput), lookup="doer__code"
            ),
            *day_filters(),
            Filter(
                "only",
                forms.ChoiceField(
                    label=_("结果"), choices=[("", _("全部")), *((code, title) for code, (title, _q) in ONLY.items())]
                ),
                apply=lambda rows, code: rows.filter(**ONLY[code][1]),
            ),
        )  # fmt: skip

    def get_queryset(self) -> QuerySet[PlaceDay]:
        """What the reader may see."""
        return with_places(reach(reader(self.request)).days())

    def row_url(self, row: PlaceDay) -> str:
        """The calendar of the place at this day."""
        return place_url(row)


class Visits(VerbRequired, ListPage):
    """Visits one by one, with what each counted for."""

    verb = VIEW
    name = "duty-visits"
    title = gettext_lazy("做的记录")
    template_name = "inspections/desk/duties_days.html"
    order = "-ended_at"
    empty = {
        "title": gettext_lazy("还没有记录"), "text": gettext_lazy("在手机的「巡查」里扫一次码、点一下就记上。"),
    }  # fmt: skip
    columns = (
        Column("ended_at", gettext_lazy("时间"), sort="ended_at", css="cell--nowrap"),
        Column("plan", gettext_lazy("计划"), value=lambda row: str(row.plan or "")),
        Column("place_title", gettext_lazy("地方")),
        Column("who", gettext_lazy("谁"), value=lambda row: _people(row)),
        Column(
            "counted", gettext_lazy("计次"), value=lambda row: row.get_counted_display(), show=lambda row: _counted(row)
        ),
        Column("scanned", gettext_lazy("扫码")),
        Column("distance_m", gettext_lazy("离该地（米）"), css="cell--number"),
        Column("failed", gettext_lazy("不合格项"), css="cell--number"),
    )  # fmt: skip

    def get_filters(self) -> Sequence[Filter]:
        """Plan, subdistrict, department, person, days, and what it counted for."""
        return (
            plan_filter(),
            Filter(
                "area", forms.CharField(label=_("区域"), widget=forms.HiddenInput),
                apply=lambda rows, code: rows.filter(area_path__startswith=_path(code)),
            ),
            Filter(
                "unit", forms.CharField(label=_("单位"), widget=forms.HiddenInput),
                apply=lambda rows, code: rows.filter(members__department__code=code).distinct(),
            ),
            Filter(
                "person", forms.CharField(label=_("人员"), widget=forms.HiddenInput),
                apply=lambda rows, name: rows.filter(members__user__username=name),
            ),
            *day_filters(),
            Filter(
                "counted",
                forms.ChoiceField(
                    label=_("计次"),
                    choices=[("", _("全部")), *Round.Counted.choices, ("none", _("不计次（到场无据）"))],
                ),
                apply=lambda rows, code: rows.filter(counted="" if code == "none" else code),
            ),
        )  # fmt: skip

    def get_queryset(self) -> QuerySet[Round]:
        """The visits of plans that the reader may see."""
        return (
            rounds_for(reader(self.request))
            .filter(plan__isnull=False)
            .select_related("plan")
            .prefetch_related("members__user")
        )

    def row_url(self, row: Round) -> str:
        """The calendar of its place at its day."""
        kind = "item" if row.item_id else "area" if row.area_id else "department"
        assert row.plan is not None  # only rounds of plans are listed
        address = reverse("inspections:duties-place", args=[row.plan.code, kind, getattr(row, f"{kind}_id")])
        return f"{address}?day={row.day}"


def _people(row: Round) -> str:
    return "、".join(str(member.user) for member in row.members.all())


def _counted(row: Round) -> Any:
    if not row.counted:
        return badge(_("不计次"), "", "info")
    word, colour, icon = OUTCOMES[Outcome(row.counted)]
    return badge(word, colour, icon)


def panel(item: Item, user: Any) -> str:
    """For the page of a thing at the desk: what is owed there now."""
    if not can(user, VIEW):
        return ""
    seen = set(
        reach(user)
        .days()
        .filter(item=item, day__gte=timezone.localdate() - _DAY)
        .values_list("pk", flat=True)
    )
    found = [due for due in due_at("item", item.pk) if due.row.pk in seen]
    return render_to_string("inspections/desk/_duties_here.html", {"dues": found}) if found else ""
