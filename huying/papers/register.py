"""The register of issued papers (发文登记簿): every series with its numbers, and whether any is missing."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Max, Min

from huying.papers.models import Paper, PaperSeries


@dataclass(frozen=True)
class Series:
    """One kind in one year. `missing` are numbers up to the last one that no paper has; empty: 号段连续."""

    kind: str
    title: str
    year: int
    papers: int
    first: int
    last: int
    claimed: int
    missing: tuple[int, ...]

    @property
    def whole(self) -> bool:
        """Every number from 1 to the last is there, and no number was claimed beyond it."""
        return not self.missing and self.claimed == self.last

    @property
    def missing_words(self) -> str:
        return "、".join(map(str, self.missing[:20])) + ("…" if len(self.missing) > 20 else "")


def series(year: int | None = None) -> list[Series]:
    """The series of a year, or of all years, newest first."""
    rows = Paper.objects.filter(**({"year": year} if year else {})).values("kind", "year")
    claimed = {(row.kind, row.year): row.last_number for row in PaperSeries.objects.all()}
    found = []
    for row in rows.annotate(papers=Count("pk"), first=Min("number"), last=Max("number")).order_by(
        "-year", "kind"
    ):
        kind, at = row["kind"], row["year"]
        missing: tuple[int, ...] = ()
        if row["papers"] != row["last"]:
            there = set(Paper.objects.filter(kind=kind, year=at).values_list("number", flat=True))
            missing = tuple(number for number in range(1, row["last"] + 1) if number not in there)
        newest = Paper.objects.filter(kind=kind, year=at).order_by("-number")[0]
        found.append(
            Series(
                kind, newest.mark or newest.get_kind_display(), at, row["papers"], row["first"], row["last"],
                claimed.get((kind, at), row["last"]), missing,
            )
        )  # fmt: skip
    return found
