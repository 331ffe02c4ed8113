"""Figures at the desk: all of them with their values, and one: the number, its sentence, its groups, its rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from huying.core.navigation import build
from huying.core.pages import address
from huying.core.parts import ASKED_BY, asked_as_part
from huying.core.temporal import as_is
from huying.figures.collections import collection, collections
from huying.figures.counting import Asked, Group, UnknownFigure, Value, count, figure, groups
from huying.figures.exports import export_groups, export_rows
from huying.figures.meaning import Meaning, first_collection, formula, meaning, plain, words_in
from huying.figures.models import Figure
from huying.figures.pictures import picture
from huying.figures.policy import (
    figures_for,
    is_staff_reader,
    may_publish,
    may_see,
    readable_keys,
    there_today,
)
from huying.figures.rows import Page, open_page_of, page_of
from huying.figures.rules import FigureRules
from huying.figures.views.desk.asking import PERIODS, Looked, look
from huying.inspections.campaigns.rules import Span
from huying.people.guards import check
from huying.people.models import User

ROWS = 50
MOST_PAGES = 20_000
GROUPS_IN_CHART = 24
GAP = "…"
DIMENSIONS = {
    "month": gettext_lazy("月份"), "year": gettext_lazy("年份"), "subdistrict": gettext_lazy("街道"),
    "community": gettext_lazy("社区"), "village": gettext_lazy("村"), "compound": gettext_lazy("小区"),
    "grid": gettext_lazy("网格"), "department": gettext_lazy("责任单位"),
}  # fmt: skip


def figure_for(request: HttpRequest, code: str) -> FigureRules | HttpResponse:
    """The rules of a figure that the reader may see; else where they sign in. Raises Http404, PermissionDenied."""
    found = Figure.objects.filter(code=code, active=True).first()
    if found is None or not may_see(request.user, found.rules):
        refusal = check(request, "figure.view")
        if refusal is not None:
            return refusal
    if found is None:
        raise Http404(_("没有代码为“%(code)s”的数字，或已经不用了。请从“数字”页面里找。") % {"code": code})
    return found.rules


# -- all figures ---------------------------------------------------------------------------------------------


@never_cache
@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """All figures by system; values come part by part as they are scrolled to."""
    refusal = check(request, "figure.view")
    if refusal is not None:
        return refusal
    found = list(_asked_for(request))
    if asked_as_part(request) and (part := request.GET.get("part")) is not None:
        rows = [_listed(rules, counted=True) for rules in found if _group_of(rules) == part]
        answer = render(request, "figures/_figures.html", {"rows": rows})
        patch_vary_headers(answer, ASKED_BY)
        return answer
    counted = request.GET.get("values") == "now"
    sections: dict[str, list[dict[str, Any]]] = {}
    for rules in found:
        sections.setdefault(_group_of(rules), []).append(_listed(rules, counted=counted))
    context = {
        "sections": [
            {"code": code, "url": address(request, part=code), "rows": rows} for code, rows in sorted(sections.items())
        ],
        "total": len(found), "all": Figure.objects.filter(active=True).count(), "counted": counted,
        "values_url": address(request, values="now"), "q": request.GET.get("q", "")[:80],
        "systems": _systems(), "system": request.GET.get("system", ""), "of": request.GET.get("of", ""),
        "collections": [(code, each.title) for code, each in collections().items()],
        "visible": request.GET.get("visible", ""),
    }  # fmt: skip
    return render(request, "figures/figures.html", context)


def _group_of(rules: FigureRules) -> str:
    return rules.heading or rules.system or "—"


def _systems() -> list[str]:
    return sorted({row.rules.system for row in Figure.objects.filter(active=True)} - {""})


def _asked_for(request: HttpRequest) -> Iterator[FigureRules]:
    words = request.GET.get("q", "").lower().split()
    for row in figures_for(request.user).order_by("code"):
        rules = row.rules
        text = f"{rules.code} {rules.title} {rules.title_en} {rules.about}".lower()
        wanted = {"system": rules.system, "of": rules.of, "visible": rules.visible}
        if all(word in text for word in words) and all(
            request.GET.get(name, "") in ("", value) for name, value in wanted.items()
        ):
            yield rules


def _listed(rules: FigureRules, *, counted: bool) -> dict[str, Any]:
    value = safe_count(rules) if counted else None
    return {"rules": rules, "value": value, "counted": counted}


def safe_count(rules: FigureRules, asked: Asked | None = None, at: dt.datetime | None = None) -> Value | None:
    """The value; None where the figure refers to one, or to a target, that has left the pack."""
    try:
        return count(rules, asked, at)
    except (UnknownFigure, LookupError, ImportError):
        return None


# -- one figure ----------------------------------------------------------------------------------------------


@never_cache
@require_safe
def figure_page(request: HttpRequest, code: str) -> HttpResponse:
    """One figure: value, meaning, groups, trend, and the rows as of its moment."""
    rules = figure_for(request, code)
    if isinstance(rules, HttpResponse):
        return rules
    looked = look(rules, request.GET)
    with looked.moment():
        if asked_as_part(request) and request.GET.get("part") == "trend":
            return render(request, "figures/_trend.html", _trend_context(request, rules, looked))
        return _page(request, rules, looked)


def _page(request: HttpRequest, rules: FigureRules, looked: Looked) -> HttpResponse:
    value = safe_count(rules, looked.asked, looked.at)
    if value is None:
        context = {"rules": rules, "missing": True, **frame_for(request)}
        return render(request, "figures/figure.html", context, status=409)
    said = meaning(rules, looked.asked, looked.at)
    staff = is_staff_reader(request.user)
    dimensions = dimensions_of(rules)
    by = request.GET.get("by", "")
    mistakes = list(looked.mistakes)
    if by and by not in dimensions:
        mistakes.append(_("这个数不能按“%(word)s”分，已略去。") % {"word": by[:40]})
        by = ""
    by = by or next(
        (each for each in dimensions if each not in ("month", "year")), next(iter(dimensions), "")
    )
    parted = groups(rules, by, looked.asked, looked.at) if by else []
    if answer := _exported(request, value, said, dimensions.get(by, ""), parted, staff):
        return answer
    if answer := _exported_months(request, value, said, dimensions):
        return answer
    number = page_number(request)
    context = {
        "rules": rules, "value": value, "meaning": said, "terms": formula(value), "looked": looked,
        "mistakes": mistakes, "numerator": plain(value.numerator),
        "denominator": "" if value.denominator is None else plain(value.denominator),
        "parts": value.parts, "staff": staff, **frame_for(request),
        "dimensions": [(each, title, address(request, by=each), each == by) for each, title in dimensions.items()],
        "by_title": dimensions.get(by, ""), "groups": [_grouped(group, request) for group in parted],
        "chart": groups_chart(rules, by, dimensions.get(by, ""), parted, looked.at) if by else None,
        "trend_url": address(request, part="trend") if by != "month" and "month" in dimensions else "",
        "periods": _periods(request, looked),
        "chips": _chips(request, rules, looked),
        "now_url": address(request, at=None) if looked.earlier else "",
        "permanent_url": value.url, "paper_address": request.build_absolute_uri(value.url),
        "published": _published(request, rules), "may_publish": may_publish(request.user),
        "publish_query": looked.asked.query(), "xlsx_url": address(request, export="xlsx"),
        "csv_url": address(request, export="csv"), "groups_url": address(request, export="groups"),
        "groups_csv_url": address(request, export="groups-csv"),
        "picture": _picture(request, value, said, dimensions.get(by, "")),
        **_rows(request, value, looked, number),
    }  # fmt: skip
    return render(request, "figures/figure.html", context)


def _picture(request: HttpRequest, value: Value, said: Meaning, by_title: str) -> dict[str, Any]:
    title = f"{value.rules} · {by_title}" if by_title else str(value.rules)
    return picture(request, title, value.at, code=value.rules.code, of=said.days, url=value.url)


def _trend_context(request: HttpRequest, rules: FigureRules, looked: Looked) -> dict[str, Any]:
    value = safe_count(rules, looked.asked, looked.at)
    return {
        "trend": None if value is None else _trend(rules, looked), "rules": rules,
        "picture": value and _picture(request, value, meaning(rules, looked.asked, looked.at), _("逐月")),
        "values_url": address(request, part=None, export="months"),
        "values_csv_url": address(request, part=None, export="months-csv"),
    }  # fmt: skip


def base_for(request: HttpRequest) -> str:
    """The frame: the desk for staff who read figures, the portal for everybody else."""
    return "base_desk.html" if is_staff_reader(request.user) else "base_portal.html"


def frame_for(request: HttpRequest) -> dict[str, Any]:
    """The frame for a template, with the entries of its audience: the address is the desk's for everybody."""
    frame: dict[str, Any] = {"base_template": base_for(request)}
    return frame if is_staff_reader(request.user) else frame | {"navigation": build(request, "portal")}


def page_number(request: HttpRequest) -> int:
    """Which page of the rows, from 1."""
    text = request.GET.get("page", "1")
    return (
        min(int(text), MOST_PAGES)
        if text.isascii() and text.isdecimal() and 0 < len(text) < 9 and int(text)
        else 1
    )


def dimensions_of(rules: FigureRules) -> dict[str, str]:
    """By what the figure may be told apart, with titles; of a calculated figure by what its parts have in common."""
    names = list(rules.by)
    if not rules.of and not names:
        parts = rules.parts[:1] if rules.way in ("percent_of", "pace", "change") else rules.parts
        try:
            shared = [dimensions_of(figure(code)) for code in parts]
        except UnknownFigure:
            return {}
        names = [name for name in shared[0] if all(name in each for each in shared)] if shared else []
    if not names:
        return {}
    of = first_collection(rules)
    return {name: dimension_title(of.fields, name) for name in names}


def dimension_title(fields: Mapping[str, Any], name: str) -> str:
    """What a dimension is called."""
    if name in DIMENSIONS:
        return str(DIMENSIONS[name])
    return str(fields[name].title) if name in fields else name


def _grouped(group: Group, request: HttpRequest) -> dict[str, Any]:
    return {
        "title": group.title or _("（没有填）"),
        "value": group.value,
        "url": group.value.url if group.key else "",
    }


def _scaled(rules: FigureRules, value: Value) -> float | None:
    return None if value.exact is None else float(rules.show.rounded(value.exact))


def groups_chart(
    rules: FigureRules, by: str, by_title: str, parted: list[Group], at: dt.datetime
) -> dict[str, Any] | None:
    """The groups as bars; None where there is nothing to compare."""
    named = [group for group in parted if group.key]
    if len(named) < 2:
        return None
    in_time = by in ("month", "year")
    ordered = named if in_time else sorted(named, key=lambda group: -(group.value.exact or 0))
    shown: list[Group | None] = [*(ordered[-GROUPS_IN_CHART:] if in_time else ordered[:GROUPS_IN_CHART])]
    if by == "month":
        shown = _with_gaps(ordered[-GROUPS_IN_CHART:])
    return {
        "id": "figure-groups", "title": str(rules), "kind": "bar" if in_time else "rows",
        "labels": [group.title if group else GAP for group in shown],
        "label_title": by_title, "unit": unit_of(rules), "until": f"{timezone.localtime(at):%Y-%m-%d %H:%M}",
        "series": [
            {
                "name": str(rules), "values": [group and _scaled(rules, group.value) for group in shown],
                "urls": [group.value.url if group else "" for group in shown],
            }
        ],
        "height": "large" if len(shown) > 8 and not in_time else "",
    }  # fmt: skip


def _with_gaps(months: Sequence[Group]) -> list[Group | None]:
    """Months in their order, with None between two that do not follow each other: no line runs over a gap."""
    found: list[Group | None] = []
    before = None
    for group in months:
        year, month = (int(part) for part in group.key.split("-"))
        here = year * 12 + month
        if before is not None and here != before + 1:
            found.append(None)
        found.append(group)
        before = here
    return found


def unit_of(rules: FigureRules) -> str:
    """Scale and unit of the numbers in a chart."""
    sign = {"percent": "%", "per mille": "‰", "wan": _("万"), "yi": _("亿")}.get(rules.show.scale, "")
    return f"{sign}{rules.counted_in}"


def _trend(rules: FigureRules, looked: Looked) -> dict[str, Any] | None:
    if "month" not in dimensions_of(rules):
        return None
    found = [group for group in groups(rules, "month", looked.asked, looked.at) if group.key][-36:]
    if len(found) < 2:
        return None
    months = _with_gaps(found)
    return {
        "id": "figure-months", "title": _("逐月"), "kind": "line",
        "labels": [group.key if group else GAP for group in months],
        "label_title": _("月份"), "unit": unit_of(rules), "height": "small",
        "until": f"{timezone.localtime(looked.at):%Y-%m-%d %H:%M}",
        "series": [
            {
                "name": str(rules), "values": [group and _scaled(rules, group.value) for group in months],
                "urls": [group.value.url if group else "" for group in months],
            }
        ],
    }  # fmt: skip


def _periods(request: HttpRequest, looked: Looked) -> list[tuple[str, str, bool]]:
    whole = address(request, **{"in": None, "from": None, "to": None})
    found = [(_("全部"), whole, looked.asked.span == Span())]
    for name, title in PERIODS.items():
        url = address(request, **{"in": name.replace(" ", "-"), "from": None, "to": None})
        found.append((str(title), url, looked.named == name))
    return found


def _chips(request: HttpRequest, rules: FigureRules, looked: Looked) -> list[dict[str, str]]:
    if not looked.asked.where:
        return []
    of = first_collection(rules)
    return [
        {
            "title": str(of.fields[name].title) if name in of.fields else name, "words": words_in(of, name, words),
            "url": address(request, **{name: None}), "name": name, "value": ",".join(words),
        }
        for name, words in looked.asked.where.items()
    ]  # fmt: skip


def _published(request: HttpRequest, rules: FigureRules) -> list[Any]:
    return list(
        Figure.objects.get(code=rules.code).published.filter(whole=None).select_related("published_by")[:10]
    )


def _rows_behind(value: Value) -> int | None:
    """How many rows a value was counted from, where the value itself says so."""
    counted = {"rows": value.numerator, "share": value.denominator, "mean": value.denominator}.get(
        value.rules.way
    )
    return None if counted is None else int(counted)


def _rows(request: HttpRequest, value: Value, looked: Looked, number: int) -> dict[str, Any]:
    rules = value.rules
    if not rules.of:
        return {"page": None}
    start = (number - 1) * ROWS
    if not is_staff_reader(request.user):
        page = open_page_of(rules, looked.asked, looked.at, start, ROWS)
    else:
        page = page_of(
            rules, looked.asked, looked.at, cast(User, request.user), start, ROWS, _rows_behind(value)
        )
        if looked.earlier:
            page = kept_back(rules, page, cast(User, request.user))
    shown = page.total - page.hidden
    return {"page": page, "pager": pager_of(request, number, shown), "number": number, "shown": shown}


def kept_back(rules: FigureRules, page: Page, user: User) -> Page:
    """Of rows as they were those that are not the reader's any more keep their words back."""
    keys = [row.facts.pk for row in page.rows]
    of = collection(rules.of)
    with as_is():
        withheld = there_today(of, keys) - readable_keys(of, user, keys)
    rows = tuple(
        replace(row, facts=replace(row.facts, label=_("（现在无权查看）"), url=""))
        if row.facts.pk in withheld
        else row
        for row in page.rows
    )
    return replace(page, rows=rows)


def pager_of(request: HttpRequest, number: int, rows: int) -> dict[str, Any]:
    """Numbered pages of a list that is counted already."""
    last = max(1, -(-rows // ROWS))
    near = sorted({1, last, *range(max(1, number - 2), min(last, number + 2) + 1)})
    pages: list[tuple[Any, str, bool]] = []
    for before, here in zip([0, *near], near, strict=False):
        if here - before > 1:
            pages.append(("…", "", False))
        pages.append((here, f"{address(request, page=here)}#rows", here == number))
    return {
        "previous_url": f"{address(request, page=number - 1)}#rows" if number > 1 else "",
        "next_url": f"{address(request, page=number + 1)}#rows" if number < last else "",
        "pages": pages if last > 1 else [],
    }  # fmt: skip


def _exported(
    request: HttpRequest, value: Value, said: Meaning, by_title: str, parted: list[Group], staff: bool
) -> Any:
    wanted = request.GET.get("export", "")
    if wanted in ("groups", "groups-csv"):
        link = request.build_absolute_uri
        return export_groups(value, said, by_title, parted, link, as_csv=wanted == "groups-csv")
    if wanted in ("xlsx", "csv") and staff and value.rules.of:
        return export_rows(value, said, cast(User, request.user), as_csv=wanted == "csv")
    return None


def _exported_months(request: HttpRequest, value: Value, said: Meaning, dimensions: Mapping[str, str]) -> Any:
    """The months of the second chart, whatever the first is told apart by."""
    wanted = request.GET.get("export", "")
    if wanted not in ("months", "months-csv") or "month" not in dimensions:
        return None
    months = groups(value.rules, "month", value.asked, value.at)
    link = request.build_absolute_uri
    return export_groups(value, said, dimensions["month"], months, link, as_csv=wanted == "months-csv")
