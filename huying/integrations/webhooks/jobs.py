"""Sending to subscribers, outside the request."""

from __future__ import annotations

from datetime import datetime, timedelta

from huying.core.jobs import at, every, job
from huying.integrations.webhooks import outbox
from huying.integrations.webhooks.models import Delivery, Subscriber

KEEP_LOG = timedelta(days=30)


@job(queue="webhooks")
def deliver(subscriber_id: int) -> None:
    """Send what is due to one subscriber. It may run twice at once: each event is claimed by one of them."""
    subscriber = (
        Subscriber.objects.select_related("owner", "area").filter(pk=subscriber_id, active=True).first()
    )
    if subscriber is not None:
        outbox.deliver_all(subscriber)


@every("* * * * *")
def deliver_what_is_due(moment: datetime) -> None:
    """Second tries, and what a worker that died left behind."""
    outbox.rescue(moment)
    due = (
        Delivery.objects.filter(state=Delivery.State.WAITING, subscriber__active=True)
        .order_by()
        .values_list("subscriber", flat=True)
        .distinct()
    )
    for pk in due:
        deliver.defer(subscriber_id=pk)


@every(at(4, 5))
def forget_log(moment: datetime) -> None:
    """Delete what was delivered, or withheld, a month ago."""
    Delivery.objects.filter(
        state__in=(Delivery.State.DONE, Delivery.State.WITHHELD), made_at__lt=moment - KEEP_LOG
    ).delete()
