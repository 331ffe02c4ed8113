"""What a checklist amounts to. The phone counts the same: `static/huying/inspections/scoring.js`, line by line.

    score = earned points / points that apply, in tenths of a percent, rounded half up, in integers

What is not applicable is left out on both sides, and so is what has no answer yet: it is told as unanswered,
and a round with something unanswered is neither passed nor graded. Where no points are at stake (all items
are worth none, or nothing applies), the score is 100 % unless something failed, and 0 % if it did.

A failed critical item makes the round fail whatever its score, and the round is then graded no higher than
just below the pass; `critical: zero` makes the score nothing as well.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from huying.inspections.standards import Grade, StandardItem, StandardRules

PASS, FAIL, NOT_APPLICABLE = "pass", "fail", "not applicable"
Answer = str | int | float | None
_COMPARE = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip


@dataclass(frozen=True)
class Score:
    """`tenths` of a percent; `failed_items` and `unanswered` are codes in the order of the standard."""

    earned: int
    applicable: int
    tenths: int
    passed: bool
    grade: Grade | None
    failed_items: tuple[str, ...]
    unanswered: tuple[str, ...]


def verdict(item: StandardItem, answer: object) -> str:
    """pass, fail, not applicable, or nothing for what is no answer to this item.

    A reading is a finite number and is judged by the item's bounds; a word does not stand for one.
    """
    if answer == NOT_APPLICABLE:
        return NOT_APPLICABLE
    if item.evidence != "reading":
        return str(answer) if answer in (PASS, FAIL) else ""
    if isinstance(answer, bool) or not isinstance(answer, int | float) or not math.isfinite(answer):
        return ""
    value = float(answer)
    holds = any(all(_COMPARE[sign](value, bound) for sign, bound in group) for group in item.bounds)
    return PASS if holds else FAIL


def score(rules: StandardRules, answers: Mapping[str, Any]) -> Score:
    """What these answers (by code of item) are worth under this standard."""
    earned = applicable = 0
    failed: list[str] = []
    unanswered: list[str] = []
    critical = ""
    for item in rules.items:
        said = verdict(item, answers.get(item.code))
        if said == PASS:
            earned += item.points
        elif said == FAIL:
            failed.append(item.code)
            if item.critical and critical != "zero":
                critical = item.critical
        elif said == "":
            unanswered.append(item.code)
        if said in (PASS, FAIL):
            applicable += item.points
    if critical == "zero":
        tenths = 0
    elif applicable:
        tenths = (2000 * earned + applicable) // (2 * applicable)
    else:
        tenths = 0 if failed else 1000
    complete = not unanswered
    graded = min(tenths, rules.pass_tenths - 1) if critical else tenths
    return Score(
        earned=earned,
        applicable=applicable,
        tenths=tenths,
        passed=complete and not critical and tenths >= rules.pass_tenths,
        grade=next((grade for grade in rules.grades if grade.since <= graded), None) if complete else None,
        failed_items=tuple(failed),
        unanswered=tuple(unanswered),
    )


def scoring_data(rules: StandardRules) -> dict[str, Any]:
    """What the phone needs to count the same."""
    return {
        "pass": rules.pass_tenths,
        "grades": [{"since": grade.since, "title": str(grade)} for grade in rules.grades],
        "items": [
            {
                "code": item.code, "points": item.points, "critical": item.critical,
                "reading": item.evidence == "reading",
                "bounds": [[list(one) for one in group] for group in item.bounds],
            }
            for item in rules.items
        ],
    }  # fmt: skip
