"""What forwarding does by itself."""

from __future__ import annotations

from datetime import datetime

from huying.core.jobs import every, job
from huying.integrations.forwarding import following, outbox
from huying.integrations.forwarding.models import Forwarding, Heard, Partner

AT_ONCE = 200


@job(queue="forwarding")
def push(forwarding_id: int) -> None:
    """Post one matter. Running it twice posts nothing twice."""
    outbox.push_forwarding(forwarding_id)


@every("* * * * *")
def push_due(moment: datetime) -> None:
    """Second tries, and what a sender that died left behind."""
    due = Forwarding.objects.filter(
        state=Forwarding.State.WAITING, next_try_at__lte=moment, partner__paused=False
    ).order_by("next_try_at")
    for pk in due.values_list("pk", flat=True)[:AT_ONCE]:
        push.defer(forwarding_id=pk)


@job(queue="forwarding")
def follow(partner_id: int) -> None:
    """Ask one server how our matters stand."""
    partner = Partner.objects.filter(pk=partner_id, paused=False).first()
    if partner is not None:
        following.follow(partner)


@every("*/5 * * * *")
def follow_all(moment: datetime) -> None:
    """Ask every server that has something of ours."""
    states = (Forwarding.State.SENT, Forwarding.State.OPEN)
    for pk in (
        Partner.objects.filter(paused=False, forwardings__state__in=states)
        .distinct()
        .values_list("pk", flat=True)
    ):
        follow.defer(partner_id=pk)


@job(queue="forwarding")
def fetch_media(heard_id: int) -> None:
    """Fetch a picture that a server named."""
    following.fetch(heard_id)


@every("*/5 * * * *")
def fetch_media_again(moment: datetime) -> None:
    """Pictures whose server was busy or silent."""
    for pk in Heard.objects.filter(media_next_try_at__lte=moment).values_list("pk", flat=True)[:AT_ONCE]:
        fetch_media.defer(heard_id=pk)
