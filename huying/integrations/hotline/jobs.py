"""What the exchange does by itself."""

from __future__ import annotations

import datetime as dt
import logging

from django.utils import timezone

from huying.core.jobs import at, every, job
from huying.integrations.hotline import attachments, compare, deadlines
from huying.integrations.hotline.models import CitySystem, Exchange, Nonce, Order, OrdersUpload
from huying.integrations.hotline.outbox import push_order
from huying.integrations.sheets import forget_uploads

log = logging.getLogger(__name__)
AT_ONCE = 500
KEEP_EXCHANGES = dt.timedelta(days=400)


@job()
def push(order_id: int) -> None:
    """Send what an order owes. Running it twice sends nothing twice: the queue says what is left."""
    push_order(order_id)


@every("* * * * *")
def push_due(moment: dt.datetime) -> None:
    """Send again what failed, and what a sender that died left behind."""
    owed = Order.objects.owed().exclude(system__base_url="").order_by("next_try_at")
    for order_id in owed.values_list("pk", flat=True)[:AT_ONCE]:
        push.defer(order_id=order_id)


@job()
def fetch_attachments(order_id: int) -> None:
    """Fetch the photos that an order names."""
    attachments.fetch(order_id=order_id)


@every("*/5 * * * *")
def fetch_due_attachments(moment: dt.datetime) -> None:
    """Try the photos again that could not be fetched."""
    attachments.fetch()


@every("*/10 * * * *")
def warn_of_city_deadlines(moment: dt.datetime) -> None:
    """Tell departments of city deadlines that come before ours."""
    deadlines.warn()


@every(at(6, 30))
def compare_with_cities(moment: dt.datetime) -> None:
    """Hold the city's list of open orders beside ours, before the offices open."""
    for system in CitySystem.objects.exclude(base_url=""):
        compare.compare(system)


@every(at(3, 30))
def forget_exchanges(moment: dt.datetime) -> None:
    """Delete nonces that no fresh request can carry, tables that were not put right, and the log of a year ago."""
    now = timezone.now()
    Nonce.objects.filter(until__lt=now).delete()
    Exchange.objects.filter(at__lt=now - KEEP_EXCHANGES).delete()
    forget_uploads(OrdersUpload)
