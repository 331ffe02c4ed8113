"""The cockpit's page: five numbers, a map, what got worse. Every number opens its rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

import segno
from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from huying.cases.catalogue import catalogue
from huying.cases.filters import CaseFilter
from huying.cases.rates import RATES
from huying.cases.tallies.reading import reach_of, snapshot
from huying.core.paging import address
from huying.core.parts import ASKED_BY, asked_as_part
from huying.figures.pictures import picture
from huying.figures.views.cockpit.numbers import LEVELS, SMALL, Board, Line, choose_subdistricts
from huying.figures.views.cockpit.periods import NAMED, Span, span_of
from huying.people.access import scopes
from huying.people.guards import reader, requires
from huying.places.area_index import ADMINISTRATIVE
from huying.places.locate import current_index
from huying.places.models import Area

VERB = "cockpit.view"
POLL_SECONDS = 20
FOLDED_FROM = 13
"""Rows of a table beyond this are folded away."""
BELOW = {"subdistrict": "community", "community": "grid", "village": "grid"}
"""Into what an area of each level is divided."""
TABLES = {
    "subdistrict": (gettext_lazy("各街道"), gettext_lazy("街道")),
    "department": (gettext_lazy("各责任单位"), gettext_lazy("责任单位")),
    "topic": (gettext_lazy("各类事项"), gettext_lazy("事项")),
    "ledger": (gettext_lazy("各台账"), gettext_lazy("台账")),
}


class FilterForm(forms.Form):
    """What narrows the cockpit; wrong values are left out."""

    ledger = forms.ChoiceField(label=gettext_lazy("台账"), required=False)
    area = forms.ChoiceField(label=gettext_lazy("街道"), required=False)

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request.GET, auto_id="cockpit-%s")
        seen = scopes(reader(request), "case.view")
        ledgers = [(entry.code, str(entry)) for entry in catalogue().ledgers.values() if entry.active]
        self.fields["ledger"].choices = [("", _("全部台账")), *ledgers]  # type: ignore[attr-defined]
        areas = choose_subdistricts(scope.path for scope in seen)
        chosen = request.GET.get("area", "")
        if chosen not in dict(areas) and _seen(chosen, [scope.path for scope in seen]):
            areas = [*areas, (chosen, str(current_index().rows[chosen].title))]
        self.fields["area"].choices = [("", _("全部街道")), *areas]  # type: ignore[attr-defined]

    def scope(self) -> CaseFilter:
        """The filter of the choices that are known."""
        self.is_valid()
        return CaseFilter(**{name: self.cleaned_data.get(name) or None for name in ("ledger", "area")})


@require_safe
@never_cache
@requires(VERB)
def home(request: HttpRequest) -> HttpResponse:
    """The whole page, or for the update in place what changes on it."""
    with snapshot():
        return _home(request)


@dataclass(frozen=True)
class Seen:
    """What one reader looks at: the period, what narrows it, the map's division and the area shown."""

    span: Span
    form: FilterForm
    scope: CaseFilter
    board: Board
    level: str
    within: str


def seen_by(request: HttpRequest) -> Seen:
    """The cockpit as its address asks for it."""
    span = span_of(request.GET, timezone.now())
    form = FilterForm(request)
    scope = form.scope()
    board = Board(reach_of(reader(request)), span, scope)
    return Seen(span, form, scope, board, *_level(request, scope))


def words_of(seen: Seen) -> str:
    """What is looked at, in words: 随手拍 · 蒲城街道 · 11月1日至11月21日."""
    return " · ".join(filter(None, (_scope_words(seen.scope), seen.span.words())))


def _home(request: HttpRequest) -> HttpResponse:
    seen = seen_by(request)
    span, form, scope, board = seen.span, seen.form, seen.scope, seen.board
    level, within = seen.level, seen.within
    context = {
        "board": board, "span": span, "form": form, "levels": _levels(request, level),
        "map": _map(board, level, within), "trend": _trend(board), "tables": _tables(request, board, within),
        "trail": _trail(request, within), "wall": "wall" in request.GET, "wall_url": address(request, wall="1"),
        "narrow_url": address(request, wall=None),
        "periods": _periods(request, span), "small": SMALL, "poll_seconds": POLL_SECONDS,
        "kept_days": _kept(request, "ledger", "area", "level", "wall"),
        "kept_filters": _kept(request, "period", "from", "to", "level", "wall"),
        "here": _scope_words(scope), "wider_url": address(request, area=None) if "area" in scope.values else "",
        "on_time_formula": RATES["on_time_closing"].formula, "data_until": span.at,
        "satisfaction_formula": RATES["satisfaction"].formula,
        "paper_rows": _paper_rows(request, board),
        "pictures": _pictures(request, seen), "values_query": values_query(request),
    }  # fmt: skip
    part = asked_as_part(request)
    if not part:
        context |= _address_on_paper(request, span)
    response = render(request, "figures/cockpit/_live.html" if part else "figures/cockpit/home.html", context)
    patch_vary_headers(response, ASKED_BY)
    return response


def _pictures(request: HttpRequest, seen: Seen) -> dict[str, dict[str, Any]]:
    """What the pictures of the charts say of themselves."""

    def made(title: str, code: str, words: str) -> dict[str, Any]:
        of = " · ".join(filter(None, ("" if "area" in seen.scope.values else _("看得到的全部区域"), words)))
        return picture(request, title, seen.span.at, code=code, of=of)

    here, now = words_of(seen), _scope_words(seen.scope)
    return {
        "topics": made(_("反映最多的事"), "reported", here),
        "load": made(_("各%s在办量") % LEVELS[seen.level], "open", now),
        "trend": made(_("30 天走势"), "reported, closed", now),
    }


def _paper_rows(request: HttpRequest, board: Board) -> list[tuple[str, str, str]]:
    """(what, number, address of its rows) of the numbers on top, for a reader of the paper."""
    numbers = [
        (_("上报"), board.whole.number("reported")), (_("现在在办"), board.open),
        (_("按期结案"), board.on_time.numerator), (_("应结"), board.on_time.denominator),
        (_("现在超期"), board.overdue), (_("群众说没解决"), board.whole.number("unsolved")),
        (_("重办"), board.whole.number("reopened")),
    ]  # fmt: skip
    return [(title, str(number), request.build_absolute_uri(number.url)) for title, number in numbers]


def _address_on_paper(request: HttpRequest, span: Span) -> dict[str, str]:
    """The page's address with its days written out, as text and as a code: 本月 on paper is soon another month."""
    days = {"period": None, "from": span.first, "to": span.last, "wall": None}
    link = request.build_absolute_uri(address(request, **days))
    return {"paper_address": link, "paper_code": _code_of(link)}


@lru_cache(maxsize=256)
def _code_of(link: str) -> str:
    """The same few addresses all day; drawing a code takes longer than counting."""
    try:
        return str(segno.make(link, error="l", micro=False).svg_data_uri(border=2))
    except segno.DataOverflowError:  # an address of thousands of letters; it still stands there as text
        return ""


def values_query(request: HttpRequest) -> str:
    """What the numbers to take away take along from the page's address."""
    kept = {name: value for name, value in request.GET.items() if name not in ("wall", "as")}
    return urlencode(kept)


def _scope_words(scope: CaseFilter) -> str:
    """The filters in words: 随手拍 · 蒲城街道."""
    return " · ".join(part.words for part in scope.parts())


def _kept(request: HttpRequest, *names: str) -> list[tuple[str, str]]:
    """What a form of the bar takes along from the address."""
    return [(name, request.GET[name]) for name in names if request.GET.get(name)]


def _periods(request: HttpRequest, span: Span) -> list[dict[str, Any]]:
    def url(code: str) -> str:
        return address(request, **{"period": code, "from": None, "to": None})

    return [{"title": title, "url": url(code), "active": span.code == code} for code, title in NAMED.items()]


def _level(request: HttpRequest, scope: CaseFilter) -> tuple[str, str]:
    """What the map is divided into, and the area that it shows."""
    level = request.GET.get("level", "")
    paths = [scope.path for scope in scopes(reader(request), "case.view")]
    own = paths[0].rstrip("/").split("/")[-1] if len(set(paths)) == 1 and paths[0] else ""
    within = scope.values.get("area", (own,))[0]
    return level if level in LEVELS else "grid", within


def _levels(request: HttpRequest, level: str) -> list[dict[str, Any]]:
    return [
        {"title": title, "url": address(request, level=code), "active": code == level}
        for code, title in LEVELS.items()
    ]


def _map(board: Board, level: str, within: str) -> dict[str, Any]:
    load = board.load(level, within)
    rows = current_index().rows
    areas = f"{reverse('places:areas')}?level={level}" + (f"&within={within}" if within else "")
    busiest = sorted(load.items(), key=lambda pair: (-pair[1].value, pair[0]))
    open_url = board.now.with_(status="open", area=None).url()
    return {
        "id": "load-map", "label": _("各%s在办量") % LEVELS[level], "areas_url": areas, "height": "fill",
        "area_values": {code: number.value for code, number in load.items()},
        "area_values_title": _("在办（件）"), "level_title": LEVELS[level],
        "area_url": f"{open_url}&area=CODE",
        "rows": [(str(rows[code].title), number) for code, number in busiest if number.value],
        "unplaced": board.unplaced(load),
    }  # fmt: skip


def _trend(board: Board) -> dict[str, Any]:
    days = board.trend()
    labels = [f"{day.month}-{day.day:02d}" for day, _reported, _closed in days]
    return {
        "id": "trend", "title": _("30 天走势"), "kind": "line", "height": "small",
        "label_title": _("日期"), "unit": _("件"), "labels": labels,
        "series": [
            {"name": _("上报"), "values": [day[1].value for day in days], "urls": [day[1].url for day in days]},
            {"name": _("结案"), "values": [day[2].value for day in days], "urls": [day[2].url for day in days]},
        ],
    }  # fmt: skip


def _tables(request: HttpRequest, board: Board, within: str) -> list[dict[str, Any]]:
    found = []
    _codes, level = _below(within)
    for code in TABLES:
        lines = shown_lines(board, code, within)
        title, heading = table_title(code, within)
        shown: dict[str, Any] = {"code": code, "title": title, "heading": heading}
        if code == "subdistrict" and level != "grid":
            lines = [_with_way_in(request, line) for line in lines]
        shown |= {"ranked": any(line.rank for line in lines)}
        found.append(shown | _folded(request, code, lines))
    return found


def _folded(request: HttpRequest, code: str, lines: list[Line]) -> dict[str, Any]:
    """The first rows, and the way to all of them; `?rows=topic` shows those of one table."""
    if len(lines) <= FOLDED_FROM:
        return {"lines": lines}
    place = f"#table-{code}-title"
    if request.GET.get("rows") == code:
        return {"lines": lines, "fewer_url": address(request, rows=None) + place}
    more = len(lines) - FOLDED_FROM
    return {"lines": lines[:FOLDED_FROM], "more": more, "more_url": address(request, rows=code) + place}


def shown_lines(board: Board, code: str, within: str) -> list[Line]:
    """The lines of a table; that of the streets goes on with what lies in the area shown."""
    below, _level = _below(within)
    return board.areas(below) if code == "subdistrict" and below else board.lines(code)


def table_title(code: str, within: str) -> tuple[str, str]:
    """What a table and its first column are called."""
    below, level = _below(within)
    if code == "subdistrict" and below:
        return _("各%s") % LEVELS[level], str(LEVELS[level])
    title, heading = TABLES[code]
    return str(title), str(heading)


def _with_way_in(request: HttpRequest, line: Line) -> Line:
    if not line.tally.openable:
        return line
    return replace(line, inside_url=address(request, area=line.tally.key, level=None))


def _seen(code: str, paths: list[str]) -> bool:
    """Whether somebody who sees these subtrees may ask for this area."""
    row = current_index().rows.get(code)
    if row is None or row.layer != ADMINISTRATIVE or row.level == Area.Level.COMPOUND:
        return False
    return any(row.path.startswith(path) for path in paths)


def _below(within: str) -> tuple[list[str], str]:
    """The communities of a street, or the grids of a community, and what they are called."""
    rows = current_index().rows
    if within not in rows or rows[within].level not in BELOW:
        return [], "subdistrict"
    level = BELOW[rows[within].level]
    levels = ("community", "village") if level == "community" else (level,)
    path = rows[within].path
    return [
        row.code
        for row in rows.values()
        if row.layer == ADMINISTRATIVE and row.level in levels and row.path.startswith(path)
    ], level


def _trail(request: HttpRequest, within: str) -> list[dict[str, Any]]:
    """From the district down to the area shown."""
    rows = current_index().rows
    if within not in rows:
        return []
    seen = [scope.path for scope in scopes(reader(request), "case.view")]
    codes = [code for code in rows[within].path.split("/") if code in rows and _seen(code, seen)]
    return [
        {
            "title": rows[code].title,
            "url": address(
                request, area=None if rows[code].level == Area.Level.DISTRICT else code, level=None
            ),
            "here": code == within,
        }
        for code in codes
    ]
