"""A paper as a PDF (WeasyPrint) and as a Word file (python-docx), by the layout of GB/T 9704-2012.

A4, margins 37, 35, 28 and 26 mm, so 156 × 225 mm for the text: 22 lines of 28 characters. Both libraries are
imported only when a paper is made: they cost memory and time that other pages need not pay.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

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
    "kaiti": ("楷体_GB2312", "KaiTi_GB2312", "楷体", "KaiTi", "STKaiti", "FandolKai", "Noto Serif CJK SC"),
}  # fmt: skip
_STYLE = Path(__file__).parent / "static/huying/papers/letter.css"


def faces() -> dict[str, tuple[str, ...]]:
    """The font families of each face; those that the installation names (HUYING_PAPER_FONTS) come first."""
    own = dict(zip(FACES, settings.PAPER_FONTS, strict=False))
    return {face: (*([own[face]] if own.get(face) else []), *families) for face, families in FACES.items()}


def as_pdf(paper: Paper, copy: int = 1) -> bytes:
    """The paper as a PDF with its fonts embedded; where copies are numbered, this one of them.

    Raises Refusal where the machine lacks what WeasyPrint needs: then the Word file is the way out.
    """
    return pdf_of(letter_of(paper, copy))


def pdf_of(letter: Letter) -> bytes:
    """A letter as a PDF; see `as_pdf`."""
    page = render_to_string("papers/letter_pdf.html", {"letter": letter, "base": settings.PUBLIC_URL})
    return pdf_of_page(page, [_STYLE.read_text(encoding="utf-8"), _face_css(tuple(faces().items()))])


def pdf_of_page(page: str, styles: Sequence[str], *, base: str = "") -> bytes:
    """A page as a PDF with these style sheets; its links begin at `base`. Raises Refusal, see `as_pdf`."""
    try:
        from weasyprint import CSS, HTML
        from weasyprint.urls import URLFetcher
    except (ImportError, OSError) as error:
        raise Refusal(
            _(
                "这台服务器缺少生成 PDF 的系统组件（Pango），请管理员运行 huying doctor。现在可以先下载 Word 文件。"
            )
        ) from error
    # A paper brings its pictures with it: nothing else that its words might name is ever fetched.
    only_own = URLFetcher(allowed_protocols=["data"])
    sheets = [CSS(string=style, url_fetcher=only_own) for style in styles]
    made: bytes = HTML(string=page, base_url=base or None, url_fetcher=only_own).write_pdf(stylesheets=sheets)
    return made


@lru_cache(maxsize=8)
def _face_css(named: tuple[tuple[str, tuple[str, ...]], ...]) -> str:
    families = "".join(
        f"--{face}: {', '.join(_quoted(family) for family in found)};" for face, found in named
    )
    return f":root {{ {families} }}"


def _quoted(family: str) -> str:
    return '"' + family.replace("\\", "").replace('"', "") + '"'


def as_docx(paper: Paper, copy: int = 1) -> bytes:
    """The paper as a Word file that offices can go on editing: the same content, the same layout."""
    return docx_of(letter_of(paper, copy))


def docx_of(letter: Letter) -> bytes:
    """A letter as a Word file."""
    from huying.papers.word import written

    return written(letter, {face: families[0] for face, families in faces().items()})
