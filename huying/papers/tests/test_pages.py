"""Who opens which page of papers."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from huying.core.testing import AccessSuite
from huying.papers import actions, drafting
from huying.papers.enclosures import add_attachment
from huying.papers.models import PaperDraft, PaperReply
from huying.papers.tests.conftest import Office, make_office

pytestmark = pytest.mark.django_db


class _Of(AccessSuite):
    """A page about a draft or paper of the east; `person` is whoever of the role belongs to the street."""

    role = "clerk"
    name = ""
    office: Office

    def prepare(self) -> None:
        self.office = make_office(self.district)
        self.pk = self.make()

    def make(self) -> int:
        return self.office.start(addressees=[self.district.streets["east"]]).pk

    def address(self) -> str:
        return reverse(f"papers:{self.name}", args=[self.pk])


class TestDraft(_Of):
    name = "draft"
    shows_area = True


class TestDraftPdf(_Of):
    name = "draft-pdf"
    shows_area = True


class TestVersions(_Of):
    name = "draft-versions"
    shows_area = True


class TestPreview(_Of):
    name = "draft-preview"
    method = "post"
    shows_area = True


class TestSave(_Of):
    name = "draft-save"
    method = "post"
    shows_area = True
    data = {"title": "甲", "body": "乙"}


class TestRestore(_Of):
    name = "draft-restore"
    method = "post"
    shows_area = True
    data = {"number": "1"}


class TestStep(_Of):
    method = "post"
    shows_area = True
    data = {"words": "请补充数字"}

    def address(self) -> str:
        return reverse("papers:draft-step", args=[self.pk, "comment"])


class TestEnclosures(_Of):
    name = "draft-enclosures"
    method = "post"
    shows_area = True
    data = {"title": "甲", "body": "![](picture:a)\n正文", "do": "down a"}


class TestTakeBack(_Of):
    method = "post"
    shows_area = True

    def address(self) -> str:
        return reverse("papers:draft-take-back", args=[self.pk, 1, 1])


class TestDraftAttachment(_Of):
    shows_area = True

    def address(self) -> str:
        draft = PaperDraft.objects.get(pk=self.pk)
        upload = SimpleUploadedFile("清单.pdf", b"%PDF-1.7", "application/pdf")
        add_attachment(draft, upload, actor=self.office.clerk)
        return reverse("papers:draft-attachment", args=[self.pk, draft.attachments.get().pk])


class TestStart(_Of):
    name = "start"

    def address(self) -> str:
        return reverse("papers:start")


class TestDrafts(_Of):
    def address(self) -> str:
        return reverse("papers:drafts")

    def row_in_east(self) -> str:
        return "关于井盖缺失的整改建议书"


class _Waiting(_Of):
    def row_in_east(self) -> str:
        return "关于井盖缺失的整改建议书"

    def address(self) -> str:
        return reverse(f"papers:{self.name}")


class TestToReview(_Waiting):
    role = "head"
    name = "to-review"

    def make(self) -> int:
        return drafting.submit_draft(self.office.start(), actor=self.office.clerk).pk


class TestToSign(_Waiting):
    role = "leader"
    name = "to-sign"

    def make(self) -> int:
        draft = drafting.submit_draft(self.office.start(), actor=self.office.clerk)
        return drafting.approve_draft(draft, actor=self.office.head).pk


class TestToIssue(_Waiting):
    role = "supervisor"
    name = "to-issue"

    def make(self) -> int:
        return self.office.signed().pk


class TestIssued(_Of):
    role = "supervisor"

    def make(self) -> int:
        return self.office.issued(addressees=[self.district.streets["east"]]).pk

    def address(self) -> str:
        return reverse("papers:issued")

    def row_in_east(self) -> str:
        return "关于井盖缺失的整改建议书"


class TestReceived(TestIssued):
    role = "clerk"

    def address(self) -> str:
        return reverse("papers:received")


class TestVerdict(_Of):
    role = "supervisor"
    method = "post"
    shows_area = True
    data = {"verdict": "accepted"}

    def make(self) -> int:
        from huying.core.testing import make_user

        paper = self.office.issued(addressees=[self.district.streets["east"]])
        clerk = make_user("clerk", department=self.district.streets["east"])
        actions.reply_to_paper(paper, reply="已经更换，现场恢复。", actor=clerk)
        return paper.pk

    def address(self) -> str:
        return reverse("papers:verdict", args=[self.pk, PaperReply.objects.get().pk])


class TestWithdrawal(_Of):
    role = "supervisor"
    method = "post"
    name = "withdrawal"
    shows_area = True
    data = {"reason": "对象写错了"}

    def make(self) -> int:
        return self.office.issued(addressees=[self.district.streets["east"]]).pk


class TestReplacement(_Of):
    method = "post"
    name = "replacement"
    shows_area = True

    def make(self) -> int:
        return self.office.issued(addressees=[self.district.streets["east"]]).pk


class _Meeting(_Of):
    shows_area = True

    def make(self) -> int:
        paper = self.office.issued(
            "meeting-notice", addressees=[self.district.streets["east"]], body="会议研究井盖整治工作，请准时参加。",
            details={"place": "三楼会议室", "held_at": "2026-11-25T09:00"},
        )  # fmt: skip
        return paper.meeting.pk


class TestMeeting(_Meeting):
    name = "meeting"


class TestMeetings(_Meeting):
    shows_area = False

    def address(self) -> str:
        return reverse("papers:meetings")

    def row_in_east(self) -> str:
        return "三楼会议室"


class TestAttendance(_Meeting):
    name = "attendance"
    method = "post"
    data = {"answer": "comes"}


class TestMinutes(_Meeting):
    name = "minutes"
    method = "post"


class TestDecide(_Meeting):
    name = "decide"
    method = "post"
    data = {"words": "一周内更换完毕"}
