"""Taking a measure step by step, lifting it, dropping it: one function for each verb, on record."""

from __future__ import annotations

import datetime as dt

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import Conflict, Refusal
from huying.core.journal import log
from huying.core.language import of_record
from huying.core.models import StoredFile
from huying.inspections.results.models import Measure, MeasureStep
from huying.inspections.results.procedure import (
    DECIDE,
    RULES,
    SERVE,
    done_steps,
    missing,
    next_step,
    steps_of,
)
from huying.inspections.results.rights import require_begin, require_go_on
from huying.inspections.rounds.models import Round
from huying.inspections.rounds.sites import Site, lies_in
from huying.papers.actions import issue_paper, serve_paper
from huying.papers.models import Paper
from huying.people.models import User
from huying.registry.actions import set_item_state
from huying.registry.models import Item

Kind, State = Measure.Kind, Measure.State
_LEAST_REASON = 10
# What a measure makes of the thing, where its register knows the state.
STATE_OF = {Kind.SUSPENSION: "suspended", Kind.CLOSURE: "shut down"}
_OPPOSITE = {Kind.RED_PLATE: Kind.BLACK_PLATE, Kind.BLACK_PLATE: Kind.RED_PLATE}


@transaction.atomic
def begin_measure(
    item: Item,
    *,
    kind: str,
    reason: str,
    actor: User,
    basis: str = "",
    round: Round | None = None,
    pieces: int = 0,
    inventory: str = "",
    at: dt.datetime | None = None,
) -> Measure:
    """Open the procedure of a measure about a thing; nothing holds before it is decided."""
    require_begin(actor, item)
    if kind not in Kind.values:
        raise Refusal(_("请选择措施。"), field="kind")
    if len(reason.strip()) < _LEAST_REASON:
        raise Refusal(_("写明事实和理由（至少 %(n)d 个字）。") % {"n": _LEAST_REASON}, field="reason")
    if kind not in (Kind.RED_PLATE, Kind.BLACK_PLATE) and not basis.strip():
        raise Refusal(_("写明依据的法律条款。"), field="basis")
    if kind == Kind.SEIZURE and (pieces < 1 or not inventory.strip()):
        raise Refusal(_("没收的东西要有清单和件数。"), field="pieces")
    # Whoever begins the same at the same moment waits here and then finds the first.
    Item.objects.select_for_update().get(pk=item.pk)
    same = Measure.objects.filter(item=item, kind=kind, state__in=(State.BEGUN, State.IN_FORCE))
    if kind != Kind.SEIZURE and (known := same.first()):
        raise Conflict(
            _("「%(title)s」已有一件%(kind)s（%(state)s），请先办完它。")
            % {"title": item.title, "kind": known.get_kind_display(), "state": known.get_state_display()}
        )
    where = lies_in(Site(item=item))
    measure = Measure.objects.create(
        kind=kind, item=item, round=round, place_title=item.title[:120], area_path=item.area_path,
        subdistrict_id=where["subdistrict_id"], department=actor.department or item.supervisor,
        reason=reason.strip()[:500], basis=basis.strip()[:200], pieces=pieces, inventory=inventory.strip(),
        begun_at=at or timezone.now(), begun_by=actor,
    )  # fmt: skip
    log(
        measure,
        "measure.begun",
        actor=actor,
        at=at,
        kind=str(kind),
        place=item.title,
        round=round.pk if round else None,
    )
    return measure


@transaction.atomic
def take_step(
    measure: Measure,
    code: str,
    *,
    actor: User,
    words: str = "",
    second: User | None = None,
    evidence: StoredFile | None = None,
    waived: bool = False,
    name: str = "",
    until: dt.date | None = None,
    revisit_on: dt.date | None = None,
    at: dt.datetime | None = None,
) -> MeasureStep:
    """Take the next step of the procedure. Refusal names everything that is missing; Conflict: it is taken already.

    `waived`: the party gave up the hearing in writing; `name`: who signed for the decision; `until` and `revisit_on`
    belong to the decision.
    """
    require_go_on(actor, measure)
    measure = Measure.objects.select_for_update().select_related("item__register").get(pk=measure.pk)
    at = at or timezone.now()
    if measure.state in (State.DROPPED, State.LIFTED):
        raise Conflict(_("这件处理已经结束。"))
    if code not in steps_of(measure):
        raise Refusal(_("这项措施没有这一步。"))
    if code in done_steps(measure):
        raise Conflict(_("「%(step)s」已经做过了。") % {"step": RULES[code].title})
    if second is not None and second.pk == actor.pk:
        second = None
    lacks = missing(
        measure, code, words=words, second=second, evidence=evidence, waived=waived, name=name, at=at
    )
    if code == DECIDE and measure.kind == Kind.SUSPENSION and until is None:
        lacks.append(_("停业整顿要写明到哪天。"))
    today = timezone.localdate(at)
    if code == DECIDE and any(day is not None and day < today for day in (until, revisit_on)):
        lacks.append(_("期限和复查日期不能早于决定的日子。"))
    if lacks:
        raise Refusal(" ".join(lacks))
    words = words.strip()[:500]
    if waived:
        words = f"{words} {_('当事人书面放弃听证。')}".strip()[:500]
    try:
        with transaction.atomic():
            step = MeasureStep.objects.create(
                measure=measure, code=code, at=at, by=actor, second=second, words=words, evidence=evidence
            )
    except IntegrityError:
        raise Conflict(_("「%(step)s」已经做过了。") % {"step": RULES[code].title}) from None
    log(measure, f"measure.{code}", actor=actor, at=at, second=str(second or ""), words=words, name=name)
    if code == DECIDE:
        _decide(measure, actor, at, until, revisit_on)
    elif code == SERVE and measure.paper is not None:
        serve_paper(measure.paper, name=name, receipt=evidence, actor=actor, at=at)
    return step


def _decide(
    measure: Measure, actor: User, at: dt.datetime, until: dt.date | None, revisit_on: dt.date | None
) -> None:
    if opposite := _OPPOSITE.get(Kind(measure.kind)):
        for old in Measure.objects.filter(item=measure.item, kind=opposite, state=State.IN_FORCE):
            _end(old, actor, _("换了牌。"), at)
    measure.state, measure.decided_on = State.IN_FORCE, timezone.localdate(at)
    measure.until, measure.revisit_on = until, revisit_on or until
    if SERVE in steps_of(measure):
        measure.paper = _paper(measure, actor, at)
    measure.save(update_fields=["state", "decided_on", "until", "revisit_on", "paper"])
    _put_state(measure.item, STATE_OF.get(Kind(measure.kind), ""), actor, str(measure.get_kind_display()))


def _paper(measure: Measure, actor: User, at: dt.datetime) -> Paper:
    with of_record():
        lines = [
            _("经查：%(reason)s") % {"reason": measure.reason},
            _("依据：%(basis)s") % {"basis": measure.basis},
            _("决定：%(kind)s。") % {"kind": measure.get_kind_display()},
        ]
        if measure.until:
            lines.append(
                _("期限：到 %(day)s。期满前由本单位复查。") % {"day": f"{measure.until:%Y年%-m月%-d日}"}
            )
        if measure.pieces:
            lines += [_("没收 %(n)d 件，清单如下：") % {"n": measure.pieces}, *measure.inventory.splitlines()]
        lines.append(_("不服本决定的，可以依法申请行政复议或者提起行政诉讼。"))
        title = _("关于对「%(place)s」%(kind)s的决定") % {
            "place": measure.place_title[:80], "kind": measure.get_kind_display(),
        }  # fmt: skip
    return issue_paper(
        kind=Paper.Kind.DECISION, subject=measure, subject_label=f"处理{measure.pk}", addressee=None, title=title,
        body="\n".join(lines), actor=actor, at=at, addressee_name=measure.place_title, area_path=measure.area_path,
    )  # fmt: skip


def _put_state(item: Item, state: str, actor: User, words: str) -> None:
    """The thing is in the state that was decided, where its register has it."""
    if state and any(each.code == state for each in item.rules.states) and item.state != state:
        set_item_state(item, state=state, actor=None, words=words)


def _end(measure: Measure, actor: User, words: str, at: dt.datetime) -> None:
    won = Measure.objects.filter(pk=measure.pk, state=State.IN_FORCE).update(
        state=State.LIFTED, ended_at=at, ended_by=actor, ended_words=words.strip()[:300]
    )
    if not won:
        raise Conflict(_("这件处理已经解除，或者还没有决定。"))
    measure.refresh_from_db()
    log(measure, "measure.lifted", actor=actor, at=at, words=words)


@transaction.atomic
def lift_measure(measure: Measure, *, words: str, actor: User, at: dt.datetime | None = None) -> None:
    """What was decided holds no longer: the reason was put right, which a later round of the place has to show."""
    require_go_on(actor, measure)
    at = at or timezone.now()
    if measure.kind in (Kind.SEIZURE, Kind.CLOSURE):
        raise Refusal(
            _("%(kind)s不能解除：要改的，走行政复议或撤销决定。") % {"kind": measure.get_kind_display()}
        )
    if len(words.strip()) < 2:
        raise Refusal(_("写明为什么解除。"), field="words")
    revisited = Round.objects.filter(item=measure.item, ended_at__gte=measure.begun_at, passed=True)
    if measure.round_id:
        revisited = revisited.exclude(pk=measure.round_id)
    if measure.kind != Kind.RED_PLATE and not revisited.exists():
        raise Refusal(_("还没有复查合格：先去复查一次，合格了再解除。"))
    _end(measure, actor, words, at)
    _put_state(
        measure.item, measure.item.rules.first_state if STATE_OF.get(Kind(measure.kind)) else "", actor, words
    )


@transaction.atomic
def drop_measure(measure: Measure, *, words: str, actor: User) -> None:
    """Not gone on with: the facts did not hold. It stays on record and counts nowhere."""
    require_go_on(actor, measure)
    if len(words.strip()) < 2:
        raise Refusal(_("写明为什么不再办理。"), field="words")
    won = Measure.objects.filter(pk=measure.pk, state=State.BEGUN).update(
        state=State.DROPPED, ended_at=timezone.now(), ended_by=actor, ended_words=words.strip()[:300]
    )
    if not won:
        raise Conflict(_("已经决定的，不能再撤；要改的，请解除。"))
    measure.refresh_from_db()
    log(measure, "measure.dropped", actor=actor, words=words)


def whose_turn(measure: Measure) -> str:
    """The title of the next step; empty when the procedure is through."""
    code = next_step(measure)
    return str(RULES[code].title) if code else ""
