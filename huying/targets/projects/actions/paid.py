"""Grants from proposal to payment, by three different people; works in quantities, corrected with a history."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.journal import log
from huying.core.models import StoredFile
from huying.people.access import can, scopes
from huying.people.models import Department, User
from huying.places.models import Area
from huying.targets.projects.models import Grant, Project, Work
from huying.targets.projects.models.project import project_rules
from huying.targets.projects.policy import MANAGE, UPDATE, require_manage

_CENT = Decimal("0.01")


def require_there(actor: User, area: Area | None, department: Department | None = None) -> None:
    """Refuse whoever has nothing to say there: the area lies outside, or the department is another's."""
    if can(actor, MANAGE):
        return
    mine = actor.department
    for scope in scopes(actor, UPDATE):
        inside = area is not None and area.path.startswith(
            scope.path or (mine.area.path if mine and mine.area else " ")
        )
        if inside or (department is not None and mine is not None and department.pk == mine.pk):
            return
    raise NotAllowed(_("这个地方不由您的单位负责。"))


@transaction.atomic
def propose_grant(
    *,
    kind: str,
    area: Area,
    quantity: Decimal,
    amount_wan: Decimal | None,
    actor: User,
    project: Project | None = None,
    words: str = "",
    evidence: StoredFile | None = None,
    on: dt.date | None = None,
) -> Grant:
    """A village asks for what its work is worth; without an amount, by the rule's price of one unit."""
    require_there(actor, area)
    rule = project_rules().grants.get(kind)
    if rule is None:
        raise Refusal(_("没有这个奖补类别，请从列表里选。"), field="kind")
    if quantity <= 0:
        raise Refusal(_("工程量写正数。"), field="quantity")
    amount = amount_wan if amount_wan is not None else (quantity * rule.per_unit_wan).quantize(_CENT)
    if amount <= 0:
        raise Refusal(_("写上申报金额（万元）。"), field="amount_wan")
    grant = Grant.objects.create(
        kind=kind, area=area, area_path=area.path, project=project, quantity=quantity, unit=rule.unit,
        amount_wan=amount, proposed_on=on or timezone.localdate(), proposed_by=actor, words=words.strip()[:300],
        evidence=evidence,
    )  # fmt: skip
    log(grant, "grant.proposed", actor=actor, area=str(area), quantity=str(quantity), amount_wan=str(amount))
    return grant


@transaction.atomic
def inspect_grant(
    grant: Grant, *, passed: bool, actor: User, quantity: Decimal | None = None, granted_wan: Decimal | None = None,
    words: str = "",
) -> None:  # fmt: skip
    """Somebody else has measured it: what was found is what counts, never more than was asked for."""
    require_manage(actor)
    if grant.proposed_by_id == actor.pk:
        raise Refusal(_("自己申报的要由别人验收。"))
    found = grant.quantity if quantity is None else quantity
    amount = (
        granted_wan
        if granted_wan is not None
        else (grant.amount_wan * found / grant.quantity).quantize(_CENT)
    )
    if passed and not 0 < amount <= grant.amount_wan:
        raise Refusal(
            _("核定金额要大于 0，不超过申报的 %(n)s 万元。") % {"n": grant.amount_wan}, field="granted_wan"
        )
    if not passed and len(words.strip()) < 4:
        raise Refusal(_("写明为什么不通过。"), field="words")
    values: dict[str, Any] = {"inspected_on": timezone.localdate(), "inspected_by": actor}
    if passed:
        values |= {"state": Grant.State.INSPECTED, "inspected_quantity": found, "granted_wan": amount}
    else:
        values |= {"state": Grant.State.REFUSED}
    if not Grant.objects.filter(pk=grant.pk, state=Grant.State.PROPOSED).update(**values):
        raise Conflict(_("这一笔已经验收过了。"))
    grant.refresh_from_db()
    code = "grant.inspected" if passed else "grant.refused"
    log(
        grant,
        code,
        actor=actor,
        quantity=str(found),
        granted_wan=str(amount) if passed else "",
        words=words.strip(),
    )


@transaction.atomic
def pay_grant(grant: Grant, *, actor: User, on: dt.date | None = None) -> None:
    """What was inspected is paid; not by the one who inspected it."""
    require_manage(actor)
    if grant.inspected_by_id == actor.pk:
        raise Refusal(_("验收和拨付要由两个人办。"))
    won = Grant.objects.filter(pk=grant.pk, state=Grant.State.INSPECTED).update(
        state=Grant.State.PAID, paid_on=on or timezone.localdate(), paid_by=actor
    )
    if not won:
        raise Conflict(_("这一笔还没有验收，或者已经拨付。"))
    grant.refresh_from_db()
    log(grant, "grant.paid", actor=actor, amount_wan=str(grant.granted_wan), on=str(grant.paid_on))


# -- works ---------------------------------------------------------------------------------------------------


@transaction.atomic
def record_work(
    *,
    kind: str,
    quantity: Decimal,
    done_on: dt.date,
    actor: User,
    area: Area | None = None,
    department: Department | None = None,
    project: Project | None = None,
    pieces: int = 1,
    words: str = "",
    programme: str = "",
    campaign: str = "",
    cost_wan: Decimal = Decimal(0),
    evidence: StoredFile | None = None,
) -> Work:
    """A piece of work that is done, in the unit of its kind."""
    area = area or (project.area if project else None)
    require_there(actor, area, department or actor.department)
    rule = project_rules().works.get(kind)
    if rule is None:
        raise Refusal(_("没有这种工程，请从列表里选。"), field="kind")
    _check(quantity, done_on, pieces)
    work = Work.objects.create(
        kind=kind, quantity=quantity, unit=rule.unit, pieces=pieces, done_on=done_on, area=area,
        area_path=area.path if area else "", subdistrict=_street(area), department=department or actor.department,
        project=project, words=words.strip()[:300], programme=programme, campaign=campaign, cost_wan=cost_wan,
        evidence=evidence, recorded_by=actor,
    )  # fmt: skip
    log(work, "work.recorded", actor=actor, kind=kind, quantity=str(quantity), area=str(area or ""))
    return work


def _check(quantity: Decimal, done_on: dt.date, pieces: int) -> None:
    if not quantity.is_finite() or quantity <= 0:
        raise Refusal(_("工程量写正数。"), field="quantity")
    if pieces < 1:
        raise Refusal(_("处数至少写 1。"), field="pieces")
    if done_on > timezone.localdate():
        raise Refusal(_("日期不能晚于今天。"), field="done_on")


def _street(area: Area | None) -> Area | None:
    codes = [code for code in (area.path if area else "").split("/") if code]
    return Area.objects.defer("boundary").filter(code__in=codes, level=Area.Level.SUBDISTRICT).first()


@transaction.atomic
def correct_work(
    work: Work,
    *,
    actor: User,
    reason: str,
    seen: int,
    quantity: Decimal,
    pieces: int,
    done_on: dt.date,
    words: str = "",
) -> None:
    """It was written down wrong: what was there stays in its journal, with the reason."""
    require_there(actor, work.area, work.department)
    if len(reason.strip()) < 4:
        raise Refusal(_("写明为什么更正（至少 %(n)d 个字）。") % {"n": 4}, field="reason")
    _check(quantity, done_on, pieces)
    won = Work.objects.filter(pk=work.pk, version=seen, struck_at=None).update(
        quantity=quantity, pieces=pieces, done_on=done_on, words=words.strip()[:300], version=seen + 1
    )
    if not won:
        raise Conflict(_("有人刚改过这一条，请刷新后再改。"))
    old = f"{work.quantity} / {work.pieces} / {work.done_on}"
    log(
        work,
        "work.corrected",
        actor=actor,
        old=old,
        new=f"{quantity} / {pieces} / {done_on}",
        reason=reason.strip(),
    )
    work.refresh_from_db()


@transaction.atomic
def strike_work(work: Work, *, actor: User, words: str) -> None:
    """Recorded by mistake: it counts no more, and stays on record with the reason."""
    require_there(actor, work.area, work.department)
    if len(words.strip()) < 4:
        raise Refusal(_("写明为什么撤销。"), field="words")
    won = Work.objects.filter(pk=work.pk, struck_at=None).update(
        struck_at=timezone.now(), struck_words=words.strip()[:200]
    )
    if not won:
        raise Conflict(_("这一条已经撤销。"))
    log(work, "work.struck", actor=actor, words=words.strip())
