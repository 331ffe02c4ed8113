"""One line of the table that the benchmarks print."""

from __future__ import annotations

import statistics
from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """One line: what was measured in this run, the floor of the same run, and what is aimed at.

    For a rate more is better, for `ms` less; `ratio` is value to floor.
    """

    name: str
    value: float
    unit: str
    floor: float | None = None
    aim: str = ""

    def line(self) -> str:
        floor = f"{self.floor:12,.1f}" if self.floor else " " * 12
        ratio = f"{self.value / self.floor:8.2f}" if self.floor else " " * 8
        return f"{self.name:44} {self.value:12,.1f} {self.unit:8} {floor} {ratio}  {self.aim}"


def median_and_p95(times: list[float]) -> tuple[float, float]:
    """In milliseconds."""
    ordered = sorted(times)
    return statistics.median(ordered) * 1000, ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))] * 1000
