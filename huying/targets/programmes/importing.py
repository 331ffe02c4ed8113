"""Entries from a spreadsheet: what each row would do is worked out first, and is taken in as a whole."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.core.errors import Refusal
from huying.core.sheets import Table
from huying.people.models import User
from huying.places.models import Area
from huying.places.sentences import Sentence
from huying.registry.declared.cells import read_cell
from huying.targets.programmes.actions import enter_progress
from huying.targets.programmes.models import Target

MOST_ROWS = 2000
OUTCOMES = {"wrong": gettext_lazy("有错"), "same": gettext_lazy("已经有了"), "new": gettext_lazy("新增")}
_DAY, _AMOUNT, _AREA, _WORDS = "日期", "数值", "区域", "依据和说明"


def headings(target: Target) -> list[str]:
    """The columns of a target's table, in Chinese as in the file."""
    rules = target.rules
    middle = [each.title for each in rules.fields]
    amount = [] if rules.sum or target.amount is None else [_AMOUNT]
    return [_DAY, *amount, *middle, _AREA, _WORDS]


@dataclass
class Plan:
    """One row: what it says, and what is wrong with it."""

    row: int
    day: dt.date | None = None
    amount: Decimal | None = None
    values: dict[str, Any] = field(default_factory=dict)
    area: Area | None = None
    words: str = ""
    wrong: list[str] = field(default_factory=list)
    same: bool = False

    @property
    def outcome(self) -> str:
        """wrong, same or new."""
        return "wrong" if self.wrong else "same" if self.same else "new"

    @property
    def outcome_words(self) -> str:
        """The outcome as the page says it."""
        return str(OUTCOMES[self.outcome])

    @property
    def what(self) -> str:
        """The row's own words, or what is wrong."""
        said = [f"{self.day or ''}", f"{self.amount if self.amount is not None else ''}"]
        said += [str(value) for value in self.values.values()]
        return "；".join(self.wrong) if self.wrong else " ".join(part for part in said if part)


def plan_rows(target: Target, table: Table) -> list[Plan]:
    """What each row would do. Refusal when the table is not one of this target."""
    wanted = headings(target)
    missing = [heading for heading in (_DAY, *wanted[1:2]) if heading not in table.columns]
    if missing:
        raise Refusal(
            _("缺少这些列：%(columns)s。请用空表填写。") % {"columns": "、".join(missing)}, field="file"
        )
    if len(table.lines) > MOST_ROWS:
        raise Refusal(_("一次最多 %(n)d 行，请拆成几个。") % {"n": MOST_ROWS}, field="file")
    areas = {str(area.title): area for area in Area.objects.defer("boundary").filter(layer="administrative")}
    areas |= {area.code: area for area in areas.values()}
    plans = [_plan(target, line.row, line.cells, areas) for line in table.lines]
    rows = target.entries.exclude(status__in=["withdrawn", "returned", "replaced"])
    known: set[tuple[Any, ...]] = {(row.day, row.words, str(row.area_id), _key(row.values)) for row in rows}
    for plan in plans:
        key = (plan.day, plan.words, str(plan.area.pk if plan.area else None), _key(plan.values))
        plan.same = key in known
        if not plan.wrong:
            known.add(key)
    return plans


def _key(values: Mapping[str, Any]) -> str:
    return repr(sorted(values.items()))


def _plan(target: Target, row: int, cells: Mapping[str, str], areas: Mapping[str, Area]) -> Plan:
    plan = Plan(row, words=cells.get(_WORDS, "").strip()[:500])
    try:
        plan.day = dt.date.fromisoformat(cells.get(_DAY, "").strip()[:10])
    except ValueError:
        plan.wrong.append(_("“%(text)s”不是日期，请写成 2026-11-20。") % {"text": cells.get(_DAY, "")})
    if _AMOUNT in headings(target):
        try:
            plan.amount = Decimal(cells.get(_AMOUNT, "").replace(",", "").strip())
        except InvalidOperation:
            plan.wrong.append(_("“%(text)s”要写成数字，例如 12.5。") % {"text": cells.get(_AMOUNT, "")})
    for each in target.rules.fields:
        text = cells.get(each.title, "").strip()
        if not text:
            if each.required:
                plan.wrong.append(_("缺少“%(column)s”。") % {"column": each.title})
            continue
        try:
            plan.values[each.code] = read_cell(each, text)
        except ValueError as error:
            said = error.args[0] if error.args else ""
            plan.wrong.append(str(said) if isinstance(said, Sentence) else str(error))
    if name := cells.get(_AREA, "").strip():
        plan.area = areas.get(name)
        if plan.area is None:
            plan.wrong.append(_("没有“%(area)s”这个街道或社区。") % {"area": name})
    if not plan.words:
        plan.wrong.append(_("写明依据的文号、台账。"))
    return plan


@transaction.atomic
def apply_rows(target: Target, plans: list[Plan], *, actor: User) -> dict[str, int]:
    """Enter the new rows, all or none; how many of each outcome. Refusal names the row."""
    wrong = [plan for plan in plans if plan.wrong]
    if wrong:
        raise Refusal(
            _("有 %(n)d 行要改，改好后再导入；没有导入任何一行。") % {"n": len(wrong)}, field="file"
        )
    for plan in plans:
        if plan.outcome == "new" and plan.day is not None:
            try:
                enter_progress(
                    target, day=plan.day, amount=plan.amount, values=plan.values, area=plan.area, words=plan.words,
                    actor=actor,
                )  # fmt: skip
            except Refusal as refusal:
                raise Refusal(
                    _("第 %(row)d 行：%(why)s") % {"row": plan.row, "why": refusal}, field="file"
                ) from None
    return {code: sum(plan.outcome == code for plan in plans) for code in OUTCOMES}


def made_by(target: Target) -> list[tuple[str, Any]]:
    """The columns of an export that can be imported again."""

    def value(code: str) -> Any:
        return lambda row: row.values.get(code, "")

    own = [(each.title, value(each.code)) for each in target.rules.fields]
    amount = [(_AMOUNT, lambda row: row.amount)] if _AMOUNT in headings(target) else []
    return [
        (_DAY, lambda row: row.day), *amount, *own, (_AREA, lambda row: str(row.area.title) if row.area else ""),
        (_WORDS, lambda row: row.words),
    ]  # fmt: skip
