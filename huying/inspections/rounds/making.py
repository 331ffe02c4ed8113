"""Making a round: the score, the cases of what failed and the paper about it stand or fall together."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.cases.actions import Intake, receive_report
from huying.cases.models import Case, Category, Channel
from huying.core.errors import Conflict, Refusal
from huying.core.journal import log
from huying.core.language import of_record
from huying.core.models import StoredFile
from huying.inspections.models import Plan, StandardVersion
from huying.inspections.occurrences import CLOCK_TOLERANCE, wrong_clock
from huying.inspections.plans import PlanRules
from huying.inspections.rounds.models import Finding, Round, RoundMember, RoundPhoto
from huying.inspections.rounds.rights import require_make
from huying.inspections.rounds.sites import Site, belongs, lies_in
from huying.inspections.scoring import Score, score
from huying.inspections.standards import Letter, StandardItem, StandardRules
from huying.papers.actions import issue_paper, serve_paper
from huying.papers.models import Paper
from huying.people.models import User
from huying.places.clock import parse_limit
from huying.places.coordinates import distance_m
from huying.places.work_calendar import current_calendar

# A phone among houses is off by tens of metres; further away somebody was not there.
NEAR_M = 150
# A phone's clock that is off by more is set right by the server's; what it says is kept beside.
CLOCK_OFF = dt.timedelta(minutes=2)
LONGEST_AGO = dt.timedelta(days=31)
_REPLY = parse_limit("3 work days")
_KINDS = {"supervision": Paper.Kind.SUPERVISION_LETTER, "order": Paper.Kind.ORDER_TO_CORRECT}
_LONGEST_WORDS = 300


@dataclass(frozen=True)
class Made:
    """What was seen. Times are the phone's; `sent_at` is its clock at the moment of sending, which tells how far
    it is off. `client_id` makes a round that is sent again one round.
    """

    answers: Mapping[str, Any]
    started_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    sent_at: dt.datetime | None = None
    notes: Mapping[str, str] = field(default_factory=dict)  # by item: what exactly
    fixed: frozenset[str] = frozenset()  # items that were put right while they looked
    photos: Mapping[str, Sequence[StoredFile]] = field(
        default_factory=dict
    )  # by item; "" is the place as such
    values: Mapping[str, Any] = field(default_factory=dict)
    words: str = ""
    point: tuple[float, float] | None = None
    scanned: str = ""  # the label that was scanned
    team: Sequence[User] = ()
    signed_by: str = ""
    signature: StoredFile | None = None
    refused_to_sign: bool = False
    client_id: uuid.UUID | None = None


def make_round(
    site: Site, version: StandardVersion, made: Made, *, actor: User, plan: Plan | None = None
) -> Round:
    """Keep a round, open the cases of what failed and issue its paper, all in one transaction.

    A standard that got a newer version while somebody was out is no obstacle: the round is finished and counted
    under the version that it began with, and says so. Raises Refusal with the field that has to be mended.
    """
    if made.client_id and (known := Round.objects.filter(client_id=made.client_id).first()):
        return known
    rules, planned = version.rules, plan.rules if plan else None
    require_make(actor, site, planned)
    if planned is not None and not belongs(planned, site):
        raise Conflict(_("「%(title)s」不在这个计划里，请不按计划直接检查它。") % {"title": site.title})
    times = _times(made, planned)
    counted = score(rules, made.answers)
    _check(rules, made, counted, planned)
    try:
        with transaction.atomic():
            return _keep(site, version, made, actor, plan, times, counted)
    except IntegrityError:
        # The same round from two requests at once: the second finds the first.
        if made.client_id and (known := Round.objects.filter(client_id=made.client_id).first()):
            return known
        raise


@dataclass(frozen=True)
class _Times:
    started_at: dt.datetime | None
    ended_at: dt.datetime
    received_at: dt.datetime
    off: dt.timedelta


def _times(made: Made, plan: PlanRules | None) -> _Times:
    """When it was, by our clock. A phone that is wrong is set right; a time that can't be is refused."""
    now = timezone.now()
    off = made.sent_at - now if made.sent_at else dt.timedelta(0)
    if abs(off) < CLOCK_OFF:
        off = dt.timedelta(0)
    ended = (made.ended_at - off) if made.ended_at else now
    started = (made.started_at - off) if made.started_at else None
    if plan is not None and (why := wrong_clock(plan, ended, now)):
        raise Refusal(why, field="ended_at")
    if ended > now + CLOCK_TOLERANCE or ended < now - LONGEST_AGO:
        raise Refusal(_("检查的时间不对：请打开手机的自动对时，再记一次。"), field="ended_at")
    return _Times(min(started, ended) if started else None, min(ended, now), now, off)


def _check(rules: StandardRules, made: Made, counted: Score, plan: PlanRules | None) -> None:
    if counted.unanswered:
        item = rules.item(counted.unanswered[0])
        raise Refusal(
            _("还有 %(count)d 项没有答：%(first)s。") % {"count": len(counted.unanswered), "first": item},
            field=f"answer-{counted.unanswered[0]}",
        )
    for code in counted.failed_items:
        item = rules.item(code)
        if item is not None and item.evidence == "photo" and not made.photos.get(code):
            raise Refusal(_("「%(item)s」不合格，请拍一张照片。") % {"item": item}, field=f"photo-{code}")
    if plan is not None and "photo" in plan.proof and not any(made.photos.values()):
        raise Refusal(_("这项工作要有现场照片，请拍一张。"), field="photo-")
    signed = bool(made.signature or made.signed_by.strip() or made.refused_to_sign)
    if rules.signature == "required" and not signed:
        raise Refusal(_("请被查单位签字；不肯签的，勾选“拒签”。"), field="signature")


def _keep(
    site: Site, version: StandardVersion, made: Made, actor: User, plan: Plan | None, times: _Times, counted: Score
) -> Round:  # fmt: skip
    rules = version.rules
    team = list({person.pk: person for person in (actor, *made.team)}.values())
    away = round(distance_m(*made.point, *site.point)) if made.point and site.point else None
    scanned = site.item is not None and made.scanned.strip().upper() == site.item.label
    round_ = Round.objects.create(
        plan=plan, version=version, item=site.item, area=site.area, department=site.department,
        place_title=site.title[:120], **lies_in(site), made_by=actor, started_at=times.started_at,
        ended_at=times.ended_at, day=timezone.localdate(times.ended_at), received_at=times.received_at,
        clock_off_s=round(times.off.total_seconds()), lng=made.point[0] if made.point else None,
        lat=made.point[1] if made.point else None, distance_m=away, scanned=scanned,
        proved=_proved(plan.rules if plan else None, site, away, scanned), answers=dict(made.answers),
        values=dict(made.values), tenths=counted.tenths, passed=counted.passed,
        grade=counted.grade.title if counted.grade else "", failed=len(counted.failed_items), people=len(team),
        words=made.words.strip()[:500], signed_by=made.signed_by.strip()[:60], signature=made.signature,
        refused_to_sign=made.refused_to_sign, client_id=made.client_id,
    )  # fmt: skip
    RoundMember.objects.bulk_create(
        RoundMember(round=round_, user=person, department_id=person.department_id) for person in team
    )
    RoundPhoto.objects.bulk_create(
        RoundPhoto(round=round_, file=photo, code=code)
        for code, photos in made.photos.items()
        for photo in {photo.pk: photo for photo in photos}.values()
    )
    findings = [_found(round_, site, rules, code, made, actor) for code in counted.failed_items]
    letter = rules.letter
    # What was put right while they looked needs no letter.
    if letter is not None and any(not finding.fixed_at_once for finding in findings):
        round_.paper = _issue(round_, site, letter, findings, actor)
        round_.save(update_fields=["paper"])
    newest = version.standard.versions.order_by("-number").values_list("number", flat=True).first()
    log(
        round_, "round.made", actor=actor, at=times.ended_at, place=round_.place_title, plan=plan.code if plan else "",
        standard=rules.code, version=version.number, newer_version=newest if newest != version.number else None,
        score=counted.tenths, failed=list(counted.failed_items), cases=[f.case.number for f in findings if f.case],
        paper=round_.paper_id, clock_off_s=round_.clock_off_s or None, proved=round_.proved,
    )  # fmt: skip
    return round_


def _proved(plan: PlanRules | None, site: Site, away: int | None, scanned: bool) -> bool:
    """Whether there is proof that they were there, by what the plan asks. What is not proved is kept all the
    same, and does not count as done.
    """
    asked = plan.proof if plan is not None else ()
    if "scan" in asked and site.item is not None and not scanned:
        return False
    return not ("place" in asked and site.point is not None and (away is None or away > NEAR_M))


def _found(round_: Round, site: Site, rules: StandardRules, code: str, made: Made, actor: User) -> Finding:
    item = rules.item(code)
    assert item is not None  # the score names items of these rules only
    answer = made.answers.get(code)
    reading = float(answer) if item.evidence == "reading" and isinstance(answer, int | float) else None
    fixed = code in made.fixed
    finding = Finding(
        round=round_, code=code, title=item.fault[:120], words=made.notes.get(code, "").strip()[:_LONGEST_WORDS],
        reading=reading, fixed_at_once=fixed,
    )  # fmt: skip
    if item.opens is not None and not fixed:
        finding.case = _open_case(round_, site, item, finding, made, actor)
    finding.save(force_insert=True)
    return finding


def _open_case(
    round_: Round, site: Site, item: StandardItem, finding: Finding, made: Made, actor: User
) -> Case:
    assert item.opens is not None
    wanted = Category.objects.select_related("ledger", "topic").filter(
        ledger__code=item.opens.ledger, active=True
    )
    category = wanted.filter(code=item.opens.category).first() or wanted.order_by("pk").first()
    if category is None:
        raise Conflict(
            _("台账「%(ledger)s」没有可用的类别，请联系管理员检查区包。") % {"ledger": item.opens.ledger}
        )
    said = [item.fault]
    if finding.reading is not None:
        said.append(f"{finding.reading:g}{item.unit}")
    if finding.words:
        said.append(finding.words)
    title = f"{site.title}：{item.fault}"
    point = site.point or made.point
    report = receive_report(
        Intake(
            ledger=category.ledger, category=category, title=title, words="，".join(said), channel=Channel.INSPECTION,
            lng=point[0] if point else None, lat=point[1] if point else None, address=site.address,
            item=site.item if site.item and _concerns(category, site) else None,
            photos=tuple(made.photos.get(item.code, ())), reported_by=actor, reported_at=round_.ended_at,
            area=site.area or (site.department.area if site.department else None), responsible=site.answers,
            limit=item.opens.limit,
        )
    )  # fmt: skip
    return report.case


def _concerns(category: Category, site: Site) -> bool:
    """Whether the ledger is about things of this register; a ledger that names none takes any."""
    assert site.item is not None
    registers = category.ledger.rules.registers
    return not registers or site.item.register.code in registers


def _issue(round_: Round, site: Site, letter: Letter, findings: Sequence[Finding], actor: User) -> Paper:
    """The paper goes out at the same moment: to the unit that answers, or to the site itself."""
    at = round_.ended_at
    within = letter.within or _REPLY
    outside = letter.kind == "order"
    addressee = None if outside else site.answers
    with of_record():
        lines = [
            _("%(day)s，检查组到「%(place)s」按《%(standard)s》检查，得分 %(score)s，发现以下问题：") % {
                "day": f"{timezone.localtime(at):%Y年%-m月%-d日 %H:%M}", "place": site.title,
                "standard": round_.version.standard.title, "score": round_.percent,
            },
            *(_line(number, finding) for number, finding in enumerate(findings, start=1)),
            letter.words or _("请立即整改，整改情况按期书面回复，由检查组复查后销号。"),
        ]  # fmt: skip
        title = (
            _("关于「%s」的责令整改通知书") if outside else _("关于整改「%s」所查问题的督办函")
        ) % site.title[:80]
    paper = issue_paper(
        kind=_KINDS[letter.kind], subject=round_, subject_label=round_.number, addressee=addressee, title=title,
        body="\n".join(lines), actor=actor, at=at, reply_due_at=current_calendar().deadline(at, within).at,
        addressee_name=site.title, area_path=round_.area_path,
    )  # fmt: skip
    if paper.addressee_id is None and (round_.signature or round_.signed_by):
        serve_paper(paper, name=round_.signed_by, receipt=round_.signature, actor=actor, at=at)
    return paper


def _line(number: int, finding: Finding) -> str:
    words = f"{number}. {finding.title}"
    if finding.words:
        words += f"：{finding.words}"
    if finding.fixed_at_once:
        return words + _("（当场已改）")
    if finding.case is not None and finding.case.due_at is not None:
        due = timezone.localtime(finding.case.due_at)
        return words + _("（%(number)s，限 %(due)s 前改好）") % {
            "number": finding.case.number, "due": f"{due:%-m月%-d日 %H:%M}",
        }  # fmt: skip
    return words + "。"
