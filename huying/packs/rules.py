"""What a row of a table may not say, given the others: one rule for packs and spreadsheets alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from huying.packs.tables import PARENTS, Complaint
from huying.packs.wording import said
from huying.people.roles import ROLES
from huying.places.area_index import ADMINISTRATIVE
from huying.places.sentences import gettext_noop as _

NEVER_LEAD = ("community", "village")


class Values(Protocol):
    """A row, understood."""

    def __getitem__(self, column: str) -> Any: ...


def check_area(row: Values, levels: Mapping[str, str]) -> Iterator[Complaint]:
    """Levels nest; `levels` holds the level of every area."""
    allowed = PARENTS.get(row["level"], ())
    parent = row["parent"]
    if not allowed and parent:
        yield "parent", said(_("区没有上级，parent 要空着。"))
    elif allowed and not parent:
        yield "parent", said(_("缺少上级（parent）。上级可以是：%(levels)s。"), levels="、".join(allowed))
    elif parent in levels and levels[parent] not in allowed:
        yield (
            "parent",
            said(
                _("%(level)s 的上级不能是 %(parent)s（%(found)s），应是：%(levels)s。"),
                level=row["level"], parent=parent, found=levels[parent], levels="、".join(allowed),
            ),
        )  # fmt: skip


def check_building(row: Values, levels: Mapping[str, str]) -> Iterator[Complaint]:
    """`compound` is a compound and `grid` a grid."""
    for column in ("compound", "grid"):
        found = levels.get(row[column] or "", column)
        if found != column:
            yield (
                column,
                said(
                    _("要写一个 %(column)s 的代码，%(code)s 是 %(level)s。"),
                    column=column, code=row[column], level=found,
                ),
            )  # fmt: skip


def check_department(row: Values) -> Iterator[Complaint]:
    """A community is never lead."""
    if row["kind"] in NEVER_LEAD and row["can_lead"]:
        yield "can_lead", said(_("社区、村不能主办：can_lead 要写 false。"))


def can_lead(row: Values) -> bool:
    """An empty cell means: yes, unless it is a community or village."""
    return bool(row["kind"] not in NEVER_LEAD if row["can_lead"] is None else row["can_lead"])


def check_staff(row: Values) -> Iterator[Complaint]:
    """Who works for a department needs one."""
    for role in row["roles"]:
        if role in ROLES and ROLES[role].own_department and not row["department"]:
            yield "department", said(_("角色 %(role)s 只办本部门的事，department 不能空着。"), role=role)


def check_duty(row: Values, leads: Mapping[str, bool], layers: Mapping[str, str]) -> Iterator[Complaint]:
    """The department may lead, and the area is of the layer that the row names."""
    yield from check_lead("department", row["department"], leads)
    layer = layers.get(row["area"], ADMINISTRATIVE)
    if row["layer"] and row["layer"] != layer:
        yield (
            "layer",
            said(
                _("%(area)s 属于图层 %(layer)s，不是 %(found)s。"),
                area=row["area"],
                layer=layer,
                found=row["layer"],
            ),
        )


def check_lead(column: str, department: str | None, leads: Mapping[str, bool]) -> Iterator[Complaint]:
    """A department that can't lead is not made responsible."""
    if department and not leads.get(department, True):
        yield (
            column,
            said(
                _("%(department)s 不能主办（社区、村从不主办），请写一个能主办的部门。"),
                department=department,
            ),
        )
