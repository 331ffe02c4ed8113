"""Entries of the demonstration: what the documents add up to, split over months, streets and schools by a seed.

`demonstration/targets.yaml` says for each target what its rows add up to, over which days, in how many parts; the
rows are made from that, entered by the owner's clerk and approved by the supervision office, with the journal that the
actions would have written. Every printed figure is then counted from rows.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from huying.cases.demonstration.life import shares
from huying.core.files import Seen, store_photo
from huying.core.journal import log_new_chains
from huying.core.yaml_files import read_yaml
from huying.people.models import Department, Grant, User
from huying.places.clock import BEIJING
from huying.places.models import ADMINISTRATIVE, Area
from huying.targets.programmes.models import Entry, EntryFile, Target
from huying.targets.programmes.pictures import drawn

_LEVELS = {"streets": "subdistrict", "villages": "village", "communities": "community"}


def make_targets(pack: Path | None = None) -> int:
    """Everything of `demonstration/targets.yaml`; how many entries. Twice makes nothing."""
    file = (pack or settings.PACK) / "demonstration" / "targets.yaml"
    if not file.exists() or Entry.objects.exists():
        return 0
    plan = read_yaml(file)
    scene = _Scene(str(plan["seed"]), plan.get("schools") or [])
    with transaction.atomic():
        made = scene.entries(plan["entries"], plan.get("pictures") or {})
        scene.tasks(plan.get("tasks") or {})
    return made


class _Scene:
    """The people and places of the demonstration."""

    def __init__(self, seed: str, schools: list[str]) -> None:
        self.seed, self.schools = seed, schools
        self.targets = {
            row.code: row for row in Target.objects.select_related("programme", "department", "promise")
        }
        self.areas = {
            name: list(
                Area.objects.filter(level=level, layer=ADMINISTRATIVE, valid_to=None)
                .defer("boundary")
                .order_by("code")
            )
            for name, level in _LEVELS.items()
        }
        grants = Grant.objects.on().filter(user__is_active=True).select_related("user").order_by("user__pk")
        self.approver = next(grant.user for grant in grants if grant.role == "supervisor")
        self.clerks: dict[int, User] = {}
        for grant in grants:
            if grant.role == "clerk" and grant.user.department_id:
                self.clerks.setdefault(grant.user.department_id, grant.user)
        self.above = dict(Department.objects.values_list("pk", "parent_id"))
        self.lines: list[str] = []

    def clerk(self, target: Target) -> User:
        """Who enters this target: of its department, or of the bureau above it."""
        own = self.clerks.get(target.department_id)
        return (
            own
            or self.clerks.get(self.above.get(target.department_id) or 0)
            or next(iter(self.clerks.values()))
        )

    def entries(self, plan: Mapping[str, Mapping[str, Any]], pictures: Mapping[str, str]) -> int:
        """Make the rows of every target, some with pictures; how many."""
        made: list[Entry] = []
        shown: dict[int, list[tuple[str, bool]]] = {}
        for code, spec in plan.items():
            target = self.targets[code]
            dice = random.Random(f"{self.seed}/{code}")
            rows = [self._entry(target, row) for row in _rows(spec, dice, self)]
            if scene := pictures.get(code):
                # What is told step by step shows the first and the last step; else the last place before and after.
                first = len(made) if target.rules.takes == "latest" else len(made) + len(rows) - 1
                shown.setdefault(first, []).append((scene, False))
                shown.setdefault(len(made) + len(rows) - 1, []).append((scene, True))
            made += rows
        stored = Entry.objects.bulk_create(made, batch_size=1000)
        files = [self._file(stored[place], *shot) for place, shots in shown.items() for shot in shots]
        EntryFile.objects.bulk_create(files)
        numbers = Counter(file.entry_id for file in files)
        log_new_chains(
            "entry", [line for entry in stored for line in self._journal(entry, numbers[entry.pk])]
        )
        return len(stored)

    def _file(self, entry: Entry, scene: str, done: bool) -> EntryFile:
        """A picture that was made public; the one before the work was taken when the year began."""
        day = entry.day if done or entry.target.rules.takes == "latest" else entry.target.programme.first_day
        taken = dt.datetime.combine(day, dt.time(10, 5), BEIJING)
        picture = store_photo(io.BytesIO(drawn(scene, done)), by=entry.entered_by, seen=Seen(taken_at=taken))
        return EntryFile(entry=entry, file=picture, public=True)

    def _entry(self, target: Target, row: Mapping[str, Any]) -> Entry:
        clerk, area = self.clerk(target), row.get("area")
        values = row.get("values", {})
        entered = dt.datetime.combine(row["day"], dt.time(16, 30), BEIJING)
        amount = values[target.rules.sum] if target.rules.sum else row["amount"]
        return Entry(
            target=target, day=row["day"], amount=round(Decimal(str(amount)), 4), values=values, area=area,
            area_path=area.path if area else "", department=clerk.department or target.department,
            words=row.get("words", "")[:500], status=Entry.Status.APPROVED, entered_by=clerk, entered_at=entered,
            decided_by=self.approver, decided_at=entered + dt.timedelta(hours=17),
        )  # fmt: skip

    def _journal(self, entry: Entry, files: int) -> Iterator[str]:
        said = {
            "target": entry.target.code, "day": f"{entry.day}", "amount": f"{entry.amount}", "values": entry.values,
            "corrects": None, "files": files,
        }  # fmt: skip
        yield _line(entry.pk, 1, "entry.submitted", entry.entered_at, entry.entered_by, said)
        if entry.decided_by and entry.decided_at:
            approved = {"target": entry.target.code, "amount": f"{entry.amount}", "replaces": None}
            yield _line(entry.pk, 2, "entry.approved", entry.decided_at, entry.decided_by, approved)

    def tasks(self, plan: Mapping[str, Mapping[str, Any]]) -> None:
        """Strike tasks off on their days."""
        lines, closed = [], []
        for code, spec in plan.items():
            target = self.targets[code]
            at = dt.datetime.combine(spec["day"], dt.time(10, 20), BEIJING)
            target.closed_at, target.closed_by, target.closed_words = at, self.approver, spec["words"]
            closed.append(target)
            said = {"words": spec["words"], "files": 0}
            lines.append(_line(target.pk, 1, "target.closed", at, self.approver, said))
        Target.objects.bulk_update(closed, ["closed_at", "closed_by", "closed_words"])
        if lines:
            log_new_chains("target", lines)


def _line(pk: int, sequence: int, code: str, at: dt.datetime, actor: User, data: Mapping[str, Any]) -> str:
    said = json.dumps(data, ensure_ascii=False, default=str).replace("\\", "\\\\")
    return "\t".join([str(pk), str(sequence), code, at.isoformat(), str(actor.pk), actor.name, said])


def _rows(spec: Mapping[str, Any], dice: random.Random, scene: _Scene) -> Iterator[dict[str, Any]]:
    """The rows of one target: named one by one (`values`), or a total in so many parts."""
    if "values" in spec:
        for row in spec["values"]:
            day, amount = row[0], row[1]
            yield {"day": day, "amount": amount, "words": row[2] if len(row) > 2 else spec["words"]}
        return
    sums: Mapping[str, Any] = spec.get("fields") or {"": spec["total"]}
    parts = len(scene.schools) if spec.get("by") == "schools" else int(spec["rows"])
    split = {name: _split(total, parts, dice, spec.get("step", 1)) for name, total in sums.items()}
    places = scene.areas.get(str(spec.get("by")), [])
    days = _days(spec["from"], spec["to"], parts)
    for index in range(parts):
        values = {name: split[name][index] for name in sums if name}
        if spec.get("by") == "schools":
            values = {"school": scene.schools[index], **values}
        yield {
            "day": days[index], "amount": split[""][index] if "" in split else 0, "values": values,
            "area": places[index % len(places)] if places else None, "words": spec["words"],
        }  # fmt: skip


def _split(total: Any, parts: int, dice: random.Random, step: Any) -> list[Any]:
    """`total` in so many parts that add up to it, none of them nothing where there is enough for all."""
    unit = Decimal(str(step))
    count = int(Decimal(str(total)) / unit)
    least = 1 if count >= parts else 0
    drawn = shares(count - least * parts, [dice.uniform(0.7, 1.3) for _part in range(parts)])
    found = [(each + least) * unit for each in drawn]
    return [int(each) if each == each.to_integral_value() else float(each) for each in found]


def _days(first: dt.date, last: dt.date, parts: int) -> list[dt.date]:
    """So many days spread over the span, the last one included."""
    length = (last - first).days
    return [first + dt.timedelta(days=length * (index + 1) // parts) for index in range(parts)]
