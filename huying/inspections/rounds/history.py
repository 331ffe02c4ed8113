"""Rounds of the past enter in bulk: rows by COPY, with the journal that making them one by one would have written.

What they count for follows from `duties.days.rebuild`, which is run afterwards.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

from huying.core import temporal
from huying.core.journal import log_new_chains
from huying.core.keys import new_keys
from huying.inspections.duties.owed import Owing
from huying.inspections.models import Plan, StandardVersion
from huying.inspections.rounds.models import Round, RoundMember
from huying.inspections.scoring import PASS
from huying.people.models import User
from huying.places.clock import BEIJING

BATCH = 50_000


@dataclass(frozen=True)
class PastRound:
    """Somebody was there, and everything was right."""

    place: Owing
    title: str
    at: dt.datetime
    by: User
    point: tuple[float, float] | None = None
    distance_m: int | None = None
    scanned: bool = False
    counted: str = ""
    answers: dict[str, Any] = field(default_factory=dict)


_COLUMNS = (
    "id", "plan_id", "version_id", "item_id", "area_id", "department_id", "place_title", "area_path",
    "subdistrict_id", "community_id", "made_by_id", "ended_at", "day", "received_at", "clock_off_s", "lng", "lat",
    "distance_m", "scanned", "proved", "answers", "values", "tenths", "passed", "grade", "failed", "counted", "people",
    "words", "signed_by", "refused_to_sign",
)  # fmt: skip


def all_right(version: StandardVersion) -> dict[str, Any]:
    """The answers of one tap: everything passes that can be tapped."""
    return {item.code: PASS for item in version.rules.items if item.evidence != "reading"}


def write_rounds(
    plan: Plan, version: StandardVersion, past: Iterable[PastRound], *, journal: bool = True
) -> int:
    """Write these rounds of one plan, a batch in one transaction; how many."""
    total, batch = 0, []
    for one in past:
        batch.append(one)
        if len(batch) == BATCH:
            total += _write(plan, version, batch, journal)
            batch = []
    return total + (_write(plan, version, batch, journal) if batch else 0)


@transaction.atomic
def _write(plan: Plan, version: StandardVersion, batch: Sequence[PastRound], journal: bool) -> int:
    # They count as having been there always, like all history.
    temporal.note_no_births()
    keys = new_keys(Round, len(batch))
    best = max(version.rules.grades, key=lambda grade: grade.since, default=None)
    grade, usual = best.title if best else "", json.dumps(all_right(version))
    with connection.cursor() as cursor:
        with cursor.copy(f"COPY {Round._meta.db_table} ({_names(_COLUMNS)}) FROM STDIN") as copy:
            for key, one in zip(keys, batch, strict=True):
                own = dict.fromkeys(("item", "area", "department")) | {one.place.kind: one.place.pk}
                lng, lat = one.point or (None, None)
                copy.write_row(
                    (
                        key, plan.pk, version.pk, own["item"], own["area"], own["department"], one.title[:120],
                        one.place.path, one.place.subdistrict_id, one.place.community_id, one.by.pk, one.at,
                        one.at.astimezone(BEIJING).date(), one.at, 0, lng, lat, one.distance_m, one.scanned, True,
                        json.dumps(one.answers) if one.answers else usual, "{}", 1000, True, grade, 0, one.counted, 1,
                        "", "", False,
                    )
                )  # fmt: skip
        with cursor.copy(
            f"COPY {RoundMember._meta.db_table} (round_id, user_id, department_id) FROM STDIN"
        ) as copy:
            for key, one in zip(keys, batch, strict=True):
                copy.write_row((key, one.by.pk, one.by.department_id))
    if journal:
        under = {"plan": plan.code, "standard": version.rules.code, "version": version.number}
        log_new_chains("round", [_line(under, key, one) for key, one in zip(keys, batch, strict=True)])
    return len(batch)


def _names(columns: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)


def _line(under: dict[str, Any], key: int, one: PastRound) -> str:
    data = {"place": one.title[:120], **under, "score": 1000, "proved": True}
    cells = (
        str(key),
        "1",
        "round.made",
        one.at.isoformat(),
        str(one.by.pk),
        str(one.by)[:60],
        json.dumps(data),
    )
    return "\t".join(cell.replace("\\", "\\\\").replace("\t", " ").replace("\n", " ") for cell in cells)
