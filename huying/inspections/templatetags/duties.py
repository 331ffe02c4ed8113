"""How tallies of duties are shown."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
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
