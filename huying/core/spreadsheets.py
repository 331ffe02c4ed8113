"""Tables as .xlsx, written row by row so that a long list needs no memory."""

import tempfile
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import xlsxwriter
from django.http import FileResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import Refusal

MOST_ROWS = 1_048_575
"""Rows that an .xlsx sheet holds below its heading."""

Getter = Callable[[Any], Any]


def export_xlsx(
    title: str,
    columns: Sequence[tuple[str, Getter]],
    rows: Iterable[Any],
    notes: Sequence[tuple[str, str]] = (),
) -> FileResponse:
    """A download named ``title`` and the time, with one row per item of ``rows``.

    ``columns`` are (heading, function of the row); ``notes`` (what, value) go to a second sheet, with the time and the
    number of rows. Raises Refusal when there are more rows than a sheet holds.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115  (the response closes it)
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "in_memory": False,
    }
    with xlsxwriter.Workbook(file, options) as book:
        head = book.add_format({"bold": True, "bg_color": "#E0EEEC", "bottom": 1})
        formats: dict[type, Any] = {
            datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
            date: book.add_format({"num_format": "yyyy-mm-dd"}),
        }
        sheet = book.add_worksheet(_("数据"))
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, max(0, len(columns) - 1), 18)
        for place, (heading, _getter) in enumerate(columns):
            sheet.write_string(0, place, heading, head)
        line = 0
        for line, row in enumerate(rows, start=1):
            if line > MOST_ROWS:
                raise Refusal(_("超过 %d 行，一个表格放不下。请先缩小筛选范围，再导出。") % MOST_ROWS)
            for place, (_heading, getter) in enumerate(columns):
                _write(sheet, line, place, getter(row), formats)
        now = timezone.localtime()
        about = book.add_worksheet(_("说明"))
        about.set_column(0, 1, 24)
        written = [
            (_("表名"), title),
            (_("导出时间"), f"{now:%Y-%m-%d %H:%M}"),
            (_("行数"), str(line)),
            *notes,
        ]
        for place, (name, value) in enumerate(written):
            about.write_string(place, 0, name, head)
            about.write_string(place, 1, value)
    file.seek(0)
    response = FileResponse(
        file, content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    )
    name = quote(f"{title}-{now:%Y%m%d-%H%M}.xlsx", safe="")
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
    return response


def _write(sheet: Any, line: int, place: int, value: Any, formats: dict[type, Any]) -> None:
    if value is None or value == "":
        return
    if isinstance(value, bool):
        sheet.write_string(line, place, _("是") if value else _("否"))
    elif isinstance(value, (int, float, Decimal)):
        sheet.write_number(line, place, value)
    elif isinstance(value, datetime):
        local = timezone.localtime(value) if timezone.is_aware(value) else value
        sheet.write_datetime(line, place, local.replace(tzinfo=None), formats[datetime])
    elif isinstance(value, date):
        sheet.write_datetime(line, place, value, formats[date])
    elif isinstance(value, timedelta):
        sheet.write_number(line, place, round(value.total_seconds() / 3600, 2))
    else:
        sheet.write_string(line, place, str(value))
