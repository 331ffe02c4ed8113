"""Points of the demonstration: given, agreed to, announced, published and redeemed by the same actions as any others.

What is counted are rows that other parts of the demonstration made.
"""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path
from typing import Any

import yaml
from django.db import transaction
from django.utils import timezone

from huying.cases.demonstration.pictures import Pictures
from huying.core.language import of_record
from huying.figures.points.actions import (
    announce_points,
    appeal_points,
    decide_entry,
    enter_points,
    publish_points,
    redeem_points,
)
from huying.figures.points.counting import MONTH
from huying.figures.points.models import PointEntry, PointScheme
from huying.figures.points.scoring import Line
from huying.inspections.campaigns.ranking import periods_back
from huying.inspections.occurrences import Period
from huying.people.models import User

FILE = "demonstration/points.yaml"


def make_points(pack: Path) -> int:
    """Make what the pack's demonstration tells of; how many entries. Twice makes none."""
    file = pack / FILE
    if not file.exists() or PointEntry.objects.exists():
        return 0
    said = yaml.safe_load(file.read_text(encoding="utf-8"))
    scheme = PointScheme.objects.get(code=said["scheme"])
    month = periods_back(MONTH, timezone.localdate(), 2)[1]
    with transaction.atomic(), of_record():
        entries = [_enter(scheme, month, row) for row in said.get("entries", ())]
        for row in said.get("published", ()):
            _publish(scheme, month, row)
        for row in said.get("announced", ()):
            table = announce_points(scheme, row["group"], month, actor=_user(row["by"]))
            for result in table.results.order_by("place", "pk").select_related("user")[
                : said.get("appeals", 0)
            ]:
                line = max(result.account().lines, key=_worth)
                appeal_points(result, line=line.code, words=said["appeal_words"], actor=result.user)
        for row in said.get("redeemed", ()):
            redeem_points(
                scheme, person=_user(row["person"]), reward=row["reward"], words=row["words"],
                actor=_user(row["by"]), at=_at(month, row["day"]),
            )  # fmt: skip
    return len(entries)


def _worth(line: Line) -> tuple[Any, str]:
    return line.points, line.code


def _user(code: str) -> User:
    return User.objects.get(username=code)


def _at(month: Period, day: int) -> dt.datetime:
    """Ten o'clock on this day, counted from the first of the month; never later than now."""
    noon = dt.datetime.combine(month.first + dt.timedelta(days=day - 1), dt.time(10))
    return min(timezone.make_aware(noon), timezone.now())


def _enter(scheme: PointScheme, month: Period, row: dict[str, Any]) -> PointEntry:
    at = _at(month, row["day"])
    entry = enter_points(
        scheme, person=_user(row["person"]), item=row["item"], on=timezone.localdate(at), words=row["words"],
        evidence=Pictures().before("water", random.Random(row["day"])), actor=_user(row["by"]), at=at,
    )  # fmt: skip
    if row.get("approved"):
        later = min(at + dt.timedelta(days=1), timezone.now())
        decide_entry(entry, approved=True, actor=_user(row["approved"]), at=later)
    return entry


def _publish(scheme: PointScheme, month: Period, row: dict[str, Any]) -> None:
    """Announced on one day, published on a later one; where that has not come yet, it stays announced."""
    actor, until = _user(row["by"]), _at(month, row["until"])
    table = announce_points(scheme, row["group"], month, actor=actor, at=_at(month, row["day"]))
    if table.appeals_until and table.appeals_until < until:
        publish_points(table, actor=actor, at=until)
