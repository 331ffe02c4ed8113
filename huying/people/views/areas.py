"""Areas: a list by level with the map, one area with its people, edit, retire."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from huying.core.pages import Column, Filter, ListPage
from huying.core.toasts import toast
from huying.people.forms import AreaForm, AreaTreeField, area_tree
from huying.people.guards import VerbRequired, reader, requires
from huying.people.policy import areas_for, require_path
from huying.people.story import story
from huying.people.topics import topics
from huying.people.views.common import MANAGE_PLACES, act, form_page
from huying.places.area_changes import change_area, retire_area
from huying.places.models import ADMINISTRATIVE, Area, Building
from huying.places.overlay import functional_grids_over

_BELOW = {
    Area.Level.DISTRICT: Area.Level.SUBDISTRICT,
    Area.Level.SUBDISTRICT: Area.Level.COMMUNITY,
    Area.Level.COMMUNITY: Area.Level.GRID,
    Area.Level.VILLAGE: Area.Level.GRID,
}


class Areas(VerbRequired, ListPage):
    """The district's areas, level by level."""

    verb = MANAGE_PLACES
    name = "areas"
    title = gettext_lazy("区域")
    lead = gettext_lazy("区、街道、社区（村）、小区、网格，以及叠在同一张图上的功能网格。")
    template_name = "people/areas.html"
    order = "code"
    columns = (
        Column("title", gettext_lazy("名称"), value=str, sort="title"),
        Column("level", gettext_lazy("层级"), value=lambda row: row.get_level_display()),
        Column("parent", gettext_lazy("上级")),
        Column("households", gettext_lazy("户数"), sort="households", css="number"),
        Column("children_count", gettext_lazy("下级"), css="number"),
        Column("demonstration", gettext_lazy("演示数据"), shown=False),
        Column("valid_to", gettext_lazy("停用日期"), css="cell--nowrap", shown=False),
        Column("code", gettext_lazy("代码"), sort="code"),
    )

    def get_filters(self):
        layers = (
            Area.objects.exclude(layer=ADMINISTRATIVE)
            .order_by("layer")
            .values_list("layer", flat=True)
            .distinct()
        )
        choices = [("", _("行政与网格")), *((layer, layer_title(layer)) for layer in layers)]
        return (
            Filter(
                "q",
                forms.CharField(label=_("名称或代码"), widget=forms.TextInput(attrs={"type": "search"})),
                apply=lambda rows, words: rows.filter(Q(title__icontains=words) | Q(code__startswith=words)),
            ),
            Filter(
                "level", forms.ChoiceField(label=_("层级"), choices=[("", _("全部")), *Area.Level.choices])
            ),
            Filter(
                "within",
                AreaTreeField(
                    label=_("所在区域"),
                    queryset=area_tree(reader(self.request), MANAGE_PLACES),
                    to_field_name="code",
                    empty_label=_("全部"),
                ),
                apply=lambda rows, area: rows.filter(path__startswith=area.path),
            ),
            Filter("layer", forms.ChoiceField(label=_("图层"), choices=choices)),
            Filter("retired", forms.BooleanField(label=_("含已停用")), apply=lambda rows, _value: rows),
        )

    def get_queryset(self) -> QuerySet[Area]:
        rows = areas_for(self.request.user).select_related("parent").defer("boundary", "parent__boundary")
        if not self.request.GET.get("layer"):
            rows = rows.filter(layer=ADMINISTRATIVE)
        if not self.request.GET.get("retired"):
            rows = rows.filter(valid_to=None)
        return rows.annotate(children_count=Count("children", filter=Q(children__layer=ADMINISTRATIVE)))

    def row_url(self, row: Area) -> str:
        return reverse("people:area", args=[row.code])

    def saved_filters(self):
        counts = dict(
            areas_for(self.request.user)
            .filter(layer=ADMINISTRATIVE, valid_to=None)
            .order_by()
            .values_list("level")
            .annotate(n=Count("pk"))
        )
        chosen, here = self.request.GET.get("level"), reverse("people:areas")
        return [
            {
                "title": level.label,
                "url": here if chosen == level else f"{here}?level={level}",
                "active": chosen == level,
                "count": counts.get(level, 0),
            }
            for level in Area.Level
        ]

    def extra_context(self) -> dict[str, Any]:
        level = self.request.GET.get("level") or Area.Level.SUBDISTRICT
        layer, within = self.request.GET.get("layer", ""), self.request.GET.get("within", "")
        address = f"/places/areas.geojson?level={Area.Level.GRID if layer else level}"
        address += f"&within={within}" if within else ""
        address += f"&layer={layer}" if layer else ""
        opens = reverse("people:area", args=["CODE"])
        return {"map": {"id": "areas-map", "areas_url": address, "area_url": opens, "label": _("区域图")}}


LAYERS = {
    "party": gettext_lazy("党建网格"),
    "urban-management": gettext_lazy("城管网格"),
    "stability": gettext_lazy("综治网格"),
    "safety": gettext_lazy("应急安全网格"),
    "environment": gettext_lazy("环保网格"),
}


def layer_title(layer: str) -> str:
    """The name of a functional layer; its code where the district has a layer of its own."""
    return str(LAYERS.get(layer, layer))


def _area(request: HttpRequest, code: str) -> Area:
    return get_object_or_404(areas_for(request.user).select_related("parent"), code=code)


@requires(MANAGE_PLACES)
def area(request: HttpRequest, code: str) -> HttpResponse:
    """One area: where it is, who is responsible there, what lies below and over it."""
    row = _area(request, code)
    names = topics()
    duties = row.duties.on().select_related("department", "post", "user").order_by("topic")[:100]
    below = _BELOW.get(Area.Level(row.level))
    chain = Area.objects.filter(code__in=row.path.split("/")[:-2]).order_by("path").defer("boundary")
    context = {
        "area": row,
        "crumbs": [(_("区域"), reverse("people:areas")), *_crumbs(request, chain)],
        "holdings": row.post_holdings.on().filter(user__is_active=True).select_related("user", "post"),
        "duties": [(names[duty.topic].title if duty.topic in names else duty.topic, duty) for duty in duties],
        "organisations": row.organisations.filter(valid_to=None),
        "ownerships": row.ownerships.select_related("department"),
        "children": row.children.filter(layer=row.layer, valid_to=None)
        .defer("boundary")
        .order_by("level", "code"),
        "buildings": Building.objects.filter(
            Q(compound__path__startswith=row.path) | Q(grid__path__startswith=row.path)
        ).count(),
        "functional": functional_grids(row),
        "layer": "" if row.layer == ADMINISTRATIVE else layer_title(row.layer),
        "events": story(row),
        "map": {
            "id": "area-map",
            "areas_url": f"/places/areas.geojson?level={below or row.level}&within={row.code}"
            + ("" if row.layer == ADMINISTRATIVE else f"&layer={row.layer}"),
            "label": str(row),
            "height": "small",
        },
    }
    return render(request, "people/area.html", context)


def _crumbs(request: HttpRequest, chain: QuerySet[Area]) -> list[tuple[str, str]]:
    """The areas above; those beyond the reader's own have no page for them."""
    mine = set(areas_for(request.user).filter(pk__in=chain).values_list("pk", flat=True))
    return [
        (str(each), reverse("people:area", args=[each.code]) if each.pk in mine else "") for each in chain
    ]


def functional_grids(row: Area) -> list[tuple[str, list[Area]]]:
    """The functional grids that lie over the area, by layer."""
    found: dict[str, list[Area]] = {}
    for grid in functional_grids_over(row):
        found.setdefault(layer_title(grid.layer), []).append(grid)
    return list(found.items())


@requires(MANAGE_PLACES)
def edit_area(request: HttpRequest, code: str) -> HttpResponse:
    row = _area(request, code)
    form = AreaForm(request.POST or None, instance=_area(request, code))
    here = reverse("people:area", args=[code])

    def save(data: dict[str, Any]) -> HttpResponse:
        change_area(row, actor=reader(request), **data)
        toast(request, _("已保存。"))
        return redirect(here)

    crumbs = [(_("区域"), reverse("people:areas")), (str(row), here)]
    return form_page(request, form, save, title=_("修改区域"), crumbs=crumbs, cancel_url=here)


@require_POST
@requires(MANAGE_PLACES)
def retire(request: HttpRequest, code: str) -> HttpResponse:
    row = _area(request, code)
    # Who manages a street may not take the street itself out of use, only what lies in it.
    above = row.parent.path if row.parent else ""

    def action() -> None:
        require_path(request.user, MANAGE_PLACES, above)
        retire_area(row, actor=reader(request))

    done = _("“%s”从明天起停用，已有的案件和记录不变。") % row
    return act(request, action, done, reverse("people:area", args=[code]))
