"""The columns of a register's table: headings as people and exports write them, and the value of each cell."""

from __future__ import annotations

import difflib
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from huying.core.errors import Refusal
from huying.core.sheets import Line, Table
from huying.people.models import Department
from huying.registry.declared.cells import read_cell
from huying.registry.declared.fields import Field, nearest
from huying.registry.declared.forms import field_title
from huying.registry.display import listed_fields
from huying.registry.forms import ROLE_TITLES, place_problem
from huying.registry.models import Item, Register
from huying.registry.rules import PROPERTIES, RegisterRules

MOST_LINES = 20_000
FIXED: dict[str, Promise | str] = {
    "code": gettext_lazy("编号"),
    "title": gettext_lazy("名称"),
    "state": gettext_lazy("状态"),
    "address": gettext_lazy("地址"),
    "lng": gettext_lazy("经度"),
    "lat": gettext_lazy("纬度"),
    **ROLE_TITLES,
}
# What exports carry and nobody types: read over.
DERIVED: dict[str, Promise] = {
    "area": gettext_lazy("区域"),
    "verified_at": gettext_lazy("最近核实"),
    "changed_at": gettext_lazy("最近修改"),
    "part_code": gettext_lazy("部件编码"),
    "label": gettext_lazy("标牌码"),
    "outcome": gettext_lazy("导入结果"),
    "reason": gettext_lazy("说明（导入时不读）"),
}
_LONGEST = {"code": 40, "title": 120, "address": 160}
# Of the named column, the reader of the table says what it expected; a mistake is (heading, sentence).
Mistake = tuple[str, str]


@dataclass(frozen=True)
class SheetColumn:
    """One column: its key (a declared field's begins with `f:`), its heading, what may be written in it."""

    key: str
    heading: str
    help: str
    required: bool = False
    field: Field | None = None


@dataclass
class Read:
    """One row, understood as far as it can be. `present` are the keys of the columns that the table has."""

    line: Line
    code: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    cleared: list[str] = field(default_factory=list)  # declared fields whose cell is empty
    state: str = ""
    mistakes: list[Mistake] = field(default_factory=list)


class Columns:
    """Every column that a register's table may have, in the order in which it is exported."""

    def __init__(self, register: Register) -> None:
        self.register, self.rules = register, register.rules

    @cached_property
    def all(self) -> list[SheetColumn]:
        rules = self.rules
        states = "、".join(str(state) for state in rules.states)
        found = [
            SheetColumn("code", str(FIXED["code"]), self._code_help(rules), required=not rules.numbered),
            SheetColumn("title", str(FIXED["title"]), "", required=True),
            SheetColumn("state", str(FIXED["state"]), states),
        ]
        for spec in listed_fields(rules):
            needed = spec.required and not spec.when
            found.append(SheetColumn(f"f:{spec.code}", field_title(spec), _expected(spec), needed, spec))
        found += [SheetColumn(role, str(ROLE_TITLES[role]), _("单位名称或代码")) for role in PROPERTIES]
        found.append(SheetColumn("address", str(FIXED["address"]), ""))
        found += [SheetColumn(key, str(FIXED[key]), _("WGS-84，度")) for key in ("lng", "lat")]
        return found

    @staticmethod
    def _code_help(rules: RegisterRules) -> str:
        return _("不填时自动编号，样子是 %(pattern)s") % {"pattern": rules.numbered} if rules.numbered else ""

    def heading(self, key: str) -> str:
        """What the column is called."""
        return next((column.heading for column in self.all if column.key == key), key)

    @cached_property
    def _by_heading(self) -> dict[str, str]:
        """Every way in which a column may be written → its key; the fixed columns win."""
        found: dict[str, str] = {}
        for column in self.all:
            if column.field is not None:
                spec = column.field
                for text in (spec.code, spec.title, spec.title_en, f"{spec.title}（{spec.unit}）"):
                    if text:
                        found.setdefault(text, column.key)
        for names in (FIXED, DERIVED):
            for key, title in names.items():
                found[key] = key
                for language in ("zh-hans", "en"):
                    with override(language):
                        found[str(title)] = key
        return found

    def keys_of(self, headings: Iterable[str]) -> dict[str, str]:
        """Heading → key. Raises Refusal (field `file`) for what no column is called."""
        known, found, unknown = self._by_heading, dict[str, str](), []
        for heading in headings:
            if heading in known:
                found[heading] = known[heading]
            else:
                near = difflib.get_close_matches(heading, known, 1, cutoff=0.5)
                unknown.append(
                    _("“%(found)s”（是不是“%(nearest)s”？）") % {"found": heading[:40], "nearest": near[0]}
                    if near
                    else f"“{heading[:40]}”"
                )
        if unknown:
            raise Refusal(
                _("没有这些列：%(unknown)s。请改列名，或删掉这一列。") % {"unknown": "、".join(unknown[:8])},
                field="file",
            )
        return found

    def check(self, table: Table) -> dict[str, str]:
        """The columns of an uploaded table. Raises Refusal (field `file`), saying what to do."""
        keys = self.keys_of(table.columns)
        twice = [key for key, number in Counter(map(keys.get, table.columns)).items() if number > 1]
        if twice:
            names = "、".join(self.heading(str(key)) for key in twice)
            raise Refusal(_("这些列写了两次：%(names)s。请只留一列。") % {"names": names}, field="file")
        if "code" not in keys.values() and not self.rules.numbered:
            raise Refusal(
                _("缺少「%(column)s」列：靠它认出是哪一件。") % {"column": self.heading("code")}, field="file"
            )
        if not table.lines:
            raise Refusal(_("表里没有数据行。"), field="file")
        if len(table.lines) > MOST_LINES:
            raise Refusal(
                _("一次最多 %(most)d 行，这个表有 %(n)d 行。请拆成几个再导入。")
                % {"most": MOST_LINES, "n": len(table.lines)},
                field="file",
            )
        return keys


def _expected(spec: Field) -> str:
    """What a cell of this column may hold."""
    if spec.of:
        several = _("（可写几个，用顿号隔开）") if spec.type == "choices" else ""
        return "、".join(spec.of) + several
    words = {
        "number": _("填数字"), "money": _("元，数字"), "date": "2026-11-20", "time": "08:30",
        "yes or no": _("是、否"), "phone": _("电话号码"), "item": _("名录里的编号"),
    }  # fmt: skip
    text = words.get(spec.type, "")
    return f"{text}，{spec.unit}" if spec.unit and text else text or spec.unit


class RowReader:
    """Reads cells against what there is: departments, states, things that fields point to."""

    def __init__(self, columns: Columns, keys: Mapping[str, str]) -> None:
        self.columns, self.rules = columns, columns.rules
        self.heading_of = {key: heading for heading, key in keys.items()}
        self.fields = {f"f:{spec.code}": spec for spec in self.rules.fields}
        self.states: dict[str, str] = {}
        for state in self.rules.states:
            self.states |= {str(state): state.code, state.title: state.code, state.title_en: state.code}
            for language in ("zh-hans", "en"):
                with override(language):
                    self.states[str(state)] = state.code
            self.states[state.code] = state.code
        self.states.pop("", None)
        self._departments: dict[str, list[int]] = {}
        for pk, code, *titles in Department.objects.filter(valid_to=None).values_list(
            "pk", "code", "title", "title_en"
        ):
            for text in {code, *titles} - {""}:
                self._departments.setdefault(text, []).append(pk)
        self._codes = set(Department.objects.values_list("code", flat=True))
        self._things: dict[str, set[str]] = {}

    def read(self, line: Line) -> Read:
        """One row; every mistake that the table alone can have."""
        found = Read(line)
        for key, heading in self.heading_of.items():
            if key in DERIVED:
                continue
            text = line.cells.get(heading, "").strip()
            if heading in line.rounded and key not in ("lng", "lat"):
                found.mistakes.append((heading, _(
                    "数字太长，表格软件已经舍去末几位。请把这一列设为「文本」格式后重新填写。"
                )))  # fmt: skip
                continue
            try:
                self._cell(found, key, text)
            except ValueError as error:
                found.mistakes.append((heading, str(error.args[0])))
        self._place(found)
        return found

    def _cell(self, found: Read, key: str, text: str) -> None:
        if key in _LONGEST and len(text) > _LONGEST[key]:
            raise ValueError(_("太长了：最多 %(most)d 个字符。") % {"most": _LONGEST[key]})
        if key == "code":
            found.code = text
            if not text and not self.rules.numbered:
                raise ValueError(_("不能为空，请补上。"))
        elif key == "title":
            if not text:
                raise ValueError(_("不能为空，请补上。"))
            found.values["title"] = text
        elif key == "address":
            found.values["address"] = text
        elif key == "state":
            if text and text not in self.states:
                raise ValueError(nearest(text, [str(state) for state in self.rules.states]))
            found.state = self.states.get(text, "")
        elif key in PROPERTIES:
            found.values[f"{key}_id"] = self._department(text)
        elif key in ("lng", "lat"):
            found.values[key] = _degrees(text)
        else:
            self._declared(found, self.fields[key], text)

    def _declared(self, found: Read, spec: Field, text: str) -> None:
        if not text:
            if spec.required and not spec.when:
                raise ValueError(_("不能为空，请补上。"))
            found.cleared.append(spec.code)
            return
        value = read_cell(spec, text)
        if spec.type == "item" and not self._is_thing(spec, str(value)):
            raise ValueError(_("名录里没有编号“%(code)s”，请核对。") % {"code": text})
        found.data[spec.code] = value

    def _department(self, text: str) -> int | None:
        if not text:
            return None
        found = self._departments.get(text, [])
        if len(found) == 1:
            return found[0]
        if found:
            raise ValueError(_("“%(text)s”有几个，请改填代码。") % {"text": text})
        near = difflib.get_close_matches(text, self._departments, 1, cutoff=0.5)
        if near:
            raise ValueError(
                _("没有“%(found)s”这个单位，是不是“%(nearest)s”？") % {"found": text, "nearest": near[0]}
            )
        raise ValueError(_("没有“%(found)s”这个单位，请核对名称或代码。") % {"found": text})

    def _is_thing(self, spec: Field, code: str) -> bool:
        """Whether a field's thing is there; each code is asked once."""
        known = self._things.setdefault(spec.code, set())
        if code in known:
            return True
        rows = Item.objects.filter(code=code)
        if spec.of:
            rows = rows.filter(register__code__in=spec.of)
        if rows.exists():
            known.add(code)
        return code in known

    def _place(self, found: Read) -> None:
        heading = self.heading_of.get("lng") or self.heading_of.get("lat", "")
        lng, lat = found.values.get("lng"), found.values.get("lat")
        if any(
            name in (self.heading_of.get("lng"), self.heading_of.get("lat")) for name, _s in found.mistakes
        ):
            return
        if (lng is None) != (lat is None):
            found.mistakes.append((heading, _("经度和纬度要一起填。")))
        elif lng is not None and lat is not None and (sentence := place_problem(lng, lat)):
            found.mistakes.append((heading, sentence))


def _degrees(text: str) -> float | None:
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(_("“%(text)s”要写成数字，例如 113.3225。") % {"text": text[:40]})
    return number
