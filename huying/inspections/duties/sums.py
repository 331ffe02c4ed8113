"""Days added up: per area, per department, for the whole, and per person. Made again where a day changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from huying.inspections.duties.models import Folded, PlaceDay, StaleDay
from huying.inspections.models import Plan

_DAY = dt.timedelta(days=1)
# So many days of a plan are added up at once.
_BATCH = 400

_FORGET = "DELETE FROM inspections_{table} WHERE plan_id = %(plan)s AND day = ANY(%(days)s)"
# Per area: each place counts for every area on its path, down to the community.
_BY_AREA = """
INSERT INTO inspections_daysum (plan_id, area_id, doer_id, day, places, due, done, late, missed)
SELECT p.plan_id, a.id, NULL, p.day, count(*), sum(p.due), sum(p.done), sum(p.late), sum(p.missed)
FROM inspections_placeday p
CROSS JOIN LATERAL unnest(string_to_array(rtrim(p.area_path, '/'), '/')) AS step (code)
JOIN places_area a ON a.code = step.code AND a.level IN ('district', 'subdistrict', 'community', 'village')
WHERE p.plan_id = %(plan)s AND p.day = ANY(%(days)s)
GROUP BY p.plan_id, a.id, p.day
"""
# Per department, and once more for the whole (neither area nor department).
_BY_DOER = """
INSERT INTO inspections_daysum (plan_id, area_id, doer_id, day, places, due, done, late, missed)
SELECT plan_id, NULL, doer_id, day, count(*), sum(due), sum(done), sum(late), sum(missed)
FROM inspections_placeday
WHERE plan_id = %(plan)s AND day = ANY(%(days)s)
GROUP BY GROUPING SETS ((plan_id, doer_id, day), (plan_id, day))
HAVING NOT (GROUPING(doer_id) = 0 AND doer_id IS NULL)
"""
_BY_PERSON = """
INSERT INTO inspections_agentday (plan_id, user_id, department_id, subdistrict_id, day, done, late, other)
SELECT r.plan_id, m.user_id, m.department_id, r.subdistrict_id, r.day, count(*) FILTER (WHERE r.counted = 'done'),
       count(*) FILTER (WHERE r.counted = 'late'), count(*) FILTER (WHERE r.counted NOT IN ('done', 'late'))
FROM inspections_round r JOIN inspections_roundmember m ON m.round_id = r.id
WHERE r.plan_id = %(plan)s AND r.day = ANY(%(days)s)
GROUP BY r.plan_id, m.user_id, m.department_id, r.subdistrict_id, r.day
"""
_FORGET_ALL = "DELETE FROM inspections_daysum WHERE plan_id IS NULL AND day = ANY(%(days)s)"
_ALL_PLANS = """
INSERT INTO inspections_daysum (plan_id, area_id, doer_id, day, places, due, done, late, missed)
SELECT NULL, area_id, doer_id, day, sum(places), sum(due), sum(done), sum(late), sum(missed)
FROM inspections_daysum WHERE plan_id IS NOT NULL AND day = ANY(%(days)s)
GROUP BY area_id, doer_id, day
"""


_FORGET_MONTHS = """
DELETE FROM inspections_monthsum WHERE day = ANY(%(months)s) AND (plan_id = %(plan)s OR plan_id IS NULL)
"""
_MONTHS = """
INSERT INTO inspections_monthsum (plan_id, area_id, doer_id, day, due, done, late, missed)
SELECT d.plan_id, d.area_id, d.doer_id, m.first, sum(d.due), sum(d.done), sum(d.late), sum(d.missed)
FROM unnest(%(months)s::date[]) AS m (first)
JOIN inspections_daysum d ON d.day >= m.first AND d.day < m.first + interval '1 month'
WHERE d.plan_id = %(plan)s OR d.plan_id IS NULL
GROUP BY d.plan_id, d.area_id, d.doer_id, m.first
"""


def mark_stale(plan: Plan, days: Collection[dt.date], *, before: dt.date) -> None:
    """These days have changed. Those from `before` on are counted from their places anyway."""
    StaleDay.objects.bulk_create(StaleDay(plan=plan, day=day) for day in sorted(days) if day < before)


def folded_until() -> dt.date | None:
    """Until which day the sums hold; None before the first of them."""
    return Folded.objects.order_by("-until").values_list("until", flat=True).first()


@transaction.atomic
def fold_stale(now: dt.datetime | None = None) -> int:
    """Make the sums of the days that changed, and of those that ended since; how many days of plans.

    Of two workers the second waits, and finds nothing left to do.
    """
    yesterday = timezone.localdate(now) - _DAY
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(7201006)")
    until = folded_until()
    if until is None or until < yesterday:
        after = until or yesterday - _DAY
        ended = PlaceDay.objects.filter(day__gt=after, day__lte=yesterday).order_by()
        pairs = set(ended.values_list("plan", "day").distinct())
        StaleDay.objects.bulk_create(StaleDay(plan_id=plan, day=day) for plan, day in sorted(pairs))
        Folded.objects.all().delete()
        Folded.objects.create(until=yesterday)
        until = yesterday
    taken = StaleDay.objects.filter(day__lte=until)
    rows = list(taken.values_list("pk", "plan", "day"))
    by_plan: dict[int, set[dt.date]] = {}
    for _pk, plan, day in rows:
        by_plan.setdefault(plan, set()).add(day)
    for plan, days in by_plan.items():
        fold(plan, days)
    StaleDay.objects.filter(pk__in=[pk for pk, _plan, _day in rows]).delete()
    return sum(len(days) for days in by_plan.values())


def fold(plan: int, days: Collection[dt.date]) -> None:
    """Add up these days of the plan, and of all plans together."""
    ordered = sorted(days)
    for start in range(0, len(ordered), _BATCH):
        values: dict[str, Any] = {"plan": plan, "days": ordered[start : start + _BATCH]}
        with connection.cursor() as cursor:
            for table in ("daysum", "agentday"):
                cursor.execute(_FORGET.format(table=table), values)
            for statement in (_BY_AREA, _BY_DOER, _BY_PERSON, _FORGET_ALL, _ALL_PLANS):
                cursor.execute(statement, values)
    months: dict[str, Any] = {"plan": plan, "months": sorted({day.replace(day=1) for day in ordered})}
    with connection.cursor() as cursor:
        cursor.execute(_FORGET_MONTHS, months)
        cursor.execute(_MONTHS, months)
