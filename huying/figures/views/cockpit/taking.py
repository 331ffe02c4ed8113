"""The numbers of the cockpit's charts and tables to take away: as the page has them, with the address of their rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from huying.cases.rates import MEASURES, RATES, Number, Ratio
from huying.cases.tallies.reading import snapshot
from huying.core.spreadsheets import export_xlsx
from huying.figures.exports import Columns, export_csv
from huying.figures.views.cockpit.home import VERB, Seen, seen_by, shown_lines, table_title, words_of
from huying.figures.views.cockpit.numbers import LEVELS, Line
from huying.people.guards import requires
from huying.places.locate import current_index

IN_TABLES = ("reported", "closed", "scored", "closed_on_time", "overdue", "returned", "reopened",
             "asked_solved", "unsolved", "graded", "satisfied")  # fmt: skip
RATES_IN_TABLES = ("on_time_closing", "satisfaction")
TABLES = ("subdistrict", "department", "topic", "ledger")


@dataclass(frozen=True)
class Row:
    """One place of a chart, or one line of a table."""

    key: str
    title: str
    numbers: tuple[Number, ...]
    rates: tuple[Ratio, ...] = ()


@dataclass(frozen=True)
class Taken:
    """A chart as a table: `measures` are (code, title) of the numbers of each row."""

    title: str
    heading: str
    measures: Sequence[tuple[str, str]]
    rows: Iterable[Row]
    rates: Sequence[str] = ()


def _measures(*codes: str) -> list[tuple[str, str]]:
    return [(code, str(MEASURES[code].title)) for code in codes]


def _trend(seen: Seen) -> Taken:
    rows = (
        Row(f"{day:%Y-%m-%d}", f"{day:%m-%d}", (reported, closed))
        for day, reported, closed in seen.board.trend()
    )
    return Taken(_("30 天走势"), _("日期"), _measures("reported", "closed"), rows)


def _rising(seen: Seen) -> Taken:
    before = ("before", seen.span.before_words())
    rows = (Row("", hot.title, (hot.now, hot.change.before)) for hot in seen.board.hot_topics())
    return Taken(_("变多的事"), _("事项"), [*_measures("reported"), before], rows)


def _load(seen: Seen) -> Taken:
    names = current_index().rows
    rows = (
        Row(code, str(names[code].title), (number,))
        for code, number in seen.board.load(seen.level, seen.within).items()
    )
    return Taken(_("在办分布"), str(LEVELS[seen.level]), _measures("open"), rows)


def _table(code: str) -> Callable[[Seen], Taken]:
    def taken(seen: Seen) -> Taken:
        title, heading = table_title(code, seen.within)
        rows = (_row(line) for line in shown_lines(seen.board, code, seen.within))
        return Taken(title, heading, _measures(*IN_TABLES), rows, RATES_IN_TABLES)

    return taken


def _row(line: Line) -> Row:
    numbers = tuple(line.tally.number(code) for code in IN_TABLES)
    return Row(str(line.tally.key), str(line.tally.title), numbers, (line.on_time, line.satisfaction))


CHARTS: dict[str, Callable[[Seen], Taken]] = {
    "trend": _trend,
    "rising": _rising,
    "load": _load,
    **{code: _table(code) for code in TABLES},
}


@require_safe
@never_cache
@requires(VERB)
def values(request: HttpRequest, chart: str) -> HttpResponse:
    """The numbers of one chart or table as .xlsx, or with `?as=csv` as .csv, narrowed as the page is."""
    if chart not in CHARTS:
        raise Http404(_("驾驶舱没有“%(chart)s”这张图。请从驾驶舱上点“取走”。") % {"chart": chart[:40]})
    with snapshot():
        seen = seen_by(request)
        taken = CHARTS[chart](seen)
        columns = _columns(taken, seen, request.build_absolute_uri)
        if request.GET.get("as") == "csv":
            return cast(HttpResponse, export_csv(taken.title, columns, taken.rows))
        return cast(HttpResponse, export_xlsx(taken.title, columns, taken.rows, _notes(taken, seen)))


def _columns(taken: Taken, seen: Seen, link: Callable[[str], str]) -> Columns:
    """Names, numbers, rates; then the moment and the address of the rows of each number."""
    moment = f"{timezone.localtime(seen.span.at):%Y-%m-%d %H:%M:%S}"
    columns: list[tuple[str, Callable[[Row], Any]]] = [
        (_("代码"), lambda row: row.key), (taken.heading, lambda row: row.title),
    ]  # fmt: skip
    columns += [(f"{title} {code}", _value(place)) for place, (code, title) in enumerate(taken.measures)]
    columns += [
        (f"{RATES[code].title}（%） {code}", _percent(place)) for place, code in enumerate(taken.rates)
    ]
    columns.append((_("截至"), lambda row: moment))
    headings = [_("%(title)s的记录") % {"title": title} for _code, title in taken.measures]
    columns += [(heading, _address(place, link)) for place, heading in enumerate(headings)]
    return columns


def _value(place: int) -> Callable[[Row], int]:
    return lambda row: row.numbers[place].value


def _percent(place: int) -> Callable[[Row], float | None]:
    def percent(row: Row) -> float | None:
        exact = row.rates[place].percent
        return None if exact is None else float(exact)

    return percent


def _address(place: int, link: Callable[[str], str]) -> Callable[[Row], str]:
    return lambda row: link(row.numbers[place].url) if row.numbers[place].url else ""


def _notes(taken: Taken, seen: Seen) -> list[tuple[str, str]]:
    formulas = [(f"{RATES[code].title} {code}", str(RATES[code].formula)) for code in taken.rates]
    return [
        (_("范围"), words_of(seen)),
        (_("截至"), f"{timezone.localtime(seen.span.at):%Y-%m-%d %H:%M:%S}"),
        *formulas,
    ]
