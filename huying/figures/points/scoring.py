"""The arithmetic of points: rows by day, capped by day and month, added up, placed. Pure and exact."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from huying.figures.appraisals.formula import plain
from huying.figures.points.rules import PointRules, Rule


@dataclass(frozen=True)
class Line:
    """What one rule came to for one person: how many rows, what they would be worth, what the caps left."""

    code: str
    rows: int
    full: Fraction
    points: Fraction
    keys: tuple[int, ...] = ()  # of an announced table: the rows

    @property
    def shown(self) -> str:
        """+12, −4 or 0."""
        return signed(self.points)

    @property
    def capped(self) -> bool:
        """Whether a cap took something."""
        return self.points != self.full


@dataclass(frozen=True)
class Account:
    """One person's month."""

    user: int
    lines: tuple[Line, ...]
    total: Fraction
    place: int | None = None

    def line(self, code: str) -> Line | None:
        """The line of this rule."""
        return next((line for line in self.lines if line.code == code), None)


def signed(points: Fraction) -> str:
    """+12, −4 or 0."""
    return f"{'+' if points > 0 else '−' if points < 0 else ''}{plain(abs(points))}"


def _within(value: Fraction, cap: Fraction | None) -> Fraction:
    return value if cap is None else max(-cap, min(cap, value))


def score_line(rule: Rule, by_day: Mapping[dt.date, Sequence[Fraction]], keys: Sequence[int] = ()) -> Line:
    """What the rows of each day are worth, bounded by day, then by month."""
    days = [sum(worth, Fraction(0)) for worth in by_day.values()]
    bounded = sum((_within(day, rule.day) for day in days), Fraction(0))
    rows = sum(len(worth) for worth in by_day.values())
    return Line(rule.code, rows, sum(days, Fraction(0)), _within(bounded, rule.month), tuple(keys))


def total_of(rules: PointRules, lines: Sequence[Line]) -> Fraction:
    """The sum, not below `least` where the pack sets one."""
    total = sum((line.points for line in lines), Fraction(0))
    return total if rules.least is None else max(rules.least, total)


def placed(rules: PointRules, accounts: Sequence[Account]) -> list[Account]:
    """Best first; equal sums share a place and the next is left out. A small group has none."""
    ordered = sorted(accounts, key=lambda account: (-account.total, account.user))
    if len(ordered) < rules.at_least:
        return [replace(account, place=None) for account in ordered]
    found: list[Account] = []
    for number, account in enumerate(ordered, start=1):
        same = found and found[-1].total == account.total
        found.append(replace(account, place=found[-1].place if same else number))
    return found


def corrected(rules: PointRules, account: Account, points: Mapping[str, Fraction]) -> Account:
    """The account with what appeals put right."""
    lines = tuple(
        replace(line, points=points[line.code]) if line.code in points else line for line in account.lines
    )
    return replace(account, lines=lines, total=total_of(rules, lines))


def packed(line: Line) -> dict[str, Any]:
    """A line as it is kept."""
    return {
        "code": line.code, "rows": line.rows, "full": str(line.full), "points": str(line.points),
        "keys": list(line.keys),
    }  # fmt: skip


def unpacked(row: Mapping[str, Any]) -> Line:
    """A line that was kept."""
    return Line(
        str(row["code"]), int(row["rows"]), Fraction(row["full"]), Fraction(row["points"]), tuple(row["keys"])
    )
