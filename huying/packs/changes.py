"""What a load changes, counted and named, and the one way in which rows are written."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import ForeignKey
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from huying.packs.models import LoadedKind
from huying.packs.wording import both

SHOWN_NAMES = 3
LEGEND = gettext_lazy("+ 新增  ~ 修改  - 停用  = 包没有变、保留人工修改")
KIND_TITLES: Mapping[str, Promise] = {
    "district": gettext_lazy("本区"),
    "areas": gettext_lazy("区域"),
    "roads": gettext_lazy("道路"),
    "buildings": gettext_lazy("楼栋"),
    "calendar days": gettext_lazy("工作日历"),
    "published years": gettext_lazy("已公布年份"),
    "office hours": gettext_lazy("办公时间"),
    "departments": gettext_lazy("部门"),
    "ownership": gettext_lazy("权属关系"),
    "organisations": gettext_lazy("组织"),
    "posts": gettext_lazy("岗位"),
    "staff": gettext_lazy("账号"),
    "grants": gettext_lazy("授权"),
    "holdings": gettext_lazy("任职"),
    "duties": gettext_lazy("职责"),
    "rosters": gettext_lazy("值班岗"),
    "topics": gettext_lazy("事项"),
    "registers": gettext_lazy("名录"),
    "items": gettext_lazy("物件"),
    "ledgers": gettext_lazy("台账"),
    "categories": gettext_lazy("类别"),
    "standards": gettext_lazy("检查标准"),
    "standard versions": gettext_lazy("标准版本"),
    "plans": gettext_lazy("巡查计划"),
    "campaigns": gettext_lazy("专项"),
    "projects": gettext_lazy("项目管理办法"),
    "war maps": gettext_lazy("挂图"),
    "war map items": gettext_lazy("挂图事项"),
    "rankings": gettext_lazy("排名"),
    "bulletins": gettext_lazy("通报"),
    "papers": gettext_lazy("文种"),
    "figures": gettext_lazy("数字"),
    "checks": gettext_lazy("核对关系"),
    "sources": gettext_lazy("出处"),
    "programmes": gettext_lazy("计划"),
    "promises": gettext_lazy("承诺"),
    "targets": gettext_lazy("目标"),
    "statements": gettext_lazy("外面的说法"),
    "statement checks": gettext_lazy("说法之间的关系"),
    "appraisals": gettext_lazy("考核"),
    "points": gettext_lazy("积分办法"),
    "project items": gettext_lazy("重点项目"),
    "briefs": gettext_lazy("简报"),
}


@dataclass
class KindChanges:
    """The names of the rows of one kind that a load adds, changes, retires, or leaves as people made them."""

    kind: str
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    retired: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.retired)

    def line(self) -> str:
        """`Departments 部门: +3 (城管局、住建局、水务局)`; the signs are explained by LEGEND."""
        parts = []
        for sign, names in (("+", self.added), ("~", self.changed), ("-", self.retired), ("=", self.kept)):
            if names:
                more = "…" if len(names) > SHOWN_NAMES else ""
                parts.append(f"{sign}{len(names)} ({'、'.join(names[:SHOWN_NAMES])}{more})")
        return f"{' '.join(dict.fromkeys(both(KIND_TITLES[self.kind])))}: " + "  ".join(parts)


@dataclass
class Changes:
    """What one load changes, kind by kind."""

    kinds: dict[str, KindChanges] = field(default_factory=dict)

    def of(self, kind: str) -> KindChanges:
        return self.kinds.setdefault(kind, KindChanges(kind))

    def __bool__(self) -> bool:
        return any(self.kinds.values())

    def lines(self) -> list[str]:
        """One line for each kind that has something to say, and what the signs mean."""
        lines = [kind.line() for kind in self.kinds.values() if kind or kind.kept]
        return [*lines, *dict.fromkeys(both(LEGEND))] if lines else []

    def summary(self) -> dict[str, dict[str, Any]]:
        """For the journal: counts, and the first names."""
        return {
            kind.kind: {
                word: {"count": len(names), "names": names[:20]}
                for word, names in (
                    ("added", kind.added),
                    ("changed", kind.changed),
                    ("retired", kind.retired),
                )
                if names
            }
            for kind in self.kinds.values()
            if kind
        }


def fingerprint(values: Mapping[str, Any]) -> str:
    """A short hash of what the pack says about a row."""
    text = json.dumps(values, sort_keys=True, ensure_ascii=False, cls=DjangoJSONEncoder)
    return hashlib.blake2s(text.encode(), digest_size=8).hexdigest()


class Writer:
    """Writes the rows of one kind in bulk: new ones, those that differ, and at the end the vanished ones.

    `existing` gives the rows there are by the pack's key, and `ids` their primary keys, new ones too.
    `retire` are the fields that take a row out of use; without it a vanished row is deleted where nothing
    refers to it, and kept otherwise. A spreadsheet is not remembered: it is work done by hand.
    """

    def __init__(
        self,
        changes: Changes,
        kind: str,
        model: type[models.Model],
        existing: Mapping[str, models.Model],
        *,
        retire: Mapping[str, Any] | None = None,
        title: Callable[[Any], str] = str,
        remember: bool = True,
    ) -> None:
        self.changes, self.model, self.retire_with, self.title = changes.of(kind), model, retire, title
        self.existing = dict(existing)
        found = LoadedKind.objects.filter(kind=kind).first() if remember else None
        self.loaded = found or LoadedKind(kind=kind)
        self.before: dict[str, str] = self.loaded.rows
        self.ids: dict[str, int] = {key: row.pk for key, row in self.existing.items()}
        self.now: dict[str, str] = {}

    def write(
        self, wanted: Mapping[str, Mapping[str, Any]], *, new: Callable[[], Mapping[str, Any]] = dict
    ) -> None:
        """Bring these rows to what the pack says. `new` gives further values of a row that is made."""
        made: list[Any] = []
        differing: list[Any] = []
        fields: set[str] = set()
        for key, values in wanted.items():
            mark = self.now[key] = fingerprint(values)
            untouched = self.before.get(key) == mark
            row: Any = self.existing.get(key)
            if row is None:
                if untouched:
                    self.changes.kept.append(
                        self.title(self.model(**values))
                    )  # somebody has ended or deleted it
                    continue
                row = self.existing[key] = self.model(**values, **new())
                made.append(row)
                continue
            found = {name: value for name, value in values.items() if getattr(row, name) != value}
            if found and untouched:
                self.changes.kept.append(self.title(row))
            elif found:
                for name, value in found.items():
                    setattr(row, name, value)
                differing.append(row)
                fields |= set(found)
        manager = self.model._default_manager
        if made:
            manager.bulk_create(made, batch_size=1000)
            self.ids |= {key: self.existing[key].pk for key in wanted if key in self.existing}
            self.changes.added += [self.title(row) for row in made]
        if differing:
            manager.bulk_update(differing, sorted(self._names(fields)), batch_size=200)
            self.changes.changed += [self.title(row) for row in differing]

    def _names(self, attributes: set[str]) -> set[str]:
        by_attribute = {each.attname: each.name for each in self.model._meta.concrete_fields}
        return {by_attribute.get(attribute, attribute) for attribute in attributes}

    def finish(self) -> None:
        """Retire what the last pack brought and this one has not, and remember what was brought."""
        vanished = [self.existing[key] for key in self.before if key not in self.now and key in self.existing]
        if self.retire_with is None:
            self._delete(vanished)
        else:
            self._retire(vanished, self.retire_with)
        if self.now != self.before:
            self.loaded.rows = self.now
            self.loaded.save()

    def _retire(self, vanished: list[Any], values: Mapping[str, Any]) -> None:
        going = [row for row in vanished if self._in_use(row)]
        for row in going:
            for name, value in values.items():
                setattr(row, name, value)
        if going:
            self.model._default_manager.bulk_update(going, sorted(values), batch_size=200)
            self.changes.retired += [self.title(row) for row in going]

    def _in_use(self, row: Any) -> bool:
        for name, value in (self.retire_with or {}).items():
            found = getattr(row, name)
            if isinstance(value, dt.date) and found is not None and found <= value:
                return False  # ended before
            if found == value:
                return False
        return True

    def _delete(self, vanished: list[Any]) -> None:
        referred = referred_to(self.model, [row.pk for row in vanished])
        going = [row for row in vanished if row.pk not in referred]
        names = [self.title(row) for row in going]
        if going:
            self.model._default_manager.filter(pk__in=[row.pk for row in going]).delete()
            self.changes.retired += names
        for row in vanished:
            if row.pk in referred:
                # History needs it: it stays, and stays the pack's, so that it goes when nothing needs it.
                key = next(key for key, each in self.existing.items() if each is row)
                self.now[key] = self.before[key]


def referred_to(model: type[models.Model], keys: list[int]) -> set[int]:
    """Which of these rows another row refers to, in any table."""
    found: set[int] = set()
    if not keys:
        return found
    for relation in model._meta.related_objects:
        if isinstance(relation.field, ForeignKey):
            name = relation.field.attname
            rows = relation.related_model._default_manager.filter(**{f"{name}__in": keys})
            found |= set(rows.values_list(name, flat=True).distinct())
    return found


def yesterday() -> dt.date:
    return timezone.localdate() - dt.timedelta(days=1)
