"""Seeing who complained: only with a reason, and on record. How they are told: as they choose."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from huying.cases import policy
from huying.cases.models import REPORTER, ContactReveal, Report, TellBy
from huying.core.errors import Refusal
from huying.core.journal import log
from huying.people.models import User


@transaction.atomic
def reveal_contact(report: Report, *, reason: str, actor: User) -> ContactReveal:
    """Put on record that somebody looks at a reporter's name and phone, and why; the caller then shows them.

    Who has an open case in hand may call its reporter without any further right.
    """
    if not (report.case.is_open and report.case.handler_id == actor.pk):
        policy.require(actor, "contact.reveal", report.case)
    if len(reason.strip()) < 4:
        raise Refusal(_("请写明查看原因（至少 4 个字），例如：核实现场位置。"), field="reason")
    reveal = ContactReveal.objects.create(report=report, user=actor, reason=reason.strip()[:200])
    log(report.case, "case.contact_revealed", actor=actor, report=report.number, reason=reveal.reason)
    return reveal


@transaction.atomic
def choose_telling(report: Report, *, tell_by: str, email: str) -> None:
    """The reporter says how they want to hear from now on. What waits in the outbox follows it."""
    if report.contact_forgotten:
        raise Refusal(_("您的联系方式已经删除，进展请在这一页上看。"))
    if tell_by == TellBy.SMS and not report.phone:
        raise Refusal(_("您没有留手机号，请选电子邮件，或者只在这一页上看。"), field="tell_by")
    Report.objects.filter(pk=report.pk).update(tell_by=tell_by, email=email)
    report.tell_by, report.email = tell_by, email
    log(report.case, "case.telling_chosen", actor=REPORTER, report=report.number, by=tell_by)
