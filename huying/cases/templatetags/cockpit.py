"""Numbers of the cockpit: each is a link to its rows, and says in `data-count` how many they are."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from huying.cases.rates import Number, Ratio, Tally
from huying.cases.views.cockpit.numbers import SMALL, Change
from huying.core.templatetags.parts import icon

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
    if not value.url:
        return format_html('<span class="{}">{}</span>', css, value)
    return format_html('<a class="{}" href="{}" data-count="{}">{}</a>', css, value.url, value.value, value)


@register.simple_tag
def cell(value: Number, colour: str = "") -> SafeString:
    """The same in a dense table, where a nought has nothing to open."""
    return number(value, colour) if value.value else _NOUGHT


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
        return format_html('<span class="soft">{}</span>', "—")
    parts = format_html(
        '<small class="parts">{}/{}</small>', cell(value.numerator), number(value.denominator)
    )
    if value.denominator.value < SMALL:
        return parts
    return format_html("{}{}", f"{value.percent:.1f} %", parts)


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
