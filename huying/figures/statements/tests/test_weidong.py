"""Weidong's statements: the same ids and values as the printed ones, and what the demonstration makes of them."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from huying.figures.models import Figure
from huying.figures.statements.models import Statement
from huying.figures.statements.report import Line, compare, tally

WEIDONG = settings.BASE_DIR / "districts" / "weidong"
SHEET = WEIDONG / "demonstration" / "statements.csv"
# Systems of the papers that do not exist yet; everything else has to be counted.
NOT_BUILT = {
    "A6", "B13", "B14", "D7", "D9", "F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8", "F9", "F10", "F12", "F14", "G4",
    "B17", "F11", "G3", "H1", "H2", "H3", "H4", "H6",
}  # fmt: skip

CONTRADICTORY = {
    "000-16", "000-20", "000-22", "000-39", "001-30", "001-31", "002-55", "003-24", "003-66", "003-67", "003-72",
    "003-73", "004-14", "004-16",
}  # fmt: skip
TALLY = {"reproduced": 305, "contradictory": len(CONTRADICTORY), "differs": 0, "not-built": 87}
# Figures of campaigns, counted by the campaign itself, and the same declared as figures.
SAME = {
    "civilised-2021": {"people": "supervision-people-2021", "opinions": "supervision-opinions-2021"},
    "civilised-city": {"dogs": "city-dogs", "vendors": "city-vendors", "wires": "city-wires"},
    "covers-2023": {"own": "covers-own", "others": "covers-others", "all": "covers-all"},
    "donggaohuang-2021": {
        "adverts": "donggaohuang-adverts", "shops": "donggaohuang-shops", "stalls": "donggaohuang-stalls",
    },
    "four-cities-2017": {
        name: f"four-cities-{name}" for name in ("roads", "bins", "containers", "loads", "adverts", "walls", "parks")
    },
    "rural-2022": {name: f"rural-{name}-2022" for name in ("heaps", "sheds", "ruins", "boards", "ditches")},
    "rural-2023": {name: f"rural-{name}-2023" for name in ("spots", "disorder", "boards")},
    "small-premises-2017": {
        "surveyed": "premises-surveyed", "visits": "premises-visits", "people": "premises-people",
        "red": "premises-red",
        "black": "premises-black", "suspended": "premises-suspended", "closed": "premises-closed",
        "orders": "premises-orders", "seized": "premises-seized", "kitchens": "premises-kitchens",
    },
    "street-fronts-2023": {"grilles": "fronts-grilles", "windows": "fronts-windows"},
    "work-supervision": {"visits": "work-visits", "units": "work-units", "problems": "work-problems"},
}  # fmt: skip


def sheet() -> list[dict[str, str]]:
    """The rows of the sheet."""
    with SHEET.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_sheet_has_exactly_the_printed_figures() -> None:
    printed = Path(settings.SHARED_DATA).parent / "spec" / "figures.tsv"
    if not printed.is_file():
        pytest.skip(f"{printed} is absent")
    with printed.open(encoding="utf-8") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        values = {row["id"]: Decimal(row["value"]) for row in rows}
    assert {row["code"]: Decimal(row["value"]) for row in sheet()} == values


def test_what_no_figure_counts_belongs_to_a_system_that_is_not_built() -> None:
    assert {row["system"] for row in sheet() if not row["figure"]} <= NOT_BUILT
    assert len(sheet()) == 406


@pytest.fixture(scope="module")
def lines(demonstration: list[str], django_db_blocker: Any) -> dict[str, Line]:
    """What the demonstration's rows say to each statement."""
    with django_db_blocker.unblock():
        return {line.statement.code: line for line in compare(Statement.objects.filter(active=True))}


@pytest.mark.schema
@pytest.mark.xdist_group("demonstration")
@pytest.mark.django_db
def test_every_printed_figure_is_reproduced_doubted_or_not_built(lines: dict[str, Line]) -> None:
    differs = [code for code, line in lines.items() if line.verdict == Statement.Verdict.DIFFERS]
    assert differs == []
    assert tally(lines.values()) == TALLY


@pytest.mark.schema
@pytest.mark.xdist_group("demonstration")
@pytest.mark.django_db
def test_the_contradictions_of_the_source_are_found_with_their_reasons(lines: dict[str, Line]) -> None:
    found = {code for code, line in lines.items() if line.verdict == Statement.Verdict.CONTRADICTORY}
    assert found == CONTRADICTORY
    assert all(lines[code].failed and lines[code].failed[0].title_en for code in found)


@pytest.mark.schema
@pytest.mark.xdist_group("demonstration")
@pytest.mark.django_db
def test_campaigns_and_figures_count_the_same(lines: dict[str, Line]) -> None:
    from huying.figures.counting import counted
    from huying.inspections.campaigns.counting import Counting
    from huying.inspections.campaigns.models import Campaign
    from huying.people.models import User

    supervisor = User.objects.get(username="supervisor")
    for campaign, pairs in SAME.items():
        numbers = {
            each.code: each.value
            for each in Counting(Campaign.objects.get(code=campaign), supervisor).figures()
        }
        for name, code in pairs.items():
            assert counted(code).exact == numbers[name], (campaign, name, code)


@pytest.mark.schema
@pytest.mark.xdist_group("demonstration")
@pytest.mark.django_db
def test_no_figure_that_a_statement_names_is_a_constant(lines: dict[str, Line]) -> None:
    """Each is counted over a collection, or calculated from figures that are."""
    figures = {row.code: row.rules for row in Figure.objects.filter(active=True)}

    def of_rows(code: str) -> bool:
        rules = figures[code]
        parts = rules.parts[:1] if rules.way in ("percent_of", "pace") else rules.parts
        return bool(rules.of) or all(map(of_rows, parts))

    named = {line.statement.figure for line in lines.values() if line.statement.figure}
    assert all(of_rows(code) for code in named)
