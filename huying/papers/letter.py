"""What stands on a paper, apart from how it is drawn: the same content for the page, the PDF and the Word file.

A paper is Chinese in whatever language its reader uses the pages: its text was frozen when it was issued.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone, translation

from huying.papers.models import Paper
from huying.places.district import current_district

_COLOURS = {"blue": "蓝色督办", "yellow": "黄色督办", "red": "红色督办"}
_HEAD_WIDTH_PT, _HEAD_LARGEST_PT = 430, 44


@dataclass(frozen=True)
class Letter:
    """The parts of an official letter by GB/T 9704-2012, in the order in which they stand."""

    mark: str  # 紧急程度's place: the colour of the supervision
    head: str  # 发文机关标志
    number: str  # 发文字号
    title: str
    addressee: str
    paragraphs: tuple[str, ...]
    signature: str
    date: str
    colour: str = ""

    @property
    def head_size_pt(self) -> int:
        """The red head fills the line, and a long name stays on one line."""
        return min(_HEAD_LARGEST_PT, _HEAD_WIDTH_PT // max(len(self.head), 1))


def issuer() -> str:
    """The office in whose name papers are issued: the setting, else the district's government."""
    if settings.PAPER_ISSUER:
        return str(settings.PAPER_ISSUER)
    district = current_district()
    return f"{district.title}人民政府" if district else "人民政府"


def number_of(paper: Paper) -> str:
    """The number as it is cited: 督办函〔2026〕3号."""
    with translation.override("zh-hans"):
        mark = paper.mark or paper.get_kind_display()
        if paper.form.get("numbering") == "issue":
            return f"{mark}第{paper.number}期"
        return f"{mark}〔{paper.year}〕{paper.number}号"


def letter_of(paper: Paper) -> Letter:
    """The content of a paper as it was issued."""
    lines = [line.strip() for line in paper.body.splitlines() if line.strip()]
    if paper.reply_due_at:
        lines.append(
            f"回复期限：{_day(paper.reply_due_at)}{timezone.localtime(paper.reply_due_at):%H:%M}前。"
        )
    return Letter(
        mark=_COLOURS.get(paper.colour, ""),
        head=issuer(),
        number=number_of(paper),
        title=paper.title,
        addressee=f"{paper.addressee.title if paper.addressee else paper.addressee_name}：",
        paragraphs=tuple(lines),
        signature=issuer(),
        date=_day(paper.issued_at),
        colour=paper.colour,
    )


def _day(at: dt.datetime) -> str:
    local = timezone.localtime(at)
    return f"{local.year}年{local.month}月{local.day}日"
