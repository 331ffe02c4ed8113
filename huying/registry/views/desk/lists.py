"""Lists of things: one register with its declared columns and filters, and everything at once."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial, reduce
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.core.journal import log
from huying.core.pages import Column, Filter, ListPage
from huying.core.search import search_rows
from huying.people.access import can
from huying.people.guards import VerbRequired, signed_in
from huying.people.models import Department
from huying.places.locate import current_index
from huying.places.models import ADMINISTRATIVE, Area
from huying.registry import policy
from huying.registry.declared.cells import write_cell
from huying.registry.declared.fields import Field
from huying.registry.declared.forms import field_title
from huying.registry.display import crumbs, listed_fields, state_badge, words_of
from huying.registry.finding import Box, items_in_box
from huying.registry.models import Item, Register
from huying.registry.rules import RETIRED, RegisterRules
from huying.registry.widgets import LongSelect

Rows = QuerySet[Item]
ALL_STATES = "all"
_SAMPLE, _OFTEN = 1000, 50


class BoxField(forms.CharField):
    """west,south,east,north in degrees."""

    widget = forms.HiddenInput

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            edges = [float(part) for part in str(text).split(",")]
        except ValueError:
            edges = []
        if len(edges) != 4 or not all(map(math.isfinite, edges)):
            raise forms.ValidationError(_("地图范围写成：西,南,东,北（度）。"))
        return Box(*edges)


def area_choices() -> list[tuple[str, Any]]:
    """Streets with their communities and villages, from the map in memory."""
    rows = [row for row in current_index().rows.values() if row.layer == ADMINISTRATIVE]
    found: list[tuple[str, Any]] = []
    for street in (row for row in rows if row.level == Area.Level.SUBDISTRICT):
        below = [
            (row.code, f"　{row.title}")
            for row in rows
            if row.path.startswith(street.path) and row.level in (Area.Level.COMMUNITY, Area.Level.VILLAGE)
        ]
        found += [(street.code, str(street.title)), *below]
    return found


def department_choices() -> list[tuple[str, str]]:
    """Every department in use, by code."""
    rows = Department.objects.filter(valid_to=None).order_by("kind", "code")
    return [(row.code, str(row)) for row in rows]


def any_of(choices: Callable[[], list[tuple[str, Any]]]) -> Callable[[], list[tuple[str, Any]]]:
    """The choices, and before them that none is made."""
    return lambda: [("", gettext_lazy("全部")), *choices()]


def _within(rows: Rows, code: str) -> Rows:
    row = current_index().rows.get(code)
    return rows.filter(area_path__startswith=row.path) if row else rows.none()


def _in_state(rows: Rows, state: str) -> Rows:
    return rows if state == ALL_STATES else rows.filter(state=state)


def _placed(rows: Rows, value: str) -> Rows:
    return rows.filter(lng__isnull=value != "yes")


def _verified(rows: Rows, value: str) -> Rows:
    return rows.filter(verified_at__isnull=value != "yes")


def _has(field: Field, register: int, rows: Rows, value: str) -> Rows:
    """The rows with this value of a declared field, in a form that stays fast whether it is rare or everywhere.

    The planner knows nothing of what stands in JSON. Where the first things of the register have the value often
    enough, a page of them is soon found on the way; else the index on the values is asked.
    """
    kept: Any = {"yes": True, "no": False}[value] if field.type == "yes or no" else value
    several = field.type == "choices"
    plain = Q(**{f"data__{field.code}__contains": [kept]} if several else {f"data__{field.code}": kept})
    first = Item.objects.filter(register=register).order_by("code").values("pk")[:_SAMPLE]
    if Item.objects.filter(plain, pk__in=first).count() >= _OFTEN:
        return rows.filter(plain)
    return rows.filter(data__contains={field.code: [kept] if several else kept})


def common_filters(keys: list[int], states: list[tuple[str, Any]]) -> list[Filter]:
    """What every list of things can be narrowed by. `keys` are the registers on it."""
    yes_no = [("", gettext_lazy("全部")), ("yes", gettext_lazy("有")), ("no", gettext_lazy("没有"))]
    return [
        Filter(
            "q",
            forms.CharField(
                label=gettext_lazy("名称、编号或地址"), max_length=100,
                widget=forms.TextInput(attrs={"type": "search"}),
            ),
            apply=lambda rows, words: search_rows(rows, words, vector="search", text="words"),
        ),
        Filter(
            "state",
            forms.ChoiceField(
                label=gettext_lazy("状态"),
                choices=[("", gettext_lazy("在册")), *states, (ALL_STATES, gettext_lazy("全部，含停用"))],
            ),
            apply=_in_state,
        ),
        Filter(
            "area",
            forms.ChoiceField(label=gettext_lazy("街道、社区"), choices=any_of(area_choices), widget=LongSelect),
            apply=_within,
        ),
        Filter(
            "owner",
            forms.ChoiceField(label=gettext_lazy("权属单位"), choices=any_of(department_choices), widget=LongSelect),
            lookup="owner__code",
        ),
        Filter("placed", forms.ChoiceField(label=gettext_lazy("地图位置"), choices=yes_no), apply=_placed),
        Filter("bbox", BoxField(label=gettext_lazy("地图范围")), apply=lambda rows, box: items_in_box(rows, keys, box)),
    ]  # fmt: skip


def field_filters(rules: RegisterRules, register: int) -> list[Filter]:
    """Filters from the declaration: what is chosen from a list, and what is answered by yes or no."""
    found = []
    for field in rules.fields:
        if field.private or field.type not in ("choice", "choices", "yes or no"):
            continue
        options: list[tuple[str, Any]] = [(option, option) for option in field.of]
        if field.type == "yes or no":
            options = [("yes", gettext_lazy("是")), ("no", gettext_lazy("否"))]
        form_field = forms.ChoiceField(
            label=field_title(field), choices=[("", gettext_lazy("全部")), *options]
        )
        found.append(Filter(f"f_{field.code}", form_field, apply=partial(_has, field, register)))
    if rules.verified:
        choices = [
            ("", gettext_lazy("全部")),
            ("yes", gettext_lazy("核实过")),
            ("no", gettext_lazy("没有核实")),
        ]
        found.append(
            Filter("verified", forms.ChoiceField(label=gettext_lazy("现场核实"), choices=choices), apply=_verified)
        )  # fmt: skip
    return found


def _state_words(item: Item) -> str:
    return str(item.stands)


class _ItemList(VerbRequired, ListPage):
    """What lists of things share."""

    verb = policy.VIEW
    template_name = "registry/items.html"
    empty = {
        "title": gettext_lazy("还没有登记"),
        "text": gettext_lazy("可以逐件新增，或用表格一次导入。"),
        "icon": "pin",
    }

    def get_queryset(self) -> Rows:
        rows = policy.items_for(self.request.user).select_related(
            "register", "area", "owner", "keeper", "supervisor"
        )
        rows = rows.defer("area__boundary", "search", "words", "geometry")
        # A thing that is gone is kept with its history; lists and maps show what is there.
        return rows if self.asked("state") else rows.exclude(state=RETIRED)

    def exported(self, rows: Rows) -> None:
        """Who took which list is on record: rows leave the house here."""
        user = signed_in(self.request)
        query = {each.name: self.request.GET.get(each.name, "") for each, _value in self.active}
        log(
            user,
            "item.list_exported",
            actor=user,
            register=self.kwargs.get("register", ""),
            filter=urlencode(query),
        )

    @cached_property
    def unboxed_rows(self) -> Rows:
        """The filtered rows, wherever they stand."""
        pairs = [pair for pair in self.active if pair[0].name not in ("bbox", "placed")]
        return reduce(lambda rows, pair: pair[0].narrow(rows, pair[1]), pairs, self.get_queryset())

    def map_query(self) -> str:
        """The filters in use, for the map of the same rows."""
        kept = {
            each.name: self.request.GET.get(each.name, "")
            for each, _value in self.active
            if each.name not in ("bbox", "placed")
        }
        return f"?{urlencode(kept)}" if kept else ""


class AllItems(_ItemList):
    """Things of every register, for who knows a word, a code or a part code."""

    name = "items"
    title = gettext_lazy("全部名录中查找")
    order = "-pk"
    exportable = False

    @cached_property
    def registers(self) -> list[Register]:
        return list(Register.objects.filter(active=True))

    def get_queryset(self) -> Rows:
        return super().get_queryset().filter(register__in=[one.pk for one in self.registers])

    @cached_property
    def _columns(self) -> list[Column]:
        return [
            Column("title", gettext_lazy("名称"), value=str),
            Column("code", gettext_lazy("编号"), css="cell--nowrap"),
            Column("register", gettext_lazy("名录"), value=lambda row: str(row.register)),
            Column("state", gettext_lazy("状态"), value=_state_words, show=state_badge),
            Column("owner", gettext_lazy("权属单位")),
            Column("area", gettext_lazy("区域")),
            Column("address", gettext_lazy("地址")),
            Column("part_code", gettext_lazy("部件编码"), css="cell--nowrap"),
        ]

    def get_columns(self) -> list[Column]:
        return self._columns

    @cached_property
    def _filters(self) -> list[Filter]:
        states = {state.code: str(state) for one in self.registers for state in one.rules.states}
        choose = Filter(
            "register",
            forms.ChoiceField(
                label=gettext_lazy("名录"),
                choices=[("", gettext_lazy("全部")), *((one.code, str(one)) for one in self.registers)],
            ),
            lookup="register__code",
        )
        first, *rest = common_filters([one.pk for one in self.registers], list(states.items()))
        return [first, choose, *rest]

    def get_filters(self) -> list[Filter]:
        return self._filters

    def extra_context(self) -> dict[str, Any]:
        return {
            "crumbs": [*crumbs(), (self.title, "")],
            "map_url": reverse("desk:items-map") + self.map_query(),
        }


class Items(_ItemList):
    """The things of one register: its declared columns, its declared filters."""

    order = "code"

    @cached_property
    def register(self) -> Register:
        return get_object_or_404(Register, code=self.kwargs["register"], active=True)

    @cached_property
    def rules(self) -> RegisterRules:
        return self.register.rules

    @property
    def title(self) -> str:
        return str(self.register)

    @property
    def lead(self) -> str:
        return self.rules.about

    @property
    def name(self) -> str:  # type: ignore[override]
        return f"register-{self.register.code}"

    def get_queryset(self) -> Rows:
        return super().get_queryset().filter(register=self.register)

    @cached_property
    def _columns(self) -> list[Column]:
        fields = listed_fields(self.rules)
        found = [
            Column("title", gettext_lazy("名称"), sort="title"),
            Column("code", gettext_lazy("编号"), sort="code", css="cell--nowrap"),
            Column("state", gettext_lazy("状态"), value=_state_words, show=state_badge),
        ]
        found += [
            Column(
                f"f_{field.code}",
                field_title(field),
                value=partial(_cell, field),
                show=partial(_shown, field),
                css="number" if field.type in ("number", "money") else "",
                export=not field.private,
                shown=place < 5,
            )
            for place, field in enumerate(fields)
        ]
        found += [
            Column("owner", gettext_lazy("权属单位"), value=partial(_department, "owner")),
            Column("keeper", gettext_lazy("养护单位"), value=partial(_department, "keeper"), shown=False),
            Column("supervisor", gettext_lazy("主管部门"), value=partial(_department, "supervisor"), shown=False),
            Column("address", gettext_lazy("地址"), shown=len(fields) < 3),
            Column("area", gettext_lazy("区域")),
            Column("lng", gettext_lazy("经度"), shown=False),
            Column("lat", gettext_lazy("纬度"), shown=False),
            Column("verified_at", gettext_lazy("最近核实"), sort="verified_at", shown=self.rules.verified),
            Column("changed_at", gettext_lazy("最近修改"), sort="changed_at", shown=False),
        ]  # fmt: skip
        if self.rules.classes:
            found.append(Column("part_code", gettext_lazy("部件编码"), shown=False))
        if self.rules.label != "none":
            found.append(Column("label", gettext_lazy("标牌码"), shown=False))
        return found

    def get_columns(self) -> list[Column]:
        return self._columns

    @cached_property
    def _filters(self) -> list[Filter]:
        states = [(state.code, str(state)) for state in self.rules.states]
        return [*common_filters([self.register.pk], states), *field_filters(self.rules, self.register.pk)]

    def get_filters(self) -> list[Filter]:
        return self._filters

    def extra_context(self) -> dict[str, Any]:
        on_map = reverse("desk:register-map", args=[self.register.code]) + self.map_query()
        return {
            "crumbs": [*crumbs(), (self.title, "")], "register": self.register, "rules": self.rules,
            "may_add": can(self.request.user, policy.CHANGE), "may_import": can(self.request.user, policy.IMPORT),
            "map_url": on_map if self.rules.place != "none" else "",
        }  # fmt: skip

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.register  # noqa: B018  (404 before anything is asked of the register)
        return super().get(request, *args, **kwargs)


def _cell(field: Field, item: Item) -> Any:
    return write_cell(field, item.data.get(field.code))


def _shown(field: Field, item: Item) -> str:
    return words_of(field, item)


def _department(role: str, item: Item) -> str:
    found = getattr(item, role)
    return str(found) if found else ""
