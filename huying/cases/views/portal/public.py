"""What everyone may see: the list and the map of public cases, and one of them."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any, cast

from django import forms
from django.core.cache import cache
from django.db.models import Avg, Count, F, Min, QuerySet
from django.db.models.functions import Floor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.functional import cached_property
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from huying.cases.models import OPEN, Case, Ledger, Status, Topic
from huying.cases.public import public_answer, public_place, public_point, public_title, public_words
from huying.cases.views.portal.display import (
    clock_of,
    pair,
    public_cards,
    public_photos,
    standing,
    status_badge,
)
from huying.cases.views.portal.track import merged_case
from huying.core.pages import Filter, ListPage, count_up_to
from huying.places.fresh import Kept
from huying.places.locate import current_index
from huying.places.models import ADMINISTRATIVE, Area

RECENT_DAYS = 30
MOST_CLUSTERS = 400
CLUSTER_PIXELS = 64
# Counting all years takes longer than looking at the last weeks, and changes slowly.
CLUSTER_CACHE_SECONDS = 60
Rows = QuerySet[Case]


def month_span(text: str) -> tuple[dt.datetime, dt.datetime]:
    """Beginning of this month (2026-11) and of the next, in local time."""
    year, month = int(text[:4]), int(text[5:7])
    after = (year + month // 12, month % 12 + 1)
    zone = timezone.get_current_timezone()
    return dt.datetime(year, month, 1, tzinfo=zone), dt.datetime(*after, 1, tzinfo=zone)


def _months() -> list[tuple[str, str]]:
    """The last twelve months, newest first."""
    today = timezone.localdate()
    found = []
    for back in range(12):
        year, month = divmod(today.year * 12 + today.month - 1 - back, 12)
        found.append(
            (f"{year}-{month + 1:02d}", _("%(year)d年%(month)d月") % {"year": year, "month": month + 1})
        )
    return found


def _reported(rows: Rows, value: str) -> Rows:
    if value == "all":
        return rows
    first, after = month_span(value)
    return rows.filter(reported_at__gte=first, reported_at__lt=after)


def _closed(rows: Rows, value: str) -> Rows:
    first, after = month_span(value)
    return rows.filter(status=Status.CLOSED, closed_at__gte=first, closed_at__lt=after)


def _state(rows: Rows, value: str) -> Rows:
    return rows.filter(status__in=OPEN) if value == "open" else rows.filter(status=Status.CLOSED)


def _topic(rows: Rows, value: str) -> Rows:
    return rows.filter(topic__in=Topic.objects.filter(code=value) | Topic.objects.filter(parent__code=value))


def _within(rows: Rows, value: tuple[float, float, float, float]) -> Rows:
    west, south, east, north = value
    return rows.filter(lng__gte=west, lng__lt=east, lat__gte=south, lat__lt=north)


def _placed(rows: Rows, value: bool) -> Rows:
    mapped = [ledger.pk for ledger in public_ledgers() if ledger.rules.public_map]
    return rows.filter(lat__isnull=False, lng__isnull=False, ledger__in=mapped)


class BoxField(forms.CharField):
    """west,south,east,north in degrees."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            box = tuple(float(part) for part in str(text).split(","))
        except ValueError:
            box = ()
        if len(box) != 4 or not all(math.isfinite(edge) for edge in box):
            raise forms.ValidationError(_("地图范围写成：西,南,东,北（度）。"))
        return box


def _read_public_ledgers() -> list[Ledger]:
    return [ledger for ledger in Ledger.objects.order_by("code") if ledger.rules.public_list]


def _ledger_version() -> object:
    return list(Ledger.objects.values_list("pk", "title", "active", "declaration__public").order_by("pk"))


_ledgers: Kept[list[Ledger]] = Kept(_ledger_version, _read_public_ledgers)


def public_ledgers() -> list[Ledger]:
    """The ledgers that show their cases."""
    return _ledgers.get()


def public_filters() -> list[Filter]:
    """The filters of list and map alike, so that their totals agree."""
    areas = [
        (row.code, str(row.title))
        for row in current_index().rows.values()
        if row.layer == ADMINISTRATIVE and row.level == Area.Level.SUBDISTRICT
    ]
    topics = [(topic.code, str(topic)) for topic in Topic.objects.filter(parent=None, private=False)]
    ledgers = [(ledger.code, str(ledger)) for ledger in public_ledgers()]
    everything = ("", _("全部"))
    months = _months()
    hidden = forms.HiddenInput
    return [
        Filter(
            "month",
            forms.ChoiceField(
                label=_("上报时间"),
                choices=[("", _("最近 %d 天") % RECENT_DAYS), *months, ("all", _("全部时间"))],
            ),
            apply=_reported,
        ),
        Filter(
            "state",
            forms.ChoiceField(
                label=_("进度"), choices=[everything, ("open", _("正在办")), ("closed", _("已办结"))]
            ),
            apply=_state,
        ),
        Filter("ledger", forms.ChoiceField(label=_("台账"), choices=[everything, *ledgers]), "ledger__code"),
        Filter("topic", forms.ChoiceField(label=_("事项"), choices=[everything, *topics]), apply=_topic),
        Filter(
            "subdistrict",
            forms.ChoiceField(label=_("街道"), choices=[everything, *areas]),
            "subdistrict__code",
        ),
        Filter(
            "closed",
            forms.ChoiceField(label=_("办结时间"), choices=[("", ""), *months], widget=hidden),
            apply=_closed,
        ),
        Filter(
            "on_time",
            forms.BooleanField(label=_("按时办结"), widget=hidden),
            apply=lambda rows, value: rows.filter(status=Status.CLOSED, overdue=False),
        ),
        Filter("placed", forms.BooleanField(label=_("在地图上的"), widget=hidden), apply=_placed),
        Filter("bbox", BoxField(label=_("地图上的一处"), widget=hidden), apply=_within),
    ]


class PublicList(ListPage):
    """Public cases, newest first; without another choice of time those of the last 30 days."""

    title = gettext_lazy("公开台账")
    lead = gettext_lazy("大家反映的问题，谁在办、办得怎样，都在这里。姓名、电话和门牌已隐去。")
    name = "public"
    order = "-reported_at"
    page_size = 20
    exportable = False
    base_template = "cases/portal/base.html"
    template_name = "cases/portal/public_list.html"
    part_name = "cases/portal/_public_list.html"

    @cached_property
    def _filters(self) -> list[Filter]:
        return public_filters()

    def get_filters(self) -> list[Filter]:
        return self._filters

    def get_queryset(self) -> Rows:
        rows = Case.objects.public()
        if not self.asked_for_time:
            rows = rows.filter(reported_at__gte=timezone.now() - dt.timedelta(days=RECENT_DAYS))
        return rows.select_related("ledger", "category", "department", "subdistrict", "compound")

    @property
    def asked_for_time(self) -> bool:
        """Whether a month (of reporting or closing) narrows the rows."""
        return bool({"month", "closed"} & {each.name for each, _value in self.active})

    @property
    def params(self) -> dict[str, Any]:
        """The filters in use, as they stand in the address."""
        return {each.name: self.request.GET.get(each.name) for each, _value in self.active}

    def extra_context(self) -> dict[str, Any]:
        params = {key: value for key, value in self.params.items() if key not in ("bbox", "placed")}
        return {
            "map_url": f"{reverse('portal:map')}?{urlencode(params)}" if params else reverse("portal:map")
        }

    def context(self) -> dict[str, Any]:
        context = super().context()
        context["cards"] = public_cards([row["object"] for row in context["rows"]])
        return context


def _page(request: HttpRequest) -> PublicList:
    page = PublicList()
    page.setup(request)
    return page


@require_safe
def public_map(request: HttpRequest) -> HttpResponse:
    """The same rows on the map; the number above it opens them as a list."""
    page = _page(request)
    rows = page.rows
    query = urlencode(page.params)
    whole = count_up_to(rows)
    shown = count_up_to(_placed(rows, True))
    context = {
        "page": page,
        "form": page.form,
        "total": whole,
        "shown": shown,
        "list_url": f"{reverse('portal:public')}?{query}" if query else reverse("portal:public"),
        "shown_url": f"{reverse('portal:public')}?{urlencode({**page.params, 'placed': 1})}",
        "clear_url": request.path,
        "map": {
            "id": "public-map",
            "label": _("公开案件的地图"),
            "height": "large",
            "clusters_url": f"{reverse('portal:clusters')}?{query}",
        },
    }
    return render(request, "cases/portal/public_map.html", context)


@require_safe
def clusters(request: HttpRequest) -> HttpResponse:
    """Counts by squares of the screen for `bbox` and `zoom` and the filters of the list.

    Their sum over the whole district is the number of the list with the same filters and `placed`.
    """
    page = _page(request)
    try:
        asked = float(request.GET.get("zoom", "12"))
    except ValueError:
        asked = 12.0
    zoom = min(max(asked, 5.0), 20.0) if math.isfinite(asked) else 12.0
    bounds = {each.name: value for each, value in page.active}.get("bbox")
    if page.form.errors.get("bbox") or not bounds:
        return JsonResponse(
            {"title": _("请求有误"), "status": 400, "detail": _("请给出 bbox=西,南,东,北（度）和 zoom。")},
            status=400,
            content_type="application/problem+json",
        )
    size = 360 / 2 ** round(zoom) * CLUSTER_PIXELS / 256
    found = _cells(page, size)
    response = JsonResponse(
        {"clusters": found, "total": sum(cell["count"] for cell in found)},
        json_dumps_params={"ensure_ascii": False},
    )
    patch_cache_control(response, public=True, max_age=30)
    return response


def _cells(page: PublicList, size: float) -> list[dict[str, Any]]:
    """Squares of `size` degrees with their counts; the answers over all times are kept for a minute."""
    wide = page.params.get("month") == "all"
    key = f"clusters:{size:.9f}:{urlencode(sorted(page.params.items()))}"
    if wide and (kept := cache.get(key)) is not None:
        return list(kept)
    rows = _placed(page.rows.select_related(None), True).order_by()
    squares = list(
        rows.annotate(x=Floor(F("lng") / size), y=Floor(F("lat") / size))
        .values("x", "y")
        .annotate(count=Count("pk"), mean_lng=Avg("lng"), mean_lat=Avg("lat"), first=Min("pk"))
    )
    if len(squares) > MOST_CLUSTERS:
        return _cells(page, size * 2)
    single = [square["first"] for square in squares if square["count"] == 1]
    cases = Case.objects.select_related("ledger", "category").in_bulk(single)
    found = [
        _cluster(cast(dict[str, Any], square), size, cases.get(square["first"]), page.params)
        for square in squares
    ]
    if wide:
        cache.set(key, found, CLUSTER_CACHE_SECONDS)
    return found


def _cluster(
    square: dict[str, Any], size: float, case: Case | None, params: dict[str, Any]
) -> dict[str, Any]:
    if case is not None and square["count"] == 1 and (point := public_point(case)):
        colour = "green" if case.status == Status.CLOSED else "accent"
        url = reverse("portal:case", args=[case.number])
        return {
            "lng": point[0],
            "lat": point[1],
            "count": 1,
            "title": public_title(case),
            "url": url,
            "colour": colour,
        }
    x, y = square["x"] * size, square["y"] * size
    box = f"{x:.7f},{y:.7f},{x + size:.7f},{y + size:.7f}"
    query = urlencode({**params, "placed": 1, "bbox": box})
    return {
        "lng": round(square["mean_lng"], 4), "lat": round(square["mean_lat"], 4), "count": square["count"],
        "url": f"{reverse('portal:public')}?{query}",
    }  # fmt: skip


@require_safe
def case(request: HttpRequest, number: str) -> HttpResponse:
    """One public case; one that was merged leads to where it went on."""
    found = Case.objects.select_related(
        "ledger", "category", "department", "subdistrict", "compound", "merged_into"
    )
    matter = found.filter(number=number).first()
    if matter is not None and matter.status == Status.MERGED:
        main = merged_case(matter)
        if main.public and main.pk != matter.pk:
            return redirect("portal:case", main.number)
    if matter is None or not Case.objects.public().filter(pk=matter.pk).exists():
        return render(request, "cases/portal/not_public.html", status=404)
    point = public_point(matter)
    times = [
        (_("收到诉求"), matter.reported_at, "inbox"),
        (_("受理"), matter.filed_at, "check"),
        (_("派到%s") % (matter.department or _("责任单位")), matter.dispatched_at, "send"),
        (_("开始办理"), matter.taken_up_at, "play"),
        (_("报告已处置"), matter.handled_at, "settings"),
        (_("核查通过"), matter.checked_at, "search"),
        (_("结案"), matter.closed_at, "check-circle"),
    ]
    events = [{"title": title, "at": at, "icon": icon} for title, at, icon in times if at is not None]
    context = {
        "case": matter,
        "title": public_title(matter),
        "words": public_words(matter),
        "answer": public_answer(matter) if matter.handled_at else "",
        "place": public_place(matter),
        "badge": status_badge(matter),
        "clock": clock_of(matter),
        "standing": standing(matter),
        "sides": pair(public_photos([matter]).get(matter.pk, {})),
        "events": list(reversed(events)),
        "may_follow": matter.is_open,
        "map": {"id": "case-map", "lng": point[0], "lat": point[1], "height": "small", "label": _("位置")}
        if point
        else None,
    }
    return render(request, "cases/portal/public_case.html", context)
