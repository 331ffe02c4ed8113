"""GB/T 9704-2012, measured on the page itself: in the PDF, and in what LibreOffice makes of the Word file.

`pdftotext -bbox-layout` gives every word with its place in points; without it, or without LibreOffice, these are left
out.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from docx.oxml.ns import qn

from huying.papers import render
from huying.papers.blocks import blocks_of, plain_text
from huying.papers.letter import Letter

pytestmark = pytest.mark.schema
MM = 72 / 25.4
LINES, CHARACTERS = 22, 28
TABLE = "| 街道 | 发现 | 办结 |\n" + "".join(
    f"| 街道{row} | ⟦{row}|/figures/p/{row}/⟧ | {row} |\n" for row in range(1, 60)
)
_WORD = re.compile(r'<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">([^<]*)</word>')
_PAGE = re.compile(r'<page width="([\d.]+)" height="([\d.]+)">(.*?)</page>', re.S)

needs_pdftotext = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not here")
needs_office = pytest.mark.skipif(
    shutil.which("soffice") is None or shutil.which("pdftotext") is None, reason="LibreOffice is not here"
)


def letter(body: str, **fields: Any) -> Letter:
    made = Letter(
        mark="特急", head="卫东区人民政府文件", number="卫督办〔2026〕3号", title="关于井盖整治情况的通报",
        addressee="城市管理局：", blocks=blocks_of(body), signature="卫东区人民政府", date="2026年11月21日",
        layout="document", cc="区委办公室", printer="卫东区人民政府办公室",
    )  # fmt: skip
    return replace(made, **fields)


def full(pages: int) -> str:
    """A text of whole lines that fills so many pages and more."""
    return "字" * CHARACTERS * LINES * pages


class Measured:
    """A PDF as words with their places, page by page."""

    def __init__(self, pdf: bytes, folder: Path) -> None:
        file = folder / "paper.pdf"
        file.write_bytes(pdf)
        out = subprocess.run(
            ["pdftotext", "-bbox-layout", str(file), "-"], check=True, capture_output=True, text=True
        ).stdout
        self.pages: list[list[tuple[float, float, float, float, str]]] = []
        self.sizes: list[tuple[float, float]] = []
        for width, height, inside in _PAGE.findall(out):
            self.sizes.append((float(width) / MM, float(height) / MM))
            self.pages.append(
                [
                    (float(a), float(b), float(c), float(d), words)
                    for a, b, c, d, words in _WORD.findall(inside)
                ]
            )
        self.text = re.sub(
            r"\s",
            "",
            subprocess.run(["pdftotext", str(file), "-"], check=True, capture_output=True, text=True).stdout,
        )
        self.fonts = subprocess.run(
            ["pdffonts", str(file)], check=True, capture_output=True, text=True
        ).stdout.splitlines()[2:]

    def lines(self, page: int) -> list[tuple[float, float, float, str]]:
        """(left, right, middle, words) of the lines of body text."""
        found = [(a, c, (b + d) / 2, words) for a, b, c, d, words in self.pages[page] if "字" in words]
        return sorted(found, key=lambda line: line[2])

    def foot(self, page: int) -> tuple[float, float, float]:
        """Left, right and middle of the page number, in millimetres."""
        words = [each for each in self.pages[page] if each[1] / MM > 262 and re.search(r"[—\d]", each[4])]
        middle = sum((each[1] + each[3]) / 2 for each in words) / len(words)
        return min(each[0] for each in words) / MM, max(each[2] for each in words) / MM, middle / MM


def check_grid(measured: Measured, page: int, tolerance_mm: float) -> None:
    """A full page: 22 lines of 28 characters inside 156 × 225 mm."""
    lines = measured.lines(page)
    assert len(lines) == LINES
    assert {len(words) for *_places, words in lines} == {CHARACTERS}
    left, right = min(line[0] for line in lines) / MM, max(line[1] for line in lines) / MM
    assert left == pytest.approx(28, abs=tolerance_mm)
    assert right == pytest.approx(28 + 156, abs=tolerance_mm)
    pitch = (lines[-1][2] - lines[0][2]) / (LINES - 1) / MM
    assert pitch == pytest.approx(225 / LINES, abs=0.05)
    top, bottom = lines[0][2] / MM - pitch / 2, lines[-1][2] / MM + pitch / 2
    assert top == pytest.approx(37, abs=tolerance_mm)
    assert bottom == pytest.approx(37 + 225, abs=tolerance_mm)


@needs_pdftotext
class TestPdf:
    def test_a_full_page_has_22_lines_of_28_characters_in_the_core(self, tmp_path: Path) -> None:
        measured = Measured(render.pdf_of(letter(full(3))), tmp_path)
        assert all(size == pytest.approx((210, 297), abs=0.2) for size in measured.sizes)
        check_grid(measured, 1, 1.5)
        check_grid(measured, 2, 1.5)

    def test_page_numbers_stand_outside_seven_millimetres_below(self, tmp_path: Path) -> None:
        measured = Measured(render.pdf_of(letter(full(3))), tmp_path)
        _left, right, middle = measured.foot(0)
        assert right == pytest.approx(28 + 156 - 14 / MM, abs=1.5)  # one character in from the right
        assert middle == pytest.approx(37 + 225 + 7, abs=4)
        left, _right, _middle = measured.foot(1)
        assert left == pytest.approx(28 + 14 / MM, abs=1.5)

    def test_fonts_are_inside(self, tmp_path: Path) -> None:
        measured = Measured(render.pdf_of(letter("正文。")), tmp_path)
        assert measured.fonts
        assert all(re.search(r"\byes\b", font) for font in measured.fonts)

    def test_a_letter_has_no_number_on_its_first_page(self, tmp_path: Path) -> None:
        measured = Measured(
            render.pdf_of(letter(full(2), layout="letter", head="卫东区人民政府", printer="")), tmp_path
        )
        assert not any("—" in each[4] for each in measured.pages[0])
        assert any("—" in each[4] for each in measured.pages[1])
        head = next(each for each in measured.pages[0] if "卫东区人民政府" in each[4])
        assert head[1] / MM == pytest.approx(30, abs=3)  # its upper edge
        assert "卫督办〔2026〕3号" in measured.text

    def test_the_head_of_a_document_begins_35_mm_below_the_core(self, tmp_path: Path) -> None:
        measured = Measured(render.pdf_of(letter("正文。")), tmp_path)
        head = next(each for each in measured.pages[0] if "文件" in each[4])
        assert head[1] / MM == pytest.approx(37 + 35, abs=3)

    @pytest.mark.parametrize("names", [0, 1, 5])
    def test_any_number_of_addressees(self, names: int, tmp_path: Path) -> None:
        words = "，".join(f"第{place}街道办事处" for place in range(names))
        text = Measured(
            render.pdf_of(letter("正文在这里。", addressee=f"{words}：" if names else "")), tmp_path
        ).text
        assert f"情况的通报{f'{words}：' if names else ''}正文在这里。" in text

    def test_a_long_title_stands_in_several_lines(self, tmp_path: Path) -> None:
        title = "关于进一步做好全区城市窨井盖安全隐患排查整治和十五件民生实事办理工作有关情况的通报"
        measured = Measured(render.pdf_of(letter("正文。", title=title)), tmp_path)
        assert title in measured.text
        assert (
            len({round(each[1]) for each in measured.pages[0] if each[4] in title and len(each[4]) > 8}) >= 2
        )

    def test_a_table_goes_over_the_page_with_its_head(self, tmp_path: Path) -> None:
        measured = Measured(render.pdf_of(letter(f"情况如下。\n{TABLE}")), tmp_path)
        heads = sum(any(each[4] == "办结" for each in page) for page in measured.pages)
        assert heads == len(measured.pages) >= 2
        assert "街道59" in measured.text

    def test_the_imprint_stands_at_the_foot_of_the_last_page(self, tmp_path: Path) -> None:
        measured = Measured(
            render.pdf_of(letter(full(2), link="https://huying.example/figures/p/1/")), tmp_path
        )
        for page, words in enumerate(measured.pages):
            found = [each for each in words if "抄送" in each[4]]
            assert bool(found) == (page == len(measured.pages) - 1)
        printed = next(each for each in measured.pages[-1] if each[4].endswith("印发"))
        assert printed[3] / MM == pytest.approx(37 + 225, abs=4)
        assert "https://huying.example/figures/p/1/" in measured.text

    @pytest.mark.parametrize("lines", [3, 5])
    def test_the_imprint_never_stands_alone(self, lines: int, tmp_path: Path) -> None:
        measured = Measured(render.pdf_of(letter("\n".join(["字。"] * lines))), tmp_path)
        last = measured.pages[-1]
        copied, printed = (next(each for each in last if word in each[4]) for word in ("抄送", "印发"))
        assert printed[1] - copied[1] == pytest.approx(27, abs=1)  # 20 pt, twice 3 pt, a rule
        assert any("字" in each[4] for each in last)
        assert sum(each[4] == "2026年11月21日" for each in last) == 1


@pytest.fixture(scope="session")
def converted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Measured]:
    """What LibreOffice makes of the Word files, all in one run."""
    folder = tmp_path_factory.mktemp("word")
    for name, made in WORDS.items():
        (folder / f"{name}.docx").write_bytes(render.docx_of(made))
    subprocess.run(
        [
            "soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to", "pdf",
            "--outdir", str(folder), *(str(folder / f"{name}.docx") for name in WORDS),
        ],
        check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    return {
        name: Measured((folder / f"{name}.pdf").read_bytes(), tmp_path_factory.mktemp(name)) for name in WORDS
    }


MIXED = f"一、总体情况\n共更换⟦836|/figures/p/abc/⟧套。\n（一）排查。逐条道路排查。\n{TABLE}1. 下一步\n请抓紧办理。"
WORDS = {
    "full": letter(full(3)),
    "short": letter("完。" * 60),
    "mixed": letter(MIXED, attachments=("清单", "名单"), link="https://huying.example/figures/p/1/"),
    "letter": letter(MIXED, layout="letter", head="卫东区人民政府", printer=""),
    "minutes": letter(MIXED, layout="minutes", head="专题会议纪要", signature="", attendees=("张三", "李四")),
    "form": letter(MIXED, layout="form", head="", signature="", signatories=("甲单位", "乙单位"), printer=""),
}


@needs_office
class TestWordInLibreOffice:
    def test_a_full_page_has_the_same_grid(self, converted: dict[str, Measured]) -> None:
        measured = converted["full"]
        assert measured.sizes[0] == pytest.approx((210, 297), abs=0.2)
        check_grid(measured, 1, 2)

    @pytest.mark.parametrize("name", ["mixed", "letter", "minutes", "form"])
    def test_nothing_is_lost(self, name: str, converted: dict[str, Measured]) -> None:
        made, text = WORDS[name], converted[name].text
        for line in plain_text(MIXED).splitlines():
            assert re.sub(r"\s", "", line) in text, line
        for part in (made.number, made.title, *made.attachments, *made.signatories, *made.attendees):
            assert part in text
        if name == "mixed":
            assert "抄送：区委办公室。" in text

    @pytest.mark.parametrize("name", ["full", "mixed", "short", "minutes"])
    def test_the_imprint_stands_at_the_foot_of_the_last_page(
        self, name: str, converted: dict[str, Measured]
    ) -> None:
        measured = converted[name]
        *before, last = measured.pages
        assert not any("抄送" in word[4] for page in before for word in page)
        copied = next(word for word in last if "抄送" in word[4])
        printed = next(word for word in last if word[4].endswith("印发"))
        assert printed[3] / MM == pytest.approx(37 + 225, abs=2)
        assert copied[3] < printed[1]
        dates = [word for word in last if word[4].endswith("日") and word[3] < copied[1]]
        assert dates, "the date stands on the same page"
        # Nothing is drawn over the imprint, and the page number stands below it, outside.
        assert all(word[3] < copied[1] for word in last if word[3] < printed[1] and word is not copied)
        left, right, middle = measured.foot(len(before))
        assert middle > printed[3] / MM
        even = len(measured.pages) % 2 == 0
        assert (left if even else right) == pytest.approx(28 + (14 / MM if even else 156 - 14 / MM), abs=2)

    def test_last_pages_were_odd_and_even(self, converted: dict[str, Measured]) -> None:
        assert {len(converted[name].pages) % 2 for name in ("full", "mixed")} == {0, 1}


def test_the_imprint_is_one_frame_on_the_lower_edge_of_the_text() -> None:
    """What Word asks: every paragraph of a frame says the same, and properties stand in the order of the format."""
    document = Document(io.BytesIO(render.docx_of(WORDS["mixed"])))
    frames = list(document.element.body.iter(qn("w:framePr")))
    assert len(frames) == 6  # code, rule, copies, rule, printer, rule
    assert {tuple(sorted(each.attrib.items())) for each in frames} == {
        tuple(sorted(frames[0].attrib.items()))
    }
    assert (frames[0].get(qn("w:vAnchor")), frames[0].get(qn("w:yAlign"))) == ("margin", "bottom")
    order = ["framePr", "pBdr", "shd", "tabs", "snapToGrid", "spacing", "ind", "jc"]
    for frame in frames:
        names = [each.tag.rpartition("}")[2] for each in frame.getparent()]
        assert names == sorted(names, key=order.index)
    assert document.paragraphs[-1]._p.pPr.find(qn("w:framePr")) is None


def test_the_word_file_has_headings_a_table_and_links() -> None:
    document = Document(io.BytesIO(render.docx_of(letter(MIXED))))
    assert len(document.tables[0].rows) == 60
    assert "w:hyperlink" in document.element.xml
    assert any(
        each.target_ref.endswith("/figures/p/abc/")
        for each in document.part.rels.values()
        if each.is_external
    )
