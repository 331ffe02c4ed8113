"""Who does what in the demonstration: the pack's own staff, and residents who are made up."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass

from django.utils.translation import gettext as _

from huying.cases.demonstration.places import Place
from huying.cases.models import Category, Ledger, Topic
from huying.cases.suggest import _smallness
from huying.people.models import Department, Duty, Grant, User
from huying.places.locate import current_index
from huying.places.models import ADMINISTRATIVE, Area
from huying.registry.models import Item

_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙马朱胡郭何高林罗郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任姚卢"
)
_RESIDENTS = 9_000


@dataclass(frozen=True)
class Answerable:
    """Which department, by which rule, and the sentence that says so."""

    department: Department
    rule: str
    why: str


class People:
    """The staff by role and department, and the duties by topic and area."""

    def __init__(self) -> None:
        self.by_role: dict[str, list[User]] = defaultdict(list)
        self._by_department: dict[tuple[str, int], list[User]] = defaultdict(list)
        self._grid_workers: dict[str, list[User]] = defaultdict(list)
        grants = Grant.objects.select_related("user__department", "area").order_by("pk")
        for grant in grants:
            user = grant.user
            self.by_role[grant.role].append(user)
            department_id = grant.department_id or user.department_id
            if department_id:
                self._by_department[grant.role, department_id].append(user)
            if grant.role == "grid-worker" and grant.area:
                self._grid_workers[grant.area.code].append(user)
        self._duties: dict[str, dict[str, list[Duty]]] = defaultdict(lambda: defaultdict(list))
        duties = Duty.objects.on().filter(department__can_lead=True, department__valid_to=None)
        for duty in duties.select_related("area", "department"):
            self._duties[duty.topic][duty.area.code].append(duty)
        self._stations = {
            item.data.get("compound"): item
            for item in Item.objects.filter(register__code="heating-station").select_related("owner")
        }
        index = current_index()
        self._layers = [layer for layer in index.layers if layer != ADMINISTRATIVE]
        self._codes: dict[tuple[float, float], list[str]] = {}

    def one(self, draw: random.Random, role: str) -> User:
        return draw.choice(self.by_role[role])

    def of(self, draw: random.Random, role: str, department: Department) -> User:
        """Somebody with the role at the department, else at the one above it."""
        found = self._by_department.get((role, department.id)) or self._by_department.get(
            (role, department.parent_id or 0)
        )
        return draw.choice(found or self.by_role[role])

    def grid_worker(self, draw: random.Random, place: Place) -> User:
        return draw.choice(self._grid_workers.get(place.community_code) or self.by_role["grid-worker"])

    def station(self, place: Place) -> Item | None:
        """The heating station of a place's compound."""
        return self._stations.get(place.compound_code) if place.compound_code else None

    def answerable(
        self, ledger: Ledger, category: Category, place: Place, item: Item | None = None
    ) -> Answerable | None:
        """Who is responsible: the rule of `suggest.responsible_for`, asked of tables instead of the database.

        A test holds the two together.
        """
        starts = ("item.owner", "duty", "category")
        first = starts.index(ledger.rules.responsible)
        if first == 0 and item is not None and item.owner is not None and item.owner.can_lead:
            why = _("%(item)s的权属单位是%(department)s（谁所有、谁负责）。")
            return Answerable(item.owner, "owner", why % {"item": item.title, "department": item.owner})
        topic = category.topic
        if first <= 1 and topic is not None and (found := self._by_duty(topic, place)):
            return found
        return _by_catalogue(category, topic)

    def _by_duty(self, topic: Topic, place: Place) -> Answerable | None:
        chain = topic.chain
        tables = [(self._duties[code], rank) for rank, code in enumerate(chain) if code in self._duties]
        if not tables:
            return None
        codes = self._around(place)
        found = [
            (-_smallness(duty.area), rank, duty.department.code, duty)
            for table, rank in tables
            for code in codes
            for duty in table.get(code, ())
        ]
        if not found:
            return None
        best = min(found, key=lambda row: row[:3])[3]
        why = _("在%(area)s，「%(topic)s」由%(department)s负责。") % {
            "area": best.area, "topic": topic, "department": best.department,
        }  # fmt: skip
        return Answerable(best.department, "duty", why)

    def _around(self, place: Place) -> list[str]:
        """The codes of every area around the place: its chain, its compound, the functional grids."""
        point = (place.lng, place.lat)
        if point not in self._codes:
            codes = [code for code in place.where.area_path.split("/") if code]
            for layer in self._layers:
                codes.extend(current_index().locate(place.lng, place.lat, layer).chain)
            if place.where.compound_id:
                codes.append(self._compound_code(place.where.compound_id))
            self._codes[point] = codes
        return self._codes[point]

    def _compound_code(self, pk: int) -> str:
        if not hasattr(self, "_compounds"):
            compounds = Area.objects.filter(level=Area.Level.COMPOUND)
            self._compounds = dict(compounds.values_list("pk", "code"))
        return self._compounds[pk]


def _by_catalogue(category: Category, topic: Topic | None) -> Answerable | None:
    department = category.department or (topic.department if topic else None)
    if department is None and topic and topic.parent:
        department = topic.parent.department
    if department is None or not department.can_lead:
        return None
    why = _("「%(category)s」按目录由%(department)s负责。") % {"category": category, "department": department}
    return Answerable(department, "category", why)


def resident(draw: random.Random) -> tuple[str, str]:
    """A made-up name and a telephone number that belongs to nobody; some residents call again and again."""
    number = int(_RESIDENTS * draw.random() ** 1.6)
    surname = _SURNAMES[number % len(_SURNAMES)]
    return f"{surname}{'先生' if number % 2 else '女士'}", f"199037{number:05d}"
