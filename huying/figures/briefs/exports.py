"""The numbers of a brief as a table: what each is called, what it came to, exactly, and where its rows are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from django.conf import settings
from django.http import FileResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.spreadsheets import export_xlsx
from huying.figures.briefs.actions import composer_for
from huying.figures.briefs.composing import codes_of
from huying.figures.briefs.models import BriefRun
from huying.figures.exports import as_number, export_csv
from huying.papers.models import PaperDraft


@dataclass(frozen=True)
class NumberRow:
    """A line of the table."""

    code: str
    title: str
    text: str
    exact: Fraction | None
    rows: int | None
    url: str


def number_rows(run: BriefRun, draft: PaperDraft) -> list[NumberRow]:
    """The published numbers of an issued brief; of a draft those that its text names, as they are now."""
    if run.counted_at is not None:
        found = run.numbers.select_related("published", "published__figure")
        return [
            NumberRow(
                each.published.figure.code,
                str(each.published.rules),
                each.words,
                each.published.exact,
                each.published.rows,
                each.published.get_absolute_url(),
            )
            for each in found
        ]
    composer = composer_for(run)
    values = [(code, composer.value(code)) for code in codes_of(draft.body)]
    return [
        NumberRow(code, str(value.rules), composer.said(code), value.exact, None, value.url)
        for code, value in values
        if value is not None
    ]


def numbers_file(run: BriefRun, draft: PaperDraft, *, as_csv: bool = False) -> FileResponse:
    """The table as .xlsx or .csv."""
    columns: list[tuple[str, Callable[[NumberRow], Any]]] = [
        (_("代码"), lambda row: row.code),
        (_("名称"), lambda row: row.title),
        (_("文中写法"), lambda row: row.text),
        (_("数"), lambda row: as_number(row.exact)),
        (_("记录数"), lambda row: row.rows),
        (_("打开记录"), lambda row: f"{settings.PUBLIC_URL}{row.url}"),
    ]
    rows = number_rows(run, draft)
    if as_csv:
        return export_csv(draft.title, columns, rows)
    moment = timezone.localtime(run.counted_at or timezone.now())
    notes = [
        (_("截至"), f"{moment:%Y-%m-%d %H:%M:%S}"),
        (_("时段"), f"{run.first_day or ''} – {run.last_day}"),
    ]
    return export_xlsx(draft.title, columns, rows, notes)
