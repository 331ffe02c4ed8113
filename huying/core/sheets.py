"""Uploaded tables (.xlsx, .xls, .ods, .csv) as rows of text; what unfolds to more than the machine has is refused."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
import zlib
from dataclasses import dataclass, field
from functools import reduce

from django.utils.translation import gettext as _

from huying.core.errors import Refusal

MOST_UNPACKED = 200 * 1024**2  # bytes
MOST_CELLS = 5_000_000  # of the rectangle around everything that is filled in
_CELL = re.compile(rb'<c[^>]*? r="([A-Z]{1,3})(\d{1,7})"')
_EXACT = 10**15  # larger whole numbers lose digits in a spreadsheet


@dataclass
class Line:
    """One row, as the spreadsheet numbers it; `rounded` are columns whose number has lost its last digits."""

    row: int
    cells: dict[str, str]
    rounded: list[str] = field(default_factory=list)


@dataclass
class Table:
    """The headings and the rows that hold anything."""

    columns: list[str]
    lines: list[Line]


def unfolds_too_large(raw: bytes) -> bool:
    """Whether a small .xlsx holds too much: by its packing, or by one cell in the last corner."""
    if not zipfile.is_zipfile(io.BytesIO(raw)):
        return False
    with zipfile.ZipFile(io.BytesIO(raw)) as parts:
        if sum(part.file_size for part in parts.infolist()) > MOST_UNPACKED:
            return True
        for part in parts.infolist():
            if part.filename.startswith("xl/worksheets/") and part.filename.endswith(".xml"):
                columns, rows = 0, 0
                for letters, digits in _CELL.findall(_unpacked(parts, part)):
                    columns = max(columns, reduce(lambda sum_, letter: sum_ * 26 + letter - 64, letters, 0))
                    rows = max(rows, int(digits))
                if columns * rows > MOST_CELLS:
                    return True
    return False


def _unpacked(parts: zipfile.ZipFile, part: zipfile.ZipInfo) -> bytes:
    """The part's bytes; none of a broken one, which the reader of the table then refuses."""
    try:
        with parts.open(part) as opened:
            return opened.read(MOST_UNPACKED)
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, zlib.error):
        return b""


def read_table(name: str, raw: bytes) -> Table:
    """The first sheet. Raises Refusal (field `file`), saying what to do."""
    rows = _csv_rows(raw) if name.lower().endswith((".csv", ".txt")) else _sheet_rows(raw)
    if not rows:
        raise Refusal(_("表是空的。第一行写列名，从第二行起每行一件。"), field="file")
    columns = [_text(cell) for cell in rows[0]]
    lines = []
    for number, cells in enumerate(rows[1:], start=2):
        found = {column: _text(cell) for column, cell in zip(columns, cells, strict=False) if column}
        if any(found.values()):
            rounded = [
                column
                for column, cell in zip(columns, cells, strict=False)
                if isinstance(cell, (int, float)) and not isinstance(cell, bool) and abs(cell) >= _EXACT
            ]
            lines.append(Line(number, found, rounded))
    return Table([column for column in columns if column], lines)


def _csv_rows(raw: bytes) -> list[list[object]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise Refusal(_("读不出文字：请另存为 UTF-8 编码。"), field="file")
    try:
        return [list(row) for row in csv.reader(io.StringIO(text, newline=""))]
    except csv.Error as error:
        raise Refusal(_("CSV 写法有误：%s。") % error, field="file") from None


def _sheet_rows(raw: bytes) -> list[list[object]]:
    import python_calamine

    if unfolds_too_large(raw):
        raise Refusal(_("这个表格太大。请删掉多余的空行空列，或拆成几个再导入。"), field="file")
    try:
        sheet = python_calamine.load_workbook(io.BytesIO(raw)).get_sheet_by_index(0)
        return [list(row) for row in sheet.to_python(skip_empty_area=False)]
    except (python_calamine.CalamineError, OSError, IndexError, ValueError):
        raise Refusal(_("打不开这个文件。请用 .xlsx 或 .csv 格式保存后再试。"), field="file") from None


def _text(cell: object) -> str:
    """A cell as somebody would type it: 300 and not 300.0, moments as 2026-11-21 08:30:00; never a NUL."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, dt.datetime):
        return f"{cell:%Y-%m-%d %H:%M:%S}"
    return str(cell).replace("\0", " ").encode("utf-8", "replace").decode().strip()
