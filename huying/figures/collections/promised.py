"""What was promised, and how far it is: promises, targets, what was entered for them, tasks of war maps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any, ClassVar

from django.db.models import Model, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from huying.figures.collections.base import Collection, Field, RowFacts, Words
from huying.figures.collections.declared import of_rows
from huying.people.models import User
from huying.targets.programmes.models import Entry, Programme, Promise, Target
from huying.targets.programmes.policy import entries_for, programmes_for, targets_for
from huying.targets.programmes.progress import Status, progress_for, whole
from huying.targets.programmes.rules import by_month
from huying.targets.projects.models import WarMapItem
from huying.targets.projects.policy import map_items_for


def _programmes() -> dict[str, object]:
    return {row.code: row for row in Programme.objects.all()}


class Entries(Collection):
    """Entries of progress that somebody else approved; a correction takes the place of what it corrects."""

    code = "entries"
    title = _("目标填报")
    model = Entry
    moment = "day"
    department = "target__department_id"
    declared: ClassVar = {"values": "values"}
    fields: ClassVar = {
        "programme": Field(_("计划"), "target__programme__code", names=_programmes),
        "target": Field(_("目标"), "target__code"),
        "day": Field(_("日期"), "day", "day"),
        "amount": Field(_("数值"), "amount", "number"),
        "area": Field(_("区域"), "area_path", "area"),
        "department": Field(_("责任单位"), "target__department_id", "department"),
    }

    def rows(self) -> QuerySet[Any]:
        """Approved ones."""
        return Entry.objects.filter(status=Entry.Status.APPROVED)

    def readable(self, user: User) -> QuerySet[Any]:
        """The entries that this person may read."""
        return entries_for(user)

    def related(self) -> tuple[str, ...]:
        """Its target."""
        return ("target",)

    def describe(self, rows: Sequence[Entry]) -> Iterator[RowFacts]:
        """The target and the amount."""
        for entry in rows:
            target = entry.target
            label = f"{target} {entry.amount.normalize():f} {target.measured_in}".rstrip()
            yield RowFacts(
                entry.pk, label, entry.get_absolute_url(), str(entry.get_status_display()), f"{entry.day}",
                entry.area_path, target.department_id,
            )  # fmt: skip

    def keeps(self) -> tuple[type[Model], ...]:
        """Entries and their targets."""
        return (Entry, Target)


def _words(words: Words) -> list[tuple[str, dt.date]]:
    """`closing@2023-11-28`: a status, and the day on which it is asked; today where none is said."""
    pairs = (word.partition("@") for word in words)
    return [
        (status, dt.date.fromisoformat(day) if day else timezone.localdate()) for status, _at, day in pairs
    ]


def _targets_in(words: Words) -> Q:
    targets = list(Target.objects.filter(active=True).select_related("programme"))
    found: set[int] = set()
    for status, day in _words(words):
        progress = progress_for([each for each in targets if each.programme.first_day <= day], on=day)
        found |= {pk for pk, each in progress.items() if each.status.value == status}
    return Q(pk__in=found)


def _promises_in(words: Words) -> Q:
    targets = list(Target.objects.filter(active=True, promise__isnull=False).select_related("programme"))
    found: set[int] = set()
    for status, day in _words(words):
        progress = progress_for(targets, on=day)
        parts: dict[int, list[Any]] = {}
        for target in targets:
            parts.setdefault(target.promise_id or 0, []).append(progress[target.pk])
        found |= {pk for pk, each in parts.items() if whole(each)[0].value == status}
    return Q(pk__in=found)


def _last_year(target: Target, month: int) -> Fraction | None:
    rules = target.rules
    year = (rules.last or target.due).year
    last = (dt.date(year, month, 1) + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
    return by_month(rules.last_year, last, year=year) if rules.last_year else None


_STATUSES: dict[str, object] = {status.value: status.label for status in Status}


class Targets(Collection):
    """Targets, measures and tasks, with their status by rule. Only a day that a figure names narrows them."""

    code = "targets"
    title = _("目标")
    model = Target
    area = ""
    department = "department_id"
    fields: ClassVar = {
        "programme": Field(_("计划"), "programme__code", names=_programmes),
        "target": Field(_("目标"), "code"),
        "status": Field(_("状态"), q=_targets_in, names=lambda: _STATUSES),
        "due": Field(_("完成时限"), "due", "day"),
        "amount": Field(_("目标值"), "amount", "number"),
        "department": Field(_("责任单位"), "department_id", "department"),
    }

    declared: ClassVar = {"last-year": "declaration"}

    def expression(self, name: str) -> Any:
        """`last-year.6`: what there was until June of the year before, as the programme declares it."""
        kind, dot, month = name.partition(".")
        return of_rows(Target, lambda row: _last_year(row, int(month))) if dot else super().expression(kind)

    def rows(self) -> QuerySet[Any]:
        """Those in use."""
        return Target.objects.filter(active=True)

    def readable(self, user: User) -> QuerySet[Any]:
        """The targets that this person may read."""
        return targets_for(user)

    def describe(self, rows: Sequence[Target]) -> Iterator[RowFacts]:
        """The title, and by when."""
        for target in rows:
            yield RowFacts(
                target.pk, str(target), target.get_absolute_url(), "", f"{target.due}", "", target.department_id
            )  # fmt: skip

    def keeps(self) -> tuple[type[Model], ...]:
        """Targets and the entries that their status comes from."""
        return (Target, Entry)


class Promises(Collection):
    """Promises, each as its measures make it."""

    code = "promises"
    title = _("实事")
    model = Promise
    area = ""
    fields: ClassVar = {
        "programme": Field(_("计划"), "programme__code", names=_programmes),
        "status": Field(_("状态"), q=_promises_in, names=lambda: _STATUSES),
    }

    def rows(self) -> QuerySet[Any]:
        """Those in use."""
        return Promise.objects.filter(active=True)

    def readable(self, user: User) -> QuerySet[Any]:
        """Of the programmes that this person may read."""
        return Promise.objects.filter(programme__in=programmes_for(user))

    def related(self) -> tuple[str, ...]:
        """Its programme."""
        return ("programme",)

    def describe(self, rows: Sequence[Promise]) -> Iterator[RowFacts]:
        """The title, leading to the programme."""
        for promise in rows:
            yield RowFacts(promise.pk, str(promise), promise.programme.get_absolute_url())

    def keeps(self) -> tuple[type[Model], ...]:
        """Promises, their targets and entries."""
        return (Promise, Target, Entry)


class Tasks(Collection):
    """Tasks of war maps."""

    code = "tasks"
    title = _("挂图任务")
    model = WarMapItem
    moment = "deadline"
    area = ""
    department = "owner_id"
    fields: ClassVar = {
        "map": Field(_("挂图"), "war_map__code"),
        "class": Field(_("类别"), "category"),
        "state": Field(_("状态"), "state", names=lambda: dict(WarMapItem.State.choices)),
        "deadline": Field(_("时限"), "deadline", "day"),
        "department": Field(_("责任单位"), "owner_id", "department"),
    }

    def rows(self) -> QuerySet[Any]:
        """Those in use."""
        return WarMapItem.objects.filter(active=True)

    def readable(self, user: User) -> QuerySet[Any]:
        """The tasks that this person may read."""
        return map_items_for(user)

    def related(self) -> tuple[str, ...]:
        """Its map."""
        return ("war_map",)

    def describe(self, rows: Sequence[WarMapItem]) -> Iterator[RowFacts]:
        """The title and the deadline."""
        for item in rows:
            yield RowFacts(
                item.pk, str(item), item.war_map.get_absolute_url(), str(item.get_state_display()), f"{item.deadline}",
                "", item.owner_id,
            )  # fmt: skip
