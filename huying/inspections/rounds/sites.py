"""A place as a round sees it: a thing, an area or a department, with who answers for it."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import Http404
from django.utils.translation import gettext as _

from huying.inspections.plans import PlanRules
from huying.inspections.standards import StandardRules
from huying.people.models import Department
from huying.places.models import Area
from huying.places.where import where_is
from huying.registry.models import Item

KINDS = ("item", "area", "department")


@dataclass(frozen=True)
class Site:
    """Where a round is made. Exactly one of item, area and department is set."""

    item: Item | None = None
    area: Area | None = None
    department: Department | None = None

    @property
    def kind(self) -> str:
        """item, area or department."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def pk(self) -> int:
        """The key of what it is."""
        return int(getattr(self, self.kind).pk)

    @property
    def title(self) -> str:
        """What it is called."""
        return str(getattr(self, self.kind))

    @property
    def path(self) -> str:
        """The path of the area that it lies in."""
        if self.item is not None:
            return self.item.area_path
        if self.area is not None:
            return self.area.path
        assert self.department is not None
        return self.department.area.path if self.department.area else ""

    @property
    def point(self) -> tuple[float, float] | None:
        """Where it stands, WGS-84; only things have a point."""
        if self.item is None or self.item.lng is None or self.item.lat is None:
            return None
        return self.item.lng, self.item.lat

    @property
    def address(self) -> str:
        """How it is found: the thing's address, else the area."""
        if self.item is not None:
            return self.item.address or str(self.item.area or "")
        return self.title

    @property
    def units(self) -> list[Department]:
        """Who is inspected here: the owner and keeper of a thing, the area's own offices, the department."""
        if self.department is not None:
            return [self.department]
        if self.item is not None:
            return [unit for unit in (self.item.owner, self.item.keeper) if unit is not None]
        assert self.area is not None
        return list(Department.objects.filter(area=self.area, valid_to__isnull=True).order_by("code"))

    @property
    def answers(self) -> Department | None:
        """The one department that a letter goes to: the first that may lead, else the one above it."""
        for unit in self.units:
            lead: Department | None = unit
            while lead is not None and not lead.can_lead:
                lead = lead.parent
            if lead is not None:
                return lead
        return None


def site_for(kind: str, pk: int) -> Site:
    """The place with this key, with what a round needs; 404 where there is none."""
    if kind == "item":
        rows = Item.objects.select_related(
            "register", "area", "owner__parent", "keeper__parent", "supervisor"
        )
        if item := rows.defer("area__boundary", "search").filter(pk=pk).first():
            return Site(item=item)
    elif kind == "area":
        if area := Area.objects.filter(pk=pk, valid_to__isnull=True).defer("boundary").first():
            return Site(area=area)
    elif kind == "department":
        rows_ = Department.objects.select_related("area", "parent").filter(pk=pk, valid_to__isnull=True)
        if department := rows_.first():
            return Site(department=department)
    raise Http404(_("没有这个地方，或者它已经不在名录里。"))


def applies(rules: StandardRules, site: Site) -> bool:
    """Whether the standard is made for such a place."""
    if site.item is not None:
        return site.item.register.code in rules.registers
    if site.area is not None:
        return site.area.level == rules.area_level
    return rules.departments


def belongs(plan: PlanRules, site: Site) -> bool:
    """Whether the plan goes to such places. What was retired meanwhile still counts: somebody was there."""
    if site.item is not None:
        return site.item.register.code in plan.registers
    if site.area is not None:
        return site.area.level == plan.area_level
    assert site.department is not None
    return site.department.code in plan.at_departments


def lies_in(site: Site) -> dict[str, int | str | None]:
    """The columns of a round that say where it lies: path, subdistrict and community."""
    codes = [code for code in site.path.split("/") if code]
    areas = {area.code: area for area in Area.objects.filter(code__in=codes).only("pk", "code", "level")}
    levels = {areas[code].level: areas[code].pk for code in codes if code in areas}
    if not codes and site.point is not None:
        there = where_is(*site.point)
        return {"area_path": there.area_path, "subdistrict_id": there.subdistrict_id, "community_id": None}
    return {
        "area_path": site.path,
        "subdistrict_id": levels.get(Area.Level.SUBDISTRICT),
        "community_id": levels.get(Area.Level.COMMUNITY) or levels.get(Area.Level.VILLAGE),
    }
