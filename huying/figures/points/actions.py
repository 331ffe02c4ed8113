"""What is done with points: given and agreed to; a month announced, appealed against, published; points redeemed.

Each verb is one function. Nothing here adds to a counter: what a person has is counted from rows each time.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.files import store_document
from huying.core.journal import log
from huying.core.models import StoredFile
from huying.figures.appraisals.formula import plain
from huying.figures.appraisals.rules import exact_number
from huying.figures.points.counting import MONTH, Member, accounts_of, balance, member_of, members_of
from huying.figures.points.models import (
    PointAppeal,
    PointEntry,
    PointRedemption,
    PointResult,
    PointScheme,
    PointTable,
)
from huying.figures.points.policy import APPROVE, ENTER, MANAGE, REWARD, may, require, require_for_all
from huying.figures.points.rules import PointRules
from huying.figures.points.scoring import packed, placed
from huying.inspections.occurrences import Period, period_of
from huying.people.models import User
from huying.places.work_calendar import current_calendar


def _held(scheme: PointScheme) -> PointScheme:
    """The scheme, until the transaction ends: a month is announced, or an entry decided, one after the other."""
    return PointScheme.objects.select_for_update(no_key=True).get(pk=scheme.pk)


def _member(rules: PointRules, person: User, period: Period) -> Member:
    found = member_of(rules, person, period)
    if found is None:
        raise Refusal(_("这个人那个月不在这个积分办法里，请核对姓名和日期。"), field="person")
    return found


def _announced(scheme: PointScheme, group: str, period: Period) -> bool:
    return PointTable.objects.filter(scheme=scheme, group=group, period=period.name).exists()


# -- entries -------------------------------------------------------------------------------------------------


@transaction.atomic
def enter_points(
    scheme: PointScheme,
    *,
    person: User,
    item: str,
    on: dt.date,
    words: str,
    actor: User,
    evidence: Any = None,
    at: dt.datetime | None = None,
) -> PointEntry:
    """Give or take points for something that happened, with evidence. They count when somebody else agrees."""
    now = at or timezone.now()
    period = period_of(MONTH, on)
    rules = _held(scheme).rules
    member = _member(rules, person, period)
    require(actor, ENTER, member)
    rule = rules.line(item)
    if rule is None or rule.counted:
        raise Refusal(_("这个办法里没有这一项。"), field="item")
    if on > timezone.localdate(now):
        raise Refusal(_("还没有到那一天。"), field="on")
    if len(words.strip()) < 4:
        raise Refusal(_("写明依据：什么事、谁定的。"), field="words")
    if rule.evidence and not evidence:
        raise Refusal(_("这一项要附证明材料（照片或文件）。"), field="evidence")
    if _announced(scheme, member.group, period):
        raise Conflict(
            _("%(period)s 的积分已经公示，不能再加减分；有错的请走申诉。") % {"period": period.name}
        )
    entry = PointEntry.objects.create(
        scheme=scheme, person=person, on=on, item=item, points=str(rule.points), words=words.strip()[:300],
        evidence=_stored(evidence, actor), entered_at=now, entered_by=actor,
    )  # fmt: skip
    log(entry, "points.entered", actor=actor, at=at, person=person.pk, item=item, points=entry.points,
        words=entry.words)  # fmt: skip
    return entry


def _stored(upload: Any, actor: User) -> StoredFile | None:
    if not upload:
        return None
    return upload if isinstance(upload, StoredFile) else store_document(upload, by=actor)


@transaction.atomic
def decide_entry(
    entry: PointEntry, *, approved: bool, reason: str = "", actor: User, at: dt.datetime | None = None
) -> PointEntry:
    """Agree to points that somebody else entered, or not; a refusal says why."""
    rules = _held(entry.scheme).rules
    period = period_of(MONTH, entry.on)
    member = _member(rules, entry.person, period)
    require(actor, APPROVE, member)
    if actor.pk == entry.entered_by_id:
        raise NotAllowed(_("自己登记的要由别人审批。"))
    if not approved and len(reason.strip()) < 2:
        raise Refusal(_("不同意的请写明理由。"), field="reason")
    if approved and _announced(entry.scheme, member.group, period):
        raise Conflict(
            _("%(period)s 的积分已经公示，不能再加减分；有错的请走申诉。") % {"period": period.name}
        )
    won = PointEntry.objects.filter(pk=entry.pk, decided_at=None).update(
        approved=approved, decided_at=at or timezone.now(), decided_by=actor, reason=reason.strip()[:300]
    )
    if not won:
        raise Conflict(_("这一条已经审批过了。"))
    entry.refresh_from_db()
    log(entry, "points.entry_decided", actor=actor, at=at, approved=approved, reason=entry.reason)
    return entry


# -- months --------------------------------------------------------------------------------------------------


@transaction.atomic
def announce_points(
    scheme: PointScheme, group: str, period: Period, *, actor: User, at: dt.datetime | None = None
) -> PointTable:
    """Freeze the month of a group, each line with its rows, and let its people appeal. Once.

    Without a time for appeals it is published at once.
    """
    now = at or timezone.now()
    held = _held(scheme)
    rules = held.rules
    members = members_of(rules, period, group=group)
    if not members:
        raise Refusal(_("这一组那个月没有人，没有可以公示的。"))
    require_for_all(actor, MANAGE, members)
    if period.last >= timezone.localdate(now):
        raise Refusal(_("这个月还没有过完，过完再公示。"))
    users = [member.user.pk for member in members]
    asked = PointEntry.objects.filter(
        scheme=scheme, on__range=(period.first, period.last), person__in=users, decided_at=None
    )
    if asked.exists():
        raise Refusal(_("还有没审批的加减分，审批完再公示。"))
    accounts, missing = accounts_of(held, members, period, now)
    if missing:
        raise Refusal(_("积分用的“%(code)s”不在区包里了。") % {"code": "、".join(missing)})
    until = current_calendar().deadline(now, rules.appeals).at if rules.appeals else None
    try:
        with transaction.atomic():
            table = PointTable.objects.create(
                scheme=scheme, group=group, period=period.name, first_day=period.first, last_day=period.last,
                at=now, declaration=held.declaration, announced_at=now, announced_by=actor, appeals_until=until,
                published_at=None if until else now, published_by=None if until else actor,
            )  # fmt: skip
    except IntegrityError:
        raise Conflict(_("%(period)s 的积分已经公示过了。") % {"period": period.name}) from None
    PointResult.objects.bulk_create(
        PointResult(
            table=table, user_id=account.user, lines=[packed(line) for line in account.lines],
            total=str(account.total), place=account.place, final="" if until else str(account.total),
        )
        for account in placed(rules, accounts)
    )  # fmt: skip
    code = "points.announced" if until else "points.published"
    log(table, code, actor=actor, at=now, scheme=scheme.code, group=group, period=period.name, until=until)
    return table


@transaction.atomic
def publish_points(table: PointTable, *, actor: User, at: dt.datetime | None = None) -> PointTable:
    """Publish an announced month when the time for appeals is over and every appeal is decided."""
    now = at or timezone.now()
    held = PointTable.objects.select_for_update(no_key=True).get(pk=table.pk)
    require_for_all(actor, MANAGE, _members_of(held))
    if held.published_at is not None:
        raise Conflict(_("已经公布了。"))
    if held.appeals_until and now < held.appeals_until:
        raise Refusal(_("还在申诉期内，到期后再公布。"))
    results = list(held.results.prefetch_related("appeals"))
    if any(appeal.decided_at is None for result in results for appeal in result.appeals.all()):
        raise Refusal(_("还有申诉没有裁定，裁定完再公布。"))
    for result in results:
        result.table = held
        result.final = str(result.account_now().total)
    PointResult.objects.bulk_update(results, ["final"])
    held.published_at, held.published_by = now, actor
    held.save(update_fields=["published_at", "published_by"])
    log(held, "points.published", actor=actor, at=now, scheme=held.scheme.code, group=held.group,
        period=held.period)  # fmt: skip
    return held


def period_of_table(table: PointTable) -> Period:
    """Its month."""
    return Period(table.period, table.first_day, table.last_day)


def _members_of(table: PointTable) -> list[Member]:
    """Those whose results stand in the table: where they are now or were in its month."""
    found = members_of(table.rules, period_of_table(table), group=table.group)
    if not found:
        raise NotAllowed(_("这一组的人都已经不在，公布请联系督查室。"))
    return found


# -- appeals -------------------------------------------------------------------------------------------------


@transaction.atomic
def appeal_points(
    result: PointResult, *, line: str, words: str, actor: User, at: dt.datetime | None = None
) -> PointAppeal:
    """Say that one line of one's own month is wrong, in time."""
    now = at or timezone.now()
    if actor.pk != result.user_id:
        raise NotAllowed(_("只能为自己的积分申诉。"))
    table = PointTable.objects.select_for_update(no_key=True).get(pk=result.table_id)
    if table.published_at is not None or table.appeals_until is None or now > table.appeals_until:
        raise Refusal(_("申诉期已过。"))
    if table.rules.line(line) is None:
        raise Refusal(_("结果里没有这一项。"), field="line")
    if len(words.strip()) < 6:
        raise Refusal(_("写清楚哪里不对、依据是什么（至少 6 个字）。"), field="words")
    try:
        with transaction.atomic():
            appeal = PointAppeal.objects.create(
                result=result, line=line, words=words.strip()[:600], asked_at=now
            )
    except IntegrityError:
        raise Conflict(_("这一项已经申诉过了。")) from None
    log(table, "points.appealed", actor=actor, at=now, person=actor.pk, line=line, words=appeal.words)
    return appeal


@transaction.atomic
def decide_point_appeal(
    appeal: PointAppeal,
    *,
    accepted: bool,
    reason: str,
    points: str = "",
    actor: User,
    at: dt.datetime | None = None,
) -> PointAppeal:
    """Accept an appeal with the right points, or not: by somebody who neither is the person nor announced the table."""
    now = at or timezone.now()
    result = appeal.result
    table = result.table
    member = _member(table.rules, result.user, period_of_table(table))
    require(actor, MANAGE, member)
    if actor.pk == table.announced_by_id:
        raise NotAllowed(_("公示的人不裁定申诉，请由别人裁定。"))
    if len(reason.strip()) < 4:
        raise Refusal(_("请写明裁定的理由。"), field="reason")
    exact = _points(points) if accepted else None
    won = PointAppeal.objects.filter(pk=appeal.pk, decided_at=None).update(
        accepted=accepted, points="" if exact is None else str(exact), decided_at=now, decided_by=actor,
        reason=reason.strip()[:600],
    )  # fmt: skip
    if not won:
        raise Conflict(_("这条申诉已经裁定了。"))
    appeal.refresh_from_db()
    log(
        table, "points.appeal_decided", actor=actor, at=now, person=result.user_id, line=appeal.line,
        accepted=accepted, points="" if exact is None else plain(exact), reason=appeal.reason,
    )  # fmt: skip
    return appeal


def _points(said: str) -> Fraction:
    try:
        exact = exact_number(said)
    except (ValueError, ZeroDivisionError):
        raise Refusal(_("写明这一项更正后是几分，例如 12。"), field="points") from None
    if abs(exact) > 10_000:
        raise Refusal(_("这一项的得分超出了范围。"), field="points")
    return exact


# -- what points are changed into ----------------------------------------------------------------------------


@transaction.atomic
def redeem_points(
    scheme: PointScheme,
    *,
    person: User,
    reward: str,
    words: str = "",
    actor: User,
    at: dt.datetime | None = None,
) -> PointRedemption:
    """Change published points of a person into something that is given to them. Never more than are left.

    Whoever changes points of one person waits for the others on that person's row.
    """
    rules = scheme.rules
    member = member_of(rules, person)
    if member is None:
        raise Refusal(_("这个人现在不在这个积分办法里。"))
    require(actor, REWARD, member)
    found = rules.reward(reward)
    if found is None:
        raise Refusal(_("没有这一样奖励。"), field="reward")
    User.objects.select_for_update(no_key=True).get(pk=person.pk)
    left = balance(scheme, person).left
    if left < found.points:
        raise Refusal(
            _("积分不够：%(title)s 要 %(points)s 分，现在有 %(left)s 分。")
            % {"title": found, "points": plain(found.points), "left": plain(left)},
            field="reward",
        )
    made = PointRedemption.objects.create(
        scheme=scheme, person=person, reward=reward, title=found.title, points=str(found.points),
        words=words.strip()[:300], given_at=at or timezone.now(), given_by=actor,
    )  # fmt: skip
    log(made, "points.redeemed", actor=actor, at=at, person=person.pk, reward=reward, points=made.points,
        words=made.words)  # fmt: skip
    return made


@transaction.atomic
def withdraw_redemption(made: PointRedemption, *, words: str, actor: User) -> PointRedemption:
    """Take back what was given by mistake, with the reason: the points are there again."""
    member = member_of(made.scheme.rules, made.person)
    if member is None or not may(actor, REWARD, member):
        raise NotAllowed(_("这个人不在您管的范围里。请由他所在街道或单位的负责人、督查室来办。"))
    if len(words.strip()) < 2:
        raise Refusal(_("请写明撤销的原因。"), field="words")
    won = PointRedemption.objects.filter(pk=made.pk, withdrawn_at=None).update(
        withdrawn_at=timezone.now(), withdrawn_by=actor, withdrawn_words=words.strip()[:300]
    )
    if not won:
        raise Conflict(_("这一条已经撤销了。"))
    log(made, "points.redemption_withdrawn", actor=actor, words=words.strip())
    made.refresh_from_db()
    return made


def announced_of(scheme: PointScheme, period: Period) -> Mapping[str, PointTable]:
    """The announced tables of a month by their groups."""
    return {table.group: table for table in scheme.tables.filter(period=period.name)}
