"""`huying statements`: what was printed about the district, and is it true?"""

from __future__ import annotations

from huying.figures.statements.comparing import written
from huying.figures.statements.models import Statement
from huying.figures.statements.report import Line, compare_all, tally

_ENDS_BADLY = Statement.Verdict.DIFFERS


def run(*, every: bool = True) -> int:
    """Print the report; 1 when something comes out otherwise than it was printed, and no relation says why."""
    lines = compare_all()
    for line in lines:
        if every or line.verdict == _ENDS_BADLY:
            print(line_of(line))
    print(compared(lines))
    return int(any(line.verdict == _ENDS_BADLY for line in lines))


def line_of(line: Line) -> str:
    """One statement as one line of the report."""
    statement, value = line.statement, line.value
    parts = [statement.code, f"{line.verdict.value:<13}", f"{statement.text:<24}", str(statement)]
    if value is not None:
        exact = value.exact
        difference = "" if exact is None else f" ({written(statement.stated.difference(exact)):>s})"
        parts.append(f"[{statement.figure}: {value.text}{difference}]")
    else:
        parts.append(f"[{statement.system}]")
    parts += [f"! {check} ({check.rule})" for check in line.failed]
    return "  ".join(parts)


def compared(lines: list[Line]) -> str:
    """How many of each verdict, in one line."""
    return "  ".join(f"{verdict}: {number}" for verdict, number in tally(lines).items())
