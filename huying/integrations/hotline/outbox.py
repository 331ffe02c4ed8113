"""What we owe the city: written with the change that causes it, sent in order, one at a time, until acknowledged."""

from __future__ import annotations

import base64
import datetime as dt
import json
import time
from typing import Any
from urllib.parse import quote, urlsplit

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.cases.models import Case, CaseFile, Channel, Report, Status
from huying.core.backoff import next_try
from huying.core.errors import Conflict, Refusal
from huying.core.journal import LoggedEntry, entries_of, log
from huying.core.outbound import Answer, OutboundError, send
from huying.integrations.hotline.messages import VERSION
from huying.integrations.hotline.models import CitySystem, Delivery, Exchange, Order
from huying.integrations.hotline.signing import signed_headers
from huying.people.models import Department, User

# Longer than any one request can take: when it ends without a word, its sender has died.
LEASE = dt.timedelta(seconds=90)
TIMEOUT_SECONDS = 20
PHOTOS_AT_MOST = 6
OPEN_STATES = (Delivery.State.WAITING, Delivery.State.STUCK)

# Journal code → the event the city hears of, and what of the entry goes with it.
_TOLD: dict[str, tuple[str, tuple[str, ...]]] = {
    "case.filed": ("accepted", ()),
    "case.declined": ("declined", ("reason",)),
    "case.voided": ("voided", ("reason",)),
    "case.merged_in": ("merged", ()),
    "case.dispatched": ("dispatched", ("due_at",)),
    "case.taken_up": ("taken_up", ()),
    "case.returned": ("redispatching", ("reason",)),
    "case.extended": ("extended", ("new", "reason")),
    "case.parked": ("parked", ("until", "reason")),
    "case.resumed": ("resumed", ("due_at",)),
    "case.handled": ("handled", ("answer",)),
    "case.sent_back": ("reworked", ("reason",)),
    "case.closed": ("result", ()),
    "case.reopened": ("reopened", ("reason", "due_at")),
    "case.called_back": ("callback", ("answered", "contacted", "solved", "grade")),
    "case.city_return_asked": ("returned", ("reason",)),
    "case.city_cancelled": ("cancelled", ()),
}
_NAMES = {"new": "due_at", "until": "parked_until"}


def on_case_entry(entry: LoggedEntry) -> None:
    """Owe the city the news of a case that one of its orders is about, in the transaction of the change."""
    if entry.kind != "case" or entry.code not in _TOLD:
        return
    case = entry.subject
    # Most cases were never the city's: those cost nothing. (A merge counts the reports after its entry.)
    own = isinstance(case, Case) and case.channel != Channel.HOTLINE and case.reports_count <= 1
    if own and entry.code != "case.merged_in":
        return
    for order in Order.objects.filter(report__case_id=entry.subject_id).select_related("system", "report"):
        _owe_entry(order, entry.code, entry.at, entry.data)


def catch_up(order: Order) -> None:
    """Owe everything that happened to the case before the order was known."""
    for entry in entries_of(order.report.case).filter(code__in=_TOLD):
        _owe_entry(order, entry.code, entry.at, entry.data)


def _owe_entry(order: Order, code: str, at: dt.datetime, data: dict[str, Any]) -> None:
    mine = (data.get("report"), *data.get("reports", ()))
    if code in ("case.called_back", "case.merged_in") and order.report.number not in mine:
        return  # another reporter's
    if code.startswith("case.city_") and data.get("order") != order.number:
        return
    if order.state in (Order.State.CANCELLED, Order.State.RETURNED) and code != "case.city_cancelled":
        return  # the city has it back and waits for nothing more
    event, keys = _TOLD[code]
    facts = {_NAMES.get(key, key): data[key] for key in keys if data.get(key) not in (None, "")}
    if code == "case.dispatched":
        department = Department.objects.filter(code=data.get("department")).first()
        facts["department"] = department.title if department else ""
    owe(order, event, at=at, **facts)


def owe(order: Order, event: str, *, at: dt.datetime | None = None, **facts: Any) -> Delivery:
    """Put one message behind those that the order owes already, and ask for it to be sent."""
    from huying.integrations.hotline.jobs import push

    now = timezone.now()
    Order.objects.filter(pk=order.pk).update(sequence=F("sequence") + 1)
    order.refresh_from_db(fields=["sequence", "next_try_at"])
    if order.next_try_at is None:
        Order.objects.filter(pk=order.pk).update(next_try_at=now)
        order.next_try_at = now
        push.defer(order_id=order.pk)
    payload = {
        "schema": VERSION, "number": order.number, "sequence": order.sequence, "event": event,
        "at": (at or now).isoformat(),
        **{key: value.isoformat() if isinstance(value, dt.date) else value for key, value in facts.items()},
    }  # fmt: skip
    return Delivery.objects.create(
        order=order, sequence=order.sequence, event=event, payload=payload, created_at=now
    )


def status_of(order: Order) -> str:
    """Where the order stands, in the words of the exchange."""
    if order.state != Order.State.ACTIVE:
        return str(order.state)
    case = order.report.case
    if case.parked_at is not None and case.is_open:
        return "parked"
    return {
        Status.REPORTED: "received", Status.FILED: "accepted", Status.DISPATCHED: "dispatched",
        Status.HANDLING: "handling", Status.HANDLED: "handled", Status.CHECKED: "handled",
        Status.CLOSED: "closed", Status.DECLINED: "declined", Status.VOIDED: "voided", Status.MERGED: "accepted",
    }[Status(case.status)]  # fmt: skip


def body_of(delivery: Delivery) -> bytes:
    """The message as it leaves. A result carries answer and photos, read now; words never change once owed."""
    payload = dict(delivery.payload)
    if delivery.event == "result":
        case = delivery.order.report.case
        payload |= {
            "answer": case.answer,
            "department": case.department.title if case.department else "",
            "handled_at": case.handled_at.isoformat() if case.handled_at else None,
            "on_time": not case.overdue,
            "photos": _photos(case),
        }
    return json.dumps(payload, ensure_ascii=False, sort_keys=True).encode()


def _photos(case: Case) -> list[dict[str, str]]:
    uses = case.files.filter(role=CaseFile.Role.AFTER).select_related("file").order_by("-id")[:PHOTOS_AT_MOST]
    found = []
    for use in reversed(uses):
        try:
            with use.file.file.open("rb") as opened:
                content = base64.b64encode(opened.read()).decode()
        except OSError:
            continue  # a file that is missing must not keep the answer from the caller
        found.append({"sha256": use.file.sha256, "content": content})
    return found


def push_order(order_id: int) -> int:
    """Send what the order owes, first things first, until nothing is left or something must wait. How many left."""
    sent = 0
    while _push_next(order_id):
        sent += 1
    return sent


def _push_next(order_id: int) -> bool:
    order = Order.objects.select_related("system", "report__case__department").filter(pk=order_id).first()
    if order is None or order.system.paused or not order.system.base_url:
        return False
    now = timezone.now()
    free = Q(sending_until=None) | Q(sending_until__lt=now)
    # One sender at a time: of any number that try, one row is changed by one.
    if not Order.objects.filter(free, pk=order_id, next_try_at__lte=now).update(sending_until=now + LEASE):
        return False
    delivery = order.deliveries.filter(state__in=OPEN_STATES).order_by("sequence").first()
    if delivery is None or delivery.state == Delivery.State.STUCK:
        return _rest(order_id)
    delivery.order = order
    return _send(order, delivery)


def _rest(order_id: int) -> bool:
    """Nothing can leave now. A message that was owed in this very moment starts the queue again."""
    with transaction.atomic():
        order = Order.objects.select_for_update(no_key=True).get(pk=order_id)
        first = order.deliveries.filter(state__in=OPEN_STATES).order_by("sequence").first()
        goes_on = first is not None and first.state == Delivery.State.WAITING
        order.next_try_at = timezone.now() if goes_on else None
        order.sending_until = None
        order.save(update_fields=["next_try_at", "sending_until"])
    return goes_on


def _send(order: Order, delivery: Delivery) -> bool:
    system, body = order.system, body_of(delivery)
    url = f"{system.base_url.rstrip('/')}/orders/{quote(order.number, safe='')}/events"
    started, answer, problem, permanent = time.monotonic(), None, "", False
    try:
        answer = call(system, "POST", url, body, {"Idempotency-Key": quote(delivery.key)})
        if not (answer.ok or answer.status == 409):
            problem, permanent = explain(answer), not answer.temporary
    except OutboundError as error:
        problem, permanent = str(error), not error.temporary
    except Refusal as error:  # the secret can't be opened any more
        problem, permanent = str(error), True
    return _record(order, delivery, answer, problem, permanent, time.monotonic() - started)


def call(
    system: CitySystem, method: str, url: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> Answer:
    """One signed request to the city; the address was set by the operator and is trusted."""
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    signed = signed_headers(system.key_id, system.secrets()[0], method, path, body)
    return send(
        method, url, content=body, timeout_s=TIMEOUT_SECONDS, trusted=True,
        headers={"Content-Type": "application/json; charset=utf-8", **signed, **(headers or {})},
    )  # fmt: skip


def explain(answer: Answer) -> str:
    """What a refusal of the city means for the person who looks at it."""
    todo = {
        401: _("市热线不认可我方签名。请核对密钥和服务器时间，改好后点“重试”。"),
        403: _("市热线拒绝了我方密钥。请联系市热线开通权限，再点“重试”。"),
        404: _("市热线说没有这个工单。请和市热线核对工单号；确认无须回传的，点“不再推送”。"),
    }.get(answer.status, _("市热线不接受这条消息。请按对方的回答处理后点“重试”，或点“不再推送”。"))
    if answer.temporary:
        todo = _("市热线暂时不能处理，会自动重试。")
    return f"HTTP {answer.status}：{todo} {answer.text()[:200]}".strip()


def _record(
    order: Order, delivery: Delivery, answer: Answer | None, problem: str, permanent: bool, seconds: float
) -> bool:
    now, done = timezone.now(), not problem
    with transaction.atomic():
        Order.objects.select_for_update(no_key=True).get(pk=order.pk)
        state = (
            Delivery.State.ACKNOWLEDGED
            if done
            else Delivery.State.STUCK
            if permanent
            else Delivery.State.WAITING
        )
        Delivery.objects.filter(pk=delivery.pk).exclude(state=Delivery.State.ACKNOWLEDGED).update(
            state=state, tries=F("tries") + 1, problem=problem[:500], acknowledged_at=now if done else None
        )
        Exchange.objects.create(
            system=order.system, order=order, incoming=False, what=f"{delivery.sequence} {delivery.event}", at=now,
            seconds=round(seconds, 3), status=answer.status if answer else None,
            answer=_printable(problem or (answer.text() if answer else "")),
        )  # fmt: skip
        again: dt.datetime | None = now
        if permanent:
            again = None
        elif problem:
            again = now + next_try(delivery.tries + 1, seed=order.pk)
        elif not order.deliveries.filter(state__in=OPEN_STATES).exists():
            again = None
        Order.objects.filter(pk=order.pk).update(next_try_at=again, sending_until=None)
    return done and again is not None


def _printable(text: str) -> str:
    return text.replace("\0", " ").encode("utf-8", "replace").decode()[:500]


@transaction.atomic
def retry_delivery(delivery: Delivery, *, actor: User) -> None:
    """Try a stuck or waiting message again now."""
    _settle(delivery, Delivery.State.WAITING, "case.city_retried", actor)


@transaction.atomic
def skip_delivery(delivery: Delivery, *, actor: User) -> None:
    """Give a message up, so that those behind it can leave."""
    _settle(delivery, Delivery.State.SKIPPED, "case.city_skipped", actor)


def _settle(delivery: Delivery, state: Delivery.State, code: str, actor: User) -> None:
    from huying.integrations.hotline.jobs import push

    order = Order.objects.select_for_update(no_key=True).get(pk=delivery.order_id)
    won = Delivery.objects.filter(pk=delivery.pk, state__in=OPEN_STATES).update(state=state)
    if not won:
        raise Conflict(_("这条消息刚刚已经送到。请刷新后查看。"))
    Order.objects.filter(pk=order.pk).update(next_try_at=timezone.now())
    case = Case.objects.get(pk=Report.objects.values_list("case_id", flat=True).get(pk=order.report_id))
    log(case, code, actor=actor, order=order.number, sequence=delivery.sequence, event=delivery.event)
    push.defer(order_id=order.pk)


@transaction.atomic
def push_again(order: Order, *, actor: User) -> Delivery:
    """Tell the city once more where the order stands; with the result where it is closed."""
    order = Order.objects.select_related("system", "report__case").get(pk=order.pk)
    case = order.report.case
    event = "result" if order.state == Order.State.ACTIVE and case.status == Status.CLOSED else "status"
    log(case, "case.city_pushed_again", actor=actor, order=order.number)
    return owe(order, event, status=status_of(order))
