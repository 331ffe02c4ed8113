"""What is done with targets: entered, corrected, approved, returned, changed, closed. Each leaves its journal entry."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.journal import log
from huying.core.models import StoredFile
from huying.people.models import User
from huying.places.models import Area
from huying.targets.programmes.models import (
    ClosingFile,
    Entry,
    EntryFile,
    Target,
    TargetChange,
)
from huying.targets.programmes.policy import APPROVE, ENTER, MANAGE, require, targets_for
from huying.targets.programmes.progress import span_of

Status = Entry.Status
MOST = Decimal(10) ** 13
MOST_AT_ONCE = 500


def amount_of(target: Target, amount: Decimal | None, values: Mapping[str, Any]) -> Decimal:
    """The number of an entry that counts: the declared field's, else the amount itself. Refusal without one."""
    name = target.rules.sum
    said: Any = values.get(name) if name else amount
    field = name or "amount"
    try:
        found = Decimal(str(said)) if said not in (None, "") else None
    except InvalidOperation:
        found = None
    if found is None and target.amount is None and not name:
        return Decimal(0)  # a task's entry is its words
    if found is None or not found.is_finite() or abs(found) >= MOST:
        raise Refusal(_("请填数字，例如 12 或 12.5。"), field=field)
    return round(found, 4)


def _check_day(target: Target, day: dt.date) -> None:
    first, last = span_of(target.rules, target)
    if day > timezone.localdate():
        raise Refusal(_("日期不能在今天以后。"), field="day")
    if not first <= day <= last:
        raise Refusal(
            _("这个目标只算 %(first)s 至 %(last)s 的数。") % {"first": first, "last": last}, field="day"
        )


@transaction.atomic
def enter_progress(
    target: Target,
    *,
    day: dt.date,
    actor: User,
    amount: Decimal | None = None,
    values: Mapping[str, Any] | None = None,
    area: Area | None = None,
    words: str = "",
    files: Sequence[StoredFile] = (),
    public: bool = False,
    draft: bool = False,
    client_id: UUID | None = None,
    corrects: Entry | None = None,
) -> Entry:
    """Write down progress of the actor's own target; a draft counts and is shown to nobody else.

    Sent twice with one `client_id` it is one entry. Refusal without evidence: a file, or words that name the paper.
    """
    if client_id is not None and (known := Entry.objects.filter(client_id=client_id).first()):
        if known.entered_by_id == actor.pk:
            return known
        raise Conflict(_("这张表已经交过了。"))
    require(actor, ENTER, target)
    if target.figure:
        raise Refusal(_("这个目标按台账记录自动统计，不用填报。"))
    if target.closed_at is not None:
        raise Refusal(_("这个目标已经销号。要改数，请先请督查室撤销销号。"))
    _check_day(target, day)
    found = amount_of(target, amount, values or {})
    if not draft and not files and not words.strip():
        raise Refusal(_("附上照片、文件，或写明依据的文号、台账。"), field="words")
    try:
        with transaction.atomic():
            entry = Entry.objects.create(
                target=target, day=day, amount=found, values=dict(values or {}), area=area,
                area_path=area.path if area else "", department=actor.department or target.department,
                words=words.strip()[:500], status=Status.DRAFT if draft else Status.SUBMITTED, corrects=corrects,
                entered_by=actor, entered_at=timezone.now(), client_id=client_id,
            )  # fmt: skip
    except IntegrityError:
        raise Conflict(_("这一笔已经有人更正过，请打开最新的一笔。")) from None
    EntryFile.objects.bulk_create(EntryFile(entry=entry, file=file, public=public) for file in files)
    log(
        entry, "entry.drafted" if draft else "entry.submitted", actor=actor, target=target.code, day=f"{day}",
        amount=f"{found}", values=dict(values or {}), corrects=corrects.pk if corrects else None, files=len(files),
    )  # fmt: skip
    return entry


def correct_entry(entry: Entry, *, actor: User, **said: Any) -> Entry:
    """Enter a correction of an approved entry; it takes its place when it is approved in its turn."""
    if entry.status != Status.APPROVED:
        raise Conflict(_("只有审核过的才用更正；还没审核的，撤回后重填。"))
    if not str(said.get("words", "")).strip():
        raise Refusal(_("写明为什么更正。"), field="words")
    return enter_progress(entry.target, actor=actor, corrects=entry, **said)


@transaction.atomic
def change_draft(
    entry: Entry,
    *,
    day: dt.date,
    actor: User,
    amount: Decimal | None = None,
    values: Mapping[str, Any] | None = None,
    area: Area | None = None,
    words: str = "",
    files: Sequence[StoredFile] = (),
    public: bool = False,
    draft: bool = True,
) -> Entry:
    """Go on with one's own draft, or with what was returned; without `draft` it is submitted."""
    entry = Entry.objects.select_for_update(of=("self",)).select_related("target").get(pk=entry.pk)
    if entry.entered_by_id != actor.pk:
        raise NotAllowed(_("草稿只有填的人能改。"))
    if entry.status not in (Status.DRAFT, Status.RETURNED):
        raise Conflict(_("已经提交的不能再改；要改，先撤回。"))
    target = entry.target
    require(actor, ENTER, target)
    _check_day(target, day)
    entry.amount = amount_of(target, amount, values or {})
    if not draft and not files and not words.strip() and not entry.files.exists():
        raise Refusal(_("附上照片、文件，或写明依据的文号、台账。"), field="words")
    entry.day, entry.values, entry.words = day, dict(values or {}), words.strip()[:500]
    entry.area, entry.area_path = area, area.path if area else ""
    entry.status, entry.entered_at = (Status.DRAFT if draft else Status.SUBMITTED), timezone.now()
    entry.decided_by, entry.decided_at = None, None
    try:
        with transaction.atomic():
            entry.save()
    except IntegrityError:
        raise Conflict(_("这一笔已经有人更正过，请打开最新的一笔。")) from None
    EntryFile.objects.bulk_create(EntryFile(entry=entry, file=file, public=public) for file in files)
    log(
        entry, "entry.drafted" if draft else "entry.submitted", actor=actor, target=target.code, day=f"{day}",
        amount=f"{entry.amount}", values=entry.values, files=len(files),
    )  # fmt: skip
    return entry


@transaction.atomic
def withdraw_entry(entry: Entry, *, actor: User) -> Entry:
    """Take back one's own entry that nobody has decided about."""
    entry = _held(entry.pk)
    if entry.entered_by_id != actor.pk:
        raise NotAllowed(_("只有填的人能撤回。"))
    if entry.status not in (Status.DRAFT, Status.SUBMITTED, Status.RETURNED):
        raise Conflict(_("已经审核的不能撤回，请用更正。"))
    entry.status = Status.WITHDRAWN
    entry.save(update_fields=["status"])
    log(entry, "entry.withdrawn", actor=actor, target=entry.target.code)
    return entry


def _held(pk: int) -> Entry:
    return Entry.objects.select_for_update(of=("self",)).select_related("target").get(pk=pk)


def _decide(entry: Entry, actor: User) -> Entry:
    """The entry, locked, when the actor may decide about it and nobody has."""
    entry = _held(entry.pk)
    require(actor, APPROVE, entry.target)
    if entry.entered_by_id == actor.pk:
        raise NotAllowed(_("自己填的要由别人审核。"))
    if entry.status != Status.SUBMITTED:
        who = entry.decided_by.name if entry.decided_by else entry.entered_by.name
        raise Conflict(
            _("这一笔现在是“%(status)s”（%(who)s），不用再审。")
            % {"status": entry.get_status_display(), "who": who}
        )
    entry.decided_by, entry.decided_at = actor, timezone.now()
    return entry


@transaction.atomic
def approve_entry(entry: Entry, *, actor: User) -> Entry:
    """Let an entry count. A correction takes the place of what it corrects, which stays as history."""
    entry = _decide(entry, actor)
    if entry.corrects_id:
        replaced = Entry.objects.filter(pk=entry.corrects_id, status=Status.APPROVED)
        if not replaced.update(status=Status.REPLACED):
            raise Conflict(_("要更正的那一笔已经不算数了，请打开最新的一笔。"))
    entry.status, entry.reason = Status.APPROVED, ""
    entry.save(update_fields=["status", "reason", "decided_by", "decided_at"])
    log(
        entry, "entry.approved", actor=actor, target=entry.target.code, amount=f"{entry.amount}",
        replaces=entry.corrects_id,
    )  # fmt: skip
    return entry


@transaction.atomic
def approve_entries(entries: Iterable[Entry], *, actor: User) -> int:
    """Approve several at once, all or none; how many."""
    rows = sorted(entries, key=lambda entry: entry.pk)
    if not rows:
        raise Refusal(_("先勾选要审核的填报。"))
    if len(rows) > MOST_AT_ONCE:
        raise Refusal(_("一次最多审核 %(n)d 笔。") % {"n": MOST_AT_ONCE})
    for entry in rows:
        approve_entry(entry, actor=actor)
    return len(rows)


@transaction.atomic
def return_entry(entry: Entry, *, reason: str, actor: User) -> Entry:
    """Give an entry back to who entered it, saying why."""
    if len(reason.strip()) < 2:
        raise Refusal(_("写明为什么退回，填的人才知道怎么改。"), field="reason")
    entry = _decide(entry, actor)
    entry.status, entry.reason = Status.RETURNED, reason.strip()[:300]
    entry.save(update_fields=["status", "reason", "decided_by", "decided_at"])
    log(entry, "entry.returned", actor=actor, target=entry.target.code, reason=entry.reason)
    return entry


@transaction.atomic
def undo_approval(entry: Entry, *, reason: str, actor: User) -> Entry:
    """Take an approval back: the entry waits again, and what it replaced counts again."""
    if len(reason.strip()) < 2:
        raise Refusal(_("写明为什么撤销。"), field="reason")
    entry = _held(entry.pk)
    require(actor, APPROVE, entry.target)
    if entry.status != Status.APPROVED:
        raise Conflict(_("这一笔不是已审核的，没有可撤销的。"))
    entry.status, entry.decided_by, entry.decided_at = Status.SUBMITTED, None, None
    entry.save(update_fields=["status", "decided_by", "decided_at"])
    if entry.corrects_id:
        Entry.objects.filter(pk=entry.corrects_id, status=Status.REPLACED).update(status=Status.APPROVED)
    log(entry, "entry.approval-undone", actor=actor, target=entry.target.code, reason=reason.strip()[:300])
    return entry


@transaction.atomic
def change_target(
    target: Target, *, amount: Decimal | None, due: dt.date, reason: str, actor: User
) -> TargetChange:
    """Ask for another value or another day; what was asked for before is kept with who, when and why."""
    require(actor, MANAGE, target)
    target = Target.objects.select_for_update(of=("self",)).select_related("programme").get(pk=target.pk)
    if (amount is None) != (target.amount is None):
        raise Refusal(_("目标值要填一个大于 0 的数。"), field="amount")
    if amount is not None and not 0 < amount < MOST:
        raise Refusal(_("目标值要填一个大于 0 的数。"), field="amount")
    if due < target.programme.first_day:
        raise Refusal(_("完成时限早于计划开始的日子。"), field="due")
    if len(reason.strip()) < 4:
        raise Refusal(_("写明为什么调整，例如会议纪要的文号。"), field="reason")
    if (amount, due) == (target.amount, target.due):
        raise Refusal(_("目标值和时限都没有变。"), field="amount")
    change = TargetChange.objects.create(
        target=target, at=timezone.now(), actor=actor, old_amount=target.amount, new_amount=amount,
        old_due=target.due, new_due=due, reason=reason.strip()[:300],
    )  # fmt: skip
    target.amount, target.due = amount, due
    target.save(update_fields=["amount", "due"])
    log(
        target, "target.changed", actor=actor, old=f"{change.old_amount} {change.old_due}",
        new=f"{amount} {due}", reason=change.reason,
    )  # fmt: skip
    return change


@transaction.atomic
def close_target(
    target: Target,
    *,
    words: str,
    actor: User,
    files: Sequence[StoredFile] = (),
    public: bool = False,
    at: dt.datetime | None = None,
) -> Target:
    """Strike a task off with its evidence: who approves says that the standard is met."""
    require(actor, APPROVE, target)
    if len(words.strip()) < 4:
        raise Refusal(_("写明怎样完成的，对照完成标准。"), field="words")
    held = Target.objects.select_for_update(of=("self",)).get(pk=target.pk)
    if held.closed_at is not None:
        raise Conflict(_("这个目标已经销号。"))
    if held.amount is not None:
        raise Refusal(_("有目标值的按数算完成，不用销号。"))
    held.closed_at, held.closed_by, held.closed_words = at or timezone.now(), actor, words.strip()[:500]
    held.save(update_fields=["closed_at", "closed_by", "closed_words"])
    ClosingFile.objects.bulk_create(ClosingFile(target=held, file=file, public=public) for file in files)
    log(held, "target.closed", actor=actor, at=held.closed_at, words=held.closed_words, files=len(files))
    return held


@transaction.atomic
def reopen_target(target: Target, *, reason: str, actor: User) -> Target:
    """Take the striking-off back; its words and evidence stay in the journal."""
    require(actor, APPROVE, target)
    if len(reason.strip()) < 2:
        raise Refusal(_("写明为什么撤销。"), field="reason")
    held = Target.objects.select_for_update(of=("self",)).get(pk=target.pk)
    if held.closed_at is None:
        raise Conflict(_("这个目标没有销号，没有可撤销的。"))
    said = held.closed_words
    held.closed_at, held.closed_by, held.closed_words = None, None, ""
    held.save(update_fields=["closed_at", "closed_by", "closed_words"])
    log(held, "target.reopened", actor=actor, reason=reason.strip()[:300], closed_words=said)
    return held


def mine_of(actor: User) -> list[Target]:
    """The targets of whoever asks: those that they enter, and those that they lead."""
    entered = list(targets_for(actor, ENTER).select_related("programme", "department", "promise"))
    known = {target.pk for target in entered}
    led = Target.objects.filter(active=True, programme__active=True, leader=actor)
    return entered + [
        row for row in led.select_related("programme", "department", "promise") if row.pk not in known
    ]
