"""What changed between two versions of a standard: what was added, what went, what is different, in plain words."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.core.language import is_english
from huying.inspections.standards import Bounds, Opens, StandardItem, StandardRules
from huying.places.clock import TimeLimit

EVIDENCE: dict[str, Promise] = {
    "none": gettext_lazy("不用"), "photo": gettext_lazy("不合格要拍照"), "reading": gettext_lazy("读数"),
}  # fmt: skip
KIND: dict[str, Promise] = {"must": gettext_lazy("必须"), "ban": gettext_lazy("禁止")}
CRITICAL: dict[str, Promise] = {
    "": gettext_lazy("否"), "fails": gettext_lazy("不合格就整次不合格"), "zero": gettext_lazy("不合格就得零分"),
}  # fmt: skip
SIGNATURE: dict[str, Promise] = {
    "none": gettext_lazy("不签"), "asked": gettext_lazy("请签"), "required": gettext_lazy("必须签"),
}  # fmt: skip
LETTER: dict[str, Promise] = {"supervision": gettext_lazy("督办函"), "order": gettext_lazy("责令整改通知书")}


@dataclass(frozen=True)
class Change:
    """One thing that was said differently."""

    what: str
    before: str
    after: str


@dataclass(frozen=True)
class ChangedItem:
    """An item that both versions have, and what differs."""

    item: StandardItem
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Differences:
    """Everything that tells two versions apart."""

    whole: tuple[Change, ...]
    added: tuple[StandardItem, ...]
    removed: tuple[StandardItem, ...]
    changed: tuple[ChangedItem, ...]

    def __bool__(self) -> bool:
        return bool(self.whole or self.added or self.removed or self.changed)


def percent_of(tenths: int) -> str:
    """Tenths of a percent as people write them: 92.5%."""
    return f"{tenths / 10:g}%"


def limit_of(limit: TimeLimit | None) -> str:
    """A time limit in words; empty where the ledger's own holds."""
    if limit is None:
        return ""
    return str(limit) if is_english() else limit.zh


def opens_of(opens: Opens | None) -> str:
    """What failing opens, by its codes."""
    if opens is None:
        return ""
    return " / ".join(part for part in (opens.ledger, opens.category, limit_of(opens.limit)) if part)


def holds_of(item: StandardItem) -> str:
    """What a reading has to be: ≥ 18 °C."""
    return bounds_words(item.bounds, item.unit)


_SIGNS = {"<=": "≤", ">=": "≥", "==": "=", "!=": "≠", "<": "<", ">": ">"}


def bounds_words(bounds: Bounds, unit: str = "") -> str:
    """The bounds as people write them."""
    and_, or_ = (" and ", " or ") if is_english() else ("，", " 或 ")
    return or_.join(
        and_.join(f"{_SIGNS[sign]} {bound:g}{' ' + unit if unit else ''}" for sign, bound in group)
        for group in bounds
    )


def differences(old: StandardRules, new: StandardRules) -> Differences:
    """What the newer version says that the older did not. Items are the same where their codes are."""
    before = {item.code: item for item in old.items}
    after = {item.code: item for item in new.items}
    changed = tuple(
        ChangedItem(item, changes)
        for code, item in after.items()
        if code in before and (changes := _item_changes(before[code], item))
    )
    return Differences(
        _whole_changes(old, new),
        tuple(item for code, item in after.items() if code not in before),
        tuple(item for code, item in before.items() if code not in after),
        changed,
    )


def _differ(pairs: list[tuple[str, object, object]]) -> tuple[Change, ...]:
    said = [(what, str(one or "—"), str(other or "—")) for what, one, other in pairs]
    return tuple(Change(*each) for each in said if each[1] != each[2])


def _item_changes(old: StandardItem, new: StandardItem) -> tuple[Change, ...]:
    return _differ([
        (_("名称"), old, new), (_("分组"), old.group, new.group), (_("分值"), old.points or "0", new.points or "0"),
        (_("取证"), EVIDENCE[old.evidence], EVIDENCE[new.evidence]), (_("必须或禁止"), KIND[old.kind], KIND[new.kind]),
        (_("关键项"), CRITICAL[old.critical], CRITICAL[new.critical]), (_("合格的读数"), holds_of(old), holds_of(new)),
        (_("说明"), old.help, new.help), (_("不合格立案"), opens_of(old.opens), opens_of(new.opens)),
    ])  # fmt: skip


def _whole_changes(old: StandardRules, new: StandardRules) -> tuple[Change, ...]:
    def grades(rules: StandardRules) -> str:
        return ", ".join(f"{percent_of(grade.since)} {grade}" for grade in rules.grades)

    def letter(rules: StandardRules) -> str:
        if rules.letter is None:
            return ""
        return " ".join((str(LETTER[rules.letter.kind]), limit_of(rules.letter.within))).strip()

    return _differ([
        (_("名称"), old.title, new.title), (_("说明"), old.about, new.about),
        (_("适用"), ", ".join(old.registers) or old.area_level, ", ".join(new.registers) or new.area_level),
        (_("合格线"), percent_of(old.pass_tenths), percent_of(new.pass_tenths)), (_("等次"), grades(old), grades(new)),
        (_("不合格发文"), letter(old), letter(new)), (_("签字"), SIGNATURE[old.signature], SIGNATURE[new.signature]),
        (_("另问"), ", ".join(f.title for f in old.fields), ", ".join(f.title for f in new.fields)),
    ])  # fmt: skip
