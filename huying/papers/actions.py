"""Issuing official papers: the number is claimed in the same transaction, so there are no gaps and no doubles."""

from __future__ import annotations

import datetime as dt

from django.db import connection, models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.journal import kind_of, log
from huying.core.models import StoredFile
from huying.papers.models import Paper
from huying.people.models import Department, User

_NEXT = """
INSERT INTO papers_paperseries AS s (kind, year, last_number) VALUES (%s, %s, 1)
ON CONFLICT (kind, year) DO UPDATE SET last_number = s.last_number + 1 RETURNING last_number
"""


def claim_number(kind: str, year: int) -> int:
    """The next number of a kind in a year; a rolled back transaction gives it back."""
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, [kind, year])
        number: int = cursor.fetchone()[0]
    return number


@transaction.atomic
def issue_paper(
    *,
    kind: Paper.Kind,
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
) -> Paper:
    """Issue a paper about a subject to a department, or to somebody outside by name; its text is frozen from now on."""
    at = at or timezone.now()
    if addressee is None and not addressee_name.strip():
        raise Refusal(_("请写明文书送给谁。"), field="addressee")
    year = timezone.localdate(at).year
    paper = Paper.objects.create(
        kind=kind, year=year, number=claim_number(kind, year), title=title[:200], body=body, colour=colour,
        subject_kind=kind_of(subject), subject_id=subject.pk, subject_label=subject_label, addressee=addressee,
        issued_at=at, issued_by=actor, reply_due_at=reply_due_at, area_path=area_path,
        addressee_name="" if addressee else addressee_name.strip()[:120],
    )  # fmt: skip
    log(
        paper,
        "paper.issued",
        actor=actor,
        at=at,
        number=paper.number,
        addressee=addressee.code if addressee else paper.addressee_name,
        subject=subject_label,
    )
    return paper


@transaction.atomic
def receive_paper(paper: Paper, *, actor: User) -> None:
    """The addressee signs for the paper."""
    _require_addressee(paper, actor)
    won = Paper.objects.filter(pk=paper.pk, received_at=None).update(
        received_at=timezone.now(), received_by=actor
    )
    if not won:
        raise Conflict(_("这份文书已经签收。"))
    paper.refresh_from_db()
    log(paper, "paper.received", actor=actor)


@transaction.atomic
def reply_to_paper(paper: Paper, *, reply: str, actor: User) -> None:
    """The addressee answers in writing; an answer is not changed afterwards."""
    _require_addressee(paper, actor)
    if len(reply.strip()) < 10:
        raise Refusal(_("请写明办理情况（至少 10 个字）。"), field="reply")
    now = timezone.now()
    won = Paper.objects.filter(pk=paper.pk, replied_at=None).update(
        replied_at=now, replied_by=actor, reply=reply.strip(), received_at=paper.received_at or now,
        received_by=paper.received_by or actor,
    )  # fmt: skip
    if not won:
        raise Conflict(_("这份文书已经回复。"))
    paper.refresh_from_db()
    log(
        paper,
        "paper.replied",
        actor=actor,
        reply=paper.reply,
        late=bool(paper.reply_due_at and now > paper.reply_due_at),
    )


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


def _require_addressee(paper: Paper, actor: User) -> None:
    if actor.department_id != paper.addressee_id:
        raise NotAllowed(_("只有主送单位可以签收和回复。"))
