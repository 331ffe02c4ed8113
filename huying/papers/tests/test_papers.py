"""Papers: who reads them, how they look as files, how they are received and answered."""

from __future__ import annotations

import datetime as dt
import io
import sys
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from huying.core.errors import Conflict, Refusal
from huying.core.testing import AccessSuite, MiniDistrict, make_user
from huying.papers import actions, render
from huying.papers.letter import letter_of, number_of
from huying.papers.models import Paper

pytestmark = pytest.mark.django_db
BODY = """案件 4104032026000001「路灯不亮」于11月18日 9:00派你单位办理，尚未办结。
请你单位主要负责同志亲自过问，抓紧办理，并按期书面回复办理情况。"""


def issued(district: MiniDistrict, *, addressee: Any = None, **fields: Any) -> Paper:
    at = timezone.now()
    return actions.issue_paper(
        kind=Paper.Kind.SUPERVISION_LETTER, subject=district.east, subject_label="4104032026000001",
        addressee=addressee or district.streets["east"],
        **{"title": "关于办理「建设路路灯不亮」的督办函", "body": BODY, "actor": None, "colour": "yellow",
           "reply_due_at": at + dt.timedelta(days=2), "at": at, **fields},
    )  # fmt: skip


class _OfEast(AccessSuite):
    role = "clerk"
    shows_area = True
    name = "papers:paper"

    def prepare(self) -> None:
        self.paper = issued(self.district)

    def address(self) -> str:
        return reverse(self.name, args=[self.paper.pk])


class TestPage(_OfEast):
    def test_a_supervisor_of_the_area_reads_it(self) -> None:
        assert self.open(make_user("supervisor", area=self.district.east)).status_code == 200
        assert self.open(make_user("supervisor", area=self.district.west)).status_code == 404
        assert self.open(make_user("supervisor")).status_code == 200

    def test_another_department_does_not_know_of_it(self) -> None:
        assert self.open(make_user("clerk", department=self.district.water)).status_code == 404

    def test_it_costs_few_queries(self, django_assert_max_num_queries: Any) -> None:
        user = self.person(self.district.east)
        self.open(user)
        with django_assert_max_num_queries(13):
            self.open(user)


class TestPdf(_OfEast):
    name = "papers:pdf"

    def test_it_is_an_a4_pdf_with_its_fonts_inside(self) -> None:
        answer = self.open(self.person(self.district.east))
        assert answer["Content-Type"] == "application/pdf"
        assert answer.content.startswith(b"%PDF-")
        assert "inline" in answer["Content-Disposition"]

    def test_without_its_system_libraries_it_offers_word(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "weasyprint", None)
        self.client.force_login(self.person(self.district.east))
        answer = self.client.get(self.address(), follow=True)
        page = answer.content.decode()
        assert "可以先下载 Word 文件" in page
        assert reverse("papers:docx", args=[self.paper.pk]) in page


class TestDocx(_OfEast):
    name = "papers:docx"


class TestReceipt(_OfEast):
    name = "papers:receipt"
    method = "post"

    def test_the_addressee_signs_once(self) -> None:
        clerk = self.person(self.district.east)
        self.open(clerk)
        self.paper.refresh_from_db()
        assert self.paper.received_by == clerk
        self.open(self.person(self.district.east))
        self.paper.refresh_from_db()
        assert self.paper.received_by == clerk

    def test_who_issues_does_not_sign(self) -> None:
        assert self.open(make_user("supervisor")).status_code == 403


class TestReply(_OfEast):
    name = "papers:reply"
    method = "post"
    data = {"reply": "已经更换灯泡，今晚恢复照明。"}

    def test_a_short_reply_keeps_what_was_typed(self) -> None:
        self.client.force_login(self.person(self.district.east))
        answer = self.client.post(self.address(), {"reply": "已办"})
        assert answer.status_code == 422
        assert "至少 10 个字" in answer.content.decode()
        assert ">\n已办</textarea>" in answer.content.decode()

    def test_a_reply_is_given_once_and_stays(self) -> None:
        clerk = self.person(self.district.east)
        self.open(clerk)
        self.client.force_login(clerk)
        answer = self.client.post(self.address(), {"reply": "第二次回复，内容不一样了。"})
        assert answer.status_code == 409
        self.paper.refresh_from_db()
        assert self.paper.reply == self.data["reply"]


class TestLetter:
    def test_its_parts_stand_as_the_standard_says(self, district: MiniDistrict) -> None:
        letter = letter_of(issued(district))
        assert letter.mark == "黄色督办"
        assert letter.head == "卫东区人民政府"
        assert letter.number == f"督办函〔{timezone.localdate().year}〕1号"
        assert letter.addressee == "东安路街道办事处："
        assert letter.paragraphs[-1].startswith("回复期限：")

    def test_a_long_head_stays_on_one_line(self, district: MiniDistrict, settings: Any) -> None:
        settings.PAPER_ISSUER = "平顶山市卫东区民呼必应工作领导小组办公室"
        letter = letter_of(issued(district))
        assert letter.head_size_pt * len(letter.head) <= 442  # the width of the text in points

    def test_markup_in_a_title_is_text(self, district: MiniDistrict) -> None:
        paper = issued(district, title="<img src=file:///etc/passwd>督办函")
        assert render.as_pdf(paper).startswith(b"%PDF-")

    def test_named_fonts_come_first(self, settings: Any) -> None:
        settings.PAPER_FONTS = ["方正仿宋_GBK"]
        assert render.faces()["fangsong"][0] == "方正仿宋_GBK"
        assert render.faces()["heiti"] == render.FACES["heiti"]


class TestWord:
    def test_it_has_the_same_content_and_the_same_margins(self, district: MiniDistrict) -> None:
        from docx import Document

        paper = issued(district)
        document = Document(io.BytesIO(render.as_docx(paper)))
        words = "\n".join(paragraph.text for paragraph in document.paragraphs)
        letter = letter_of(paper)
        for part in (
            letter.mark,
            letter.head,
            letter.number,
            letter.title,
            letter.addressee,
            *letter.paragraphs,
        ):
            assert part in words
        section = document.sections[0]
        margins = (section.top_margin, section.bottom_margin, section.left_margin, section.right_margin)
        assert [round(m.mm) for m in margins] == [37, 35, 28, 26]
        assert round(section.page_width.mm) == 210


def test_a_page_of_the_pdf_holds_22_lines_of_28_characters(district: MiniDistrict) -> None:
    from weasyprint import CSS, HTML

    words = "字" * 28 * 22
    html = f'<body class="letter-page"><article class="letter"><p class="words">{words}</p></article></body>'
    document = HTML(string=html).render(stylesheets=[CSS(filename=str(render._STYLE))])
    [page] = document.pages
    lines = [box for box in page._page_box.descendants() if type(box).__name__ == "LineBox"]
    full = [line for line in lines if "字" in "".join(getattr(b, "text", "") for b in line.descendants())]
    assert len(full) == 22
    assert (
        HTML(string=html.replace(words, words + "字"))
        .render(stylesheets=[CSS(filename=str(render._STYLE))])
        .pages[1:]
    )


def test_a_signature_never_stands_on_a_page_of_its_own(district: MiniDistrict) -> None:
    from weasyprint import CSS, HTML

    for lines in range(4, 14):
        letter = letter_of(issued(district, body="\n".join(["请抓紧办理并按期回复。"] * lines)))
        page = render.render_to_string("papers/letter_pdf.html", {"letter": letter})
        pages = HTML(string=page).render(stylesheets=[CSS(filename=str(render._STYLE))]).pages
        assert "回复期限" in "".join(getattr(box, "text", "") for box in pages[-1]._page_box.descendants())


def test_a_stranger_is_sent_to_sign_in(district: MiniDistrict, client: Client) -> None:
    assert client.get(reverse("papers:paper", args=[issued(district).pk])).status_code == 302


def test_a_number_is_cited_as_officials_do(district: MiniDistrict) -> None:
    assert number_of(Paper(kind="supervision-letter", year=2026, number=12)) == "督办函〔2026〕12号"


class TestServedOutside:
    """A shop has no account here: it is served on paper, and signs on it."""

    def order(self, district: MiniDistrict, **fields: Any) -> Paper:
        return actions.issue_paper(
            kind=Paper.Kind.ORDER_TO_CORRECT, subject=district.east, subject_label="检查1", addressee=None,
            title="责令整改通知书", body=BODY, actor=fields.pop("actor", None),
            addressee_name=fields.pop("addressee_name", "老郑烩面馆"), area_path=district.east.path, **fields,
        )  # fmt: skip

    def test_it_names_whom_it_is_for(self, district: MiniDistrict) -> None:
        paper = self.order(district)
        assert letter_of(paper).addressee == "老郑烩面馆："
        assert number_of(paper).startswith("责令整改通知书〔")

    def test_somebody_has_to_be_named(self, district: MiniDistrict) -> None:
        with pytest.raises(Refusal, match="送给谁"):
            self.order(district, addressee_name=" ")

    def test_it_is_signed_for_once(self, district: MiniDistrict) -> None:
        paper = self.order(district)
        actions.serve_paper(paper, name="郑师傅", actor=None)
        assert (paper.received_name, bool(paper.received_at)) == ("郑师傅", True)
        with pytest.raises(Conflict):
            actions.serve_paper(paper, name="别人", actor=None)

    def test_a_department_signs_in_the_system(self, district: MiniDistrict) -> None:
        with pytest.raises(Refusal, match="系统里签收"):
            actions.serve_paper(issued(district), name="某人", actor=None)

    def test_supervisors_of_its_area_read_it(self, district: MiniDistrict, client: Client) -> None:
        address = reverse("papers:paper", args=[self.order(district).pk])
        for area, status in ((district.east, 200), (district.west, 404)):
            client.force_login(make_user("supervisor", area=area))
            assert client.get(address).status_code == status
