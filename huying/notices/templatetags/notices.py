"""Small parts that other floors' pages show: news not yet read, and what left the house about a case."""

from __future__ import annotations

from typing import Any

from django import template

from huying.notices import news
from huying.notices.models import Delivery, NewsRead
from huying.notices.views.deliveries import channel_of, shown_words, state_badge

register = template.Library()
MOST_LATEST, MOST_ABOVE_TASKS = 3, 2


@register.inclusion_tag("notices/_strip.html")
def news_strip(user: Any) -> dict[str, Any]:
    """What this person has not read, or has not confirmed."""
    done = NewsRead.objects.filter(user=user)
    waiting = news.for_staff(user).exclude(pk__in=done.values("news"), confirm=False)
    waiting = waiting.exclude(pk__in=done.filter(confirmed_at__isnull=False).values("news"))
    return {"rows": list(waiting.order_by("-pinned", "-publish_from")[:MOST_ABOVE_TASKS])}


@register.inclusion_tag("notices/_latest.html")
def latest_news() -> dict[str, Any]:
    """The newest of what residents may read."""
    return {"rows": list(news.for_residents()[:MOST_LATEST])}


@register.inclusion_tag("notices/_deliveries.html")
def case_deliveries(case_id: int) -> dict[str, Any]:
    """What of a case left the house, newest first."""
    rows = Delivery.objects.filter(subject_kind="case", subject_id=case_id).select_related("digest")
    return {"deliveries": list(rows.order_by("-pk")[:50])}


@register.simple_tag
def channel_title(row: Delivery) -> str:
    return channel_of(row)


@register.simple_tag
def delivery_badge(row: Delivery) -> Any:
    return state_badge(row)


@register.simple_tag
def delivery_words(row: Delivery) -> str:
    return shown_words(row)
