"""Figures on the command line: every value, or the relations that fail."""

from __future__ import annotations

from huying.figures.checking import outcomes
from huying.figures.counting import count, every_figure


def show() -> int:
    """Print code, value and title of every figure; 1 when one refers to something that has left the pack."""
    broken = 0
    for rules in every_figure():
        try:
            text = count(rules).text
        except LookupError as missing:
            broken += 1
            text = f"? {missing}"
        print(f"{rules.code:<40} {text:>20}  {rules}")
    return int(broken > 0)


def check() -> int:
    """Print the relations that fail, each with its sentence; 1 when there are any."""
    found = outcomes()
    failing = [outcome for outcome in found if not outcome.holds]
    for outcome in failing:
        print(f"{outcome.check.code}: {outcome.sentence}")
        if outcome.check.explained:
            print(f"    {outcome.check.explained}")
    print(f"{len(found)} relations, {len(failing)} fail.")
    return int(bool(failing))
