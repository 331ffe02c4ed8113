"""The arithmetic of an appraisal, without any database: numbers of each unit in, scores with every step out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from huying.figures.appraisals.formula import Undefined, plain
from huying.figures.appraisals.rules import AppraisalRules, Part
from huying.places.rounding import Show


@dataclass(frozen=True)
class Input:
    """What a figure came to for one unit: above the line, and below it where it is divided; `url` opens its rows."""

    n: Fraction = Fraction(0)
    d: Fraction | None = None
    url: str = ""

    @property
    def value(self) -> Fraction | None:
        """The figure itself; None where there is nothing to divide by."""
        if self.d is None:
            return self.n
        return self.n / self.d if self.d else None

    @property
    def base(self) -> Fraction:
        """How many rows the figure is about."""
        return self.n if self.d is None else self.d


@dataclass(frozen=True)
class Entry:
    """A bonus or a penalty that was entered for a unit."""

    item: str
    points: Fraction
    words: str = ""
    url: str = ""


@dataclass(frozen=True)
class Step:
    """One part of one unit: what went in, the formula with the numbers put in, what came out."""

    code: str
    n: Fraction = Fraction(0)
    d: Fraction | None = None
    names: Mapping[str, Fraction] = field(default_factory=dict)
    written: str = ""  # the formula with numbers
    raw: Fraction | None = None  # before its bounds
    points: Fraction | None = None  # None: it can't be said
    empty: bool = False  # nothing to reckon with: its points are those of `empty`
    url: str = ""

    @property
    def shown(self) -> str:
        """Its points, as exact as they are."""
        return "—" if self.points is None else plain(self.points)


@dataclass(frozen=True)
class Line:
    """One unit: its parts, what was added or taken off, its score and place."""

    unit: str
    title: str
    steps: tuple[Step, ...] = ()
    entries: tuple[Entry, ...] = ()
    extra: Fraction = Fraction(0)  # bonus less penalty, within their bounds
    exact: Fraction | None = None
    score: Decimal | None = None
    rank: int = 0  # 0: none
    tier: str = ""
    why: str = ""  # "no demand", "few", "unknown": why it has no place

    def step(self, code: str) -> Step | None:
        """One part."""
        return next((step for step in self.steps if step.code == code), None)


def rounded(show: Show | None, value: Fraction) -> Fraction:
    """Half up to so many places; as it is without a rule."""
    return value if show is None else Fraction(Show("", show.decimals).rounded(value))


def reckon(part: Part, found: Input, given: Mapping[str, Fraction], before: Mapping[str, Fraction]) -> Step:
    """One part of one unit's score."""
    names = {**given, **before, "n": found.n}
    if part.points is not None:
        names["points"] = part.points
    if found.d is not None:
        names["d"] = found.d
    if found.value is not None:
        names["p"] = rounded(part.input, found.value * 100)
        names["v"] = rounded(part.input, found.value)
    heads = given.get("population") or given.get("households")
    if part.per_head is not None and heads:
        names["m"] = rounded(part.input, found.n * part.per_head / heads)
    formula = part.formula
    if formula is None:
        return Step(part.code, found.n, found.d, url=found.url)
    used = {name: value for name, value in names.items() if name in formula.names}
    try:
        raw = formula.value(names)
    except Undefined:
        points = {"full": part.points, "nothing": Fraction(0)}.get(part.empty)
        return Step(part.code, found.n, found.d, used, formula.shown(), None, points, True, found.url)
    points = bounded(raw, part.least, part.most)
    written = formula.with_numbers(names)
    return Step(
        part.code, found.n, found.d, used, written, raw, rounded(part.round, points), False, found.url
    )


def bounded(value: Fraction, least: Fraction | None, most: Fraction | None) -> Fraction:
    """Not below `least`, not above `most`."""
    value = value if least is None else max(value, least)
    return value if most is None else min(value, most)


def score_unit(
    rules: AppraisalRules,
    unit: str,
    title: str,
    inputs: Mapping[str, Input],
    *,
    given: Mapping[str, Fraction] | None = None,
    entries: Sequence[Entry] = (),
) -> Line:
    """A unit's line without its place. `inputs` by part; a part without one has no rows."""
    facts = {**(given or {}), **{name: row[unit] for name, row in rules.given.items() if unit in row}}
    before: dict[str, Fraction] = {}
    steps = []
    for part in rules.parts:
        step = reckon(part, inputs.get(part.code, Input()), facts, before)
        if step.points is not None:
            before[part.name] = step.points
        steps.append(step)
    extra = extra_points(rules, entries)
    line = Line(unit, title, tuple(steps), tuple(entries), extra)
    counted = [step for part, step in zip(rules.parts, steps, strict=True) if part.counts]
    bases = [(inputs[part.code].base if part.code in inputs else Fraction(0)) for part in rules.parts]
    if rules.no_demand and not any(bases):
        return replace(line, why="no demand")
    if any(step.points is None for step in counted):
        return replace(line, why="unknown")
    total = sum((step.points for step in counted if step.points is not None), Fraction(0)) + extra
    exact = bounded(total, rules.least, rules.most)
    few = rules.at_least and max(bases, default=Fraction(0)) < rules.at_least
    score = rules.show.rounded(exact)
    tier = next((tier.title for tier in rules.tiers if Fraction(score) >= tier.least), "")
    return replace(line, exact=exact, score=score, why="few" if few else "", tier="" if few else tier)


def with_points(rules: AppraisalRules, line: Line, points: Mapping[str, Fraction]) -> Line:
    """The line as it is with other points for some of its parts: what an appeal corrected."""
    steps = tuple(
        replace(step, points=points[step.code]) if step.code in points else step for step in line.steps
    )
    counted = [step for step in steps if (part := rules.part(step.code)) is not None and part.counts]
    if line.why == "no demand" or any(step.points is None for step in counted):
        return replace(line, steps=steps)
    total = sum((step.points for step in counted if step.points is not None), Fraction(0)) + line.extra
    exact = bounded(total, rules.least, rules.most)
    score, why = rules.show.rounded(exact), line.why.replace("unknown", "")
    tier = next((tier.title for tier in rules.tiers if Fraction(score) >= tier.least), "")
    return replace(line, steps=steps, exact=exact, score=score, why=why, tier="" if why else tier, rank=0)


def extra_points(rules: AppraisalRules, entries: Sequence[Entry]) -> Fraction:
    """Bonus less penalty, each item within its bound."""
    total = Fraction(0)
    for item in rules.items:
        points = sum((entry.points for entry in entries if entry.item == item.code), Fraction(0))
        total += points if item.most is None else max(min(points, abs(item.most)), -abs(item.most))
    return total


def place(rules: AppraisalRules, lines: Sequence[Line]) -> list[Line]:
    """The lines with their places: the highest first, equal scores share a place and the next is left out (1, 1, 3).

    Scores are compared as they are shown. Where tiers are told there are no places. Units without a place stand last.
    """
    ranked = sorted(
        (line for line in lines if line.score is not None and not line.why),
        key=lambda line: (-(line.score or 0), line.unit),
    )
    rest = [line for line in lines if line.score is None or line.why]
    found: list[Line] = []
    for number, line in enumerate(ranked, start=1):
        same = found and found[-1].score == line.score
        found.append(line if rules.tiers else replace(line, rank=found[-1].rank if same else number))
    return [*found, *sorted(rest, key=lambda line: (line.why == "no demand", line.unit))]


# -- as it is kept -------------------------------------------------------------------------------------------


def packed(line: Line) -> dict[str, Any]:
    """A line for a table that is frozen."""
    return {
        "unit": line.unit,
        "title": line.title,
        "extra": str(line.extra),
        "rank": line.rank,
        "tier": line.tier,
        "why": line.why,
        "exact": None if line.exact is None else str(line.exact),
        "score": None if line.score is None else str(line.score),
        "entries": [
            {"item": each.item, "points": str(each.points), "words": each.words, "url": each.url}
            for each in line.entries
        ],
        "steps": [
            {
                "code": step.code,
                "n": str(step.n),
                "d": None if step.d is None else str(step.d),
                "names": {name: str(value) for name, value in step.names.items()},
                "written": step.written,
                "raw": None if step.raw is None else str(step.raw),
                "points": None if step.points is None else str(step.points),
                "empty": step.empty,
                "url": step.url,
            }
            for step in line.steps
        ],
    }


def unpacked(row: Mapping[str, Any]) -> Line:
    """A line of a frozen table."""
    steps = tuple(
        Step(
            step["code"],
            Fraction(step["n"]),
            _exact(step["d"]),
            {name: Fraction(value) for name, value in step["names"].items()},
            step["written"],
            _exact(step["raw"]),
            _exact(step["points"]),
            step["empty"],
            step["url"],
        )
        for step in row["steps"]
    )
    entries = tuple(
        Entry(each["item"], Fraction(each["points"]), each["words"], each["url"]) for each in row["entries"]
    )
    return Line(
        row["unit"],
        row["title"],
        steps,
        entries,
        Fraction(row["extra"]),
        _exact(row["exact"]),
        None if row["score"] is None else Decimal(row["score"]),
        row["rank"],
        row["tier"],
        row["why"],
    )


def _exact(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text)
