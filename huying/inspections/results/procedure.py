"""The procedure by the book: which steps a measure takes, in which order, and what each of them needs.

Administrative Penalty Law (2021): at least two officers who show their papers (art. 42, 55), a record (art. 54, 55),
informing the party of facts, reasons and rights before the decision (art. 44), a hearing that the party may ask for
within five working days where business is stopped (art. 63, 64), the decision in writing (art. 57, 59), served within
seven days (art. 61). A plate is public praise or blame and no penalty: it is recorded, told and decided.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.inspections.results.models import Measure, MeasureStep
from huying.places.clock import parse_limit
from huying.places.work_calendar import current_calendar

SHOW, RECORD, INFORM, DECIDE, SERVE = "show", "record", "inform", "decide", "serve"
Kind = Measure.Kind
STEPS: dict[str, tuple[str, ...]] = {
    Kind.RED_PLATE: (RECORD, DECIDE),
    Kind.BLACK_PLATE: (RECORD, INFORM, DECIDE),
    Kind.SUSPENSION: (SHOW, RECORD, INFORM, DECIDE, SERVE),
    Kind.CLOSURE: (SHOW, RECORD, INFORM, DECIDE, SERVE),
    Kind.SEIZURE: (SHOW, RECORD, INFORM, DECIDE, SERVE),
}
# Where business is stopped, the party may ask for a hearing within this time of being informed.
HEARD = (Kind.SUSPENSION, Kind.CLOSURE)
HEARING_TIME = parse_limit("5 work days")
SERVED_WITHIN = dt.timedelta(days=7)
# Nobody is left without an officer beside them where something is taken from them.
TWO_OFFICERS = (SHOW, RECORD)
LEAST_WORDS = 10


@dataclass(frozen=True)
class StepRule:
    """One step as the page names it."""

    title: Promise
    about: Promise


RULES: dict[str, StepRule] = {
    SHOW: StepRule(gettext_lazy("亮证"), gettext_lazy("两名以上执法人员，向当事人出示执法证件。")),
    RECORD: StepRule(gettext_lazy("记录"), gettext_lazy("现场检查笔录：看到什么、谁在场，附照片。")),
    INFORM: StepRule(
        gettext_lazy("告知"), gettext_lazy("告知拟作出的决定、事实、理由、依据，以及陈述、申辩、听证的权利。")
    ),
    DECIDE: StepRule(gettext_lazy("决定"), gettext_lazy("写明决定和期限；有期限的，约好复查日期。")),
    SERVE: StepRule(gettext_lazy("送达"), gettext_lazy("决定书七日内送达，当事人签收；拒收的写明情况。")),
}


def steps_of(measure: Measure) -> tuple[str, ...]:
    """The steps that this measure takes, in order."""
    return STEPS[measure.kind]


def done_steps(measure: Measure) -> dict[str, MeasureStep]:
    """The steps that were taken, by code."""
    return {step.code: step for step in measure.steps.select_related("by", "second", "evidence")}


def next_step(measure: Measure) -> str:
    """The step whose turn it is; empty when all are done or nothing goes on."""
    if measure.state in (Measure.State.DROPPED, Measure.State.LIFTED):
        return ""
    done = set(measure.steps.values_list("code", flat=True))
    return next((code for code in steps_of(measure) if code not in done), "")


def hearing_until(informed_at: dt.datetime) -> dt.datetime:
    """Until when a hearing may be asked for."""
    return current_calendar().deadline(informed_at, HEARING_TIME).at


def missing(
    measure: Measure,
    code: str,
    *,
    words: str = "",
    second: object = None,
    evidence: object = None,
    waived: bool = False,
    name: str = "",
    at: dt.datetime | None = None,
) -> list[str]:
    """Everything that this step still lacks, in sentences; empty when it can be taken now."""
    at = at or timezone.now()
    found = []
    done = done_steps(measure)
    before = steps_of(measure)[: steps_of(measure).index(code)] if code in steps_of(measure) else ()
    skipped = [str(RULES[each].title) for each in before if each not in done]
    if skipped:
        found.append(_("前面的步骤还没有做：%(steps)s。") % {"steps": "、".join(skipped)})
    if code in TWO_OFFICERS and measure.kind in (*HEARD, Kind.SEIZURE) and second is None:
        found.append(_("执法人员不得少于两人：选上同去的人。"))
    if code == SHOW and not words.strip():
        found.append(_("写上两个人的执法证号。"))
    if code == RECORD and len(words.strip()) < LEAST_WORDS:
        found.append(_("笔录至少写 %(n)d 个字：看到什么、谁在场。") % {"n": LEAST_WORDS})
    if code == RECORD and measure.kind != Kind.RED_PLATE and evidence is None:
        found.append(_("附一张现场照片。"))
    if (
        code == RECORD
        and measure.kind == Kind.SEIZURE
        and (measure.pieces == 0 or not measure.inventory.strip())
    ):
        found.append(_("没收的东西要有清单和件数。"))
    if code == INFORM and len(words.strip()) < LEAST_WORDS:
        found.append(_("写明告知了什么、当事人怎样陈述申辩（至少 %(n)d 个字）。") % {"n": LEAST_WORDS})
    if code == DECIDE and measure.kind in HEARD and INFORM in done and not waived:
        until = hearing_until(done[INFORM].at)
        if at < until:
            found.append(
                _("当事人到 %(until)s 前可以要求听证；书面放弃的，勾选“当事人书面放弃听证”。")
                % {"until": f"{timezone.localtime(until):%m-%d %H:%M}"}
            )
    if code == SERVE and not name.strip() and evidence is None and len(words.strip()) < LEAST_WORDS:
        found.append(_("写上签收人；拒收的，写明怎样送达的。"))
    return found
