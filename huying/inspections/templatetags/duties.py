"""How tallies of duties are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from huying.inspections.duties.figures import Tally
from huying.inspections.views.desk.compliance import percent

register = template.Library()


@register.simple_tag
def tally_percent(tally: Tally) -> str:
    """98.4%, or a dash while nothing is decided."""
    return percent(tally) or "—"


@register.simple_tag
def heat_cells(cells: Sequence[Mapping[str, Any]]) -> SafeString:
    """The days of a month: number, share done in time and colour, each with the way to its rows. A year has 365 of
    them, so they are put together here and not by the template.
    """
    said = _("应做 %(due)d，按时 %(done)d，迟了 %(late)d，缺 %(missed)d")
    return format_html_join("", "{}", ((_cell(cell, said),) for cell in cells))


def _cell(cell: Mapping[str, Any], said: str) -> SafeString:
    day, tally = cell["day"], cell["tally"]
    if not cell["url"]:
        return format_html('<td><span class="duties-heat__day soft">{}</span></td>', day.day)
    words = said % {"due": tally.due, "done": tally.done, "late": tally.late, "missed": tally.missed}
    return format_html(
        '<td class="duties-cell--{}"><a href="{}" title="{} {}"><span class="duties-heat__day">{}</span>'
        "<b>{}</b></a></td>", cell["colour"] or "none", cell["url"], day, words, day.day,
        "…" if cell["percent"] is None else cell["percent"],
    )  # fmt: skip


@register.simple_tag
def tally_bar(tally: Tally) -> SafeString | str:
    """Done, late and missed as one bar; the numbers beside it say the same."""
    if not tally.decided:
        return ""
    done, late = 100 * tally.done / tally.decided, 100 * tally.late / tally.decided
    label = _("按时 %(done)d，迟了 %(late)d，缺 %(missed)d") % {
        "done": tally.done, "late": tally.late, "missed": tally.missed,
    }  # fmt: skip
    return format_html(
        '<svg class="duties-bar" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<rect class="duties-bar__missed" width="100" height="8"/>'
        '<rect class="duties-bar__late" width="{}" height="8"/>'
        '<rect class="duties-bar__done" width="{}" height="8"/></svg>',
        label, f"{done + late:.2f}", f"{done:.2f}",
    )  # fmt: skip
