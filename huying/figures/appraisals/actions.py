"""What is done with appraisals: entries with evidence, a table announced, appealed against, published.

Each verb is one function.
"""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.files import store_document, store_photo
from huying.core.journal import log
from huying.core.temporal import as_of
from huying.figures.appraisals.counting import asked_for, compute
from huying.figures.appraisals.formula import plain
from huying.figures.appraisals.models import Appraisal, AppraisalAppeal, AppraisalEntry, AppraisalTable
from huying.figures.appraisals.rules import AppraisalRules, exact_number
from huying.figures.appraisals.scoring import Line, packed, place, unpacked, with_points
from huying.figures.publishing import publish_together
from huying.inspections.occurrences import Period
from huying.people.access import can
from huying.people.models import User
from huying.places.work_calendar import current_calendar

MANAGE, APPEAL = "appraisal.manage", "appraisal.appeal"


def require_manage(actor: User) -> None:
    """Refuse, saying why, unless this person runs appraisals."""
    if not can(actor, MANAGE):
        raise NotAllowed(_("管理考核要有“管理考核”的权限。请联系督查室。"))


# -- entries -------------------------------------------------------------------------------------------------


@transaction.atomic
def add_entry(
    appraisal: Appraisal,
    period: Period,
    *,
    unit: str,
    item: str,
    words: str,
    actor: User,
    evidence: Any = None,
    at: dt.datetime | None = None,
) -> AppraisalEntry:
    """Give or take points for something that happened; with evidence where the rule asks for it."""
    require_manage(actor)
    rule = appraisal.rules.item(item)
    if rule is None:
        raise Refusal(_("这个考核没有这一项。"), field="item")
    if len(words.strip()) < 4:
        raise Refusal(_("写明依据：哪一天、什么事、谁定的。"), field="words")
    if rule.evidence and not evidence:
        raise Refusal(_("这一项要附证明材料（照片或文件）。"), field="evidence")
    _still_open(appraisal, period)
    entry = AppraisalEntry.objects.create(
        appraisal=appraisal,
        period=period.name,
        unit=unit,
        item=item,
        points=str(rule.points),
        words=words.strip()[:300],
        evidence=_stored(evidence, actor),
        entered_at=at or timezone.now(),
        entered_by=actor,
    )
    log(
        entry,
        "appraisal.entered",
        actor=actor,
        at=at,
        unit=unit,
        item=item,
        points=entry.points,
        words=entry.words,
    )
    return entry


def _stored(upload: Any, actor: User) -> Any:
    if not upload:
        return None
    name = str(getattr(upload, "name", "")).lower()
    photo = name.endswith((".jpg", ".jpeg", ".png", ".webp"))
    return store_photo(upload, by=actor) if photo else store_document(upload, by=actor)


@transaction.atomic
def withdraw_entry(entry: AppraisalEntry, *, words: str, actor: User) -> AppraisalEntry:
    """Take an entry back, with the reason; it stays in the record."""
    require_manage(actor)
    if len(words.strip()) < 2:
        raise Refusal(_("请写明撤销的原因。"), field="words")
    won = AppraisalEntry.objects.filter(pk=entry.pk, withdrawn_at=None).update(
        withdrawn_at=timezone.now(), withdrawn_by=actor, withdrawn_words=words.strip()[:300]
    )
    if not won:
        raise Conflict(_("这一条已经撤销了。"))
    log(entry, "appraisal.entry_withdrawn", actor=actor, words=words.strip())
    entry.refresh_from_db()
    return entry


def _still_open(appraisal: Appraisal, period: Period) -> None:
    if AppraisalTable.objects.filter(appraisal=appraisal, period=period.name).exists():
        raise Conflict(
            _("%(period)s 的结果已经公示，不能再加减分；有错的请走申诉。") % {"period": period.name}
        )


# -- the table -----------------------------------------------------------------------------------------------


@transaction.atomic
def announce_table(
    appraisal: Appraisal, period: Period, *, actor: User, at: dt.datetime | None = None
) -> AppraisalTable:
    """Freeze the table of a period that is over, with the rows of its figures, and let units appeal. Once.

    Without a time for appeals it is published at once.
    """
    require_manage(actor)
    now = at or timezone.now()
    if period.last >= timezone.localdate(now):
        raise Refusal(_("这个时段还没有过完，过完再公示。"))
    rules = appraisal.rules
    Appraisal.objects.select_for_update().get(pk=appraisal.pk)
    if AppraisalTable.objects.filter(appraisal=appraisal, period=period.name).exists():
        raise Conflict(_("%(period)s 的结果已经公示过了。") % {"period": period.name})
    codes = list(dict.fromkeys(part.figure for part in rules.parts))
    purpose = f"{appraisal.title} {period.name}"
    try:
        found = publish_together([(code, asked_for(period)) for code in codes], actor=actor, purpose=purpose)
    except LookupError as error:
        raise Refusal(_("考核用的“%(code)s”不在区包里了。") % {"code": error.args[0]}) from None
    counted_at = found[0].at
    with as_of(counted_at):
        lines, _missing = compute(appraisal, period, counted_at)
    if not any(line.score is not None for line in lines):
        raise Refusal(_("这个时段没有一个单位算得出分，没有可以公示的。"))
    tokens = {each.figure.code: each.token for each in found}
    until = current_calendar().deadline(now, rules.appeals).at if rules.appeals else None
    try:
        with transaction.atomic():
            table = AppraisalTable.objects.create(
                appraisal=appraisal,
                period=period.name,
                first_day=period.first,
                last_day=period.last,
                at=counted_at,
                declaration=appraisal.declaration,
                lines=[packed(line) for line in lines],
                figures={part.code: tokens[part.figure] for part in rules.parts},
                announced_at=now,
                announced_by=actor,
                appeals_until=until,
                published_at=None if until else now,
                published_by=None if until else actor,
            )
    except IntegrityError:
        raise Conflict(_("%(period)s 的结果已经公示过了。") % {"period": period.name}) from None
    code = "appraisal.announced" if until else "appraisal.published"
    log(table, code, actor=actor, at=now, appraisal=appraisal.code, period=period.name, until=until)
    return table


@transaction.atomic
def publish_table(table: AppraisalTable, *, actor: User, at: dt.datetime | None = None) -> AppraisalTable:
    """Publish an announced table when the time for appeals is over and every appeal is decided."""
    require_manage(actor)
    now = at or timezone.now()
    held = AppraisalTable.objects.select_for_update().get(pk=table.pk)
    if held.published_at is not None:
        raise Conflict(_("已经公布了。"))
    if held.appeals_until and now < held.appeals_until:
        raise Refusal(_("还在申诉期内，到期后再公布。"))
    if held.appeals.filter(decided_at=None).exists():
        raise Refusal(_("还有申诉没有裁定，裁定完再公布。"))
    held.published_at, held.published_by = now, actor
    held.save(update_fields=["published_at", "published_by"])
    log(held, "appraisal.published", actor=actor, at=now, appraisal=held.appraisal.code, period=held.period)
    return held


def lines_of(table: AppraisalTable) -> list[Line]:
    """The lines as they were announced."""
    return [unpacked(row) for row in table.lines]


def corrected_lines(table: AppraisalTable) -> list[Line]:
    """The lines with what appeals corrected, placed again; the announced ones stay beside them."""
    rules = table.rules
    points: dict[str, dict[str, Fraction]] = {}
    for appeal in table.appeals.filter(accepted=True):
        points.setdefault(appeal.unit, {})[appeal.part] = Fraction(appeal.points)
    if not points:
        return lines_of(table)
    lines = [
        with_points(rules, line, points[line.unit]) if line.unit in points else line
        for line in lines_of(table)
    ]
    return place(rules, lines)


# -- appeals -------------------------------------------------------------------------------------------------


def units_of(actor: User) -> set[str]:
    """The units that this person may appeal for: the own department, and the street that it is the office of."""
    department = actor.department
    if department is None or not can(actor, APPEAL):
        return set()
    return {department.code, *([department.area.code] if department.area else [])}


@transaction.atomic
def appeal_line(
    table: AppraisalTable, *, unit: str, part: str, words: str, actor: User, at: dt.datetime | None = None
) -> AppraisalAppeal:
    """Say that one part of the own unit's line is wrong, in time."""
    now = at or timezone.now()
    if unit not in units_of(actor):
        raise NotAllowed(_("只能为自己的单位申诉。"))
    held = AppraisalTable.objects.select_for_update().get(pk=table.pk)
    if held.published_at is not None or held.appeals_until is None or now > held.appeals_until:
        raise Refusal(_("申诉期已过。"))
    line = next((line for line in lines_of(held) if line.unit == unit), None)
    if line is None or line.step(part) is None:
        raise Refusal(_("结果里没有这一项。"), field="part")
    if len(words.strip()) < 10:
        raise Refusal(_("写清楚哪里不对、依据是什么（至少 10 个字）。"), field="words")
    try:
        with transaction.atomic():
            appeal = AppraisalAppeal.objects.create(
                table=held, unit=unit, part=part, words=words.strip()[:600], asked_at=now, asked_by=actor
            )
    except IntegrityError:
        raise Conflict(_("这一项已经申诉过了。")) from None
    log(held, "appraisal.appealed", actor=actor, at=now, unit=unit, part=part, words=appeal.words)
    return appeal


@transaction.atomic
def decide_appeal(
    appeal: AppraisalAppeal,
    *,
    accepted: bool,
    reason: str,
    points: str = "",
    actor: User,
    at: dt.datetime | None = None,
) -> AppraisalAppeal:
    """Accept an appeal with the right points, or reject it: by somebody of another unit than the one that appeals."""
    require_manage(actor)
    if actor.pk == appeal.asked_by_id or appeal.unit in units_of(actor):
        raise NotAllowed(_("不能裁定自己单位的申诉。"))
    if len(reason.strip()) < 4:
        raise Refusal(_("请写明裁定的理由。"), field="reason")
    exact = _points(appeal.table.rules, appeal.part, points) if accepted else None
    now = at or timezone.now()
    won = AppraisalAppeal.objects.filter(pk=appeal.pk, decided_at=None).update(
        accepted=accepted,
        points="" if exact is None else str(exact),
        decided_at=now,
        decided_by=actor,
        reason=reason.strip()[:600],
    )
    if not won:
        raise Conflict(_("这条申诉已经裁定了。"))
    appeal.refresh_from_db()
    log(
        appeal.table,
        "appraisal.appeal_decided",
        actor=actor,
        at=now,
        unit=appeal.unit,
        part=appeal.part,
        accepted=accepted,
        points="" if exact is None else plain(exact),
        reason=appeal.reason,
    )
    return appeal


def _points(rules: AppraisalRules, code: str, said: str) -> Fraction:
    try:
        exact = exact_number(said)
    except (ValueError, ZeroDivisionError):
        raise Refusal(_("写明更正后的得分，例如 17.67。"), field="points") from None
    part = rules.part(code)
    least, most = (part.least, part.most if part.most is not None else part.points) if part else (None, None)
    if (least is not None and exact < least) or (most is not None and exact > most) or abs(exact) > 10_000:
        raise Refusal(_("这一项的得分超出了范围。"), field="points")
    return exact
