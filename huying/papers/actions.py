"""Issuing official papers, and what happens to them afterwards: receipt, answer, verdict, withdrawal.

The number is claimed in the same transaction as the paper itself, so there are no gaps and no doubles.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection, models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.journal import kind_of, log
from huying.core.language import of_record
from huying.core.models import StoredFile
from huying.papers import policy
from huying.papers.kinds import kind_rules
from huying.papers.letter import number_of
from huying.papers.models import Paper, PaperReceipt, PaperReply
from huying.papers.telling import tell_departments
from huying.people.models import Department, User
from huying.places.sentences import gettext_noop

_NEXT = """
INSERT INTO papers_paperseries AS s (kind, year, last_number) VALUES (%s, %s, 1)
ON CONFLICT (kind, year) DO UPDATE SET last_number = s.last_number + 1 RETURNING last_number
"""
SHORTEST_REPLY = 10


def claim_number(kind: str, year: int) -> int:
    """The next number of a kind in a year; a rolled back transaction gives it back."""
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, [kind, year])
        number: int = cursor.fetchone()[0]
    return number


@transaction.atomic
def issue_paper(
    *,
    kind: str,
    subject: models.Model,
    subject_label: str,
    addressee: Department | None,
    title: str,
    body: str,
    actor: User | None,
    colour: str = "",
    reply_due_at: dt.datetime | None = None,
    at: dt.datetime | None = None,
    addressee_name: str = "",
    area_path: str = "",
    receipts: Sequence[PaperReceipt] = (),
    details: Mapping[str, Any] | None = None,
    link_path: str = "",
    signed_by: User | None = None,
    **about: Any,
) -> Paper:
    """Issue a paper about a subject to a department, or to somebody outside by name; its text is frozen from now on.

    With `receipts` (unsaved) it goes to all of them under one number; `addressee` is then the first of them.
    """
    at = at or timezone.now()
    if addressee is None and not addressee_name.strip() and details is None:
        raise Refusal(_("请写明文书送给谁。"), field="addressee")
    year, rules = timezone.localdate(at).year, kind_rules(kind)
    paper = Paper.objects.create(
        kind=kind,
        year=year,
        number=claim_number(kind, year),
        mark=rules.mark,
        form=rules.form(),
        title=title[:200],
        body=body,
        colour=colour,
        subject_kind=kind_of(subject),
        subject_id=subject.pk,
        subject_label=subject_label[:60],
        addressee=addressee,
        issued_at=at,
        issued_by=actor,
        reply_due_at=reply_due_at,
        area_path=area_path,
        addressee_name="" if addressee else addressee_name.strip()[:120],
        details=dict(details or {}),
        link_path=link_path,
        signed_by=signed_by,
    )
    for receipt in receipts:
        receipt.paper = paper
    PaperReceipt.objects.bulk_create(receipts)
    log(
        paper,
        "paper.issued",
        actor=actor,
        at=at,
        number=paper.number,
        addressee=addressee.code if addressee else paper.addressee_name,
        subject=subject_label,
        **about,
    )
    return paper


# -- receipts ------------------------------------------------------------------------------------------------


def receipts_of(paper: Paper) -> list[PaperReceipt]:
    """Everyone the paper goes to; for one addressee who has not acted yet, a row that is not stored yet."""
    found = list(paper.receipts.all())
    return found or ([_only(paper)] if paper.addressee_id or paper.addressee_name else [])


def _only(paper: Paper) -> PaperReceipt:
    return PaperReceipt(
        paper=paper,
        department=paper.addressee,
        name=paper.addressee_name,
        received_at=paper.received_at,
        received_by=paper.received_by,
        received_name=paper.received_name,
        replied_at=paper.replied_at,
        file=paper.receipt,
    )


def _claimed(paper: Paper, department_id: int | None) -> PaperReceipt:
    """The department's row, locked: whoever comes second sees what the first one did.

    Papers are locked before receipts, everywhere, so that no two wait for each other.
    """
    held = Paper.objects.select_for_update().get(pk=paper.pk)
    if held.withdrawn_at:
        raise Conflict(_("这份文书已经废止，不用再办。"))
    rows = PaperReceipt.objects.select_for_update().filter(paper=held)
    receipt = rows.filter(department_id=department_id).first() if department_id else rows.first()
    if receipt is None:
        receipt = _only(held)
        receipt.save()
        if held.reply:
            PaperReply.objects.create(
                receipt=receipt, words=held.reply, at=held.replied_at or held.issued_at, by=held.replied_by
            )
    receipt.paper = held
    return receipt


def _sum_up(paper: Paper) -> None:
    """What stands on the paper about its receipts: when the last of the main addressees had received, answered."""
    mine = [receipt for receipt in paper.receipts.all() if not receipt.copy]
    received, replied = [each.received_at for each in mine], [each.replied_at for each in mine]
    done = [each.accepted_at for each in mine] if paper.reply_due_at else received
    paper.received_at = max(filter(None, received)) if mine and all(received) else None
    paper.replied_at = max(filter(None, replied)) if mine and all(replied) else None
    paper.settled_at = max(filter(None, done)) if mine and all(done) else None
    paper.save(
        update_fields=[
            "received_at",
            "received_by",
            "received_name",
            "receipt",
            "replied_at",
            "replied_by",
            "reply",
            "settled_at",
        ]
    )


@transaction.atomic
def receive_paper(paper: Paper, *, actor: User, at: dt.datetime | None = None) -> None:
    """An addressee signs for the paper."""
    _require_addressee(paper, actor)
    receipt = _claimed(paper, actor.department_id)
    if receipt.received_at is not None:
        raise Conflict(_("这份文书已经签收。"))
    receipt.received_at, receipt.received_by = at or timezone.now(), actor
    receipt.save(update_fields=["received_at", "received_by"])
    receipt.paper.received_by = actor
    _sum_up(receipt.paper)
    paper.refresh_from_db()
    log(paper, "paper.received", actor=actor, at=at, department=_code(receipt))


@transaction.atomic
def reply_to_paper(paper: Paper, *, reply: str, actor: User, at: dt.datetime | None = None) -> None:
    """An addressee answers in writing; an answer is not changed afterwards, only sent back by the issuer."""
    _require_addressee(paper, actor)
    words = reply.strip()
    if len(words) < SHORTEST_REPLY:
        raise Refusal(_("请写明办理情况（至少 10 个字）。"), field="reply")
    receipt = _claimed(paper, actor.department_id)
    if receipt.copy:
        raise Refusal(_("抄送给你单位的文书只用签收，不用回复。"), field="reply")
    if receipt.replied_at is not None:
        raise Conflict(_("这份文书已经回复。"))
    now, held = at or timezone.now(), receipt.paper
    late = bool(held.reply_due_at and now > held.reply_due_at)
    PaperReply.objects.create(receipt=receipt, words=words, at=now, by=actor, late=late)
    receipt.replied_at = now
    if receipt.received_at is None:
        receipt.received_at, receipt.received_by = now, actor
        held.received_by = actor
    receipt.save(update_fields=["replied_at", "received_at", "received_by"])
    held.replied_by, held.reply = actor, words
    _sum_up(held)
    paper.refresh_from_db()
    log(paper, "paper.replied", actor=actor, at=at, reply=words, late=late, department=_code(receipt))


@transaction.atomic
def accept_reply(reply: PaperReply, *, actor: User) -> None:
    """The issuer is content with an answer; when every one is accepted, the paper is settled."""
    held, receipt = _judged(reply, actor)
    now = timezone.now()
    PaperReply.objects.filter(pk=held.pk).update(
        verdict=PaperReply.Verdict.ACCEPTED, verdict_at=now, verdict_by=actor
    )
    receipt.accepted_at = now
    receipt.save(update_fields=["accepted_at"])
    _sum_up(receipt.paper)
    log(receipt.paper, "paper.reply_accepted", actor=actor, department=_code(receipt))
    reply.refresh_from_db()


@transaction.atomic
def send_back_reply(reply: PaperReply, *, words: str, actor: User) -> None:
    """The issuer asks for another answer and says what is missing; the first one stays in the record."""
    if len(words.strip()) < 4:
        raise Refusal(_("请写明哪里还没有说清楚、没有办好。"), field="words")
    held, receipt = _judged(reply, actor)
    PaperReply.objects.filter(pk=held.pk).update(
        verdict=PaperReply.Verdict.SENT_BACK,
        verdict_at=timezone.now(),
        verdict_by=actor,
        verdict_words=words.strip()[:300],
    )
    receipt.replied_at, receipt.urged_at = None, None
    receipt.save(update_fields=["replied_at", "urged_at"])
    _sum_up(receipt.paper)
    log(receipt.paper, "paper.reply_sent_back", actor=actor, department=_code(receipt), reason=words.strip())
    if receipt.department_id:
        tell_departments(
            receipt.paper,
            "paper.reply_sent_back",
            gettext_noop("「%(title)s」的回复被退回，请补充后重新回复。"),
            [receipt.department_id],
        )
    reply.refresh_from_db()


def _judged(reply: PaperReply, actor: User) -> tuple[PaperReply, PaperReceipt]:
    paper = Paper.objects.select_for_update(of=("self",)).select_related("addressee__area").get(
        pk=reply.receipt.paper_id
    )  # fmt: skip
    if not policy.may_judge(actor, paper):
        raise NotAllowed(_("只有发文单位可以审核回复。"))
    if paper.withdrawn_at:
        raise Conflict(_("这份文书已经废止，不用再办。"))
    receipt = PaperReceipt.objects.select_for_update().get(pk=reply.receipt_id)
    held = PaperReply.objects.get(pk=reply.pk)
    if held.verdict:
        raise Conflict(_("这条回复已经审核过。"))
    receipt.paper = paper
    return held, receipt


@transaction.atomic
def withdraw_paper(paper: Paper, *, reason: str, actor: User, superseded_by: Paper | None = None) -> None:
    """Declare a paper void (废止): it keeps its number and stays in the record with the reason."""
    if len(reason.strip()) < 4:
        raise Refusal(_("请写明废止的原因。"), field="reason")
    if not policy.may_judge(actor, paper):
        raise NotAllowed(_("只有发文单位可以废止文书。"))
    won = Paper.objects.filter(pk=paper.pk, withdrawn_at=None).update(
        withdrawn_at=timezone.now(),
        withdrawn_by=actor,
        withdrawn_reason=reason.strip()[:300],
        superseded_by=superseded_by,
    )
    if not won:
        raise Conflict(_("这份文书已经废止。"))
    paper.refresh_from_db()
    log(
        paper,
        "paper.withdrawn",
        actor=actor,
        reason=paper.withdrawn_reason,
        superseded_by=superseded_by.pk if superseded_by else None,
    )
    tell_departments(
        paper,
        "paper.withdrawn",
        gettext_noop("「%(title)s」已经废止，不用再办。"),
        (receipt.department_id for receipt in receipts_of(paper) if receipt.department_id),
    )


@transaction.atomic
def supersede_paper(old: Paper, new: Paper, *, actor: User | None, at: dt.datetime | None = None) -> None:
    """Another paper takes the place of this one, which is void from now on if it was not already."""
    at = at or timezone.now()
    held = Paper.objects.select_for_update().get(pk=old.pk)
    if held.superseded_by_id is not None:
        raise Conflict(_("要替代的文书已经由别的文书替代。"))
    held.superseded_by = new
    if held.withdrawn_at is None:
        with of_record():
            held.withdrawn_reason = _("由%s替代") % number_of(new)
        held.withdrawn_at, held.withdrawn_by = at, actor
    held.save(update_fields=["superseded_by", "withdrawn_at", "withdrawn_by", "withdrawn_reason"])
    log(held, "paper.superseded", actor=actor, at=at, reason=held.withdrawn_reason, superseded_by=new.pk)
    told = {receipt.department_id for receipt in receipts_of(new)}
    tell_departments(
        held,
        "paper.withdrawn",
        gettext_noop("「%(title)s」已经由新的文书替代，不用再办。"),
        (
            each.department_id
            for each in receipts_of(held)
            if each.department_id and each.department_id not in told
        ),
    )
    old.refresh_from_db()


@transaction.atomic
def serve_paper(
    paper: Paper,
    *,
    name: str,
    actor: User | None,
    receipt: StoredFile | None = None,
    at: dt.datetime | None = None,
) -> None:
    """Hand a paper to somebody outside, who signs for it by name or by signature (送达)."""
    if paper.addressee_id is not None:
        raise Refusal(_("这份文书的主送单位在系统里签收，不用现场送达。"))
    won = Paper.objects.filter(pk=paper.pk, received_at=None).update(
        received_at=at or timezone.now(), received_name=name.strip()[:60], receipt=receipt
    )
    if not won:
        raise Conflict(_("这份文书已经签收。"))
    paper.refresh_from_db()
    log(paper, "paper.served", actor=actor, at=at, signed=receipt is not None)


def _code(receipt: PaperReceipt) -> str:
    return receipt.department.code if receipt.department else receipt.name


def _require_addressee(paper: Paper, actor: User) -> None:
    if actor.department_id == paper.addressee_id and actor.department_id is not None:
        return
    if not PaperReceipt.objects.filter(
        paper=paper, department=actor.department_id, department__isnull=False
    ).exists():
        raise NotAllowed(_("只有主送单位可以签收和回复。"))
