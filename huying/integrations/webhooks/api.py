"""Webhooks over HTTP, for who manages the connections to other systems: subscribers, deliveries, sending again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema, Status

from huying.core.api import Page, Problem, cleaned, filters, form_data, page_of, query, rows_of
from huying.core.errors import NotAllowed
from huying.integrations.webhooks import actions
from huying.integrations.webhooks.actions import VERB
from huying.integrations.webhooks.models import Delivery, Subscriber
from huying.integrations.webhooks.views import Log, SubscriberForm, Subscribers
from huying.people.access import everywhere
from huying.people.api import caller
from huying.people.models import User

router = Router(tags=["webhooks"])
_REFUSED: dict[Any, Any] = {403: Problem, 404: Problem, 422: Problem}


def _manager(request: HttpRequest) -> User:
    """Connections concern the installation as a whole: only for who holds the verb without limits."""
    user = caller(request, VERB)
    if not everywhere(user, VERB):
        raise NotAllowed(_("您的岗位没有这项权限。需要时请联系系统管理员。"))
    return user


class SubscriberOut(Schema):
    """Who is told, of what; never its secret. `waiting`: how many events are still to be sent."""

    id: int
    title: str
    url: str
    codes: list[str]
    ledger: str
    area: str
    owner: str
    active: bool
    stopped_because: str
    failing_since: datetime | None
    waiting: int
    last_delivered_at: datetime | None


class NewSubscriberOut(Schema):
    """A subscriber and its secret for signatures: shown this once."""

    subscriber: SubscriberOut
    secret: str


class DeliveryOut(Schema):
    """One event for one subscriber, and how far it is. `event` is what the receiver knows it by."""

    id: int
    event: str
    code: str
    case: str
    at: datetime
    state: str
    tries: int
    replays: int
    status: int | None
    error: str
    next_try_at: datetime | None
    done_at: datetime | None


class SentOut(DeliveryOut):
    """A delivery with what was last sent."""

    body: str


def _subscriber_out(row: Any) -> dict[str, Any]:
    return {
        "id": row.pk, "title": row.title, "url": row.url, "codes": row.codes,
        "ledger": row.ledger.code if row.ledger else "", "area": row.area.code if row.area else "",
        "owner": row.owner.username, "active": row.active, "stopped_because": row.stopped_because,
        "failing_since": row.failing_since, "waiting": row.waiting, "last_delivered_at": row.last,
    }  # fmt: skip


def _delivery_out(row: Delivery) -> dict[str, Any]:
    return {
        "id": row.pk, "event": str(row.event_id), "code": row.code, "case": row.case_number, "at": row.at,
        "state": row.state, "tries": row.tries, "replays": row.replays, "status": row.status,
        "error": row.error, "next_try_at": row.next_try_at, "done_at": row.done_at, "body": row.body,
    }  # fmt: skip


def _subscribers(request: HttpRequest) -> Any:
    return rows_of(Subscribers, request).select_related("owner", "ledger", "area").defer("area__boundary")


def _shown(request: HttpRequest, pk: int) -> dict[str, Any]:
    return _subscriber_out(_subscribers(request).get(pk=pk))


@router.get("/webhooks", response={200: Page[SubscriberOut], 403: Problem}, summary="List subscribers")
def list_subscribers(
    request: HttpRequest, after: str = "", limit: int = query(50, ge=1, le=200)
) -> dict[str, Any]:
    """Everybody who is told by webhook."""
    _manager(request)
    return page_of(_subscribers(request), _subscriber_out, order="pk", after=after, limit=limit)


class SubscriberIn(Schema):
    """Who is told: of what `owner` may see, narrowed to codes (their beginnings), a ledger, an area."""

    title: str = Field(max_length=80)
    url: str = Field(max_length=500)
    owner: str = Field(max_length=150, description="username")
    codes: list[str] = Field([], max_length=40)
    ledger: str = Field("", max_length=40)
    area: str = Field("", max_length=40)


@router.post(
    "/webhooks", response={201: NewSubscriberOut, 403: Problem, 422: Problem}, summary="Add a subscriber"
)
def add_subscriber(request: HttpRequest, response: HttpResponse, data: SubscriberIn) -> Any:
    """Tell an address from now on of what happens to cases."""
    user = _manager(request)
    form = SubscriberForm(form_data(data.model_dump() | {"codes": ",".join(data.codes)}))
    made, secret = actions.add_subscriber(actor=user, **cleaned(form))
    response["Cache-Control"] = "no-store"
    return Status(201, {"subscriber": _shown(request, made.pk), "secret": secret})


@router.get("/webhooks/{pk}", response={200: SubscriberOut, **_REFUSED}, summary="Read a subscriber")
def read_subscriber(request: HttpRequest, pk: int) -> dict[str, Any]:
    """One subscriber."""
    _manager(request)
    return _subscriber_out(get_object_or_404(_subscribers(request), pk=pk))


@router.post("/webhooks/{pk}/pause", response={200: SubscriberOut, **_REFUSED}, summary="Pause a subscriber")
def pause_subscriber(request: HttpRequest, pk: int) -> dict[str, Any]:
    """Stop sending; events that wait are kept, new ones are not collected."""
    user = _manager(request)
    actions.pause(get_object_or_404(Subscriber, pk=pk), actor=user)
    return _shown(request, pk)


@router.post(
    "/webhooks/{pk}/resumption", response={200: SubscriberOut, **_REFUSED}, summary="Resume a subscriber"
)
def resume_subscriber(request: HttpRequest, pk: int) -> dict[str, Any]:
    """Go on sending, beginning with what has waited."""
    user = _manager(request)
    actions.resume(get_object_or_404(Subscriber, pk=pk), actor=user)
    return _shown(request, pk)


@router.post("/webhooks/{pk}/secret", response={200: NewSubscriberOut, **_REFUSED}, summary="Rotate a secret")
def rotate_secret(request: HttpRequest, response: HttpResponse, pk: int) -> dict[str, Any]:
    """A new secret, shown this once; messages are signed with the former one too until the next rotation."""
    user = _manager(request)
    secret = actions.rotate_secret(get_object_or_404(Subscriber, pk=pk), actor=user)
    response["Cache-Control"] = "no-store"
    return {"subscriber": _shown(request, pk), "secret": secret}


@router.post("/webhooks/{pk}/test", response={201: DeliveryOut, **_REFUSED}, summary="Send a test message")
def send_test(request: HttpRequest, pk: int) -> Any:
    """A message that says it is a test, through the same way as all others."""
    user = _manager(request)
    return Status(201, _delivery_out(actions.send_test(get_object_or_404(Subscriber, pk=pk), actor=user)))


@router.get(
    "/webhooks/{pk}/deliveries", response={200: Page[DeliveryOut], **_REFUSED}, summary="List deliveries",
    **filters(
        state="waiting, sending, done, given-up or withheld", q="number of a case", from_="first day", to="last day"
    ),
)  # fmt: skip
def list_deliveries(
    request: HttpRequest, pk: int, after: str = "", limit: int = query(50, ge=1, le=200)
) -> dict[str, Any]:
    """Every event that was sent to a subscriber, or is still to be, newest first."""
    _manager(request)
    get_object_or_404(Subscriber, pk=pk)
    return page_of(rows_of(Log, request, pk=pk), _delivery_out, order="-pk", after=after, limit=limit)


def _delivery(pk: int, delivery: int) -> Delivery:
    return get_object_or_404(Delivery.objects.select_related("subscriber"), pk=delivery, subscriber=pk)


@router.get(
    "/webhooks/{pk}/deliveries/{delivery}", response={200: SentOut, **_REFUSED}, summary="Read a delivery"
)
def read_delivery(request: HttpRequest, pk: int, delivery: int) -> dict[str, Any]:
    """One event with what was sent last."""
    _manager(request)
    return _delivery_out(_delivery(pk, delivery))


@router.post(
    "/webhooks/{pk}/deliveries/{delivery}/replay",
    response={200: DeliveryOut, **_REFUSED},
    summary="Send again",
)
def replay_delivery(request: HttpRequest, pk: int, delivery: int) -> dict[str, Any]:
    """Send one event again, with the id that it had; one that still waits is not sent twice."""
    user = _manager(request)
    found = _delivery(pk, delivery)
    actions.replay(found.subscriber, Delivery.objects.filter(pk=found.pk), actor=user)
    found.refresh_from_db()
    return _delivery_out(found)
