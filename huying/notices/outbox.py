"""The outbox of messages. A delivery is written in the transaction of the event; jobs send it.

A delivery is claimed by a conditional update, so two workers never send the same one at the same time. A worker that
dies between sending and noting it leaves the delivery `sending`; after CLAIM_LASTS it is sent again: **at least once**.
Providers that know messages by a key (`Message.key`) then drop the second.

    queued ─→ sending ─→ sent
      │ ↑        ├─ temporary error ─→ queued (core.backoff), after GIVE_UP_AFTER given-up
      ↓ │        └─ permanent error ─→ failed; a wrong address falls back to the recipient's next channel
     held  quiet hours, a flood, the provider's limit, one message a day: several that waited go out as one digest
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.backoff import next_try
from huying.core.errors import Conflict
from huying.core.journal import log
from huying.core.language import of_record
from huying.notices import texts
from huying.notices.channels import Channel, ChannelError, Message, channel, channels
from huying.notices.models import Delivery
from huying.notices.recipients import Recipient, recipient_of
from huying.people.models import User

logger = logging.getLogger(__name__)

State = Delivery.State
GIVE_UP_AFTER = dt.timedelta(days=3)
# Longer than any channel takes to answer, by far.
CLAIM_LASTS = dt.timedelta(minutes=5)
MOST_IN_DIGEST = 100
LINK = "{link}"


# -- into the outbox -----------------------------------------------------------------------------------------


def why_not(code: str) -> str:
    """Why nothing goes out over this channel here; empty when it does."""
    found = channel(code)
    if found is None:
        return _("没有“%s”这个渠道。") % code
    if settings.DEMO:
        return _("演示系统不对外发送。")
    return found.why_not()


def unused(reaches: str = "") -> list[tuple[str, list[str]]]:
    """The channels (to a `person` or a `group`) that cannot be used here, as titles by the reason."""
    found: dict[str, list[str]] = {}
    for code, way in channels().items():
        if reaches in ("", way.reaches) and (why := why_not(code)):
            found.setdefault(why, []).append(str(way.title))
    return list(found.items())


def post(deliveries: Sequence[Delivery]) -> None:
    """Put messages into the outbox, in the caller's transaction. What cannot go out is kept, with the reason.

    A list of any length costs one insert and one job.
    """
    if not deliveries:
        return
    now = timezone.now()
    with of_record():
        reasons = {code: why_not(code) for code in {delivery.channel for delivery in deliveries}}
    for delivery in deliveries:
        delivery.created_at, delivery.next_try_at = now, now
        if reason := delivery.reason or reasons[delivery.channel]:
            delivery.state, delivery.reason, delivery.next_try_at = State.SUPPRESSED, reason, None
    Delivery.objects.bulk_create(deliveries)
    if any(delivery.state == State.QUEUED for delivery in deliveries):
        _send_soon()


def _send_soon() -> None:
    from huying.notices.jobs import send_waiting  # the job needs this module

    send_waiting.defer()


def retry(delivery: Delivery, *, actor: User) -> None:
    """Try once more, now, what failed, was given up, held or not sent."""
    with transaction.atomic():
        won = Delivery.objects.filter(
            pk=delivery.pk,
            state__in=(State.FAILED, State.GIVEN_UP, State.SUPPRESSED, State.HELD, State.QUEUED),
        ).update(state=State.QUEUED, next_try_at=timezone.now(), reason="")
        if not won:
            raise Conflict(_("这一条已经发出，或正在发送。请刷新页面。"))
        log(delivery, "delivery.retried", actor=actor)
        _send_soon()


# -- out of the outbox ---------------------------------------------------------------------------------------


def send_due() -> int:
    """Send everything whose time has come; returns how many messages were tried."""
    tried = 0
    with of_record():
        while (claimed := claim_next()) is not None:
            if claimed.delivery is not None:
                attempt(claimed.delivery, claimed.members)
                tried += 1
    return tried


def release_dead_claims(now: dt.datetime | None = None) -> int:
    """Give back what a dead worker had claimed. It may have been sent: it is sent at least once."""
    now = now or timezone.now()
    return Delivery.objects.filter(state=State.SENDING, claimed_at__lt=now - CLAIM_LASTS).update(
        state=State.QUEUED, next_try_at=now, reason=_("发送中断，已重新排队。")
    )


def forget_old(now: dt.datetime | None = None) -> int:
    """Delete the log of messages as old as the contacts that are forgotten (`HUYING_CONTACT_DAYS`)."""
    before = (now or timezone.now()) - dt.timedelta(days=settings.CONTACT_DAYS)
    ended = Delivery.objects.exclude(state__in=[*Delivery.WAITING, State.SENDING])
    return ended.filter(created_at__lt=before).delete()[1].get("notices.Delivery", 0)


@dataclass(frozen=True)
class Claimed:
    """A delivery that is ours to send, with those that go out with it; None when it had to wait instead."""

    delivery: Delivery | None
    members: Sequence[Delivery] = ()


@transaction.atomic
def claim_next() -> Claimed | None:
    """Take the next message that is due, or find that it has to wait; None when nothing is due."""
    now = timezone.now()
    due = Delivery.objects.filter(state__in=Delivery.WAITING, next_try_at__lte=now)
    found = due.select_for_update(skip_locked=True).order_by("next_try_at", "pk").first()
    if found is None:
        return None
    _one_at_a_time(found)
    if waits := _why_wait(found, recipient_of(found), now):
        until, reason = waits
        Delivery.objects.filter(pk=found.pk, state__in=Delivery.WAITING).update(
            state=State.HELD, next_try_at=until, reason=reason
        )
        return Claimed(None)
    members = _digest_members(found, due)
    won = Delivery.objects.filter(pk=found.pk, state__in=Delivery.WAITING).update(
        state=State.SENDING, claimed_at=now, tries=F("tries") + 1, reason=""
    )
    if not won:
        return Claimed(None)
    Delivery.objects.filter(pk__in=[member.pk for member in members]).update(
        state=State.DIGESTED, digest=found, next_try_at=None, reason=""
    )
    # Also those that joined at an earlier try.
    members = list(Delivery.objects.filter(digest=found).order_by("created_at", "pk"))
    found.refresh_from_db()
    return Claimed(found, members)


def _one_at_a_time(delivery: Delivery) -> None:
    """Workers decide one after the other about one recipient and channel, so that the limits are exact."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 7301))",
            [f"{delivery.to_kind}:{delivery.to_id}:{delivery.channel}"],
        )


def _same_way(delivery: Delivery) -> QuerySet[Delivery]:
    return Delivery.objects.filter(
        to_kind=delivery.to_kind, to_id=delivery.to_id, channel=delivery.channel
    ).exclude(pk=delivery.pk)


def _why_wait(
    delivery: Delivery, recipient: Recipient | None, now: dt.datetime
) -> tuple[dt.datetime, str] | None:
    """Until when a message that is due has to wait, and why."""
    rules = texts.rules()
    if not delivery.emergency:
        quiet = (recipient.quiet if recipient else None) or (rules.quiet_from, rules.quiet_until)
        if until := end_of_quiet(now, *quiet):
            return until, _("免打扰时段，结束后发送。")
        if delivery.state == State.QUEUED and not delivery.tries:
            if recipient and recipient.daily:
                return next_time(now, rules.daily_at), _("收件人选择每天汇总成一条。")
            if until := _full(delivery, now, rules.more_than, rules.within):
                return until, _("短时间内通知较多，汇总后发送。")
    way = channel(delivery.channel)
    if way and way.per_minute and (until := _full(delivery, now, way.per_minute, dt.timedelta(minutes=1))):
        return until, _("达到每分钟上限，稍后发送。")
    return None


def _full(delivery: Delivery, now: dt.datetime, most: int, within: dt.timedelta) -> dt.datetime | None:
    """When there is room again, if `most` messages went this way within the last while."""
    recent = list(
        _same_way(delivery)
        .filter(claimed_at__gt=now - within)
        .order_by("-claimed_at")
        .values_list("claimed_at", flat=True)[:most]
    )
    return recent[-1] + within if len(recent) >= most and recent[-1] is not None else None


def end_of_quiet(now: dt.datetime, start: dt.time, end: dt.time) -> dt.datetime | None:
    """The end of the quiet hours that `now` lies in; None when it lies in none. They may span midnight."""
    local = timezone.localtime(now)
    time = local.time()
    if start == end:
        return None
    inside = start <= time < end if start < end else time >= start or time < end
    return next_time(now, end) if inside else None


def next_time(now: dt.datetime, time: dt.time) -> dt.datetime:
    """The next moment with this time of day."""
    local = timezone.localtime(now)
    found = local.replace(hour=time.hour, minute=time.minute, second=0, microsecond=0)
    return found if found > local else found + dt.timedelta(days=1)


def _digest_members(delivery: Delivery, due: QuerySet[Delivery]) -> list[Delivery]:
    """What goes out together with this message: everything else that waited, or a flood of new ones."""
    if delivery.emergency:
        return []
    others = list(
        due.filter(pk__in=_same_way(delivery).values("pk"), emergency=False)
        .select_for_update(skip_locked=True)
        .order_by("created_at", "pk")[: MOST_IN_DIGEST - 1]
    )
    waited = delivery.state == State.HELD and bool(others)
    return others if waited or len(others) + 1 > texts.rules().more_than else []


def attempt(delivery: Delivery, members: Sequence[Delivery] = ()) -> None:
    """Send a claimed message, and note what became of it."""
    way, recipient = channel(delivery.channel), recipient_of(delivery)
    if reason := why_not(delivery.channel):
        return _note(delivery, state=State.SUPPRESSED, reason=reason, next_try_at=None)
    if recipient and recipient.problem:
        return _note(delivery, state=State.FAILED, reason=recipient.problem[:300], next_try_at=None)
    address = recipient.addresses.get(delivery.channel, "") if recipient else ""
    if way is None or recipient is None or not address:
        return _note(
            delivery,
            state=State.SUPPRESSED,
            reason=_("收件人没有留这种地址，或选择不接收。"),
            next_try_at=None,
        )
    subject, words = wording(delivery, members, way, recipient.link)
    key = f"huying-{delivery.pk}"
    try:
        sent = way.send(Message(key, address, subject, words, recipient.link, recipient.secret))
    except ChannelError as error:
        _failed(delivery, members, error, recipient)
    except Exception as error:  # a transport's own fault must not stop the others
        logger.exception("channel failed", extra={"channel": delivery.channel, "delivery": delivery.pk})
        _failed(delivery, members, ChannelError(type(error).__name__, temporary=True), recipient)
    else:
        _note(
            delivery,
            state=State.SENT,
            sent_at=timezone.now(),
            reference=sent.reference[:120],
            next_try_at=None,
        )


def wording(delivery: Delivery, members: Sequence[Delivery], way: Channel, link: str) -> tuple[str, str]:
    """Subject and words as they go out: one message, or several numbered ones, cut to what the channel takes."""
    if not members:
        words = delivery.words.replace(LINK, link).strip()
        if way.longest and len(words) > way.longest:
            words = words[: way.longest - 1] + "…"
        return delivery.subject, words
    lines = [one.words.replace(LINK, "").strip(" ：:，,") for one in (delivery, *members)]
    head = _("您有 %d 条通知：") % len(lines)
    words, shown = head, 0
    for number, line in enumerate(lines, 1):
        more = f"\n{number}. {line}"
        # Room for the last line, which says how many are left out.
        if way.longest and len(words) + len(more) > way.longest - 24:
            break
        words, shown = words + more, number
    if shown < len(lines):
        words += "\n" + _("另有 %d 条，请登录查看。") % (len(lines) - shown)
    return head.rstrip("：:"), words


def _note(delivery: Delivery, **fields: object) -> None:
    """What became of our claim; nothing when it was taken from us meanwhile."""
    Delivery.objects.filter(pk=delivery.pk, state=State.SENDING, claimed_at=delivery.claimed_at).update(
        **fields
    )


def _failed(
    delivery: Delivery, members: Sequence[Delivery], error: ChannelError, recipient: Recipient
) -> None:
    now, reason = timezone.now(), str(error)[:300]
    if error.temporary:
        if now - delivery.created_at >= GIVE_UP_AFTER:
            return _note(delivery, state=State.GIVEN_UP, reason=reason, next_try_at=None)
        again = now + next_try(delivery.tries, seed=delivery.pk)
        return _note(delivery, state=State.QUEUED, reason=reason, next_try_at=again)
    with transaction.atomic():
        _note(delivery, state=State.FAILED, reason=reason, next_try_at=None)
        if error.wrong_address:
            _fall_back([delivery, *members], recipient)


def _fall_back(deliveries: Sequence[Delivery], recipient: Recipient) -> None:
    """The same messages on the recipient's next channel that was not tried yet; none left: the page has to do."""
    tried, one = {deliveries[0].channel}, deliveries[0].instead_of
    while one is not None:
        tried.add(one.channel)
        one = one.instead_of
    following = next((code for code in recipient.addresses if code not in tried and not why_not(code)), None)
    if following is None:
        return
    post(
        [
            Delivery(
                code=one.code, subject_kind=one.subject_kind, subject_id=one.subject_id, to_kind=one.to_kind,
                to_id=one.to_id, to_name=one.to_name, channel=following, subject=one.subject, words=one.words,
                emergency=one.emergency, instead_of=one,
            )
            for one in deliveries
        ]
    )  # fmt: skip
