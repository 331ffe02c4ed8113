"""Rows and groups of a figure as .xlsx and .csv: numbers as numbers, and beside them what they mean."""

from __future__ import annotations

import codecs
import csv
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any
from urllib.parse import quote

from django.http import FileResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.spreadsheets import export_xlsx
from huying.figures.counting import Group, Value
from huying.figures.meaning import Meaning
from huying.figures.models import PublishedFigure
from huying.figures.rows import Row, batches, described, ordered_rows, readable_rows
from huying.figures.rules import FigureRules
from huying.people.models import User

CHUNK = 1000
Columns = Sequence[tuple[str, Callable[[Any], Any]]]


def as_number(exact: Fraction | None) -> int | float | None:
    """A number as a spreadsheet keeps it."""
    if exact is None:
        return None
    return exact.numerator if exact.denominator == 1 else float(exact)


def row_columns(rules: FigureRules) -> Columns:
    """What is told of each row that was counted."""
    columns: list[tuple[str, Callable[[Row], Any]]] = [
        (_("编号"), lambda row: row.facts.pk), (_("记录"), lambda row: row.facts.label),
        (_("状态"), lambda row: row.facts.state), (_("日期"), lambda row: row.facts.day),
    ]  # fmt: skip
    if rules.way in ("sum", "mean"):
        columns.append((_("计入的数"), lambda row: as_number(row.number)))
    if rules.way == "share":
        columns.append((_("计入分子"), lambda row: 1 if row.inside else 0))
    return columns


def notes_of(value: Value, said: Meaning) -> list[tuple[str, str]]:
    """The sheet beside the rows: the value, its moment, its meaning."""
    moment = timezone.localtime(value.at)
    return [
        (_("数值"), value.text),
        (_("数的代码"), value.rules.code),
        (_("截至"), f"{moment:%Y-%m-%d %H:%M:%S}"),
        *((_("怎么数"), each) for each in said),
    ]


def rows_for_export(value: Value, user: User) -> Iterator[Row]:
    """Every row of a value that this person may open, in the order of the page."""
    rules = value.rules
    rows = readable_rows(rules, ordered_rows(rules, value.asked, value.at), user)
    for chunk in batches(rows.iterator(chunk_size=CHUNK), CHUNK):
        yield from described(rules, chunk, value.at)


def export_rows(value: Value, said: Meaning, user: User, *, as_csv: bool = False) -> FileResponse:
    """The rows as a download. Call it inside `as_of` for an earlier moment."""
    title, columns = str(value.rules), row_columns(value.rules)
    rows = rows_for_export(value, user)
    return (
        export_csv(title, columns, rows)
        if as_csv
        else export_xlsx(title, columns, rows, notes_of(value, said))
    )


def export_frozen(
    published: PublishedFigure, said: Meaning, rows: Iterable[Row], *, as_csv: bool = False
) -> FileResponse:
    """The frozen rows that the reader may see."""
    title, columns = f"{published.rules} {published.token}", row_columns(published.rules)
    moment = timezone.localtime(published.at)
    notes = [
        (_("数值"), published.text), (_("截至"), f"{moment:%Y-%m-%d %H:%M:%S}"), (_("固定地址"), published.token),
        *((_("怎么数"), each) for each in said),
    ]  # fmt: skip
    return export_csv(title, columns, rows) if as_csv else export_xlsx(title, columns, rows, notes)


def export_groups(
    value: Value,
    said: Meaning,
    by: str,
    groups: Sequence[Group],
    link: Callable[[str], str],
    *,
    as_csv: bool = False,
) -> FileResponse:
    """The groups of a figure, each with its number as shown and exactly; `link` makes an address absolute."""
    title = f"{value.rules} {by}"
    moment = f"{timezone.localtime(value.at):%Y-%m-%d %H:%M:%S}"
    columns: list[tuple[str, Callable[[Group], Any]]] = [
        (_("代码"), lambda group: group.key), (by, lambda group: group.title),
        (_("数"), lambda group: as_number(group.value.exact)), (_("显示"), lambda group: group.value.number),
    ]  # fmt: skip
    if value.denominator is not None:
        columns += [
            (_("分子"), lambda group: as_number(group.value.numerator)),
            (_("分母"), lambda group: as_number(group.value.denominator)),
        ]
    columns += [
        (_("数的代码"), lambda group: value.rules.code), (_("截至"), lambda group: moment),
        (_("它的记录"), lambda group: link(group.value.url) if group.key else ""),
    ]  # fmt: skip
    return (
        export_csv(title, columns, groups)
        if as_csv
        else export_xlsx(title, columns, groups, notes_of(value, said))
    )


def export_csv(title: str, columns: Columns, rows: Iterable[Any]) -> FileResponse:
    """A table as .csv in UTF-8 with its mark, so that spreadsheets read the Chinese."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  (the response closes it)
    file.write(codecs.BOM_UTF8)
    writer = csv.writer(codecs.getwriter("utf-8")(file))
    writer.writerow([heading for heading, _getter in columns])
    for row in rows:
        writer.writerow([_plain(getter(row)) for _heading, getter in columns])
    file.seek(0)
    response = FileResponse(file, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = (
        f"attachment; filename*=UTF-8''{quote(f'{title}-{timezone.localtime():%Y%m%d-%H%M}.csv', safe='')}"
    )
    return response


def _plain(value: Any) -> Any:
    """Text that a spreadsheet would take for a formula is kept as text."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@") else value
