"""Which functional grids (party, urban management, stability ...) lie over a piece of the district."""

from __future__ import annotations

from shapely.geometry import shape

from huying.places.locate import current_areas
from huying.places.models import ADMINISTRATIVE, Area

# Two areas that share less than this part of the smaller one only touch.
LEAST_SHARE = 0.01


def functional_grids_over(area: Area) -> list[Area]:
    """The functional grids in use that share ground with the area, by layer and code.

    None for the district itself (all of them), for a functional grid, and where the area has no boundary.
    """
    if area.layer != ADMINISTRATIVE or not area.boundary or area.parent_id is None:
        return []
    ground = shape(area.boundary)
    west, south, east, north = ground.bounds
    near = Area.objects.exclude(layer=ADMINISTRATIVE).filter(
        current_areas(),
        boundary__isnull=False,
        west__lt=east,
        east__gt=west,
        south__lt=north,
        north__gt=south,
    )
    found = []
    for other in near.order_by("layer", "code"):
        over = shape(other.boundary)
        if ground.intersection(over).area >= LEAST_SHARE * min(ground.area, over.area):
            found.append(other)
    return found
