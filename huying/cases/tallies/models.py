"""The tables of the tallies. Numbers instead of foreign keys, 0 for none: the tables are narrow and never joined."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

COUNTERS = (
    "reported", "closed", "closed_on_time", "scored", "returned", "reopened",
    "unsolved", "asked_solved", "satisfied", "graded",
)  # fmt: skip
"""Measures of `rates.MEASURES` that are kept: what the cockpit shows."""
DIMENSIONS = ("ledger", "topic", "subdistrict", "department")


class Shape(models.TextChoices):
    """What a cell sums up: cases reported (or closed) on a day or in a month, by some of the dimensions."""

    DAY_TOPIC = "t"
    DAY_SUBDISTRICT = "s"
    DAY_DEPARTMENT = "d"
    MONTH_TOPIC = "T"
    MONTH_SUBDISTRICT = "S"
    MONTH_DEPARTMENT = "D"
    MONTH_WHOLE = "W"
    CLOSED_SUBDISTRICT = "c"
    CLOSED_DEPARTMENT = "e"


class TallyMark(models.Model):
    """This case has changed since it was folded. Written by triggers; a case may be marked several times."""

    id = models.BigAutoField(primary_key=True)
    case = models.BigIntegerField(db_column="case_id")

    class Meta:
        indexes: ClassVar = [models.Index(fields=["case"], name="tally_mark_case")]

    def __str__(self) -> str:
        return f"{self.case}"


class Counted(models.Model):
    """The counters, and by what they are counted."""

    ledger = models.IntegerField()
    topic = models.IntegerField(default=0)
    subdistrict = models.IntegerField(default=0)
    department = models.IntegerField(default=0)
    reported = models.IntegerField(default=0)
    closed = models.IntegerField(default=0)
    closed_on_time = models.IntegerField(default=0)
    scored = models.IntegerField(default=0)
    returned = models.IntegerField(default=0)
    reopened = models.IntegerField(default=0)
    unsolved = models.IntegerField(default=0)
    asked_solved = models.IntegerField(default=0)
    satisfied = models.IntegerField(default=0)
    graded = models.IntegerField(default=0)

    class Meta:
        abstract = True


class TallyShare(Counted):
    """What one case is counted as in the cells."""

    case = models.BigIntegerField(primary_key=True, db_column="case_id")
    reported_on = models.DateField()
    closed_on = models.DateField(null=True)
    area = models.IntegerField(default=0)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["subdistrict", "reported_on"], name="tally_share_subdistrict"),
            models.Index(fields=["department", "reported_on"], name="tally_share_department"),
            models.Index(fields=["area", "reported_on"], name="tally_share_area"),
        ]

    def __str__(self) -> str:
        return f"{self.case}"


class TallyCell(Counted):
    """One sum. `first` is its day, or the first day of its month."""

    shape = models.CharField(max_length=1, choices=Shape)
    first = models.DateField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["shape", "first", "ledger", "topic", "subdistrict", "department"],
                name="tally_cell_once",
            )
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["subdistrict", "first"],
                name="tally_cell_subdistrict",
                condition=Q(shape="W"),
            ),
            models.Index(
                fields=["department", "first"],
                name="tally_cell_department",
                condition=Q(shape="W"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.shape} {self.first}"
