"""A paper as a PDF (WeasyPrint) and as a Word file (python-docx), by the layout of GB/T 9704-2012.

A4, margins 37, 35, 28 and 26 mm, so 156 × 225 mm for the text: 22 lines of 28 characters. Both libraries are
imported only when a paper is made: they cost memory and time that other pages need not pay.
"""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from huying.core.errors import Refusal
from huying.papers.letter import Letter, letter_of
from huying.papers.models import Paper

# What each face is called on machines that have it; the last one is free and carries every character of a name.
FACES: dict[str, tuple[str, ...]] = {
    "fangsong": (
        "仿宋_GB2312", "FangSong_GB2312", "仿宋", "FangSong", "FandolFang R", "STFangsong", "Noto Serif CJK SC",
    ),
    "title": (
        "方正小标宋简体", "方正小标宋_GBK", "FZXiaoBiaoSong-B05", "Noto Serif CJK SC",
    ),
    "heiti": ("黑体", "SimHei", "FandolHei", "Noto Sans CJK SC"),
    "songti": ("宋体", "SimSun", "FandolSong", "Noto Serif CJK SC"),
}  # fmt: skip
_STYLE = Path(__file__).parent / "static/huying/papers/letter.css"


def faces() -> dict[str, tuple[str, ...]]:
    """The font families of each face; those that the installation names (HUYING_PAPER_FONTS) come first."""
    own = dict(zip(FACES, settings.PAPER_FONTS, strict=False))
    return {face: (*([own[face]] if own.get(face) else []), *families) for face, families in FACES.items()}


def as_pdf(paper: Paper) -> bytes:
    """The paper as a PDF with its fonts embedded.

    Raises Refusal where the machine lacks what WeasyPrint needs: then the Word file is the way out.
    """
    try:
        from weasyprint import CSS, HTML
    except (ImportError, OSError) as error:
        raise Refusal(
            _(
                "这台服务器缺少生成 PDF 的系统组件（Pango），请管理员运行 huying doctor。现在可以先下载 Word 文件。"
            )
        ) from error
    page = render_to_string("papers/letter_pdf.html", {"letter": letter_of(paper)})
    styles = [CSS(filename=str(_STYLE)), CSS(string=_face_css(tuple(faces().items())))]
    made: bytes = HTML(string=page, url_fetcher=_fetch_nothing).write_pdf(stylesheets=styles)
    return made


def _fetch_nothing(url: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
    """A paper is text: nothing that its words might name is ever fetched."""
    raise ValueError(f"papers fetch nothing: {url}")


@lru_cache(maxsize=8)
def _face_css(named: tuple[tuple[str, tuple[str, ...]], ...]) -> str:
    families = "".join(
        f"--{face}: {', '.join(_quoted(family) for family in found)};" for face, found in named
    )
    return f":root {{ {families} }}"


def _quoted(family: str) -> str:
    return '"' + family.replace("\\", "").replace('"', "") + '"'


# --- Word ----------------------------------------------------------------------------------------------

_BODY_PT, _TITLE_PT, _MARK_PT, _LINE_PT = 16, 22, 16, 28.95


def as_docx(paper: Paper) -> bytes:
    """The paper as a Word file that offices can go on editing: the same content, the same layout."""
    from docx import Document

    document = Document()
    _set_page(document.sections[0])
    letter = letter_of(paper)
    writer = _Writer(document, {face: families[0] for face, families in faces().items()})
    writer.write(letter)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _set_page(section: Any) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Mm

    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    section.footer_distance = Mm(25)
    grid = section._sectPr.find(qn("w:docGrid"))
    if grid is None:
        grid = OxmlElement("w:docGrid")
        section._sectPr.append(grid)
    grid.set(qn("w:type"), "linesAndChars")
    grid.set(qn("w:linePitch"), str(round(_LINE_PT * 20)))
    grid.set(qn("w:charSpace"), "-849")  # 28 characters of 16 pt in 156 mm, in 1/4096 pt


class _Writer:
    """Writes paragraphs with Chinese fonts, which python-docx knows only as raw attributes."""

    def __init__(self, document: Any, families: dict[str, str]) -> None:
        self.document, self.families = document, families

    def write(self, letter: Letter) -> None:
        from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN

        if letter.mark:
            self.line(letter.mark, "heiti", _MARK_PT)
        self.line(letter.head, "title", letter.head_size_pt, ALIGN.CENTER, red=True, exact=False)
        self.line("", "fangsong", _BODY_PT)
        self.rule(self.line(letter.number, "fangsong", _BODY_PT, ALIGN.CENTER))
        self.line("", "fangsong", _BODY_PT)
        self.line(letter.title, "title", _TITLE_PT, ALIGN.CENTER)
        self.line("", "fangsong", _BODY_PT)
        self.line(letter.addressee, "fangsong", _BODY_PT)
        last = None
        for words in letter.paragraphs:
            last = self.line(words, "fangsong", _BODY_PT, ALIGN.JUSTIFY, indent=2)
        gap = self.line("", "fangsong", _BODY_PT)
        signature = self.line(letter.signature, "fangsong", _BODY_PT, ALIGN.RIGHT, right=3)
        self.line(letter.date, "fangsong", _BODY_PT, ALIGN.RIGHT, right=4)
        for paragraph in (last, gap, signature):  # a signature never stands on a page of its own
            if paragraph is not None:
                paragraph.paragraph_format.keep_with_next = True
        self.page_number()

    def line(
        self, words: str, face: str, size: float, align: Any = None, *,
        red: bool = False, indent: int = 0, right: int = 0, exact: bool = True,
    ) -> Any:  # fmt: skip
        from docx.shared import Pt

        paragraph = self.document.add_paragraph()
        form = paragraph.paragraph_format
        form.space_before = form.space_after = Pt(0)
        if exact:
            form.line_spacing = Pt(max(_LINE_PT, size * 1.5))
        form.first_line_indent = Pt(size * indent)
        form.right_indent = Pt(size * right)
        if align is not None:
            paragraph.alignment = align
        self.run(paragraph, words, face, size, red=red)
        return paragraph

    def run(self, paragraph: Any, words: str, face: str, size: float, *, red: bool = False) -> Any:
        from docx.oxml.ns import qn
        from docx.shared import Pt, RGBColor

        run = paragraph.add_run(words)
        run.font.size, run.font.name = Pt(size), self.families[face]
        run._element.get_or_add_rPr().rFonts.set(qn("w:eastAsia"), self.families[face])
        if red:
            run.font.color.rgb = RGBColor(0xD7, 0x00, 0x0F)
        return run

    def rule(self, paragraph: Any) -> None:
        """The red rule 4 mm below the number."""
        from docx.oxml import OxmlElement
        from docx.oxml.ns import qn

        borders, bottom = OxmlElement("w:pBdr"), OxmlElement("w:bottom")
        for name, value in (("val", "single"), ("sz", "12"), ("space", "11"), ("color", "D7000F")):
            bottom.set(qn(f"w:{name}"), value)
        borders.append(bottom)
        properties = paragraph._p.get_or_add_pPr()
        properties.insert_element_before(borders, "w:spacing", "w:ind", "w:jc")

    def page_number(self) -> None:
        """— 1 — at the outer edge of each page."""
        from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
        from docx.oxml import OxmlElement
        from docx.oxml.ns import qn

        self.document.settings.odd_and_even_pages_header_footer = True
        section = self.document.sections[0]
        for footer, align in ((section.footer, ALIGN.RIGHT), (section.even_page_footer, ALIGN.LEFT)):
            paragraph = footer.paragraphs[0]
            paragraph.alignment = align
            self.run(paragraph, "— ", "songti", 14)
            run = self.run(paragraph, "", "songti", 14)
            for kind in ("begin", None, "end"):
                part = OxmlElement("w:fldChar" if kind else "w:instrText")
                if kind:
                    part.set(qn("w:fldCharType"), kind)
                else:
                    part.text = "PAGE"
                run._element.append(part)
            self.run(paragraph, " —", "songti", 14)
