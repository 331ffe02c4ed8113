"""Pictures and attachments of a draft, and the numbers of copies."""

from __future__ import annotations

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from docx import Document
from PIL import Image

from huying.core.errors import Refusal
from huying.core.photo_links import photo_url
from huying.papers import drafting, enclosures, render
from huying.papers.letter import letter_of, letter_of_draft
from huying.papers.models import PaperDraft
from huying.papers.rules import read_kind
from huying.papers.tests.conftest import WORDS, Office, declare

pytestmark = pytest.mark.django_db
BODY = "第一段。\n| 街道 | 数 |\n| 东 | 3 |\n第二段。"
PDF = b"%PDF-1.7 a list"


def picture(colour: str = "red") -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.new("RGB", (60, 90), colour).save(out, "PNG")
    return SimpleUploadedFile(f"{colour}.png", out.getvalue(), "image/png")


class TestText:
    def test_a_picture_is_put_after_a_line_and_never_into_a_table(self) -> None:
        assert enclosures.with_picture(BODY, "a", "图[1]", 1).splitlines()[1] == "![图［1］](picture:a)"
        assert enclosures.with_picture(BODY, "a", "", 2).splitlines()[3] == "![](picture:a)"
        assert enclosures.with_picture(BODY, "a", "").splitlines()[-1] == "![](picture:a)"

    def test_a_picture_moves_past_a_paragraph_or_a_whole_table(self) -> None:
        body = enclosures.with_picture(BODY, "a", "甲")
        up = enclosures.moved_picture(enclosures.moved_picture(body, "a", -1), "a", -1)
        assert up.splitlines()[1] == "![甲](picture:a)"
        down = enclosures.moved_picture(up, "a", 1)
        assert down.splitlines()[3] == "![甲](picture:a)"
        assert enclosures.without_picture(down, "a") == BODY


class TestDraft:
    def change(self, client: Client, draft: PaperDraft, do: str, **said: object) -> int:
        draft.refresh_from_db()
        form = {
            "title": draft.title, "body": draft.body, "version": draft.version, "do": do,
            "attachments": "\n".join(draft.details.get("attachments", ())), **said,
        }  # fmt: skip
        status = client.post(reverse("papers:draft-enclosures", args=[draft.pk]), form).status_code
        draft.refresh_from_db()
        return status

    def test_pictures_are_uploaded_ordered_removed_and_taken_back(
        self, office: Office, client: Client
    ) -> None:
        client.force_login(office.clerk)
        draft = office.start(body=BODY)
        said = {
            "pictures": [picture("red"), picture("blue")],
            "caption": "现场",
            "body": f"{BODY}\n第三段。",
            "place": "1",
        }
        assert self.change(client, draft, "add-pictures", **said) == 302
        assert draft.body.splitlines()[:3] == [
            "第一段。",
            "![现场](picture:photo-1)",
            "![现场](picture:photo-2)",
        ]
        assert draft.body.endswith("第三段。")  # what was typed went along
        self.change(
            client, draft, "up photo-2", **{"caption:photo-1": "整改前", "caption-was:photo-1": "现场"}
        )
        assert [each.caption for each in enclosures.pictures_in(draft.body)] == ["现场", "整改前"]
        before = draft.body
        page = client.post(
            reverse("papers:draft-enclosures", args=[draft.pk]),
            {"title": draft.title, "body": draft.body, "version": draft.version, "do": "remove photo-1"}, follow=True,
        )  # fmt: skip
        draft.refresh_from_db()
        assert "photo-1" not in draft.body
        *_rest, undo = (each.extra_tags.removeprefix("undo:") for each in page.context["messages"])
        client.post(undo)
        draft.refresh_from_db()
        assert draft.body == before

    def test_what_was_typed_stays_when_a_file_is_refused(self, office: Office, client: Client) -> None:
        client.force_login(office.clerk)
        draft = office.start()
        address = reverse("papers:draft-enclosures", args=[draft.pk])
        said = {"title": draft.title, "body": "还没有存过的话。", "version": 1, "do": "add-pictures"}
        bad = SimpleUploadedFile("a.png", b"no picture", "image/png")
        page = client.post(address, {**said, "pictures": [bad]})
        assert page.status_code == 422
        assert "这不是照片" in page.content.decode()
        assert "还没有存过的话。" in page.content.decode()

    def test_a_picture_stands_in_pdf_and_word_and_on_the_issued_paper(self, office: Office) -> None:
        draft = office.start(body=WORDS)
        name = enclosures.add_picture(draft, picture(), actor=office.clerk)
        assert enclosures.add_picture(draft, picture(), actor=office.clerk) == name
        body = enclosures.with_picture(draft.body, name, "现场")
        drafting.save_draft(draft, title=draft.title, body=body, actor=office.clerk)
        letter = letter_of_draft(draft)
        assert letter.pictures[name].startswith("data:image/jpeg")
        assert letter.pictures.address(name).startswith("/")
        assert len(Document(io.BytesIO(render.docx_of(letter))).inline_shapes) == 1

    def test_attachments_are_downloaded_by_whoever_reads_the_paper(
        self, office: Office, client: Client
    ) -> None:
        client.force_login(office.clerk)
        draft = office.start()
        upload = SimpleUploadedFile("清单.pdf", PDF, "application/pdf")
        assert (
            self.change(client, draft, "attach", files=[upload], addressees=[office.district.water.code])
            == 302
        )
        assert draft.details["attachments"] == ["清单"]
        again = SimpleUploadedFile("清单.pdf", PDF + b"2", "application/pdf")
        self.change(client, draft, "attach", files=[again], addressees=[office.district.water.code])
        self.change(client, draft, "attachment-up 清单（2）", addressees=[office.district.water.code])
        assert draft.details["attachments"] == ["清单（2）", "清单"]
        drafting.submit_draft(draft, actor=office.clerk)
        drafting.approve_draft(draft, actor=office.head)
        drafting.sign_draft(draft, actor=office.leader)
        paper = drafting.issue_draft(draft, actor=office.supervisor)
        assert letter_of(paper).attachments == ("清单（2）", "清单")
        row = draft.attachments.get(title="清单")
        address = reverse("papers:paper-attachment", args=[paper.pk, row.pk])
        client.force_login(office.water)
        assert b"".join(client.get(address).streaming_content) == PDF  # type: ignore[arg-type]
        assert client.get(reverse("papers:draft-attachment", args=[draft.pk, row.pk])).status_code in (
            403,
            404,
        )

    def test_strangers_open_no_picture_of_a_draft(self, office: Office, client: Client) -> None:
        draft = office.start()
        enclosures.add_picture(draft, picture(), actor=office.clerk)
        address = photo_url(draft.pictures.get().file)
        for user, status in ((office.leader, 404), (office.water, 404), (office.clerk, 200)):
            client.force_login(user)
            assert client.get(address).status_code == status
        with pytest.raises(Refusal):
            enclosures.add_picture(draft, picture("blue"), actor=office.water)


class TestHead:
    def test_copies_are_numbered_where_the_kind_says_so(self, office: Office, client: Client) -> None:
        declare(
            paper="report", title="请示", layout="document", fields=["addressees"], review="none", copies="numbered",
            upward=True, text=WORDS,
        )  # fmt: skip
        streets = office.district.streets
        paper = office.issued("report", addressees=[streets["east"], office.district.water])
        letter = letter_of(paper, 2)
        assert (letter.copy_number, letter.signer) == ("000002", str(office.leader))
        assert letter.marks[0] == "000002"
        client.force_login(office.water)
        assert "000002" in client.get(reverse("papers:paper", args=[paper.pk])).content.decode()
        assert letter_of(office.issued()).copy_number == ""

    def test_a_letter_has_no_copy_number(self) -> None:
        _rules, problems = read_kind({"paper": "a", "title": "甲", "layout": "letter", "copies": "numbered"})
        assert [problem.keys for problem in problems] == [("copies",)]
