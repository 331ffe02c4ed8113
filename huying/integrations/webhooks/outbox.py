"""From the journal to the subscribers: written with the change, sent by jobs, in order for each case.

The next event of a case waits until the one before it was acknowledged or given up; other cases go on meanwhile.
An event may arrive twice (its receiver answered, and the worker died before noting it), always with the same id.
"""

from __future__ import annotations

import json
import logging
import time
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.cases.api.shapes import case_row
from huying.cases.filters import for_rows
from huying.cases.models import Case
from huying.cases.policy import cases_for
from huying.core.backoff import next_try
from huying.core.journal import LoggedEntry, log
from huying.core.outbound import Answer, OutboundError, send
from huying.integrations.webhooks.models import Delivery, Subscriber
from huying.integrations.webhooks.signing import headers
from huying.places.fresh import Kept

logger = logging.getLogger(__name__)

GIVE_UP_AFTER = timedelta(days=3)
STOP_AFTER = timedelta(days=5)
TIMEOUT_S = 10
# A worker that has held an event this long has died with it.
LONGEST_SENDING = timedelta(seconds=90)
BATCH = 20
GONE = 410

# What of an entry goes out: codes, numbers and moments. Words may name people and stay here.
_TOLD = frozenset(
    {
        "old", "new", "report", "channel", "ledger", "category", "topic", "area", "department", "limit", "due_at",
        "new_due_at", "until", "colour", "answered", "contacted", "solved", "grade", "main", "hops", "handler",
    }
)  # fmt: skip


def _version() -> object:
    return list(Subscriber.objects.filter(active=True).values_list("pk", "codes").order_by("pk"))


def _rows() -> list[tuple[int, tuple[str, ...]]]:
    return [
        (pk, tuple(codes)) for pk, codes in Subscriber.objects.filter(active=True).values_list("pk", "codes")
    ]


subscribers: Kept[list[tuple[int, tuple[str, ...]]]] = Kept(_version, _rows)


def on_entry(entry: LoggedEntry) -> None:
    """Write a delivery for each subscriber that wants this code, in the transaction of the change."""
    wanted = [pk for pk, codes in subscribers.get() if not codes or entry.code.startswith(codes)]
    if not wanted or entry.kind != "case":
        return
    number = getattr(entry.subject, "number", "")
    data = {key: value for key, value in entry.data.items() if key in _TOLD}
    Delivery.objects.bulk_create(
        Delivery(
            subscriber_id=pk, case_id=entry.subject_id, case_number=number, sequence=entry.sequence,
            code=entry.code, at=entry.at, data=json.loads(json.dumps(data, default=str)),
        )
        for pk in wanted
    )  # fmt: skip
    from huying.integrations.webhooks.jobs import deliver

    for pk in wanted:
        deliver.defer(subscriber_id=pk)


_CLAIM = """
UPDATE integrations_webhooks_delivery SET state = 'sending', claimed_at = %(now)s, tries = tries + 1
WHERE id IN (
    SELECT d.id FROM integrations_webhooks_delivery d
    WHERE d.subscriber_id = %(subscriber)s AND d.state = 'waiting'
      AND (d.next_try_at IS NULL OR d.next_try_at <= %(now)s)
      AND NOT EXISTS (
          SELECT 1 FROM integrations_webhooks_delivery earlier
          WHERE earlier.subscriber_id = d.subscriber_id AND earlier.case_id = d.case_id AND d.case_id > 0
            AND earlier.sequence < d.sequence AND earlier.state IN ('waiting', 'sending')
      )
    ORDER BY d.id LIMIT %(batch)s FOR UPDATE SKIP LOCKED
) RETURNING id
"""


def claim(subscriber: Subscriber, now: datetime) -> list[Delivery]:
    """Take the events whose turn it is; nobody else gets them until they are sent or come back."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"now": now, "subscriber": subscriber.pk, "batch": BATCH})
        keys = [row[0] for row in cursor.fetchall()]
    return list(Delivery.objects.filter(pk__in=keys).order_by("pk"))


def deliver_all(subscriber: Subscriber) -> int:
    """Send what is due to this subscriber until nothing is. Returns how many were acknowledged."""
    done = 0
    while subscriber.active and (claimed := claim(subscriber, timezone.now())):
        for delivery in claimed:
            done += _deliver(subscriber, delivery)
    return done


def _deliver(subscriber: Subscriber, delivery: Delivery) -> bool:
    body = _body(subscriber, delivery)
    if body is None:
        _end(delivery, Delivery.State.WITHHELD)
        return False
    began = time.monotonic()
    try:
        answer = _send(subscriber, delivery, body)
        error = "" if answer.ok else _("对方应答 %d") % answer.status
    except OutboundError as failed:
        answer, error = None, str(failed)
    took = int((time.monotonic() - began) * 1000)
    noted: dict[str, Any] = {
        "body": body.decode(), "took_ms": took, "status": answer.status if answer else None, "error": error[:300],
    }  # fmt: skip
    if answer is not None and answer.ok:
        _end(delivery, Delivery.State.DONE, done_at=timezone.now(), **noted)
        Subscriber.objects.filter(pk=subscriber.pk, failing_since__isnull=False).update(failing_since=None)
        return True
    _failed(subscriber, delivery, answer, noted)
    return False


def _send(subscriber: Subscriber, delivery: Delivery, body: bytes) -> Answer:
    known = [
        subscriber.secret.open(),
        *([subscriber.former_secret.open()] if subscriber.former_secret else []),
    ]
    signed = headers(known, str(delivery.event_id), int(time.time()), body)
    return send("POST", subscriber.url, content=body, headers=signed, timeout_s=TIMEOUT_S, max_bytes=65_536)


def _end(delivery: Delivery, state: str, **noted: Any) -> None:
    Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.SENDING).update(
        state=state, claimed_at=None, next_try_at=None, **noted
    )


def _failed(subscriber: Subscriber, delivery: Delivery, answer: Answer | None, noted: dict[str, Any]) -> None:
    now = timezone.now()
    if answer is not None and answer.status == GONE:
        _end(delivery, Delivery.State.GIVEN_UP, **noted)
        stop(subscriber, _("对方答复 410：不再接收。"))
        return
    if now - delivery.made_at > GIVE_UP_AFTER and delivery.tries > 1 and not delivery.replays:
        _end(delivery, Delivery.State.GIVEN_UP, **noted)
    else:
        Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.SENDING).update(
            state=Delivery.State.WAITING, claimed_at=None,
            next_try_at=now + next_try(delivery.tries, seed=delivery.pk), **noted,
        )  # fmt: skip
    Subscriber.objects.filter(pk=subscriber.pk, failing_since=None).update(failing_since=now)
    since = Subscriber.objects.values_list("failing_since", flat=True).get(pk=subscriber.pk)
    if since is not None and now - since > STOP_AFTER:
        stop(subscriber, _("连续 %d 天送不到，已自动停用。") % STOP_AFTER.days)


def stop(subscriber: Subscriber, why: str) -> None:
    """Send nothing more until somebody starts it again; events that wait are kept."""
    if Subscriber.objects.filter(pk=subscriber.pk, active=True).update(active=False, stopped_because=why):
        log(subscriber, "webhook.stopped", reason=why)
        logger.warning("webhook stopped", extra={"subscriber": subscriber.title, "why": why})
    subscriber.active = False
    subscribers.look_again()


def rescue(now: datetime) -> int:
    """Give back what workers that died were sending, and what was given back long ago and nobody woke up for."""
    return Delivery.objects.filter(state=Delivery.State.SENDING, claimed_at__lt=now - LONGEST_SENDING).update(
        state=Delivery.State.WAITING, claimed_at=None
    )


def _body(subscriber: Subscriber, delivery: Delivery) -> bytes | None:
    """The message, or None when the subscriber's owner may not see the case or it is outside its limits."""
    message: dict[str, Any] = {
        "id": str(delivery.event_id),
        "type": delivery.code,
        "timestamp": delivery.at.isoformat(),
        "sequence": delivery.sequence,
        "data": delivery.data,
    }
    if delivery.case_id:
        rows = Case.objects.filter(pk=delivery.case_id, pk__in=cases_for(subscriber.owner).values("pk"))
        if subscriber.ledger_id:
            rows = rows.filter(ledger=subscriber.ledger_id)
        if subscriber.area:
            rows = rows.filter(area_path__startswith=subscriber.area.path)
        case = for_rows(rows).first()
        if case is None:
            return None
        if not delivery.case_number:
            Delivery.objects.filter(pk=delivery.pk).update(case_number=case.number)
        shown = case_row(case)
        message["case"] = {**shown, "url": f"{settings.PUBLIC_URL}{shown['url']}"}
    return json.dumps(message, default=_json, ensure_ascii=False).encode()


def _json(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
