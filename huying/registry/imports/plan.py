"""What each row of a table would do to what is there now: new, changed, the same, or wrong and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.core.sheets import Line
from huying.people.models import User
from huying.registry import policy
from huying.registry.actions import default_people, place_item, set_default_people
from huying.registry.imports.table import Columns, Mistake, Read, RowReader
from huying.registry.models import Item, Register
from huying.registry.story import change_words

OUTCOMES: dict[str, Promise] = {
    "wrong": gettext_lazy("有误"),
    "changed": gettext_lazy("更正"),
    "new": gettext_lazy("新增"),
    "same": gettext_lazy("没有变化"),
}
_AT_ONCE = 1000


@dataclass
class Plan:
    """What one row would do. `changes` are what was and what would be; for a new thing it is empty."""

    read: Read
    item: Item | None = None
    changes: dict[str, list[Any]] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)  # the declared fields as a whole, as they would be

    @property
    def outcome(self) -> str:
        if self.read.mistakes:
            return "wrong"
        if self.item is None:
            return "new"
        return "changed" if self.changes else "same"

    @property
    def mistakes(self) -> list[Mistake]:
        return self.read.mistakes


def plans(register: Register, lines: list[Line], headings: list[str], actor: User) -> Iterator[Plan]:
    """Every row against the database as it is now, in the order of the table."""
    columns = Columns(register)
    keys = columns.keys_of(headings)
    reader, reach = RowReader(columns, keys), policy.reach(actor, policy.IMPORT)
    needed = {column.heading for column in columns.all if column.required} - {columns.heading("code")}
    missing = sorted(needed - {columns.heading(key) for key in keys.values()})
    code_heading = reader.heading_of.get("code", columns.heading("code"))
    people = default_people(register.rules)
    seen: dict[str, int] = {}
    for start in range(0, len(lines), _AT_ONCE):
        reads = [reader.read(line) for line in lines[start : start + _AT_ONCE]]
        there = {
            item.code: item
            for item in Item.objects.filter(
                register=register, code__in=[read.code for read in reads if read.code]
            ).defer("search", "words")
        }
        for read in reads:
            if read.code and read.code in seen:
                read.mistakes.append((
                    code_heading, _("和第 %(row)d 行的编号重复，请只留一行。") % {"row": seen[read.code]}
                ))  # fmt: skip
            seen.setdefault(read.code, read.line.row)
            plan = Plan(read, there.get(read.code))
            if plan.item is None:
                read.mistakes += [(heading, _("新登记的要填这一列。")) for heading in missing]
            if not read.mistakes:
                _compare(plan, register)
                _check_reach(plan, register, reach, people, code_heading)
            yield plan


def _compare(plan: Plan, register: Register) -> None:
    """Fill in what would change."""
    read, item = plan.read, plan.item
    if item is None:
        plan.data = dict(read.data)
        return
    plan.data = {key: value for key, value in item.data.items() if key not in read.cleared} | read.data
    for name, value in read.values.items():
        if getattr(item, name) != value:
            plan.changes[name] = [getattr(item, name), value]
    if read.state and read.state != item.state:
        plan.changes["state"] = [item.state, read.state]
    for name in dict.fromkeys((*read.data, *read.cleared)):
        if item.data.get(name) != plan.data.get(name):
            plan.changes[name] = [item.data.get(name), plan.data.get(name)]


def _check_reach(
    plan: Plan, register: Register, reach: policy.Reach, people: dict[str, int], heading: str
) -> None:
    """Nobody adds or changes what isn't theirs, nor moves a thing out of their own reach."""
    if plan.item is not None and not reach(plan.item):
        plan.read.mistakes.append((heading, _("这个编号不在您负责的区域或部门内。")))
        return
    after = Item(register=register)
    if plan.item is not None:
        after.__dict__.update({k: v for k, v in plan.item.__dict__.items() if k != "_state"})
    for name, value in plan.read.values.items():
        setattr(after, name, value)
    if plan.item is None:
        set_default_people(after, people)
    place_item(after)
    if not reach(after):
        plan.read.mistakes.append((heading, _("导入后它不在您负责的区域或部门内：请核对位置和单位。")))


def words(plan: Plan, register: Register) -> list[str]:
    """The changes of one row in words; of a personal field only that it changes."""
    return change_words(register.rules, plan.changes) if plan.item is not None else []
