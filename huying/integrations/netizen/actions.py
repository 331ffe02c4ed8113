"""A message comes in, is corrected, and is answered; one function each for board, table, form and mail."""

from __future__ import annotations

import datetime as dt
import io
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.cases import policy
from huying.cases.actions import Intake, add_words, receive_report
from huying.cases.models import OPEN, Case, Category, Channel, Ledger, Report, Status
from huying.cases.suggest import guess_categories
from huying.cases.workflow import claim, hold
from huying.core.errors import Conflict, Refusal
from huying.core.files import store_photo
from huying.core.journal import log
from huying.core.models import StoredFile
from huying.integrations.hotline.actions import follow_report, tell_department
from huying.integrations.netizen.mail import Mail
from huying.integrations.netizen.models import MAIL, Mailbox, Message, PassedOver
from huying.people.models import User

_NAMESPACE = uuid.UUID("6b8a3f52-2f0e-5f7c-8a44-7e712e550000")
BOARD = "人民网领导留言板"
REPLY_AT_LEAST = 10


@dataclass(frozen=True)
class Incoming:
    """One message, wherever it was written. None leaves what is known; `number` names it on its platform."""

    platform: str
    number: str
    words: str
    title: str = ""
    nickname: str | None = None
    phone: str | None = None
    address: str | None = None
    link: str | None = None
    posted_at: dt.datetime | None = None
    reply_due_at: dt.datetime | None = None


def netizen_ledger() -> Ledger:
    """The ledger that messages go to: `minhu`, else the first that takes the channel."""
    ledgers = [
        ledger
        for ledger in Ledger.objects.filter(active=True).order_by("code")
        if Channel.NETIZEN in ledger.rules.channels and ledger.rules.contact != "required"
    ]
    if not ledgers:
        raise Refusal(_("没有接收网民留言的台账。请在区包的台账里写上 channels: [netizen]。"))
    return next((ledger for ledger in ledgers if ledger.code == "minhu"), ledgers[0])


def _category(ledger: Ledger, words: str, title: str) -> Category:
    categories = list(
        ledger.categories.filter(active=True).select_related("topic__parent", "ledger").order_by("code")
    )
    if guesses := guess_categories(categories, words, title, at_most=1):
        return guesses[0].category
    if not categories:
        raise Refusal(_("台账「%s」没有类别。请先加载区包。") % ledger)
    return next((category for category in categories if category.code == "other"), categories[-1])


def _one_at_a_time(platform: str, number: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(7201006, hashtext(%s))", [f"netizen:{platform}:{number}"]
        )


@transaction.atomic
def take_message(
    incoming: Incoming, *, actor: User | None = None, photos: Sequence[StoredFile] = (), **mail: Any
) -> tuple[Message, str]:
    """Take a message in: (message, new | changed | same). `mail` are the fields of one that came by mail."""
    if not incoming.words.strip():
        raise Refusal(_("没有内容：请补上留言。"), field="words")
    _one_at_a_time(incoming.platform, incoming.number)
    known = (
        Message.objects.select_related("report")
        .filter(platform=incoming.platform, number=incoming.number)
        .first()
    )
    if known is not None:
        return known, _correct(known, incoming, actor)
    ledger = netizen_ledger()
    report = receive_report(
        Intake(
            ledger=ledger, category=_category(ledger, incoming.words, incoming.title), words=incoming.words,
            title=incoming.title, channel=Channel.NETIZEN, address=incoming.address or "",
            phone=incoming.phone or "", name=incoming.nickname or "", photos=photos,
            fields={"source_name": incoming.platform}, reported_by=actor,
            external_number="" if incoming.platform == MAIL else incoming.number[:60],
            client_id=uuid.uuid5(_NAMESPACE, f"{incoming.platform}:{incoming.number}"),
        )
    )  # fmt: skip
    message = Message.objects.create(
        report=report, platform=incoming.platform, number=incoming.number, nickname=incoming.nickname or "",
        link=incoming.link or "", posted_at=incoming.posted_at, reply_due_at=incoming.reply_due_at, **mail,
    )  # fmt: skip
    return message, "new"


def differences(message: Message, incoming: Incoming) -> dict[str, list[Any]]:
    """What the message's table says otherwise now: {field: [old, new]}."""
    report, found = message.report, {}
    pairs: list[tuple[str, Any, Any]] = [
        ("words", report.words, incoming.words), ("address", report.address, incoming.address),
        ("link", message.link, incoming.link), ("nickname", message.nickname, incoming.nickname),
        ("reply_due_at", message.reply_due_at, incoming.reply_due_at),
        ("posted_at", message.posted_at, incoming.posted_at),
    ]  # fmt: skip
    if not report.contact_forgotten:
        pairs.append(("phone", report.phone, incoming.phone))
    for name, old, new in pairs:
        if new is not None and old != new:
            found[name] = [old, new]
    return found


def _correct(message: Message, incoming: Incoming, actor: User | None) -> str:
    changes = differences(message, incoming)
    if not changes:
        return "same"
    report = message.report
    case = Case.objects.select_related("ledger", "department").get(pk=report.case_id)
    if actor is not None:
        policy.require(actor, "case.view", case)
    hold(case)
    case.refresh_from_db()
    own = case.words == report.words and case.status in OPEN
    new = {name: changes[name][1] for name in ("words", "address", "phone") if name in changes}
    if new:
        Report.objects.filter(pk=report.pk).update(**new)
    kept = {
        name: changes[name][1]
        for name in ("link", "nickname", "reply_due_at", "posted_at")
        if name in changes
    }
    if kept:
        Message.objects.filter(pk=message.pk).update(**kept)
    if own:
        follow_report(case, {name: value for name, value in new.items() if name != "phone"})
    else:
        claim(case)
    shown = {name: change for name, change in changes.items() if name in ("words", "address", "reply_due_at")}
    log(
        case,
        "case.netizen_corrected",
        actor=actor,
        report=report.number,
        changed=list(changes),
        changes=shown,
    )
    tell_department(case, "case.netizen_corrected", _("网民留言有更正：%s") % case.title)
    return "changed"


# -- by mail -------------------------------------------------------------------------------------------------


@transaction.atomic
def take_mail(mailbox: Mailbox, mail: Mail) -> str:
    """A mail becomes a message, or more words of one; what nobody wrote is passed over. The same mail again: same."""
    _one_at_a_time(MAIL, mail.number)
    if PassedOver.objects.filter(mailbox=mailbox, number=mail.number).exists():
        return "same"
    if mail.nothing or mail.sender.lower() == mailbox.address.lower():
        return _pass_over(mailbox, mail.number, mail.nothing or _("自己发出的邮件"))
    photos = []
    for data in mail.photos:
        try:
            photos.append(store_photo(io.BytesIO(data)))
        except Refusal:
            continue  # a picture that is none must not keep the words out
    earlier = (
        Message.objects.select_related("report__case")
        .filter(platform=MAIL, number__in=[*mail.answers, *map(_answered, mail.answers)])
        .exclude(number=mail.number)
        .first()
    )
    if earlier is not None and _is_from(earlier, mail) and earlier.report.case.status in OPEN:
        add_words(earlier.report, words=mail.words, photos=photos)
        return _pass_over(mailbox, mail.number, _("补充到 %s") % earlier.report.number, "added")
    if not mail.words:
        return _pass_over(mailbox, mail.number, _("没有内容"))
    return take_message(
        Incoming(
            platform=MAIL, number=mail.number, words=mail.words, title=mail.subject, nickname=mail.nickname,
            posted_at=mail.posted_at,
        ),
        photos=photos, mailbox=mailbox, sender=mail.sender, subject=mail.subject,
    )[1]  # fmt: skip


def _pass_over(mailbox: Mailbox, number: str, why: str, outcome: str = "passed over") -> str:
    PassedOver.objects.create(mailbox=mailbox, number=number, why=why[:200])
    return outcome


def _is_from(message: Message, mail: Mail) -> bool:
    """Whether the same person goes on: the words of another in the thread are no words of this report."""
    return message.sender_address().lower() == mail.sender.lower()


def _answered(reference: str) -> str:
    """The Message-ID of the mail that one of our answers answered."""
    from huying.integrations.netizen.sending import original_of

    return original_of(reference)


# -- the answer ----------------------------------------------------------------------------------------------


@transaction.atomic
def release_reply(message: Message, *, text: str, actor: User) -> None:
    """The official answer, released by who may: by mail it leaves at once, on a board a person posts it."""
    from huying.integrations.netizen.jobs import send_reply

    case = Case.objects.select_related("ledger").get(pk=message.report.case_id)
    policy.require(actor, "case.view", case)
    if case.status not in (Status.CLOSED, Status.DECLINED):
        raise Conflict(_("案件还没有办结，办结后再答复。"))
    if len(text.strip()) < REPLY_AT_LEAST:
        raise Refusal(_("请写清楚查了什么、怎么办的（至少 10 个字）。"), field="reply")
    hold(case)
    now = timezone.now()
    won = Message.objects.filter(pk=message.pk, reply_state=Message.Reply.NONE).update(
        reply=text.strip(), reply_state=Message.Reply.RELEASED, released_at=now, released_by=actor,
        next_try_at=now if message.mailbox_id else None,
    )  # fmt: skip
    if not won:
        raise Conflict(_("这条留言已经答复过了。"))
    log(case, "case.netizen_released", actor=actor, report=message.report.number, words=text.strip()[:2000])
    if message.mailbox_id:
        send_reply.defer(message_id=message.pk)


@transaction.atomic
def mark_posted(message: Message, *, actor: User) -> None:
    """The answer stands on the board now."""
    case = Case.objects.get(pk=message.report.case_id)
    policy.require(actor, "case.view", case)
    hold(case)
    won = Message.objects.filter(pk=message.pk, mailbox=None, reply_state=Message.Reply.RELEASED).update(
        reply_state=Message.Reply.SENT, replied_at=timezone.now()
    )
    if not won:
        raise Conflict(_("这条留言没有待发布的答复。"))
    log(case, "case.netizen_replied", actor=actor, report=message.report.number)


@transaction.atomic
def try_reply_again(message: Message, *, actor: User) -> None:
    """Send an answer again that could not be sent."""
    from huying.integrations.netizen.jobs import send_reply

    case = Case.objects.get(pk=message.report.case_id)
    policy.require(actor, "case.view", case)
    won = Message.objects.filter(pk=message.pk, reply_state=Message.Reply.FAILED).update(
        reply_state=Message.Reply.RELEASED, next_try_at=timezone.now(), tries=0
    )
    if not won:
        raise Conflict(_("这条答复没有失败。请刷新后查看。"))
    send_reply.defer(message_id=message.pk)
