"""A table of an appraisal as .xlsx with real formulas, as .csv, .docx and .pdf.

In the spreadsheet only what was counted is typed in. Percentages, points, totals and places are formulas of those
cells, so that a reader can change a number and see what would come out.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import xlsxwriter
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from xlsxwriter.utility import xl_rowcol_to_cell

from huying.figures.appraisals.formula import Formula, plain
from huying.figures.appraisals.rules import AppraisalRules, Part
from huying.figures.appraisals.scoring import Line, Step

WHY = {
    "no demand": gettext_lazy("无诉求"), "few": gettext_lazy("件数少，不排名"), "unknown": gettext_lazy("算不出"),
}  # fmt: skip


def workbook(rules: AppraisalRules, lines: Sequence[Line], notes: Sequence[tuple[str, str]] = ()) -> bytes:
    """The table as .xlsx."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        _Sheet(book, rules, lines).write()
        about = book.add_worksheet(_("说明"))
        about.set_column(0, 1, 40)
        formulas = [(str(part), part.formula.shown() if part.formula else "") for part in rules.parts]
        for place, (name, words) in enumerate([(_("考核"), str(rules)), *notes, *formulas]):
            about.write_string(place, 0, name)
            about.write_string(place, 1, words)
    return out.getvalue()


class _Sheet:
    """The sheet, column by column."""

    def __init__(self, book: Any, rules: AppraisalRules, lines: Sequence[Line]) -> None:
        self.rules, self.lines = rules, lines
        self.sheet = book.add_worksheet(_("考核结果"))
        self.head = book.add_format({"bold": True, "bg_color": "#E0EEEC", "bottom": 1, "text_wrap": True})
        self.sheet.freeze_panes(1, 1)
        self.sheet.set_column(0, 0, 24)
        self.column = 0

    def write(self) -> None:
        """Everything."""
        self._column(_("单位"), lambda line, row: self.sheet.write_string(row, 0, line.title))
        points: dict[str, int] = {}
        for part in self.rules.parts:
            self._part(part, points)
        extra = self._column(_("加减分"), lambda line, row: self._number(row, line.extra))
        counted = [points[part.code] for part in self.rules.parts if part.counts]
        total = self.column
        self._column(_("总分"), lambda line, row: self._total(line, row, [*counted, extra]))
        if not self.rules.tiers:
            self._column(_("名次"), lambda line, row: self._rank(line, row, total))
        self._column(
            _("结论"),
            lambda line, row: self.sheet.write_string(
                row, self.column, line.tier or str(WHY.get(line.why, ""))
            ),
        )

    def _column(self, heading: str, cell: Callable[[Line, int], Any]) -> int:
        self.sheet.write_string(0, self.column, heading, self.head)
        for row, line in enumerate(self.lines, start=1):
            cell(line, row)
        self.column += 1
        return self.column - 1

    def _number(self, row: int, value: Fraction | None) -> None:
        if value is not None:
            self.sheet.write_number(row, self.column, float(value))

    def _formula(self, row: int, text: str, value: Fraction | None) -> None:
        self.sheet.write_formula(
            row, self.column, f"={text}", None, float(value) if value is not None else ""
        )

    def _part(self, part: Part, points: dict[str, int]) -> None:
        at: dict[str, int] = {}
        at["n"] = self._column(
            f"{part} · {_('分子')}", lambda line, row: self._number(row, _step(line, part).n)
        )
        if any(_step(line, part).d is not None for line in self.lines):
            at["d"] = self._column(
                f"{part} · {_('分母')}", lambda line, row: self._number(row, _step(line, part).d)
            )
        formula = part.formula
        for name in sorted(formula.names if formula else ()):
            if name not in ("p", "v", "m", "n", "d") and not self._is_part(name):
                at[name] = self._column(f"{part} · {name}", self._known(part, name))
        for name in ("p", "v", "m"):
            if formula and name in formula.names:
                at[name] = self._column(f"{part} · {name}", self._derived(part, name, at))
        points[part.code] = self._column(
            f"{part} · {_('得分')}", lambda line, row: self._points(line, row, part, at, points)
        )

    def _is_part(self, name: str) -> bool:
        return any(part.name == name for part in self.rules.parts)

    def _known(self, part: Part, name: str) -> Callable[[Line, int], None]:
        return lambda line, row: self._number(row, _step(line, part).names.get(name))

    def _derived(self, part: Part, name: str, at: dict[str, int]) -> Callable[[Line, int], None]:
        def cell(line: Line, row: int) -> None:
            step = _step(line, part)
            value = step.names.get(name)
            if value is None:
                return
            n = xl_rowcol_to_cell(row, at["n"])
            quotient = f"{n}/{xl_rowcol_to_cell(row, at['d'])}" if step.d is not None else n
            text = {"p": f"{quotient}*100", "v": quotient}.get(name)
            if text is None:  # per head: the heads are not in a cell of their own
                self._number(row, value)
                return
            self._formula(row, f"ROUND({text},{part.input.decimals})" if part.input else text, value)

        return cell

    def _points(self, line: Line, row: int, part: Part, at: dict[str, int], points: dict[str, int]) -> None:
        step, formula = _step(line, part), part.formula
        if formula is None or step.empty or step.raw is None:
            self._number(row, step.points)
            return
        text = _bounded(formula, part, self._cells(row, at, points))
        if part.round is not None:
            text = f"ROUND({text},{part.round.decimals})"
        self._formula(row, text, step.points)

    def _cells(self, row: int, at: dict[str, int], points: dict[str, int]) -> dict[str, str]:
        names = {part.name: points[part.code] for part in self.rules.parts if part.code in points}
        return {name: xl_rowcol_to_cell(row, column) for name, column in {**names, **at}.items()}

    def _total(self, line: Line, row: int, columns: Sequence[int]) -> None:
        if line.exact is None:
            return
        text = "+".join(xl_rowcol_to_cell(row, column) for column in columns)
        text = _within(text, self.rules.least, self.rules.most)
        self._formula(row, f"ROUND({text},{self.rules.show.decimals})", Fraction(line.score or 0))

    def _rank(self, line: Line, row: int, total: int) -> None:
        if not line.rank:
            return
        ranked = [place for place, each in enumerate(self.lines, start=1) if each.rank]
        cells = f"{xl_rowcol_to_cell(ranked[0], total, True, True)}:{xl_rowcol_to_cell(ranked[-1], total, True, True)}"
        self._formula(row, f"RANK({xl_rowcol_to_cell(row, total)},{cells})", Fraction(line.rank))


def _step(line: Line, part: Part) -> Step:
    return line.step(part.code) or Step(part.code)


def _bounded(formula: Formula, part: Part, cells: dict[str, str]) -> str:
    return _within(formula.spreadsheet(cells), part.least, part.most)


def _within(text: str, least: Fraction | None, most: Fraction | None) -> str:
    text = text if least is None else f"MAX({plain(least)},{text})"
    return text if most is None else f"MIN({plain(most)},{text})"


def table_body(rules: AppraisalRules, lines: Sequence[Line], at: Any) -> str:
    """The table in the words of a paper: for .docx and .pdf."""
    moment = timezone.localtime(at)
    heads = [_("名次"), _("单位"), *(str(part) for part in rules.parts), _("加减分"), _("总分")]
    rows = [
        [
            str(line.rank or line.tier or str(WHY.get(line.why, ""))),
            line.title,
            *(step.shown for step in line.steps),
            plain(line.extra),
            _score(line),
        ]
        for line in lines
    ]
    said = [_("数到 %(moment)s。") % {"moment": f"{moment:%Y-%m-%d %H:%M}"}]
    said += [f"{part}：{part.formula.shown()}" for part in rules.parts if part.formula]
    table = ["| " + " | ".join(cell.replace("|", "／") for cell in row) + " |" for row in (heads, *rows)]
    return "\n".join([*said, *table])


def _score(line: Line) -> str:
    if line.score is None:
        return "—"
    return f"（{line.score}）" if line.why == "few" else str(line.score)


def _top(part: Part) -> Callable[[Line], str]:
    return lambda line: plain(_step(line, part).n)


def _bottom(part: Part) -> Callable[[Line], str]:
    return lambda line: "" if (bottom := _step(line, part).d) is None else plain(bottom)


def _shown(part: Part) -> Callable[[Line], str]:
    return lambda line: _step(line, part).shown


def table_rows(
    rules: AppraisalRules, lines: Sequence[Line]
) -> tuple[list[tuple[str, Callable[[Line], Any]]], Sequence[Line]]:
    """Columns and rows for .csv."""
    columns: list[tuple[str, Callable[[Line], Any]]] = [
        (_("名次"), lambda line: line.rank or ""),
        (_("单位"), lambda line: line.title),
    ]
    for part in rules.parts:
        columns += [
            (f"{part} · {_('分子')}", _top(part)),
            (
                f"{part} · {_('分母')}",
                _bottom(part),
            ),
            (f"{part} · {_('得分')}", _shown(part)),
        ]
    columns += [
        (_("加减分"), lambda line: plain(line.extra)),
        (_("总分"), lambda line: "" if line.score is None else str(line.score)),
        (_("结论"), lambda line: line.tier or str(WHY.get(line.why, ""))),
    ]
    return columns, lines
