"""A letter as a Word file: the layout of GB/T 9704-2012 by the means of Word, so that offices can go on editing it.

The grid of the page gives 22 lines of 28 characters; every line of the body is exactly one line of that grid high.
"""

from __future__ import annotations

import base64
import io
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
from docx.enum.text import WD_BREAK, WD_TAB_ALIGNMENT
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from huying.papers.blocks import Heading, NewPage, Paragraph, Picture, Span, Table
from huying.papers.letter import Letter

BODY_PT, TITLE_PT, SMALL_PT, TABLE_PT, LINE_PT = 16, 22, 14, 12, 28.95
_RED = "D7000F"
_HEADING_FACES = {1: "heiti", 2: "kaiti", 3: "fangsong", 4: "fangsong"}
_TEXT_MM, _PICTURE_MM = 156, 150  # no picture is higher, so that its caption stays on its page
_IMPRINT_LINE_PT, _OUTER_RULE_PT, _INNER_RULE_PT = 24, 1, 0.7  # rules of 0.35 and 0.25 mm
_AFTER_TABS = ("w:snapToGrid", "w:spacing", "w:ind", "w:jc", "w:rPr")  # the order of properties in the format
_SHORT = 28 * 8  # characters of a paragraph that may move to the next page with the signature
_CLOSER = -5  # twentieths of a point: 28 characters of 16 pt are 441 pt, the text is 442.2 pt wide


def written(letter: Letter, families: Mapping[str, str]) -> bytes:
    """The letter as the bytes of a .docx; `families` names the font of each face."""
    document = Document()
    _set_page(document.sections[0])
    document.core_properties.title = "".join(letter.title_lines)
    document.core_properties.author = letter.signature
    _Writer(document, families).write(letter)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _set_page(section: Any) -> None:
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    section.footer_distance = Mm(23)
    grid = section._sectPr.find(qn("w:docGrid"))
    if grid is None:
        grid = OxmlElement("w:docGrid")
        section._sectPr.append(grid)
    # Only lines: a character wider than its cell (16 pt in 15.8 pt) takes two cells in LibreOffice. `_style` sets the
    # characters closer instead, which Word and LibreOffice draw alike.
    grid.set(qn("w:type"), "lines")
    grid.set(qn("w:linePitch"), str(round(LINE_PT * 20)))


def width_em(words: str) -> float:
    """The width of a text in characters: letters and digits are half as wide."""
    return sum(1.0 if unicodedata.east_asian_width(each) in "WFA" else 0.5 for each in words)


class _Writer:
    """Writes paragraphs with Chinese fonts, which python-docx knows only as raw attributes."""

    def __init__(self, document: Any, families: Mapping[str, str]) -> None:
        self.document, self.families = document, families
        self._style()

    def _style(self) -> None:
        """What Word takes where nothing else is said: no spacing of its own, the body's font."""
        style = self.document.styles["Normal"]
        style.font.size, style.font.name = Pt(BODY_PT), self.families["fangsong"]
        style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), self.families["fangsong"])
        self._closer(style.element.get_or_add_rPr(), _CLOSER)
        paragraph = style.element.get_or_add_pPr()
        for name in (
            "w:autoSpaceDE",
            "w:autoSpaceDN",
        ):  # no gap between 2026 and 年: every character is one cell
            switch = OxmlElement(name)
            switch.set(qn("w:val"), "0")
            paragraph.append(switch)
        style.paragraph_format.space_before = style.paragraph_format.space_after = Pt(0)

    @staticmethod
    def _closer(properties: Any, twentieths: int) -> None:
        spacing = OxmlElement("w:spacing")
        spacing.set(qn("w:val"), str(twentieths))
        properties.insert_element_before(
            spacing, "w:w", "w:kern", "w:position", "w:sz", "w:szCs", "w:highlight", "w:u", "w:lang"
        )

    def write(self, letter: Letter) -> None:
        if letter.void:
            self.line(letter.void, "heiti", TABLE_PT, ALIGN.RIGHT, red=True)
        self.head(letter)
        self.title(letter)
        if letter.addressee:
            self.line(letter.addressee)
        last = None
        for block in letter.blocks:
            last = self.block(letter, block) or last
        self.below(letter)
        self.end(letter, last)
        self.imprint(letter)
        self.page_number(first=letter.layout != "letter")

    # -- the head ----------------------------------------------------------------------------------------

    def head(self, letter: Letter) -> None:
        if letter.layout == "form":
            if letter.number:
                self.line(letter.number, align=ALIGN.RIGHT)
            return
        if letter.layout == "letter":
            head = self.line(letter.head, "title", letter.head_size_pt, ALIGN.CENTER, red=True, exact=False)
            head.paragraph_format.left_indent, head.paragraph_format.right_indent = Mm(-8), Mm(-6)
            self.rule(head, "thickThinSmallGap", 24)
            for place, mark in enumerate(letter.marks or ("",)):
                line = self.line(mark, "heiti")
                if place == 0:
                    line.paragraph_format.tab_stops.add_tab_stop(Mm(_TEXT_MM), WD_TAB_ALIGNMENT.RIGHT)
                    self.run(line, f"\t{letter.number}", "fangsong", BODY_PT)
            return
        for place in range(3):  # 35 mm between the edge of the text and the head
            marks = letter.marks
            self.line(marks[place] if place < len(marks) else "", "heiti")
        self.line(letter.head, "title", letter.head_size_pt, ALIGN.CENTER, red=True, exact=False)
        self.line("")
        if (
            letter.signer
        ):  # 上行文: the number one character in from the left, the signer one in from the right
            line = self.line(f"{letter.number}\t签发人：", indent=1)
            line.paragraph_format.tab_stops.add_tab_stop(Pt(442 - BODY_PT), WD_TAB_ALIGNMENT.RIGHT)
            self.run(line, letter.signer, "kaiti", BODY_PT)
        else:
            line = self.line(letter.number, align=ALIGN.CENTER)
        self.rule(line, "single", 12)

    def title(self, letter: Letter) -> None:
        if letter.layout != "form":
            self.line("")
        for words in letter.title_lines:
            self.line(words, "title", TITLE_PT, ALIGN.CENTER).paragraph_format.keep_with_next = True
        self.line("")

    # -- the body ----------------------------------------------------------------------------------------

    def block(self, letter: Letter, block: object) -> Any:
        """The paragraph that was written, where the block is one."""
        if isinstance(block, Paragraph):
            return self.words(block.spans)
        if isinstance(block, Heading):
            line = self.words(block.spans, _HEADING_FACES[block.level])
            self.spans(line, block.rest, "fangsong", BODY_PT)
            line.paragraph_format.keep_with_next = not block.rest
            return line
        if isinstance(block, Table):
            self.table(block)
        elif isinstance(block, Picture):
            self.picture(block, letter.pictures.get(block.name, ""))
        elif isinstance(block, NewPage):
            self.line("").add_run().add_break(WD_BREAK.PAGE)
        return None

    def words(self, spans: Sequence[Span], face: str = "fangsong") -> Any:
        line = self.line("", face, BODY_PT, ALIGN.JUSTIFY, indent=2)
        self.spans(line, spans, face, BODY_PT)
        line.paragraph_format.widow_control = True
        return line

    def spans(self, line: Any, spans: Sequence[Span], face: str, size: float) -> None:
        for span in spans:
            if span.href:
                self.link(line, span, face, size)
            else:
                self.run(line, span.text, face, size)

    def link(self, line: Any, span: Span, face: str, size: float) -> None:
        """A run that leads to its address; it looks like the text around it."""
        key = line.part.relate_to(
            f"{settings.PUBLIC_URL}{span.href}", RELATIONSHIP_TYPE.HYPERLINK, is_external=True
        )
        link = OxmlElement("w:hyperlink")
        link.set(qn("r:id"), key)
        link.append(self.run(line, span.text, face, size)._r)
        line._p.append(link)

    def table(self, block: Table) -> None:
        rows = (block.head, *block.rows)
        table = self.document.add_table(rows=len(rows), cols=len(block.head), style="Table Grid")
        table.alignment = 1  # centred
        for place, (row, cells) in enumerate(zip(table.rows, rows, strict=True)):
            properties = row._tr.get_or_add_trPr()
            for name in ("w:cantSplit", *(("w:tblHeader",) if place == 0 else ())):
                properties.append(OxmlElement(name))
            for cell, spans in zip(row.cells, cells, strict=True):
                line = cell.paragraphs[0]
                line.alignment = ALIGN.CENTER
                line.paragraph_format.line_spacing = Pt(18)
                self.spans(line, spans, "heiti" if place == 0 else "fangsong", TABLE_PT)

    def picture(self, block: Picture, address: str) -> None:
        if address:
            line = self.line("", align=ALIGN.CENTER, exact=False)
            made = line.add_run().add_picture(io.BytesIO(base64.b64decode(address.partition(",")[2])))
            smaller = min(Mm(_TEXT_MM) / made.width, Mm(_PICTURE_MM) / made.height, 1)
            made.width, made.height = round(made.width * smaller), round(made.height * smaller)
            line.paragraph_format.keep_with_next = bool(block.caption)
        if block.caption:
            self.line(block.caption, "fangsong", TABLE_PT, ALIGN.CENTER)

    # -- the end -----------------------------------------------------------------------------------------

    def below(self, letter: Letter) -> None:
        """附件, 出席, and the places of those who sign by hand."""
        for place, name in enumerate(letter.attachments):
            if place == 0:
                self.line("")
            several = len(letter.attachments) > 1
            words = f"{'附件：' if place == 0 else ''}{f'{place + 1}. ' if several else ''}{name}"
            line = self.line(words)
            hang = (1.5 if several else 0) + (3 if place == 0 else 0)
            line.paragraph_format.left_indent = Pt(BODY_PT * (6.5 if several else 5))
            line.paragraph_format.first_line_indent = Pt(-BODY_PT * hang)
        if letter.attendees:
            self.line("")
            line = self.line("出席：", "heiti", align=ALIGN.JUSTIFY, indent=2)
            self.run(line, "　".join(letter.attendees), "fangsong", BODY_PT)
        for name in letter.signatories:
            self.line("")
            self.line(f"{name}（签章）：").paragraph_format.keep_with_next = True
            self.line("　　　　年　　月　　日")

    def end(self, letter: Letter, last: Any) -> None:
        """Signature and date; a signature never stands on a page of its own."""
        if not letter.signature and letter.layout != "minutes":
            return
        gap = self.line("")
        office, day = width_em(letter.signature), width_em(letter.date)
        lines = [last, gap]
        if letter.seal:
            right = max(4 + (day - office) / 2, 0)
            signature = self.line(letter.signature, align=ALIGN.RIGHT, right=right)
            self.seal(signature, letter.seal)
            lines.append(signature)
            date = self.line(letter.date, align=ALIGN.RIGHT, right=4)
        else:
            # The date begins two characters after the office; whichever ends later ends two characters in.
            wide = max(office, 2 + day)
            if letter.signature:
                lines.append(self.line(letter.signature, align=ALIGN.RIGHT, right=2 + wide - office))
            date = self.line(letter.date, align=ALIGN.RIGHT, right=2 + wide - 2 - day)
        if letter.link or letter.cc or letter.printer:
            lines.append(date)  # the imprint shares its page with the date
        for line in lines:
            # A paragraph over several pages that is kept with what follows would begin a page of its own.
            if line is not None and len(line.text) < _SHORT:
                line.paragraph_format.keep_with_next = True

    def seal(self, line: Any, address: str) -> None:
        """The seal stands in the signature's line, as in a paper that is stamped by hand it stands over it."""
        line.add_run().add_picture(io.BytesIO(base64.b64decode(address.partition(",")[2])), width=Mm(42))
        line.paragraph_format.line_spacing = None

    def imprint(self, letter: Letter) -> None:
        """版记: at the foot of the page on which the text ends.

        Paragraphs in one frame that stands on the lower edge of the text. Word and LibreOffice place a frame alike; a
        floating table as wide as the text LibreOffice (7.4) leaves where it is written.
        """
        if not (letter.link or letter.cc or letter.printer):
            return
        if letter.link:
            self._code(letter.link)
        if letter.cc:
            self._frame_rule(_OUTER_RULE_PT)
            line = self._frame_line(f"抄送：{letter.cc}。")
            line.paragraph_format.left_indent = Pt(SMALL_PT * 4)
            line.paragraph_format.first_line_indent = Pt(-SMALL_PT * 3)
        if letter.printer:
            self._frame_rule(_INNER_RULE_PT if letter.cc else _OUTER_RULE_PT)
            line = self._frame_line(f"{letter.printer}\t{letter.date}印发")
            line.paragraph_format.tab_stops.add_tab_stop(Pt(442 - SMALL_PT), WD_TAB_ALIGNMENT.RIGHT)
        if letter.cc or letter.printer:
            self._frame_rule(_OUTER_RULE_PT)
        # A frame belongs to the paragraph after it: as small as can be, so that it opens no page.
        self.document.add_paragraph().paragraph_format.line_spacing = Pt(1)

    def _frame_line(self, words: str) -> Any:
        line = self.document.add_paragraph()
        self._in_frame(line)
        form = line.paragraph_format
        form.left_indent = form.right_indent = Pt(SMALL_PT)
        form.line_spacing = Pt(_IMPRINT_LINE_PT)
        if words:
            self.run(line, words, "fangsong", SMALL_PT)
        return line

    def _frame_rule(self, height_pt: float) -> None:
        """A black rule across the text: a shaded line, because borders take a frame apart in LibreOffice."""
        line = self.document.add_paragraph()
        self._in_frame(line)
        line.paragraph_format.line_spacing = Pt(height_pt)
        shade = OxmlElement("w:shd")
        for name, value in (("val", "clear"), ("color", "auto"), ("fill", "000000")):
            shade.set(qn(f"w:{name}"), value)
        line._p.pPr.insert_element_before(shade, "w:tabs", *_AFTER_TABS)

    def _code(self, link: str) -> None:
        import segno

        image = io.BytesIO()
        segno.make(link, error="m", micro=False).save(image, kind="png", scale=6, border=0)
        image.seek(0)
        line = self._frame_line("")
        line.paragraph_format.left_indent = line.paragraph_format.right_indent = Pt(0)
        line.paragraph_format.space_after = Pt(6)
        line.paragraph_format.line_spacing = None
        line.add_run().add_picture(image, width=Mm(22))
        self.run(line, f"　扫码查看文中数字的来源　{link}", "fangsong", 10)

    @staticmethod
    def _in_frame(paragraph: Any) -> None:
        """Paragraphs that follow each other with the same frame are in one frame."""
        frame = OxmlElement("w:framePr")
        said = (
            ("w", str(round(_TEXT_MM / 25.4 * 1440))),
            ("hSpace", "0"),
            ("vSpace", str(round(_IMPRINT_LINE_PT * 10))),
            ("wrap", "around"),
            ("vAnchor", "margin"),
            ("hAnchor", "margin"),
            ("xAlign", "left"),
            ("yAlign", "bottom"),
        )
        for name, value in said:
            frame.set(qn(f"w:{name}"), value)
        properties = paragraph._p.get_or_add_pPr()
        properties.insert_element_before(frame, "w:shd", "w:tabs", *_AFTER_TABS)
        grid = OxmlElement("w:snapToGrid")
        grid.set(qn("w:val"), "0")
        properties.insert_element_before(grid, *_AFTER_TABS[1:])

    # -- one line ----------------------------------------------------------------------------------------

    def line(
        self, words: str, face: str = "fangsong", size: float = BODY_PT, align: Any = None, *,
        red: bool = False, indent: float = 0, right: float = 0, exact: bool = True,
    ) -> Any:  # fmt: skip
        paragraph = self.document.add_paragraph()
        form = paragraph.paragraph_format
        form.space_before = form.space_after = Pt(0)
        if exact:
            form.line_spacing = Pt(max(LINE_PT, size * 1.5))
        form.first_line_indent = Pt(size * indent)
        form.right_indent = Pt(size * right)
        if align is not None:
            paragraph.alignment = align
        if words:
            self.run(paragraph, words, face, size, red=red)
        return paragraph

    def run(self, paragraph: Any, words: str, face: str, size: float, *, red: bool = False) -> Any:
        run = paragraph.add_run(words)
        run.font.size, run.font.name = Pt(size), self.families[face]
        run._element.get_or_add_rPr().rFonts.set(qn("w:eastAsia"), self.families[face])
        if red:
            run.font.color.rgb = RGBColor.from_string(_RED)
        return run

    def rule(self, paragraph: Any, kind: str, size: int) -> None:
        """The red rule 4 mm below a line; `size` in eighths of a point."""
        self._border(paragraph, {"bottom": (kind, size, 11, _RED)})

    def _border(self, paragraph: Any, sides: Mapping[str, tuple[str, int, int, str]]) -> None:
        borders = OxmlElement("w:pBdr")
        for side, values in sides.items():
            edge = OxmlElement(f"w:{side}")
            for name, value in zip(("val", "sz", "space", "color"), values, strict=True):
                edge.set(qn(f"w:{name}"), str(value))
            borders.append(edge)
        paragraph._p.get_or_add_pPr().insert_element_before(
            borders, "w:tabs", "w:spacing", "w:ind", "w:jc", "w:rPr"
        )

    def page_number(self, *, first: bool) -> None:
        """— 1 — at the outer edge of each page; a letter has none on its first, but the lower red line."""
        self.document.settings.odd_and_even_pages_header_footer = True
        section = self.document.sections[0]
        if not first:
            section.different_first_page_header_footer = True
            foot = section.first_page_footer.paragraphs[0]
            foot.paragraph_format.left_indent, foot.paragraph_format.right_indent = Mm(-8), Mm(-6)
            self._border(foot, {"top": ("thinThickSmallGap", 24, 1, _RED)})
        for footer, align in ((section.footer, ALIGN.RIGHT), (section.even_page_footer, ALIGN.LEFT)):
            paragraph = footer.paragraphs[0]
            paragraph.alignment = align
            inner = paragraph.paragraph_format
            inner.left_indent = inner.right_indent = Pt(SMALL_PT)
            self.run(paragraph, "— ", "songti", SMALL_PT)
            run = self.run(paragraph, "", "songti", SMALL_PT)
            for kind in ("begin", None, "end"):
                part = OxmlElement("w:fldChar" if kind else "w:instrText")
                if kind:
                    part.set(qn("w:fldCharType"), kind)
                else:
                    part.text = "PAGE"
                run._element.append(part)
            self.run(paragraph, " —", "songti", SMALL_PT)
