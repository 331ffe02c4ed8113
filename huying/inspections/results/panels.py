"""What the page of a thing, and whoever scans it, reads of its plates, measures and rounds."""

from __future__ import annotations

from django.template.loader import render_to_string

from huying.inspections.results.models import Measure
from huying.inspections.results.rights import may_begin, measures_for
from huying.inspections.rounds.rights import VIEW, rounds_for
from huying.people.access import can
from huying.people.models import User
from huying.registry.models import Item

_PLATES = (Measure.Kind.RED_PLATE, Measure.Kind.BLACK_PLATE)
_MOST = 5


def plate_of(item: Item) -> Measure | None:
    """The plate that hangs there today."""
    return (
        item.measures.filter(kind__in=_PLATES, state=Measure.State.IN_FORCE).order_by("-decided_on").first()
    )


def item_panel(item: Item, user: User) -> str:
    """Plate, measures and the last rounds; nothing for who may see none."""
    if not can(user, VIEW):
        return ""
    measures = list(measures_for(user).filter(item=item)[:_MOST])
    rounds = list(rounds_for(user).filter(item=item).select_related("version__standard")[:_MOST])
    may = may_begin(user, item)
    if not measures and not rounds and not may:
        return ""
    context = {
        "item": item,
        "plate": plate_of(item),
        "measures": measures,
        "rounds": rounds,
        "may_measure": may,
    }
    return render_to_string("inspections/desk/_item_results.html", context)


def plate_here(item: Item) -> str:
    """A plate is hung for everybody to see."""
    plate = plate_of(item)
    return render_to_string("inspections/desk/_plate.html", {"plate": plate, "public": True}) if plate else ""
