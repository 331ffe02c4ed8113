"""What happened to a thing, in plain words: what was, what is. Of a personal field only that it was changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.core.journal import entries_of
from huying.core.models import JournalEntry
from huying.people.models import Department
from huying.places.coordinates import distance_m
from huying.places.models import Road
from huying.registry.declared.forms import field_title, shown_values
from huying.registry.models import Item, Verification
from huying.registry.rules import RegisterRules

# Log codes outlive renames; their words may change. Code: (title, icon, colour).
WORDS: dict[str, tuple[Promise, str, str]] = {
    "item.added": (gettext_lazy("登记"), "plus", "green"),
    "item.changed": (gettext_lazy("修改"), "edit", ""),
    "item.photographed": (gettext_lazy("添加照片"), "camera", "blue"),
    "item.verified": (gettext_lazy("现场核实"), "eye", "blue"),
    "item.private_shown": (gettext_lazy("查看个人信息"), "eye", "yellow"),
}
NAMES: dict[str, Promise] = {
    "title": gettext_lazy("名称"),
    "address": gettext_lazy("地址"),
    "state": gettext_lazy("状态"),
    "owner_id": gettext_lazy("权属单位"),
    "keeper_id": gettext_lazy("养护单位"),
    "supervisor_id": gettext_lazy("主管部门"),
    "road_id": gettext_lazy("道路"),
    "lng": gettext_lazy("经度"),
    "lat": gettext_lazy("纬度"),
    "geometry": gettext_lazy("形状"),
}
_ROWS: dict[str, Any] = {
    "owner_id": Department, "keeper_id": Department, "supervisor_id": Department, "road_id": Road,
}  # fmt: skip


def fact_title(rules: RegisterRules, name: str) -> str:
    """What a fact is called."""
    field = rules.field(name)
    return field_title(field) if field else str(NAMES.get(name, name))


def fact_words(rules: RegisterRules, name: str, value: Any) -> str:
    """A fact in words; a dash for none."""
    if value in (None, "", [], {}):
        return "—"
    if name in _ROWS:
        row = _ROWS[name].objects.filter(pk=value).first()
        return str(row) if row else str(value)
    if name == "state":
        return str(rules.state(str(value)))
    if name == "geometry":
        return _("有")
    if field := rules.field(name):
        found = shown_values([field], {name: value}, private=True)
        return found[0][1] if found else _("有")
    return str(value)


def change_words(rules: RegisterRules, changes: Mapping[str, Any]) -> list[str]:
    """Each change as a line: 「杆高：8 m → 10 m」."""
    lines = []
    moved = _moved(changes)
    if moved:
        lines.append(moved)
    for name, pair in changes.items():
        if moved and name in ("lng", "lat"):
            continue
        title = fact_title(rules, name)
        field = rules.field(name)
        if field is not None and field.private:
            lines.append(_("%(title)s：有改动（个人信息，不显示）") % {"title": title})
            continue
        old, new = (fact_words(rules, name, value) for value in pair)
        lines.append(_("%(title)s：%(old)s → %(new)s") % {"title": title, "old": old, "new": new})
    return lines


def _moved(changes: Mapping[str, Any]) -> str:
    """Where both ends are known, how far the thing was moved says more than its degrees."""
    old, new = zip(changes.get("lng") or (None, None), changes.get("lat") or (None, None), strict=True)
    if "lng" not in changes or "lat" not in changes or None in (*old, *new):
        return ""
    metres = distance_m(old[0], old[1], new[0], new[1])
    return _("位置移动了 %(metres)s 米") % {"metres": f"{metres:,.0f}" if metres >= 10 else f"{metres:.1f}"}


def story(item: Item, at_most: int = 50) -> list[dict[str, Any]]:
    """The thing's entries, newest first, as `parts/timeline.html` reads them."""
    rules = item.rules
    return [_event(rules, entry) for entry in entries_of(item).order_by("-sequence")[:at_most]]


def _event(rules: RegisterRules, entry: JournalEntry) -> dict[str, Any]:
    title, icon, colour = WORDS.get(entry.code, (entry.code, "info", ""))
    return {
        "icon": icon, "colour": colour, "title": title, "who": entry.actor_name, "at": entry.at,
        "text": "\n".join(_lines(rules, entry)),
    }  # fmt: skip


def _lines(rules: RegisterRules, entry: JournalEntry) -> list[str]:
    data = entry.data
    lines = change_words(rules, data.get("changes", {}))
    if entry.code == "item.added" and (origin := data.get("origin")):
        lines.append(str(dict(Item.Origin.choices).get(origin, origin)))
    if outcome := data.get("outcome"):
        lines.append(str(dict(Verification.Outcome.choices).get(outcome, outcome)))
    if photos := data.get("photos"):
        lines.append(_("%(n)d 张照片") % {"n": photos})
    if reason := data.get("reason"):
        lines.append(_("原因：%(reason)s") % {"reason": reason})
    if words := data.get("words"):
        lines.append(words)
    return lines
