"""Numbers of the cockpit: each is a link to its rows, and says in `data-count` how many they are."""

from __future__ import annotations

from collections.abc import Iterable

from django import template
from django.forms import BoundField
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from huying.cases.rates import Number, Ratio, Tally
from huying.core.templatetags.parts import icon
from huying.figures.views.cockpit.numbers import SMALL, Change, Line

register = template.Library()


@register.simple_tag
def number(value: Number, colour: str = "") -> SafeString:
    """A count that opens its list; `colour` marks it when it is not zero."""
    css = (
        "count-of count-of--zero"
        if not value.value
        else f"count-of count-of--{colour}"
        if colour
        else "count-of"
    )
    # Written out: a page has a thousand of them.
    if not value.url:
        return SafeString(f'<span class="{css}">{value}</span>')
    return SafeString(f'<a class="{css}" href="{escape(value.url)}" data-count="{value.value}">{value}</a>')


@register.simple_tag
def cell(value: Number, colour: str = "") -> SafeString:
    """The same in a dense table, where a nought has nothing to open."""
    return number(value, colour) if value.value else _NOUGHT


_NOTHING = SafeString('<span class="soft">—</span>')
_NOUGHT = SafeString('<span class="count-of count-of--zero">0</span>')


@register.simple_tag
def measure(tally: Tally, code: str) -> SafeString:
    """One measure of a tally as a number."""
    return number(tally.number(code))


@register.simple_tag
def percent(value: Ratio) -> SafeString:
    """A rate in large letters: one decimal, the sign small."""
    if value.percent is None:
        return format_html('<span title="{}">—</span>', _("还没有应结案件"))
    return format_html("{}<small>%</small>", f"{value.percent:.1f}")


@register.simple_tag
def ratio(value: Ratio) -> SafeString:
    """A rate with the two numbers it comes from; of few rows the numbers alone."""
    if not value.denominator.value:
        return _NOTHING
    parts = f'<small class="parts">{cell(value.numerator)}/{number(value.denominator)}</small>'
    if value.denominator.value < SMALL:
        return SafeString(parts)
    return SafeString(f"{value.percent:.1f} %{parts}")


@register.simple_tag
def lines(rows: Iterable[Line], ranked: bool) -> SafeString:
    """The rows of a table, by one call: tags for each of a thousand cells take longer than counting them."""
    made = []
    for line in rows:
        rank = f'<td class="number rank">{line.rank or "—"}</td>' if ranked else ""
        cells = (
            cell(line.reported), f'<span class="soft">{line.share:.1f} %</span>', cell(line.closed),
            ratio(line.on_time), cell(line.overdue, "red"), cell(line.returned), cell(line.reopened),
            cell(line.unsolved, "yellow"), ratio(line.satisfaction),
        )  # fmt: skip
        numbers = "".join(f'<td class="number">{each}</td>' for each in cells)
        title = escape(line.tally.title)
        if line.inside_url:
            title = SafeString(f'<a href="{escape(line.inside_url)}">{title}</a>')
        made.append(f'<tr>{rank}<th scope="row">{title}</th>{numbers}</tr>')
    return SafeString("".join(made))


@register.simple_tag
def load_rows(rows: Iterable[tuple[str, Number]]) -> SafeString:
    """The rows of the map's table."""
    return SafeString(
        "".join(
            f'<tr><th scope="row">{escape(title)}</th><td class="number">{number(count)}</td></tr>'
            for title, count in rows
        )
    )


@register.simple_tag
def choices(field: BoundField) -> SafeString:
    """A choice field as its widget draws it, which asks a template for each of its options."""
    chosen = str(field.value() or "")
    options = format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        (
            (value, SafeString(" selected") if str(value) == chosen else "", title)
            for value, title in field.field.choices  # type: ignore[attr-defined]
        ),
    )
    return format_html(
        '<select name="{}" id="{}" class="input">{}</select>', field.html_name, field.id_for_label, options
    )


@register.simple_tag
def change(value: Change, before: str) -> SafeString:
    """Against the period before, with its number; in per cent only where that is honest."""
    known = format_html("<span>{} {}</span>", before, number(value.before))
    if value.percent is None or not value.difference:
        return known
    arrow = icon("arrow-up" if value.difference > 0 else "arrow-down")
    word = _("多") if value.difference > 0 else _("少")
    return format_html('{}<span class="tile__delta">{}{} {} %</span>', known, arrow, word, abs(value.percent))


@register.simple_tag
def points(value: float | None, before: str) -> SafeString | str:
    """Percentage points against the period before."""
    if not value:
        return ""
    css, arrow = ("good", "arrow-up") if value > 0 else ("bad", "arrow-down")
    sentence = (
        _("比%(before)s高 %(points)s 个百分点") if value > 0 else _("比%(before)s低 %(points)s 个百分点")
    )
    words = sentence % {"before": before, "points": abs(value)}
    return format_html('<span class="tile__delta tile__delta--{}">{}{}</span>', css, icon(arrow), words)


@register.simple_tag
def bar(share: float) -> SafeString:
    """A bar as long as the share, for the eye only: the number stands beside it."""
    return format_html(
        '<svg class="bar" aria-hidden="true" preserveAspectRatio="none" viewBox="0 0 100 4">'
        '<rect width="{}" height="4"/></svg>',
        f"{min(share, 100):.1f}",
    )
