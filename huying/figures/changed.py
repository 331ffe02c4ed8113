"""What was told in the last weeks, counted again every night: those that count otherwise now (数字变动)."""

from __future__ import annotations

import datetime as dt
import logging

from django.db import transaction
from django.utils import timezone

from huying.figures.counting import UnknownFigure
from huying.figures.models import LatestRecount, PublishedFigure
from huying.figures.publishing import recount

log = logging.getLogger(__name__)
DAYS = 30
MOST = 2000


def recount_published(days: int = DAYS, now: dt.datetime | None = None) -> list[LatestRecount]:
    """Count again what was published in these days and keep what came out; those that differ, newest first."""
    now = now or timezone.now()
    rows = PublishedFigure.objects.filter(at__gte=now - dt.timedelta(days=days)).select_related("figure")
    differing: list[LatestRecount] = []
    for published in rows.order_by("-at")[:MOST]:
        try:
            with transaction.atomic():
                again = recount(published, most=0)
        except (UnknownFigure, KeyError, ValueError):
            continue  # what it counted has left the pack: its page says so
        latest, _new = LatestRecount.objects.update_or_create(
            published=published,
            defaults={"at": now, "same": again.same, "text": again.value.text, "rows": again.more},
        )
        if not again.same:
            differing.append(latest)
    log.info("published figures recounted", extra={"differing": len(differing)})
    return differing


def latest_changes(most: int = 50) -> list[LatestRecount]:
    """What counted otherwise when it was last counted again, the newest published first."""
    rows = LatestRecount.objects.filter(same=False).select_related("published__figure")
    return list(rows.order_by("-published__at")[:most])
