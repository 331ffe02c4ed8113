"""Projects by spreadsheet: each row is new, changed, the same, or wrong and why. What is absent is left as it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.core.errors import Refusal
from huying.core.sheets import Line, Table
from huying.people.models import Department, User
from huying.places.models import Area
from huying.targets.projects.actions.projects import add_project, change_project
from huying.targets.projects.models import Project
from huying.targets.projects.models.project import project_rules
from huying.targets.projects.policy import require_manage

OUTCOMES: Mapping[str, Promise] = {
    "wrong": gettext_lazy("有误"), "changed": gettext_lazy("更正"), "new": gettext_lazy("新增"),
    "same": gettext_lazy("没有变化"),
}  # fmt: skip


@dataclass(frozen=True)
class SheetColumn:
    """A column: its heading, what it reads a cell as (ValueError with a sentence), how it writes a value."""

    name: str
    heading: Promise
    read: Callable[[str], Any]
    write: Callable[[Project], Any]


def _text(cell: str) -> str:
    return cell.strip()


def _amount(cell: str) -> Decimal:
    try:
        value = Decimal(cell.replace(",", "").strip())
    except InvalidOperation:
        value = Decimal(-1)
    if not value.is_finite() or value < 0 or value >= 10**12:
        raise ValueError(_("写数字，单位万元，例如 12500。"))
    return round(value, 2)


def _day(cell: str) -> dt.date | None:
    text = cell.strip()[:10].replace("/", "-").replace(".", "-")
    if not text:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise ValueError(_("日期写成 2021-03-15。")) from None


def _degrees(cell: str) -> float | None:
    if not cell.strip():
        return None
    try:
        return float(cell)
    except ValueError:
        raise ValueError(_("经纬度写十进制的度，例如 113.3251。")) from None


def _one_of(choices: Iterable[tuple[str, Any]]) -> Callable[[str], str]:
    def read(cell: str) -> str:
        known = {str(title): str(code) for code, title in choices} | {
            str(code): str(code) for code, _t in choices
        }
        text = cell.strip()
        if not text:
            return ""
        if text not in known:
            raise ValueError(_("没有“%(found)s”，可以写：%(words)s。") % {
                "found": text, "words": "、".join(dict.fromkeys(str(title) for _c, title in choices)),
            })  # fmt: skip
        return known[text]

    return read


def _kind(cell: str) -> str:
    return _one_of([(code, word) for code, word in project_rules().kinds.items()])(cell)


def _row_of(model: Any, key: str) -> Callable[[str], Any]:
    def read(cell: str) -> Any:
        text = cell.strip()
        if not text:
            return None
        rows = model.objects.filter(**{key: text})
        title = "name" if model is User else "title"
        found = list(rows[:1]) or list(model.objects.filter(**{title: text})[:2])
        if len(found) != 1:
            raise ValueError(_("没有“%(found)s”，或者有重名：写代码最准。") % {"found": text})
        return found[0]

    return read


def _code(key: str, attribute: str = "code") -> Callable[[Project], str]:
    return lambda project: str(getattr(getattr(project, key), attribute, "") or "")


def _value(key: str) -> Callable[[Project], Any]:
    return lambda project: getattr(project, key)


COLUMNS: Sequence[SheetColumn] = (
    SheetColumn("code", gettext_lazy("编号"), _text, _value("code")),
    SheetColumn("title", gettext_lazy("项目"), _text, _value("title")),
    SheetColumn(
        "level", gettext_lazy("级别"), _one_of(Project.Level.choices), lambda row: row.get_level_display()
    ),
    SheetColumn(
        "kind", gettext_lazy("类别"), _kind, lambda row: str(project_rules().kinds.get(row.kind, row.kind))
    ),
    SheetColumn("industry", gettext_lazy("行业"), _text, _value("industry")),
    SheetColumn("builder", gettext_lazy("建设单位"), _text, _value("builder")),
    SheetColumn("total_wan", gettext_lazy("总投资（万元）"), _amount, _value("total_wan")),
    SheetColumn("about", gettext_lazy("建设内容"), _text, _value("about")),
    SheetColumn("area", gettext_lazy("区域代码"), _row_of(Area, "code"), _code("area")),
    SheetColumn("address", gettext_lazy("地址"), _text, _value("address")),
    SheetColumn("lng", gettext_lazy("经度"), _degrees, _value("lng")),
    SheetColumn("lat", gettext_lazy("纬度"), _degrees, _value("lat")),
    SheetColumn("owner", gettext_lazy("责任单位"), _row_of(Department, "code"), _code("owner")),
    SheetColumn("street", gettext_lazy("填报单位"), _row_of(Department, "code"), _code("street")),
    SheetColumn("leader", gettext_lazy("联系领导"), _row_of(User, "username"), _code("leader", "username")),
    SheetColumn(
        "officer", gettext_lazy("首席服务员"), _row_of(User, "username"), _code("officer", "username")
    ),
    SheetColumn("planned_start", gettext_lazy("计划开工"), _day, _value("planned_start")),
    SheetColumn("planned_finish", gettext_lazy("计划竣工"), _day, _value("planned_finish")),
    SheetColumn("updates_from", gettext_lazy("填报起始月"), _day, _value("updates_from")),
)


@dataclass
class RowPlan:
    """What one row would do: its values, what differs, what is wrong (heading, sentence)."""

    row: int
    code: str
    project: Project | None = None
    values: dict[str, Any] = field(default_factory=dict)
    changes: dict[str, tuple[str, str]] = field(default_factory=dict)
    mistakes: list[tuple[str, str]] = field(default_factory=list)

    @property
    def outcome(self) -> str:
        if self.mistakes:
            return "wrong"
        if self.project is None:
            return "new"
        return "changed" if self.changes else "same"

    @property
    def word(self) -> str:
        return str(OUTCOMES[self.outcome])


def _columns_of(table: Table) -> dict[str, SheetColumn]:
    """Which heading is which column: by the heading in the reader's language or by the column's name."""
    known = {str(column.heading): column for column in COLUMNS} | {column.name: column for column in COLUMNS}
    return {heading: known[heading] for heading in table.columns if heading in known}


def plan_rows(table: Table) -> list[RowPlan]:
    """What each row would do to what is there now. Raises Refusal where the column of numbers is missing."""
    columns = _columns_of(table)
    if "code" not in {column.name for column in columns.values()}:
        raise Refusal(_("缺少“编号”这一列。第一行写列名，与导出的表相同。"), field="file")
    plans = [_read(line, columns) for line in table.lines]
    there = {row.code: row for row in Project.objects.filter(code__in=[plan.code for plan in plans])}
    seen: dict[str, int] = {}
    for plan in plans:
        if plan.code in seen:
            said = _("和第 %(row)d 行的编号重复，请只留一行。") % {"row": seen[plan.code]}
            plan.mistakes.append((str(COLUMNS[0].heading), said))
        seen.setdefault(plan.code, plan.row)
        plan.project = there.get(plan.code)
        if plan.project is None:
            if not plan.values.get("title"):
                plan.mistakes.append((str(COLUMNS[1].heading), _("新项目要写名称。")))
            continue
        for column in COLUMNS[1:]:
            if column.name in plan.values:
                old, new = getattr(plan.project, column.name), plan.values[column.name]
                if old != new:
                    plan.changes[str(column.heading)] = (str(old if old is not None else ""), str(new or ""))
    return plans


def _read(line: Line, columns: Mapping[str, SheetColumn]) -> RowPlan:
    plan = RowPlan(line.row, "")
    for heading, column in columns.items():
        cell = line.cells.get(heading, "")
        try:
            value = column.read(cell)
        except ValueError as error:
            plan.mistakes.append((heading, str(error)))
            continue
        if column.name == "code":
            plan.code = value
        elif column.name == "level" and not value:
            continue
        elif not (column.name in ("total_wan", "updates_from") and not cell.strip()):
            plan.values[column.name] = value
    if not plan.code:
        plan.mistakes.append((str(COLUMNS[0].heading), _("写上项目编号。")))
    return plan


@transaction.atomic
def apply_rows(plans: Sequence[RowPlan], *, actor: User) -> dict[str, int]:
    """Bring the right rows in, by the same actions as the pages; how many were new, changed, the same, wrong."""
    require_manage(actor)
    counts = dict.fromkeys(OUTCOMES, 0)
    for plan in plans:
        outcome = plan.outcome
        try:
            with transaction.atomic():
                if outcome == "new":
                    add_project(plan.code, plan.values, actor=actor)
                elif outcome == "changed" and plan.project is not None:
                    change_project(plan.project, plan.values, actor=actor)
        except Refusal as refusal:
            plan.mistakes.append((str(COLUMNS[0].heading), str(refusal)))
            outcome = "wrong"
        counts[outcome] += 1
    return counts
