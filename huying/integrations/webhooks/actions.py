"""What an administrator does with subscribers: each verb once, on record."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.cases.models import Ledger
from huying.core.errors import NotAllowed, Refusal
from huying.core.journal import log
from huying.integrations.webhooks.models import Delivery, Subscriber
from huying.integrations.webhooks.outbox import stop, subscribers
from huying.integrations.webhooks.signing import new_secret
from huying.people.access import everywhere
from huying.people.models import User
from huying.places.models import Area

VERB = "integrations.manage"
TEST = "webhook.test"


def _require(actor: User) -> None:
    if not everywhere(actor, VERB):
        raise NotAllowed(_("您的岗位没有这项权限。需要时请联系系统管理员。"))


def _check(title: str, url: str, codes: Sequence[str]) -> None:
    if not title.strip():
        raise Refusal(_("请写明推给谁，例如：市数据局。"), field="title")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise Refusal(_("接收地址要以 https:// 开头，不含用户名和密码。"), field="url")
    for code in codes:
        if not code.startswith("case."):
            raise Refusal(_("事件代码以 case. 开头，例如 case.dispatched。"), field="codes")


@transaction.atomic
def add_subscriber(
    *,
    title: str,
    url: str,
    owner: User,
    actor: User,
    codes: Sequence[str] = (),
    ledger: Ledger | None = None,
    area: Area | None = None,
) -> tuple[Subscriber, str]:
    """A new subscriber and its secret, which is shown this once. It hears of what `owner` may see."""
    _require(actor)
    _check(title, url, codes)
    secret = new_secret()
    made = Subscriber.objects.create(
        title=title.strip()[:80],
        url=url,
        secret=secret,
        codes=list(codes),
        ledger=ledger,
        area=area,
        owner=owner,
    )
    log(
        made, "webhook.added", actor=actor, title=made.title, url=url, codes=list(codes), owner=owner.username,
        ledger=ledger.code if ledger else "", area=area.code if area else "",
    )  # fmt: skip
    subscribers.look_again()
    return made, secret


@transaction.atomic
def rotate_secret(subscriber: Subscriber, *, actor: User) -> str:
    """A new secret; messages are signed with the former one too until the next rotation."""
    _require(actor)
    secret = new_secret()
    subscriber.former_secret = subscriber.secret.open()
    subscriber.secret = secret
    subscriber.save(update_fields=["secret", "former_secret"])
    log(subscriber, "webhook.secret_rotated", actor=actor)
    return secret


@transaction.atomic
def pause(subscriber: Subscriber, *, actor: User, reason: str = "") -> None:
    """Stop sending; events that wait are kept, new ones are not collected."""
    _require(actor)
    stop(subscriber, reason.strip()[:200] or _("由%s停用。") % actor)


@transaction.atomic
def resume(subscriber: Subscriber, *, actor: User) -> None:
    """Go on sending, beginning with what has waited."""
    _require(actor)
    Subscriber.objects.filter(pk=subscriber.pk).update(active=True, stopped_because="", failing_since=None)
    subscriber.refresh_from_db()
    log(subscriber, "webhook.resumed", actor=actor)
    subscribers.look_again()
    _wake(subscriber)


@transaction.atomic
def send_test(subscriber: Subscriber, *, actor: User) -> Delivery:
    """A message that says it is a test, through the same way as all others."""
    _require(actor)
    delivery = Delivery.objects.create(
        subscriber=subscriber, case_id=0, sequence=0, code=TEST, at=timezone.now(), data={"hello": "呼应"}
    )
    _wake(subscriber)
    return delivery


@transaction.atomic
def replay(subscriber: Subscriber, deliveries: QuerySet[Delivery], *, actor: User) -> int:
    """Send these events again, in the order of each case and with the ids that they had. Returns how many."""
    _require(actor)
    ended = (Delivery.State.DONE, Delivery.State.GIVEN_UP, Delivery.State.WITHHELD)
    count = deliveries.filter(subscriber=subscriber, state__in=ended).update(
        state=Delivery.State.WAITING,
        next_try_at=None,
        tries=0,
        replays=F("replays") + 1,
        error="",
        done_at=None,
    )
    if count:
        log(subscriber, "webhook.replayed", actor=actor, count=count)
        _wake(subscriber)
    return count


def _wake(subscriber: Subscriber) -> None:
    from huying.integrations.webhooks.jobs import deliver

    deliver.defer(subscriber_id=subscriber.pk)
